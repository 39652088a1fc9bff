"""Limit the requests that each library, and all strangers together, have served in one turn of the event loop.

Further requests wait for the next turn, where the libraries' terminals come first. So a terminal waits for at most
one share of each other library, however many connections that library has.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from twisted.internet.interfaces import IDelayedCall, IReactorTime

SHARE = 64
"""Requests in one turn."""
STRANGERS = ""


class Turns:
    """Share out the turns of the event loop. A group is a library's nickname, or `STRANGERS`."""

    def __init__(self, reactor: IReactorTime) -> None:
        self._reactor = reactor
        self._taken: dict[str, int] = {}
        self._queues: dict[str, deque[Callable[[], None]]] = {}
        self._next: IDelayedCall | None = None

    def take(self, group: str) -> bool:
        """Return whether one more request of this group may be served in this turn, and count it."""
        taken = self._taken.get(group, 0)
        if taken >= SHARE:
            return False
        self._taken[group] = taken + 1
        self._plan()
        return True

    def wait(self, group: str, go_on: Callable[[], None]) -> None:
        """Call `go_on` in the next turn that has room for this group."""
        self._queues.setdefault(group, deque()).append(go_on)
        self._plan()

    def _plan(self) -> None:
        if self._next is None:
            self._next = self._reactor.callLater(0, self._turn)

    def _turn(self) -> None:
        self._next = None
        self._taken.clear()
        for group in sorted(self._queues, key=lambda group: group == STRANGERS):
            queue = self._queues[group]
            while queue and self._taken.get(group, 0) < SHARE:
                queue.popleft()()
            if not queue:
                del self._queues[group]
