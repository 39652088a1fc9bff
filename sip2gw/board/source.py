"""What the board asks for, and of whom: the record of what happened lately, and the configuration in use."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from typing import Any, Protocol

from attrs import Factory, frozen

from sip2gw.board.sessions import Visitor


class NoSuchThing(Exception):
    """There is none of that name, or none that this visitor may see."""


class NotPossible(Exception):
    """It can't be done; the text is for the person who asked."""


class Record(Protocol):
    """What is in memory. Answers are JSON; with several workers they are of all of them together."""

    def ask(self, what: str, about: Mapping[str, str]) -> Awaitable[Any]:
        """Return the answer to a question; None if there is no such thing.

        The questions are `now`, `libraries`, `library`, `terminals`, `terminal`, `exchanges`, `exchange`, `search`,
        `door` and `traces`, as in `sip2gw.record`.
        `disconnect` and `trace` do something.
        """
        ...


class Configuration(Protocol):
    """The configuration in use."""

    def shown(self) -> Awaitable[dict[str, Any]]:
        """Return hash, time, limits and certificates, in JSON."""
        ...

    def check(self) -> Awaitable[list[str]]:
        """Return the faults of the file as it is now, and what differs from the one in use."""
        ...

    def reload(self) -> Awaitable[str]:
        """Put the file in use; return what came of it, in a sentence. Raises `NotPossible` without a file."""
        ...


@frozen
class Asked:
    """One request, with who has sent it."""

    visitor: Visitor
    path: tuple[str, ...] = ()
    query: Mapping[str, str] = Factory(dict)
    form: Mapping[str, str] = Factory(dict)

    def value(self, name: str) -> str:
        """Return a value of the form without blanks around it; "" if there is none."""
        return self.form.get(name, "").strip()


@frozen
class View:
    """A page before it is rendered: its template and what is in it, which is also its JSON."""

    template: str
    content: Mapping[str, Any]


@frozen(repr=False)
class Text:
    """A text to save under a name."""

    name: str
    body: str


@frozen
class Done:
    """An action is done; `to` is the page to show next."""

    to: str
    told: str = ""
