"""Deadlines that received bytes do not postpone: only the awaited event stops one.

One timer serves all of them. A deadline that ends, or begins again with each request, only changes a number: the timer
is left to run, and when it fires it is set for the first deadline that is still to come.
"""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from sip2gw.limits import Limits


class Deadlines:
    """The deadlines of one connection, by the name of their settings. `overdue` is called with one that is over."""

    __slots__ = ("_due", "_limits", "_over", "_overdue", "_reactor", "_timer")

    def __init__(
        self, reactor: IReactorTime, limits: Callable[[], Limits], overdue: Callable[[str], None]
    ) -> None:
        self._reactor = reactor
        self._limits = limits
        self._overdue = overdue
        self._over = False
        self._due: dict[str, float] = {}
        self._timer: IDelayedCall | None = None

    def start(self, limit: str) -> None:
        """Start the time for `limit`, unless it runs already. A setting of 0 means never."""
        seconds: float = getattr(self._limits(), limit)
        if seconds and limit not in self._due and not self._over:
            due = self._due[limit] = self._reactor.seconds() + seconds
            self._fire_at(due, seconds)

    def stop(self, limit: str) -> None:
        """Stop the time for `limit`, because the awaited event has come."""
        self._due.pop(limit, None)

    def stop_all(self) -> None:
        """Stop all deadlines, because the connection has ended."""
        self._over = True
        self._due.clear()
        timer, self._timer = self._timer, None
        if timer is not None:
            timer.cancel()

    def _fire_at(self, due: float, left: float) -> None:
        if self._timer is None:
            self._timer = self._reactor.callLater(left, self._fire)
        elif due < self._timer.getTime():
            self._timer.reset(left)

    def _fire(self) -> None:
        self._timer = None
        now = self._reactor.seconds()
        try:
            for limit in sorted(self._due, key=self._due.__getitem__):
                if self._due.get(limit, now + 1) <= now:  # the one before it may have ended it
                    del self._due[limit]
                    self._overdue(limit)
        finally:
            if self._due:
                first = min(self._due.values())
                self._fire_at(first, max(first - now, 0.0))
