"""How one gateway is, in few bytes: what it tells the other machines. No number, no name and no tag of a reader."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from heapq import nlargest
from typing import TYPE_CHECKING, Any

from attrs import asdict, evolve, field, frozen

from sip2gw.record.asked import only
from sip2gw.record.attempts import Attempts
from sip2gw.record.load import LATELY
from sip2gw.record.needs import SHARED, Need, join_needs, needs

if TYPE_CHECKING:
    from sip2gw.record.record import Record

NEEDS = 20
"""Things that need a person, at most."""
REASONS = 20
"""Reasons why clients did not get in, at most."""
LIBRARIES = 5_000
"""Libraries, at most: those with trouble first, then those with most terminals."""
_LONGEST = 300
"""Characters of a text."""
_WORD = 40


@frozen
class Summary:
    """How a gateway is. `requests` and `refused` are of a minute, on average over the last minutes."""

    terminals: int = 0
    connections: int = 0
    requests: float = 0.0
    refused: float = 0.0
    """Requests that were not answered as asked."""
    needs: tuple[Need, ...] = ()
    door: dict[str, int] = field(factory=dict)
    """How many attempts to get in failed within a day, by reason."""
    libraries: dict[str, tuple[int, bool]] = field(factory=dict)
    """Of each library its terminals, and whether its system does not answer."""
    processes: tuple[str, ...] = ()
    """The names of the processes, with which the sessions that hold a seat begin."""


def part(record: Record, about: Mapping[str, str]) -> dict[str, Any]:
    """Return what one process has of the summary."""
    only(about)
    at, facts = record.now(), record.gateway.facts()
    live = record.connections.live.values()
    lately = record.load.last(at, LATELY)
    terminals = record.connections.terminals_by_library()
    offline = {one.library for one in facts.apis if not one.online or one.breaker == "open"}
    found = needs(record.libraries, record.failed_attempts, record.limit_hits, facts, at)
    return {
        "terminals": terminals.total(),
        "connections": len(live),
        "requests": sum(one.requests for one in lately),
        "refused": sum(one.requests - one.outcomes.get("answered", 0) for one in lately),
        "needs": [asdict(one) for one in found if one.kind not in SHARED],
        "door": _by_reason(record.failed_attempts.groups(at)),
        "libraries": {name: [terminals[name], name in offline] for name in terminals.keys() | offline},
    }


def joined(_: Mapping[str, str], parts: Sequence[tuple[str, Any]]) -> Summary:
    """Return the summary of a gateway from the parts of its processes with their workers."""
    return summed([part for _, part in parts])


def summed(parts: Sequence[Mapping[str, Any]]) -> Summary:
    """Return the summary of a gateway from the parts of its processes."""
    door: Counter[str] = Counter()
    for one in parts:
        door.update(one["door"])
    return Summary(
        terminals=sum(one["terminals"] for one in parts),
        connections=sum(one["connections"] for one in parts),
        requests=round(sum(one["requests"] for one in parts) / LATELY, 1),
        refused=round(sum(one["refused"] for one in parts) / LATELY, 1),
        needs=short(need for one in parts for need in one["needs"]),
        door=dict(door.most_common(REASONS)),
        libraries=_first(summed_libraries(one["libraries"] for one in parts)),
    )


def summed_libraries(many: Iterable[Mapping[str, Sequence[Any]]]) -> dict[str, tuple[int, bool]]:
    """Return `Summary.libraries` of several processes or machines as one."""
    found: dict[str, tuple[int, bool]] = {}
    for libraries in many:
        for name, (terminals, offline) in libraries.items():
            before = found.get(name, (0, False))
            found[name] = before[0] + terminals, before[1] or offline
    return found


def short(found: Iterable[Mapping[str, Any]]) -> tuple[Need, ...]:
    """Return what needs a person, the worst first, and no more than the others have to know."""
    names = [one.name for one in Need.__attrs_attrs__]
    return tuple(
        evolve(one, text=one.text[:_LONGEST], fix=one.fix[:_LONGEST], subject=one.subject[:_LONGEST])
        for one in (Need(**{name: need[name] for name in names}) for need in join_needs([found])[:NEEDS])
    )


def _first(libraries: dict[str, tuple[int, bool]]) -> dict[str, tuple[int, bool]]:
    if len(libraries) <= LIBRARIES:
        return libraries
    return dict(nlargest(LIBRARIES, libraries.items(), key=lambda one: (one[1][1], one[1][0])))


def _by_reason(groups: Iterator[Attempts]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for one in groups:
        counts[_reason(one)] += one.count
    return counts


def _reason(one: Attempts) -> str:
    """Return a reason in the program's own words: others may quote what a client has sent."""
    if len(one.reason) <= _WORD and one.reason.isidentifier():
        return one.reason.replace("_", " ")
    return f"at the step {one.rung}"
