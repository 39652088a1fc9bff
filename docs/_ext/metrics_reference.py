"""The figures of the process, read off the registry that they are declared in."""

from markdown import table
from twisted.logger import LogPublisher

from sip2gw.log import Log, LogSettings
from sip2gw.metrics import Metrics

SUFFIXES = {"counter": "_total"}


def page() -> str:
    """Return a table of all metrics."""
    metrics = Metrics()
    metrics.registry.register(Log(LogPublisher(), LogSettings()))
    families = sorted(metrics.registry.collect(), key=lambda family: family.name)
    return table(["Metric", "", "By", "Meaning"], [_row(metrics, family) for family in families])


def _row(metrics: Metrics, family) -> list[str]:
    declared = metrics.registry._names_to_collectors.get(family.name)
    of_prometheus_client = getattr(declared, "_labelnames", ())
    labels = getattr(declared, "labelnames", of_prometheus_client) or {
        key for one in family.samples for key in one.labels
    }
    by = ", ".join(f"`{label}`" for label in labels if label != "le")
    return [f"`{family.name}{SUFFIXES.get(family.type, '')}`", family.type, by, family.documentation]
