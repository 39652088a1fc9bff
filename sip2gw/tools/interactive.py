"""The emulator at a prompt, or reading commands from a pipe. What was typed is kept in memory only.

This module knows the commands; `terminal.py` offers the same as subcommands.
"""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from sip2gw.tools.address import Unreachable
from sip2gw.tools.emulator import Emulator
from sip2gw.tools.wording import REQUEST_NAMES, parameters

COMMANDS = {
    "login": "log in (again)",
    "status": "SC status, 99",
    "patron": "patron status, 23: patron AA [PIN]",
    "checkout": "checkout, 11: checkout AA AB...",
    "checkin": "checkin, 09: checkin AB...",
    "resend": "ask for the last answer again, 97",
    "play": "play transcripts: play FILE...",
    "raw": "send a line as it is: raw LINE",
    "help": "this list",
    "quit": "hang up and leave",
}
"""Every command, and how it is used. The name of any other request works as well, with `field=value`."""

_PROMPT = "sip2> "


class WrongUse(Exception):
    """A command that can't be followed; the text says how it is used."""


def obey(emulator: Emulator, line: str) -> bool:
    """Do what one line says, and whether all answers were a yes. Raises `WrongUse` and `Unreachable`."""
    command, _, rest = line.strip().partition(" ")
    if command == "raw":
        return emulator.ask_line(rest.encode())
    try:
        words = shlex.split(rest)
    except ValueError as wrong:
        raise WrongUse(str(wrong)) from None
    match command, words:
        case "login", []:
            emulator.close()
            return emulator.log_in()
        case "status", []:
            return emulator.ask(emulator.terminal.status())
        case "patron", [patron]:
            return emulator.ask(emulator.terminal.patron(patron))
        case "patron", [patron, pin]:
            return emulator.ask(emulator.terminal.patron(patron, pin))
        case "checkout", [patron, *items] if items:
            return emulator.ask_each(emulator.terminal.checkout(patron, item) for item in items)
        case "checkin", [*items] if items:
            return emulator.ask_each(emulator.terminal.checkin(item) for item in items)
        case "resend", []:
            return emulator.ask_again()
        case "play", [*files] if files:
            return play_all(emulator, files)
        case "help", _:
            emulator.say("\n".join(f"{name:10}{use}" for name, use in COMMANDS.items()))
            emulator.say("Also: " + ", ".join(REQUEST_NAMES))
            return True
    if command in COMMANDS:
        raise WrongUse(COMMANDS[command])
    return ask_by_name(emulator, command, words)


def ask_by_name(emulator: Emulator, name: str, assignments: Iterable[str]) -> bool:
    """Any request of SIP 2.00, with `field=value` for its fields. Raises `WrongUse`."""
    values = {}
    for assignment in assignments:
        field, equals, value = assignment.partition("=")
        if not equals:
            raise WrongUse(f"{field}: a field is given as field=value")
        values[field] = value
    try:
        request = emulator.terminal.named(name, values)
    except ValueError as wrong:
        raise WrongUse(str(wrong)) from None
    return emulator.ask(request)


def play_all(emulator: Emulator, files: Iterable[str]) -> bool:
    """Play transcripts one after the other. Raises `WrongUse` for a file that is none."""
    try:
        matched = [emulator.play(Path(file)) for file in files]
    except (OSError, UnicodeDecodeError) as error:
        raise WrongUse(f"can't be read: {error}") from None
    except ValueError as wrong:
        raise WrongUse(str(wrong)) from None
    return all(matched)


def converse(emulator: Emulator) -> int:
    """Obey line after line until the end. The exit status: 2 if the gateway was lost, 1 after a no, else 0.

    At a prompt nothing is fatal, and the status is 0.
    """
    prompted = sys.stdin.isatty()
    status = 0
    for line in _prompted() if prompted else sys.stdin:
        if not line.strip() or line.startswith("#"):
            continue
        if line.strip() in ("quit", "exit"):
            break
        try:
            if not obey(emulator, line):
                status = max(status, 1)
        except WrongUse as wrong:
            emulator.say(str(wrong))
            status = max(status, 1)
        except Unreachable as lost:
            emulator.say(str(lost))
            emulator.close()
            status = 2
    return 0 if prompted else status


def _prompted() -> Iterator[str]:
    ask = _prompt()
    while True:
        try:
            yield ask()
        except KeyboardInterrupt:
            continue
        except EOFError:
            return


def _prompt() -> Callable[[], str]:
    """Asks for a line; with completion and history where prompt_toolkit is installed (the `demo` extra)."""
    try:
        from prompt_toolkit import PromptSession
        from prompt_toolkit.completion import Completer, NestedCompleter, PathCompleter
        from prompt_toolkit.history import InMemoryHistory
    except ModuleNotFoundError:
        return lambda: input(_PROMPT)
    by_name = {
        name: dict.fromkeys(f"{field}=" for field in parameters(kind)) for name, kind in REQUEST_NAMES.items()
    }
    words: dict[str, Completer | dict[str, None] | None] = {**by_name, **dict.fromkeys(COMMANDS)}
    words["play"] = PathCompleter(expanduser=True)
    session: PromptSession[str] = PromptSession(
        _PROMPT, completer=NestedCompleter.from_nested_dict(words), history=InMemoryHistory()
    )
    return session.prompt
