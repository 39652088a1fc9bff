"""Whoever was wrong too often has to wait, longer each time; what others did is never held against anybody.

Memory is bounded: of so many keys only those that tried last are known. A key is a digest or a name, never a secret.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable, Hashable

from attrs import frozen

LONGEST_WAIT = 64.0
"""Seconds to which the wait between two tries grows."""


@frozen
class Allowance:
    """`most` tries within `period` seconds; from the one after `free` on, each has to wait twice as long."""

    most: int
    period: float
    free: int


class Throttle:
    """Counts tries by key. `now` counts seconds; `entries` keys are kept at most."""

    def __init__(self, now: Callable[[], float], *, entries: int = 50_000) -> None:
        self._now = now
        self._entries = entries
        self._tries: OrderedDict[Hashable, deque[float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._tries)

    def wait(self, key: Hashable, allowed: Allowance) -> float:
        """Seconds until this key may try again; 0 if it may now."""
        now, tries = self._now(), self._tries.get(key)
        while tries and tries[0] <= now - allowed.period:
            tries.popleft()
        if not tries:
            self._tries.pop(key, None)
            return 0.0
        if len(tries) >= allowed.most:
            return tries[-allowed.most] + allowed.period - now
        beyond = len(tries) - allowed.free
        pause = min(2.0 ** min(beyond, 64), LONGEST_WAIT) if beyond >= 0 else 0.0
        return max(tries[-1] + pause - now, 0.0)

    def note(self, key: Hashable) -> float:
        """It tries; what comes back names this try."""
        now = self._now()
        self._tries.setdefault(key, deque(maxlen=1_000)).append(now)
        self._tries.move_to_end(key)
        if len(self._tries) > self._entries:
            self._tries.popitem(last=False)
        return now

    def forgive(self, key: Hashable, noted: float) -> None:
        """That try was not wrong."""
        tries = self._tries.get(key)
        if tries and noted in tries:
            tries.remove(noted)

    def clear(self, key: Hashable) -> None:
        """Nothing is held against this key any more."""
        self._tries.pop(key, None)
