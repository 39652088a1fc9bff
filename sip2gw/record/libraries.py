"""What each library's terminals got in this hour and the one before: outcomes, codes, durations, logins."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterable, Iterator

from attrs import define, field

from sip2gw.events import Event, Exchange, LoggedIn, LoginRefused
from sip2gw.record.durations import Counts, count, no_counts, summed

LIBRARIES = 5_000
"""Libraries that are counted; the one that was silent for longest is dropped first."""
HOUR = 3600.0
CODES = 30
"""Codes of refusals that are counted for each library in an hour."""
TERMINALS = 12_000
"""Terminals of which the latest logins are remembered."""
REFUSED = 900.0
"""Seconds after which refused logins alone need a person."""
FLAPS = 6
"""Logins of one terminal within `FLAPPING` seconds, by which it flaps."""
FLAPPING = 900.0


@define(eq=False)
class Hour:
    """What one library's terminals got in an hour. `codes` has how often, when last, and the code of an example."""

    began: float
    requests: int = 0
    outcomes: dict[str, int] = field(factory=dict)
    codes: dict[str, tuple[int, float, str]] = field(factory=dict)
    durations: Counts = field(factory=no_counts)

    def add(self, one: Exchange) -> None:
        """Count an exchange."""
        self.requests += 1
        self.outcomes[one.outcome] = self.outcomes.get(one.outcome, 0) + 1
        count(self.durations, one.ms)
        if one.outcome != "answered" and one.code and (one.code in self.codes or len(self.codes) < CODES):
            self.codes[one.code] = (self.codes.get(one.code, (0,))[0] + 1, one.at, one.ref)


@define(eq=False)
class Library:
    """One library. `refused_since` is its first refused login after the last good one; 0 if there is none."""

    nickname: str
    hours: tuple[Hour, ...] = ()
    last: float = 0.0
    logged_in: float = 0.0
    refused_since: float = 0.0
    refused: int = 0
    doubt_since: float = 0.0

    def only_refused(self, now: float) -> float:
        """Return since when logins were refused and none was good, if that is long enough; else 0."""
        return self.refused_since if self.refused_since and now - self.refused_since >= REFUSED else 0.0

    def recent(self, now: float) -> Iterator[Hour]:
        """Yield this hour and the one before."""
        return (hour for hour in self.hours if now - hour.began < 2 * HOUR)

    def hour(self, at: float) -> Hour:
        """Return the hour of this moment."""
        if not self.hours or at - self.hours[-1].began >= HOUR:
            self.hours = (*self.hours[-1:], Hour(at - at % HOUR))
        return self.hours[-1]


NONE = Hour(0.0)
"""No requests."""


def joined(hours: Iterable[Hour]) -> Hour:
    """Return these hours as one. It is the only one itself, so that a list of all libraries makes few objects."""
    all_ = tuple(hours)
    if len(all_) < 2:
        return all_[0] if all_ else NONE
    total = Hour(
        all_[0].began, sum(one.requests for one in all_), durations=summed(one.durations for one in all_)
    )
    for one in all_:
        for outcome, times in one.outcomes.items():
            total.outcomes[outcome] = total.outcomes.get(outcome, 0) + times
        for code, (times, last, ref) in one.codes.items():
            total.codes[code] = total.codes.get(code, (0,))[0] + times, last, ref
    return total


class Libraries:
    """The libraries of one process. Only a login that succeeds makes one: a stranger can't."""

    def __init__(self) -> None:
        self.all: OrderedDict[str, Library] = OrderedDict()
        self._logins: OrderedDict[tuple[str, str], deque[float]] = OrderedDict()

    def take(self, event: Event) -> None:
        """Count an event."""
        match event:
            case Exchange(library=nickname) if nickname:
                one = self._of(nickname)
                one.last = event.at
                one.hour(event.at).add(event)
                if event.outcome == "in_doubt":
                    one.doubt_since = one.doubt_since or event.at
            case LoggedIn():
                one = self._of(event.library)
                one.last = one.logged_in = event.at
                one.refused_since, one.refused = 0.0, 0
                self._login(event)
            case LoginRefused() if (known := self.all.get(event.library)) is not None:
                known.refused_since = known.refused_since or event.at
                known.refused += 1

    def flapping(self, now: float) -> Iterator[tuple[str, str, float]]:
        """Yield library, name and first login of each terminal that logs in again and again."""
        for (library, terminal), times in self._logins.items():
            if len(times) == FLAPS and now - times[0] < FLAPPING:
                yield library, terminal, times[0]

    def _of(self, nickname: str) -> Library:
        one = self.all.get(nickname)
        if one is None:
            one = self.all[nickname] = Library(nickname)
            if len(self.all) > LIBRARIES:
                self.all.popitem(last=False)
        else:
            self.all.move_to_end(nickname)
        return one

    def _login(self, event: LoggedIn) -> None:
        times = self._logins.setdefault((event.library, event.terminal), deque(maxlen=FLAPS))
        times.append(event.at)
        self._logins.move_to_end((event.library, event.terminal))
        if len(self._logins) > TERMINALS:
            self._logins.popitem(last=False)
