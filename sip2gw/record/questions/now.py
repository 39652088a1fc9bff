"""What needs a person now, and how much is going on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from attrs import asdict

from sip2gw.record.asked import only
from sip2gw.record.durations import p95, summed
from sip2gw.record.load import LATELY, MINUTES
from sip2gw.record.needs import join_needs, needs
from sip2gw.record.parts import About, Part, Parts, Row, summed_outcomes

if TYPE_CHECKING:
    from sip2gw.record.record import Record


def now(record: Record, about: About) -> Part:
    """Return what needs a person, and how much is going on."""
    only(about)
    at, facts = record.now(), record.gateway.facts()
    live = record.connections.live.values()
    return {
        "at": at,
        "terminals": sum(one.login is not None for one in live),
        "connections": len(live),
        "minutes": [asdict(one) for one in record.load.last(at, MINUTES)],
        "lag": facts.lag,
        "limits": {name: asdict(one) for name, one in record.limit_hits.all.items()},
        "needs": [
            asdict(one)
            for one in needs(record.libraries, record.failed_attempts, record.limit_hits, facts, at)
        ],
    }


def joined(_: About, parts: Parts) -> Row:
    """Return the needs of all processes, the sums of the last minutes, and requests per second for an hour."""
    told = [part for _, part in parts]
    at = max(part["at"] for part in told)
    minutes = [minute for part in told for minute in part["minutes"]]
    this = int(at // 60)
    lately = [minute for minute in minutes if minute["number"] > this - LATELY]
    return {
        "at": at,
        "needs": join_needs(part["needs"] for part in told),
        "tiles": [tile for tile in _tiles(told, lately) if tile["value"] is not None],
        "graph": _graph(minutes, this),
    }


def _tiles(told: Sequence[Mapping[str, Any]], lately: Sequence[Mapping[str, Any]]) -> list[Row]:
    """Return the figures of now, and of the minutes `lately`; a value is None if there is nothing to measure."""
    terminals = sum(part["terminals"] for part in told)
    outcomes = summed_outcomes(lately)
    at_terminal = p95(summed(minute["durations"] for minute in lately))
    api = p95(summed(minute["api"] for minute in lately))
    return [
        {"name": "terminals", "value": terminals},
        {
            "name": "connections without a login",
            "value": sum(part["connections"] for part in told) - terminals,
        },
        {"name": "requests", "value": round(sum(outcomes.values()) / LATELY / 60, 2), "unit": "/s"},
        {"name": "p95 at the terminal", "value": at_terminal, "unit": "ms"},
        {"name": "p95 of the API", "value": api, "unit": "ms"},
        *({"name": name.replace("_", " "), "value": outcomes[name]} for name in sorted(outcomes)),
        {
            "name": "delay of the event loop",
            "value": round(1000 * max(part["lag"] for part in told)),
            "unit": "ms",
        },
    ]


def _graph(minutes: Iterable[Mapping[str, Any]], this: int) -> list[float]:
    """Return the requests per second of each minute of an hour, of which `this` is the last."""
    graph = [0] * MINUTES
    for minute in minutes:
        if 0 <= (place := MINUTES - 1 - this + minute["number"]) < MINUTES:
            graph[place] += minute["requests"]
    return [round(count / 60, 3) for count in graph]
