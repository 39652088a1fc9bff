"""A prompt with history and completion: names of commands, then their options, or files where they take files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import click
from prompt_toolkit import PromptSession
from prompt_toolkit.completion import CompleteEvent, Completer, Completion, PathCompleter
from prompt_toolkit.document import Document
from prompt_toolkit.history import InMemoryHistory

from sip2gw.tools.commands import COMMANDS
from sip2gw.tools.wording import REQUEST_NAMES, parameters

_FILES = "play"


def prompt(text: str) -> Callable[[], str]:
    """What asks for a line. The history is in memory only: lines may hold passwords."""
    session: PromptSession[str] = PromptSession(text, completer=Words(), history=InMemoryHistory())
    return session.prompt


class Words(Completer):
    """What may be typed next."""

    def __init__(self) -> None:
        self._files = PathCompleter(expanduser=True)

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:
        """Names at the beginning of a line; after it what belongs to that name."""
        before = document.text_before_cursor.lstrip()
        name, blank, rest = before.partition(" ")
        word = rest.rpartition(" ")[2] if blank else name
        if blank and name == _FILES:
            return self._files.get_completions(Document(word), complete_event)
        choices = (
            words_after(name, set(rest.split())) if blank else (*COMMANDS, "help", "quit", *REQUEST_NAMES)
        )
        return [Completion(each, -len(word)) for each in choices if each.startswith(word)]


def words_after(name: str, used: set[str]) -> Iterator[str]:
    """The options of a command that are not used yet, or the fields of a message."""
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
