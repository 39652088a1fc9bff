"""Slow down connections that send requests without a pause, longer each time.

Each connection has a bucket of tokens: a request takes one, and time refills it. Each library has one too, and each
address for its strangers. If that shared bucket is empty, only connections with few recent requests are served at
once: a normal terminal does not notice other users of its library's account.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

from attrs import define, frozen

FREE = 8
"""Requests of a connection that are served at once although the shared bucket is empty."""
FIRST, LONGEST = 0.05, 1.0
"""Seconds of the first wait, and of the longest; the wait doubles."""
_GROUPS = 4096
"""Shared buckets that are kept. A bucket that was dropped, the one used longest ago, starts full again."""


@frozen
class Size:
    """How many tokens a bucket holds, and how many it regains in a second."""

    holds: float
    rate: float


TERMINAL, LIBRARY = Size(1024, 128), Size(4096, 2048)
STRANGER, ADDRESS = Size(64, 4), Size(256, 16)


@define
class Bucket:
    """Tokens at the time `at`."""

    size: Size
    at: float
    tokens: float

    def fill(self, now: float) -> float:
        """Refill the bucket up to `now`, and return its tokens."""
        size = self.size
        self.tokens = min(size.holds, self.tokens + size.rate * max(now - self.at, 0.0))
        self.at = now
        return self.tokens


class Pace:
    """The buckets of one connection. `library` is empty for a stranger, who shares a bucket with its `network`."""

    __slots__ = ("_library", "_own", "_shared", "_waits")

    def __init__(self, shared: SharedPace) -> None:
        self._shared = shared
        self._library: str | None = None
        self._own = Bucket(STRANGER, 0.0, 0.0)
        self._waits = 0

    def wait(self, library: str, network: str) -> float:
        """Return the wait for the next request in seconds. 0: it is served now, and its tokens are taken."""
        now = self._shared.seconds()
        if library != self._library:
            self._library = library
            size = TERMINAL if library else STRANGER
            self._own = Bucket(size, now, size.holds)
        group = self._shared.bucket(library, network, now)
        own = self._own.fill(now)
        if own < 1 or (group.fill(now) < 1 and own <= self._own.size.holds - FREE):
            self._waits += 1
            return min(FIRST * 2.0 ** min(self._waits - 1, 10), LONGEST)
        if own >= self._own.size.holds / 2:
            self._waits = 0
        self._own.tokens -= 1
        group.tokens = max(group.tokens - 1, 0.0)
        return 0.0


class SharedPace:
    """The buckets that connections share. `seconds` is the clock."""

    def __init__(self, seconds: Callable[[], float]) -> None:
        self.seconds = seconds
        self._groups: OrderedDict[tuple[str, str], Bucket] = OrderedDict()

    def bucket(self, library: str, network: str, now: float) -> Bucket:
        """Return the bucket of a library, or of a network's strangers."""
        key = (library, "" if library else network)
        if (found := self._groups.get(key)) is None:
            size = LIBRARY if library else ADDRESS
            found = self._groups[key] = Bucket(size, now, size.holds)
            if len(self._groups) > _GROUPS:
                self._groups.popitem(last=False)
        self._groups.move_to_end(key)
        return found
