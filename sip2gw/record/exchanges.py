"""The latest exchanges, in a ring of bounded size. What changed something or failed is kept longer than a read."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from heapq import merge
from itertools import islice

from sip2gw.events import Exchange
from sip2gw.record.asked import TEXTS, Key, Wanted
from sip2gw.sip2.message import REQUESTS

WRITES = 20_000
"""Writes, and requests of all kinds that were not answered with what they asked for."""
READS = 5_000
"""Questions that were answered; terminals repeat them every minute."""
KEPT = 24 * 3600.0
"""Seconds. Tags of older ones can't be found any more: their key is gone."""

_READS = frozenset(code for code, kind in REQUESTS.items() if kind.read_only) | {"93", "97", "99"}


class Exchanges:
    """The exchanges of one process."""

    def __init__(self) -> None:
        self._writes: deque[Exchange] = deque(maxlen=WRITES)
        self._reads: deque[Exchange] = deque(maxlen=READS)

    def __len__(self) -> int:
        return len(self._writes) + len(self._reads)

    def add(self, one: Exchange) -> None:
        """Keep an exchange, and drop what is too old."""
        is_read = one.outcome == "answered" and one.message in _READS
        ring = self._reads if is_read else self._writes
        ring.append(one)
        if one.at - ring[0].at > KEPT:
            self.forget(one.at)

    def forget(self, now: float) -> None:
        """Drop what is too old."""
        for ring in (self._writes, self._reads):
            while ring and now - ring[0].at > KEPT:
                ring.popleft()

    def find(self, wanted: Wanted, more: int = 0) -> list[Exchange]:
        """Return the latest that fit, the latest first, and `more` beyond the limit."""
        return list(islice(self._fitting(wanted), wanted.limit + more))

    def by_ref(self, ref: str) -> Exchange | None:
        """Return the latest exchange with this code."""
        return next((one for one in self._latest() if one.ref == ref), None)

    def _latest(self) -> Iterator[Exchange]:
        return merge(reversed(self._writes), reversed(self._reads), key=place, reverse=True)

    def _fitting(self, wanted: Wanted) -> Iterator[Exchange]:
        texts = _filters(wanted)
        for one in self._latest():
            if wanted.since and one.at < wanted.since:
                return
            if wanted.newer is not None and place(one) <= wanted.newer:
                return
            if (wanted.until and one.at > wanted.until) or (wanted.after and place(one) >= wanted.after):
                continue
            if all(getattr(one, name) == value for name, value in texts):
                yield one


def place(one: Exchange) -> Key:
    """Return the place of an exchange among all."""
    return one.at, one.conn, one.seq


def _filters(wanted: Wanted) -> list[tuple[str, str]]:
    return [(name, value) for name in TEXTS if (value := getattr(wanted, name))]
