"""Counters, gauges and histograms that cost no more than an addition; samples are made when Prometheus asks for them.

A counter of prometheus_client takes a lock for each addition, and looks its labels up under another one. All of these
are counted in the reactor's thread, so they need neither. Nor are all samples of a family made at once: there may be
tens of thousands.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate

from attrs import define
from prometheus_client import CollectorRegistry, Metric, disable_created_metrics
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector
from prometheus_client.samples import Sample
from prometheus_client.utils import floatToGoString

# They would double the series of counters, and Prometheus does not use them in this format.
disable_created_metrics()

Labels = tuple[str, ...]


class Samples(list[Sample]):
    """The samples of a family, each made when it is reached. `made` is called for each loop over them."""

    def __init__(self, made: Callable[[], Iterator[Sample]]) -> None:
        super().__init__()
        self._made = made

    def __iter__(self) -> Iterator[Sample]:
        return self._made()


def family_of(kind: type[Metric], name: str, text: str, made: Callable[[], Iterator[Sample]]) -> Metric:
    """Return a family whose samples are made one after the other."""
    family = kind(name, text)  # type: ignore[call-arg]  # each kind has a type of its own
    family.samples = Samples(made)
    return family


class _Plain(Collector):
    """A metric with one value for each combination of labels."""

    kind: type[Metric]
    suffix = ""

    def __init__(self, name: str, text: str, labelnames: Sequence[str], registry: CollectorRegistry) -> None:
        self.labelnames = tuple(labelnames)
        self._name, self._text = name, text
        self._values: dict[Labels, float] = {}
        registry.register(self)

    def describe(self) -> list[Metric]:
        """Return the family without its series, as the registry asks for it to know the names."""
        return [family_of(self.kind, self._name, self._text, lambda: iter(()))]

    def collect(self) -> Iterator[Metric]:
        """Return the family. Each sample is as it is at the moment it is made."""
        yield family_of(self.kind, self._name, self._text, self._samples)

    def _samples(self) -> Iterator[Sample]:
        name = self._name + self.suffix
        for labels, value in list(self._values.items()):
            yield Sample(name, dict(zip(self.labelnames, labels, strict=True)), value)


class Counts(_Plain):
    """A counter. `name` is without `_total`."""

    kind = CounterMetricFamily
    suffix = "_total"

    def inc(self, *labels: str) -> None:
        """Add one to the series with these labels, in the order of `labelnames`."""
        self._values[labels] = self._values.get(labels, 0.0) + 1.0


class Values(_Plain):
    """A gauge."""

    kind = GaugeMetricFamily

    def set(self, value: float, *labels: str) -> None:
        """Set the series with these labels, in the order of `labelnames`."""
        self._values[labels] = float(value)

    def remove(self, *labels: str) -> None:
        """Forget the series with these labels, if there is one."""
        self._values.pop(labels, None)


@define
class _Buckets:
    """The observations of one combination of labels: how many fell into each bucket, and the sum of their values."""

    counts: list[int]
    sum: float = 0.0


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
        self._series: dict[Labels, _Buckets] = {}
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
        yield family
