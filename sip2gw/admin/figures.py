"""The gateway's metrics for Prometheus, as text, collected at each request in the reactor's own thread."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from twisted.internet.defer import Deferred
from twisted.web.http import Request
from twisted.web.resource import Resource

from sip2gw.admin.later import later


class MetricsPage(Resource):
    """The page `/metrics`. `look` returns the registry with its metrics, at once or later."""

    isLeaf = True

    def __init__(self, look: Callable[[], CollectorRegistry | Deferred[CollectorRegistry]]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # Twisted's
        self._look = look

    def render_GET(self, request: Request) -> bytes | int:
        request.setHeader(b"content-type", CONTENT_TYPE_PLAIN_0_0_4.encode())  # type: ignore[no-untyped-call]
        found = self._look()
        if isinstance(found, Deferred):
            return later(request, found.addCallback(generate_latest))
        return generate_latest(found)
