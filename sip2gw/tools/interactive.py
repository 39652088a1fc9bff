"""The emulator at a prompt, or with commands from a pipe. The history is in memory only: lines may hold passwords."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

import click

from sip2gw.tools.address import Unreachable
from sip2gw.tools.commands import COMMANDS, WrongUse, ask_by_name
from sip2gw.tools.emulator import Emulator
from sip2gw.tools.identity import REQUEST_NAMES, parameters

if TYPE_CHECKING:
    from prompt_toolkit.completion import CompleteEvent, Completer, Completion
    from prompt_toolkit.document import Document

PROMPT = "sip2> "
_TAKES_FILES = "play"


def follow(emulator: Emulator, line: str) -> bool:
    """Follow one line, and return whether all answers were a yes. Raises `WrongUse` and `Unreachable`.

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
    return ask_by_name(emulator, name, words) if command is None else _invoke(emulator, command, words)


def _invoke(emulator: Emulator, command: click.Command, words: list[str]) -> bool:
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
    lines += [
        f"{'help':14}Show this list; help COMMAND shows the options.",
        f"{'quit':14}Disconnect and leave.",
    ]
    return "\n".join([*lines, "Also, with FIELD=VALUE: " + ", ".join(REQUEST_NAMES)])


def run_commands(emulator: Emulator) -> int:
    """Follow line after line until the end, and return the exit status.

    The exit status is 2 if the connection was lost, 1 after a no, else 0. At a prompt nothing is fatal, and the status
    is 0.
    """
    prompted = sys.stdin.isatty()
    status = 0
    for line in _prompted() if prompted else sys.stdin:
        if not line.strip() or line.startswith("#"):
            continue
        if line.strip() in ("quit", "exit"):
            break
        try:
            if not follow(emulator, line):
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
    """Ask for a line; with completion and history if prompt_toolkit is installed (the `demo` extra)."""
    try:
        from prompt_toolkit import PromptSession
        from prompt_toolkit.history import InMemoryHistory
    except ModuleNotFoundError:
        return lambda: input(PROMPT)
    session: PromptSession[str] = PromptSession(PROMPT, completer=completer(), history=InMemoryHistory())
    return session.prompt


def completer() -> Completer:
    """Make the completion of the prompt: names of commands, then their options, or files for `play`."""
    from prompt_toolkit.completion import Completer, Completion, PathCompleter
    from prompt_toolkit.document import Document

    files = PathCompleter(expanduser=True)

    class Words(Completer):
        def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:
            name, blank, rest = document.text_before_cursor.lstrip().partition(" ")
            word = rest.rpartition(" ")[2] if blank else name
            if blank and name == _TAKES_FILES:
                return files.get_completions(Document(word), complete_event)
            choices = words_after(name, set(rest.split())) if blank else first_words()
            return [Completion(each, -len(word)) for each in choices if each.startswith(word)]

    return Words()


def first_words() -> tuple[str, ...]:
    """Return the words with which a line may begin."""
    return (*COMMANDS, "help", "quit", *REQUEST_NAMES)


def words_after(name: str, used: set[str]) -> Iterator[str]:
    """Yield the options of a command that are not used yet, or the fields of a message."""
    if name == "help":
        yield from COMMANDS
    if name == "send":
        yield from REQUEST_NAMES
    if name in COMMANDS:
        for parameter in COMMANDS[name].params:
            if isinstance(parameter, click.Option):
                yield from (word for word in (*parameter.opts, *parameter.secondary_opts) if word not in used)
    elif name in REQUEST_NAMES:
        yield from (f"{field}=" for field in parameters(REQUEST_NAMES[name]))
