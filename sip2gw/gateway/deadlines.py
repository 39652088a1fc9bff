"""Deadlines that received bytes do not postpone: only the awaited event stops one."""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.interfaces import IDelayedCall, IReactorTime

from sip2gw.limits import Limits


class Deadlines:
    """The deadlines of one connection, by the name of their setting. `overdue` is called with the missed one."""

    __slots__ = ("_limits", "_over", "_overdue", "_reactor", "_running")

    def __init__(
        self, reactor: IReactorTime, limits: Callable[[], Limits], overdue: Callable[[str], None]
    ) -> None:
        self._reactor = reactor
        self._limits = limits
        self._overdue = overdue
        self._over = False
        self._running: dict[str, IDelayedCall] = {}

    def start(self, limit: str) -> None:
        """Start the time for `limit`, unless it runs already. A setting of 0 means never."""
        seconds: float = getattr(self._limits(), limit)
        if seconds and limit not in self._running and not self._over:
            self._running[limit] = self._reactor.callLater(seconds, self._end, limit)

    def stop(self, limit: str) -> None:
        """Stop the time for `limit`, because the awaited event has come."""
        if call := self._running.pop(limit, None):
            call.cancel()

    def stop_all(self) -> None:
        """Stop all deadlines, because the connection has ended."""
        self._over = True
        for limit in list(self._running):
            self.stop(limit)

    def _end(self, limit: str) -> None:
        del self._running[limit]
        self._overdue(limit)
