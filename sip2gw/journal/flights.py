"""Writes that this process has in progress: others that ask for the same one wait for it."""

from __future__ import annotations

from attrs import define, field
from twisted.internet.defer import Deferred

from sip2gw.journal.settling import Settled


class Gate:
    """An event in the life of a write. Those who wait go on once it has happened."""

    def __init__(self) -> None:
        self._waiting: list[Deferred[None]] | None = []

    def passed(self) -> Deferred[None]:
        """Return a Deferred that fires once the gate is open."""
        waiter: Deferred[None] = Deferred()
        if self._waiting is None:
            waiter.callback(None)
        else:
            self._waiting.append(waiter)
        return waiter

    def open(self) -> None:
        """Let those who wait go on, and those who come later."""
        waiting, self._waiting = self._waiting or [], None
        for waiter in waiting:
            waiter.callback(None)


@define(eq=False, repr=False)
class Flight:
    """A write that this process has in progress, until its outcome is stored."""

    settled: Settled | None = None
    """What came of it; None until then, and if that is not known."""
    answered: Gate = field(factory=Gate)
    stored: Gate = field(factory=Gate)
