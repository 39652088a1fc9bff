"""How much was asked in each of the last minutes, how long the answers took, and which limits were reached."""

from __future__ import annotations

from collections import deque

from attrs import define, field

from sip2gw.events import Exchange
from sip2gw.record.durations import Counts, count, no_counts

MINUTES = 60
LATELY = 5
"""Minutes over which a percentile is taken."""


@define(eq=False)
class Minute:
    """One minute since 1970, by its number. `api` are the calls to the libraries."""

    number: int
    requests: int = 0
    outcomes: dict[str, int] = field(factory=dict)
    durations: Counts = field(factory=no_counts)
    api: Counts = field(factory=no_counts)


class Load:
    """The last minutes of one process, those without a request left out."""

    def __init__(self) -> None:
        self._minutes: deque[Minute] = deque(maxlen=MINUTES)

    def take(self, one: Exchange) -> None:
        """Count an exchange."""
        number = int(one.at // 60)
        if not self._minutes or self._minutes[-1].number < number:
            self._minutes.append(Minute(number))
        minute = self._minutes[-1]
        minute.requests += 1
        minute.outcomes[one.outcome] = minute.outcomes.get(one.outcome, 0) + 1
        count(minute.durations, one.ms)
        for call in one.api:
            count(minute.api, call[2])

    def last(self, now: float, minutes: int) -> list[Minute]:
        """Return those of the last minutes, this one included."""
        first = int(now // 60) - minutes + 1
        return [one for one in self._minutes if one.number >= first]


@define(eq=False)
class LimitHit:
    """How often a limit was reached, and when."""

    first: float
    last: float
    count: int = 0


QUIET = 900.0
"""Seconds after which a limit that is reached again counts from one."""


class LimitHits:
    """The limits that were reached, by the names of their settings, which are few."""

    def __init__(self) -> None:
        self.all: dict[str, LimitHit] = {}

    def take(self, limit: str, now: float) -> None:
        """Count a reached limit."""
        one = self.all.get(limit)
        if one is None or now - one.last > QUIET:
            one = self.all[limit] = LimitHit(now, now)
        one.last = now
        one.count += 1
