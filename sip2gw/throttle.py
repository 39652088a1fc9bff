"""Make a source with too many wrong tries wait, longer each time, without effect on other sources.

Memory is bounded: only the keys that tried last are kept. A key is a digest or a name, never a secret.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable, Hashable, Iterable

from attrs import define, frozen

LONGEST_WAIT = 64.0
"""Seconds to which the wait between two tries grows."""


_MOST = 4_000
"""Tries that are kept of one key, the latest."""


@frozen
class Allowance:
    """At most `most` tries within `period` seconds; after the first `free`, the wait doubles with each."""

    most: int
    period: float
    free: int


@define(eq=False)
class Noted:
    """One try, at the second `when`. Two tries at one moment are two objects."""

    when: float
    kept: bool = False
    """It is in the store as well, from where `recall` gets it."""


class Throttle:
    """Count tries by key. `now` returns seconds; at most `entries` keys are kept."""

    def __init__(self, now: Callable[[], float], *, entries: int = 50_000) -> None:
        self._now = now
        self._entries = entries
        self._tries: OrderedDict[Hashable, deque[Noted]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._tries)

    def count(self, key: Hashable, period: float) -> int:
        """Return how often this key has tried in the last `period` seconds."""
        oldest, tries = self._now() - period, self._tries.get(key)
        while tries and tries[0].when <= oldest:
            tries.popleft()
        if not tries:
            self._tries.pop(key, None)
            return 0
        return len(tries)

    def wait(self, key: Hashable, allowed: Allowance) -> float:
        """Return the seconds until this key may try again; 0 if it may now."""
        count = self.count(key, allowed.period)
        if not count:
            return 0.0
        now, tries = self._now(), self._tries[key]
        if count >= allowed.most:
            return tries[-allowed.most].when + allowed.period - now
        beyond = count - allowed.free
        pause = min(2.0 ** min(beyond, 64), LONGEST_WAIT) if beyond >= 0 else 0.0
        return max(tries[-1].when + pause - now, 0.0)

    def note(self, key: Hashable) -> Noted:
        """Count a try of this key, and return the object that `forgive` needs to take it back."""
        noted = Noted(self._now())
        self._tries.setdefault(key, deque(maxlen=_MOST)).append(noted)
        self._touch(key)
        return noted

    def recall(self, key: Hashable, times: Iterable[float]) -> None:
        """Take over what the store has of this key: the seconds of its tries. Tries that it does not have stay."""
        tries = [Noted(when, kept=True) for when in times]
        tries += [one for one in self._tries.get(key, ()) if not one.kept]
        if tries:
            self._tries[key] = deque(sorted(tries, key=lambda one: one.when), maxlen=_MOST)
            self._touch(key)
        else:
            self._tries.pop(key, None)

    def forgive(self, key: Hashable, noted: Noted) -> None:
        """Take back one try: it was not wrong."""
        tries = self._tries.get(key)
        if tries and noted in tries:
            tries.remove(noted)

    def clear(self, key: Hashable) -> None:
        """Take back all tries of this key."""
        self._tries.pop(key, None)

    def _touch(self, key: Hashable) -> None:
        self._tries.move_to_end(key)
        if len(self._tries) > self._entries:
            self._tries.popitem(last=False)
