"""So many calls are under way at once, and the others wait in the order of asking; those that can wait come last."""

from __future__ import annotations

from collections import deque

from twisted.internet.defer import Deferred


class TurnedAway(Exception):
    """Nobody who waits will get a place."""


class Lane:
    """`width` places. Whoever got one leaves it; to cancel a wait gives it up."""

    def __init__(self, width: int) -> None:
        self._width = width
        self.under_way = 0
        self._live: deque[Deferred[None]] = deque()
        self._later: deque[Deferred[None]] = deque()

    @property
    def waiting(self) -> int:
        """How many wait for a place."""
        return len(self._live) + len(self._later)

    def enter(self, *, later: bool = False) -> Deferred[None] | None:
        """Take a place: None if it is taken, else it fires when it is. Fails with `TurnedAway`."""
        if self.under_way < self._width and not (self._live or self._later):
            self.under_way += 1
            return None
        queue = self._later if later else self._live
        place: Deferred[None] = Deferred(queue.remove)
        queue.append(place)
        return place

    def leave(self) -> None:
        """Give a place back."""
        self.under_way -= 1
        if self._live or self._later:
            self._let_in()

    def widen(self, width: int) -> None:
        """So many places from now on; if there are fewer than before, those who have one keep it."""
        self._width = width
        self._let_in()

    def turn_away(self) -> None:
        """Let nobody wait any longer."""
        while queue := self._live or self._later:
            queue.popleft().errback(TurnedAway())

    def _let_in(self) -> None:
        while self.under_way < self._width and (queue := self._live or self._later):
            self.under_way += 1
            queue.popleft().callback(None)
