"""Counters and histograms that cost no more than an addition; samples are made when Prometheus asks for them.

A counter of prometheus_client takes a lock for each addition, and looks its labels up under another one. All of these
are counted in the reactor's thread, so they need neither.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import accumulate
from time import time

from attrs import define, field
from prometheus_client import CollectorRegistry, Counter
from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

_DATED = any(
    sample.name.endswith("_created")
    for family in Counter("probe", "", registry=None).collect()
    for sample in family.samples
)
"""Whether series say since when they are: so it is unless the environment asks prometheus_client for the contrary."""


@define
class _Series:
    """The count of one combination of labels."""

    count: int = 0
    created: float = field(factory=time)


class Counts(Collector):
    """A counter. `name` is without `_total`."""

    def __init__(self, name: str, text: str, labelnames: Sequence[str], registry: CollectorRegistry) -> None:
        self.labelnames = tuple(labelnames)
        self._name, self._text = name, text
        self._series: dict[tuple[str, ...], _Series] = {}
        registry.register(self)

    def inc(self, *labels: str) -> None:
        """Add one to the series with these labels, in the order of `labelnames`."""
        found = self._series.get(labels)
        if found is None:
            found = self._series[labels] = _Series()
        found.count += 1

    def describe(self) -> list[CounterMetricFamily]:
        """Return the family without its series, as the registry asks for it to know the names."""
        return [CounterMetricFamily(self._name, self._text, labels=self.labelnames)]

    def collect(self) -> Iterator[CounterMetricFamily]:
        """Return the family as it is at this moment."""
        (family,) = self.describe()
        for labels, one in self._series.items():
            family.add_metric(labels, float(one.count), created=one.created if _DATED else None)
        yield family


@define
class _Buckets:
    """The observations of one combination of labels: how many fell into each bucket, and the sum of their values."""

    counts: list[int]
    sum: float = 0.0
    created: float = field(factory=time)


class Histogram(Collector):
    """A histogram. `bounds` are the upper bounds of its buckets, in order; a last bucket without a bound is added."""

    def __init__(
        self,
        name: str,
        text: str,
        labelnames: Sequence[str],
        registry: CollectorRegistry,
        *,
        bounds: Sequence[float],
    ) -> None:
        self.labelnames = tuple(labelnames)
        self._name, self._text = name, text
        self._bounds = tuple(bounds)
        self._names = [floatToGoString(bound) for bound in (*bounds, float("inf"))]
        self._series: dict[tuple[str, ...], _Buckets] = {}
        registry.register(self)

    def observe(self, value: float, *labels: str) -> None:
        """Count a value in the series with these labels, in the order of `labelnames`."""
        found = self._series.get(labels)
        if found is None:
            found = self._series[labels] = _Buckets([0] * len(self._names))
        found.counts[bisect_left(self._bounds, value)] += 1
        found.sum += value

    def describe(self) -> list[HistogramMetricFamily]:
        """Return the family without its series, as the registry asks for it to know the names."""
        return [HistogramMetricFamily(self._name, self._text, labels=self.labelnames)]

    def collect(self) -> Iterator[HistogramMetricFamily]:
        """Return the family as it is at this moment."""
        (family,) = self.describe()
        for labels, one in self._series.items():
            up_to = [float(count) for count in accumulate(one.counts)]
            family.add_metric(labels, list(zip(self._names, up_to, strict=True)), one.sum)
            if _DATED:
                named = dict(zip(self.labelnames, labels, strict=True))
                family.add_sample(f"{self._name}_created", named, one.created)
        yield family
