"""The process's metrics for Prometheus, as text, collected at each request in the reactor's own thread."""

from __future__ import annotations

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from twisted.web.http import Request
from twisted.web.resource import Resource


class MetricsPage(Resource):
    """The page `/metrics`."""

    isLeaf = True

    def __init__(self, registry: CollectorRegistry) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # Twisted's
        self._registry = registry

    def render_GET(self, request: Request) -> bytes:
        request.setHeader(b"content-type", CONTENT_TYPE_PLAIN_0_0_4.encode())  # type: ignore[no-untyped-call]
        return generate_latest(self._registry)
