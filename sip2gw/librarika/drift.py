"""Our clock is compared with each library's: loans get their dates from one, and tokens and logs from the other."""

from __future__ import annotations

from collections.abc import Callable

from twisted.logger import Logger
from twisted.web.http_headers import Headers

from sip2gw.librarika.rests import date

TOLERATED = 30.0
"""Seconds."""
_LOOK = 60.0
"""Seconds from one look to the next; to read a date costs time."""
_REPEAT = 3600.0


class Drift:
    """Compares for one library. `now` is monotonic; `wall` counts from 1970."""

    _log = Logger()

    def __init__(self, library: str, now: Callable[[], float], wall: Callable[[], float]) -> None:
        self._library, self._now, self._wall = library, now, wall
        self._look_at = self._warn_at = float("-inf")

    def see(self, headers: Headers) -> None:
        """An answer just came with these; warn if its `Date` is far from our time, once an hour."""
        now = self._now()
        if now < self._look_at:
            return
        self._look_at = now + _LOOK
        theirs = date((headers.getRawHeaders(b"Date") or [b""])[-1])
        if theirs is None or abs(theirs - self._wall()) <= TOLERATED or now < self._warn_at:
            return
        self._warn_at = now + _REPEAT
        self._log.warn(
            "librarika_clock_differs: {library} is {seconds:+.0f} s from our clock; is NTP at work here?",
            library=self._library,
            seconds=theirs - self._wall(),
        )
