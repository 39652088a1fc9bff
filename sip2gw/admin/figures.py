"""The gateway's metrics for Prometheus, as text, written in slices: the series of thousands of libraries take a while.

Between two slices terminals are served. Requests that come meanwhile get the same text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice

from prometheus_client import CollectorRegistry, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.registry import Collector
from twisted.internet.defer import Deferred
from twisted.web.http import Request
from twisted.web.resource import Resource

from sip2gw.admin.later import later
from sip2gw.concurrency import SingleFlight
from sip2gw.slices import in_slices

MOST = 500
"""Samples that are written at a time."""


class MetricsPage(Resource):
    """The page `/metrics`. `look` returns the registry with its metrics, at once or later."""

    isLeaf = True

    def __init__(self, look: Callable[[], CollectorRegistry | Deferred[CollectorRegistry]]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # Twisted's
        self._look = look
        self._text = SingleFlight(self._written)

    def render_GET(self, request: Request) -> int:
        request.setHeader(b"content-type", CONTENT_TYPE_PLAIN_0_0_4.encode())  # type: ignore[no-untyped-call]
        return later(request, self._text.join())

    async def _written(self) -> bytes:
        found = self._look()
        registry = await found if isinstance(found, Deferred) else found
        return b"".join(await in_slices(written(registry)))


def written(registry: CollectorRegistry) -> Iterator[bytes]:
    """Yield the text that `generate_latest` would return, in parts."""
    for family in registry.collect():
        samples, first = iter(family.samples), True
        while (some := list(islice(samples, MOST))) or first:
            part = Metric(family.name, family.documentation, family.type)
            part.samples = some
            text = generate_latest(_One(part))
            # What a family is stands before its first sample alone, in two lines.
            yield text if first else text.split(b"\n", 2)[2]
            first = False


class _One(Collector):
    """A family by itself."""

    def __init__(self, family: Metric) -> None:
        self._family = family

    def collect(self) -> Iterator[Metric]:
        yield self._family
