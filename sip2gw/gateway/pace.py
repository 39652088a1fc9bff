"""Slow down connections that send requests without a pause, and serve libraries in turn.

Each connection has a bucket of tokens: a request takes one, and time refills it. Each library has one too, and each
address for its strangers. If that shared bucket is empty, only connections with few recent requests are served at
once: a normal terminal does not notice other users of its library's account.

Each library, and all strangers together, have a limited number of requests served in one turn of the event loop.
Further requests wait for the next turn, where the libraries' terminals come first. So a terminal waits for at most
one share of each other library, however many connections that library has.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable

from attrs import define, frozen
from twisted.internet.interfaces import IDelayedCall, IReactorTime

FREE = 8
"""Requests of a connection that are served at once although the shared bucket is empty."""
FIRST, LONGEST = 0.05, 1.0
"""Seconds of the first wait, and of the longest; the wait doubles."""
_GROUPS = 4096
"""Shared buckets that are kept. A bucket that was dropped, the one used longest ago, starts full again."""
SHARE = 64
"""Requests in one turn."""
_COUNTED = SHARE // 4
"""From so many on a turn's end is awaited, because a timer for each turn is expensive. Fewer count for later turns."""
STRANGERS = ""


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
        if taken >= _COUNTED:
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
