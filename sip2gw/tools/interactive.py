"""The emulator at a prompt, or reading commands from a pipe. What was typed is kept in memory only."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Iterator

import click

from sip2gw.tools.address import Unreachable
from sip2gw.tools.commands import COMMANDS, WrongUse, ask_by_name
from sip2gw.tools.emulator import Emulator
from sip2gw.tools.wording import REQUEST_NAMES

PROMPT = "sip2> "


def obey(emulator: Emulator, line: str) -> bool:
    """Do what one line says, and whether all answers were a yes. Raises `WrongUse` and `Unreachable`.

    A line is a command as after `sip2gw terminal`, or the name of a message with `field=value` for its fields.
    """
    name, _, rest = line.strip().partition(" ")
    if name == "raw":
        return emulator.ask_line(rest.encode())
    try:
        words = shlex.split(rest)
    except ValueError as wrong:
        raise WrongUse(str(wrong)) from None
    if name == "help" and not words:
        emulator.say(_all_commands())
        return True
    if name == "help":
        name, words = words[0], ["--help"]
    command = COMMANDS.get(name)
    return ask_by_name(emulator, name, words) if command is None else _obey(emulator, command, words)


def _obey(emulator: Emulator, command: click.Command, words: list[str]) -> bool:
    try:
        with command.make_context(
            command.name, words, obj=emulator, help_option_names=["-h", "--help"]
        ) as ctx:
            return bool(command.invoke(ctx))
    except click.exceptions.Exit:
        return True
    except click.UsageError as wrong:
        usage = "" if wrong.ctx is None else f"\n{wrong.ctx.get_usage()}"
        raise WrongUse(f"{wrong.format_message()}{usage}") from None


def _all_commands() -> str:
    lines = [f"{name:14}{command.get_short_help_str(80)}" for name, command in COMMANDS.items()]
    lines += [f"{'help':14}This list; help COMMAND shows its options.", f"{'quit':14}Hang up and leave."]
    return "\n".join([*lines, "Also, with FIELD=VALUE: " + ", ".join(REQUEST_NAMES)])


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
        from sip2gw.tools.prompt import prompt
    except ModuleNotFoundError:
        return lambda: input(PROMPT)
    return prompt(PROMPT)
