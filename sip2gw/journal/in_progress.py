"""Writes that this process has in progress: others that ask for the same one wait for it."""

from __future__ import annotations

from attrs import define, field
from twisted.internet.defer import Deferred

from sip2gw.journal.calling import Outcome


class OneEvent:
    """An event that happens once, to wait for, as in asyncio."""

    def __init__(self) -> None:
        self._waiting: list[Deferred[None]] | None = []

    def wait(self) -> Deferred[None]:
        """Return a Deferred that fires once it has happened."""
        waiter: Deferred[None] = Deferred()
        if self._waiting is None:
            waiter.callback(None)
        else:
            self._waiting.append(waiter)
        return waiter

    def set(self) -> None:
        """Let those who wait go on, and those who come later."""
        waiting, self._waiting = self._waiting or [], None
        for waiter in waiting:
            waiter.callback(None)


@define(eq=False, repr=False)
class InProgress:
    """A write that this process has in progress, until its outcome is stored."""

    outcome: Outcome | None = None
    """What came of it; None until then, and if that is not known."""
    answered: OneEvent = field(factory=OneEvent)
    stored: OneEvent = field(factory=OneEvent)
