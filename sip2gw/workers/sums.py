"""What several workers say, as if one had said it: metrics, health and terminals."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from itertools import islice
from typing import Any

from attrs import define, evolve, field
from prometheus_client import CollectorRegistry, Metric
from prometheus_client.registry import Collector
from prometheus_client.samples import Sample

from sip2gw.admin.health import Health
from sip2gw.plain_metrics import Samples

APART = {
    "sip2gw_loop_lag_seconds", "process_resident_memory_bytes", "process_virtual_memory_bytes",
    "process_start_time_seconds", "process_open_fds", "process_max_fds",
}  # fmt: skip
"""Families whose sum has no meaning: each worker has series of its own, with its number in the label `worker`."""
WORST = {
    "sip2gw_breaker", "sip2gw_calls_failed_in_a_row", "sip2gw_certificate_faults", "sip2gw_journal_rows",
    "sip2gw_journal_oldest_seconds", "sip2gw_last_activity_seconds", "sip2gw_reload_seconds",
    "sip2gw_build_info", "sip2gw_library_offline",
}  # fmt: skip
"""Gauges of which the highest value counts. Those of the journal and the build are the same in all workers."""
LEAST = {"sip2gw_certificate_days_left"}
"""Gauges of which the lowest value counts."""
LICENSED = "sip2gw_seats", "licensed"
"""Of these seats each worker reports all."""


MOST = 500
"""Series that are taken at a time."""


def samples(registry: CollectorRegistry) -> Iterator[Part]:
    """Yield the metrics of this process, a family with many series in several parts."""
    for family in registry.collect():
        series, first = iter(family.samples), True
        while (some := list(islice(series, MOST))) or first:
            rows = [[one.name, one.labels, one.value] for one in some]
            yield [family.name, family.documentation, family.type, rows]
            first = False


Part = list[Any]
"""A family, or a part of one: name, text, type, and series as name, labels and value. It can be written as JSON."""


@define
class _Family:
    text: str
    kind: str
    series: dict[tuple[str, tuple[tuple[str, str], ...]], float] = field(factory=dict)


class Sum(Collector):
    """The metrics of several processes as one. Add those of each; the name of one that counts alone is `worker`."""

    def __init__(self) -> None:
        self._families: dict[str, _Family] = {}

    def add(self, worker: str, families: Iterable[Part]) -> None:
        """Add metrics of one process, all of them or a part."""
        for name, text, kind, series in families:
            family = self._families.setdefault(name, _Family(text, kind))
            for sample, labels, value in series:
                more = {"worker": worker} if name in APART else {}
                key = sample, tuple(sorted({**labels, **more}.items()))
                before = family.series.get(key)
                family.series[key] = value if before is None else _joined(name, labels, before, value)

    def collect(self) -> Iterator[Metric]:
        """Yield the sums."""
        for name, one in self._families.items():
            family = Metric(name, one.text, one.kind)
            family.samples = Samples(partial(_made, one))
            yield family


def _made(family: _Family) -> Iterator[Sample]:
    for (sample, labels), value in family.series.items():
        yield Sample(sample, dict(labels), value)


def counters(families: Iterable[Part]) -> list[Part]:
    """Return those of the families that must not be forgotten when their process has ended."""
    return [one for one in families if one[2] in ("counter", "histogram") and one[0] not in APART]


def _joined(name: str, labels: Mapping[str, str], one: float, other: float) -> float:
    if name in LEAST:
        return min(one, other)
    if name in WORST or (name, labels.get("state")) == LICENSED:
        return max(one, other)
    return one + other


def registry_of(collector: Collector) -> CollectorRegistry:
    """Return a registry with these metrics alone."""
    registry = CollectorRegistry()
    registry.register(collector)
    return registry


def health(own: Health, answers: Iterable[Mapping[str, Any]], workers: Iterable[dict[str, Any]]) -> Health:
    """Return the health of the parent, with the answers of its workers, and a row for each of them."""
    warnings = dict.fromkeys(own.warnings)
    libraries: dict[str, dict[str, Any]] = {}
    terminals = 0
    for one in answers:
        terminals += one["terminals"]
        warnings.update(dict.fromkeys(one["warnings"]))
        for library in one["back_ends"]:
            libraries[library["nickname"]] = _worse(library, libraries.get(library["nickname"]))
    return evolve(
        own,
        terminals=terminals,
        warnings=tuple(warnings),
        back_ends=tuple(libraries.values()),
        workers=tuple(workers),
    )


_STATES = "closed", "half-open", "open"


def _worse(one: dict[str, Any], other: dict[str, Any] | None) -> dict[str, Any]:
    """Return the state of a library that two workers see, by the one that sees more trouble."""
    if other is None:
        return one
    worse = max(one, other, key=lambda seen: (_STATES.index(seen["state"]), not seen["online"]))
    calls = {key: one[key] + other[key] for key in ("in_flight", "waiting")}
    return {
        **worse,
        **calls,
        "last_failure": worse["last_failure"] or one["last_failure"] or other["last_failure"],
    }


def terminals(answers: Mapping[int, Mapping[str, Any]]) -> dict[str, Any]:
    """Return the terminals of all workers, each with its worker's number, and the seats of their libraries."""
    libraries: dict[str, dict[str, Any]] = {}
    for page in answers.values():
        for one in page["libraries"]:
            seats = libraries.setdefault(one["library"], {**one, "used": 0})
            seats["used"] += one["used"]
    for seats in libraries.values():
        seats["full"] = seats["licensed"] is not None and seats["used"] >= seats["licensed"]
    return {
        "libraries": list(libraries.values()),
        "terminals": [
            {**one, "worker": number} for number, page in answers.items() for one in page["terminals"]
        ],
    }
