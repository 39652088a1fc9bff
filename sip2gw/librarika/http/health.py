"""The health of one library's API: whether it is online, whether its clock is right, and its metrics."""

from __future__ import annotations

from collections.abc import Callable

from twisted.logger import Logger

from sip2gw.librarika.http.breaker import State
from sip2gw.librarika.http.call import Failed, Head, How, date
from sip2gw.metrics import OTHER, Metrics

FRESH = 5.0
"""Seconds for which a successful call proves that the library is online."""
_SURE = 2
"""Calls in a row that change whether it counts as online."""


class Reachability:
    """Whether one library counts as online. `now` returns seconds."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self.online = True
        self._against = 0
        self._well_at = float("-inf")

    @property
    def settled(self) -> bool:
        """Whether the last call agreed with `online`."""
        return self._against == 0

    @property
    def certain(self) -> bool:
        """Whether a call succeeded a moment ago, and none has failed since."""
        return self.online and self.settled and self._now() - self._well_at < FRESH

    def count(self, well: bool) -> None:
        """Count a call that succeeded or failed."""
        if well:
            self._well_at = self._now()
        self._against = 0 if well == self.online else self._against + 1
        if self._against >= _SURE:
            self.online, self._against = well, 0

    def set_offline(self) -> None:
        """Count the library as offline at once."""
        self.online, self._against = False, 0


TOLERATED = 30.0
"""Seconds by which a library's clock may differ from ours."""
_LOOK = 60.0
"""Seconds between two checks of the clock, because reading a date costs time."""
_REPEAT = 3600.0
"""Seconds between two warnings."""


class Drift:
    """Compare the clock of one library with ours. `now` is monotonic; `wall` counts from 1970."""

    _log = Logger()

    def __init__(self, library: str, now: Callable[[], float], wall: Callable[[], float]) -> None:
        self._library, self._now, self._wall = library, now, wall
        self._look_at = self._warn_at = float("-inf")

    def see(self, headers: Head) -> None:
        """Warn once an hour if the `Date` of an answer that has just come is far from our time."""
        now = self._now()
        if now < self._look_at:
            return
        self._look_at = now + _LOOK
        theirs = date(headers.get(b"date", b""))
        if theirs is None or abs(theirs - self._wall()) <= TOLERATED or now < self._warn_at:
            return
        self._warn_at = now + _REPEAT
        self._log.warn(
            "librarika_clock_differs: {library} is {seconds:+.0f} s from our clock; check that NTP runs here",
            library=self._library,
            seconds=theirs - self._wall(),
        )


_NOTED = 3
"""Failed calls in a row. From this number on a metric shows them; fewer happen to any library."""

_HEIGHT = {State.CLOSED: 0, State.HALF_OPEN: 1, State.OPEN: 2}


class Counters:
    """The metrics of one library."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._library = OTHER
        self._nickname = ""
        self._in_a_row = 0
        self._online = True
        self.known = False

    def name(self, nickname: str) -> None:
        """Give the metrics the library's name: it exists, because a terminal has logged in to it."""
        if not self.known:
            self.known = True
            self._nickname = nickname
            self._library = self._metrics.library(nickname)
            self.breaker(State.CLOSED)
            self._metrics.offline.set(nickname, not self._online)

    def set_online(self, online: bool) -> None:
        """Record whether terminals are told that the library is online."""
        if self.known and online is not self._online:
            self._metrics.offline.set(self._nickname, not online)
        self._online = online

    def answered(self) -> None:
        """Count a successful call."""
        self._count("answered")
        if self._in_a_row:
            self._failed_in_a_row(0)

    def refused(self) -> None:
        """Count a call that the library refused."""
        self._count("refused")
        if self._in_a_row:
            self._failed_in_a_row(0)

    def failed(self, failed: Failed, *, doubt: bool) -> None:
        """Count a failed call."""
        if doubt:
            self._count("in_doubt")
        else:
            self._count("not_asked" if failed.how in (How.NOT_ASKED, How.NO_TURN) else "unavailable")
        self._metrics.call_failures.labels(failed.how.value).inc()
        if failed.how not in (How.NOT_ASKED, How.NO_TURN):
            self._failed_in_a_row(self._in_a_row + 1)

    def retried(self) -> None:
        """Count a call that is made again."""
        self._metrics.call_retries.labels(self._library).inc()

    def rested(self) -> None:
        """Count a call that waits because the library asked for a pause."""
        self._metrics.call_rests.labels(self._library).inc()

    def settled(self, *, left: bool) -> None:
        """Count a write in doubt that was settled, or left in doubt."""
        self._metrics.in_doubt.labels(self._library, "left" if left else "settled").inc()

    def breaker(self, state: State) -> None:
        """Record the new state of the library's breaker."""
        if self.known:
            self._metrics.breakers.set(self._nickname, _HEIGHT[state])
        if state is State.OPEN:
            self._metrics.breaker_openings.labels(self._library).inc()

    def _count(self, outcome: str) -> None:
        self._metrics.calls.inc(self._library, outcome)

    def _failed_in_a_row(self, count: int) -> None:
        before, self._in_a_row = self._in_a_row, count
        if self.known and max(before, count) >= _NOTED:
            self._metrics.calls_failed_in_a_row.set(self._nickname, count)
