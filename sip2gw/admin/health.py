"""Health answers three questions in JSON, and names no patron, library or terminal.

`/health/live`: does the process answer? Always 200. `/health/ready`: should terminals be sent here? 200, or 503 while
it starts and stops. `/health`: as ready, with numbers.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from functools import partial
from typing import Any

from attrs import asdict, frozen
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IAddress
from twisted.web.http import NOT_ALLOWED, NOT_FOUND, OK, SERVICE_UNAVAILABLE, UNAUTHORIZED, Request
from twisted.web.resource import IResource, Resource
from twisted.web.server import Site
from twisted.web.util import Redirect

from sip2gw.admin.channel import AdminChannel, admin_limits
from sip2gw.admin.guard import HEADERS, Guard
from sip2gw.admin.later import later
from sip2gw.metrics import Metrics


class Status(Enum):
    """The phase of the gateway."""

    STARTING = "starting"
    OK = "ok"
    DEGRADED = "degraded"
    """Terminals are served, but not by all workers."""
    STOPPING = "stopping"
    """No new connections; requests in progress are being answered."""


@frozen
class Health:
    """The current state of the gateway."""

    status: Status
    version: str
    terminals: int
    """Live connections of terminals."""
    listening: tuple[str, ...] = ()
    """Addresses where terminals can connect."""
    warnings: tuple[str, ...] = ()
    """Warnings for the operator, a sentence each."""
    back_ends: tuple[Mapping[str, Any], ...] = ()
    """The state of the API of each library that terminals logged in to lately."""
    workers: tuple[Mapping[str, Any], ...] = ()
    """The worker processes, if there are several."""


Content = tuple[int, dict[str, Any]]
"""Status and JSON object of a page."""


def site(
    health: Callable[[], Health | Deferred[Health]],
    further: Mapping[str, Resource] | None = None,
    guard: Guard | None = None,
    metrics: Metrics | None = None,
    *,
    status: Callable[[], Status],
    own: Mapping[str, Resource] | None = None,
    terminal: Callable[[str, str], None] = lambda *_: None,
    start: str = "",
) -> Site:
    """Return a site for an endpoint, without an access log.

    `status` is what `/health/ready` goes by, which never waits. `further` are the other pages, by name. `own` are
    those that find out by themselves who asks, so `guard` does not look at them. `terminal` is called with the address
    and the language of each terminal that connects here, and is disconnected. `start` is the one of `own` to which a
    browser is led that names no page.
    """
    root = Answer(lambda: (NOT_FOUND, {"error": "not found"}))
    page = Answer(partial(_numbers, health))
    page.putChild(b"live", Answer(lambda: (OK, {"status": "ok"})))
    page.putChild(b"ready", Answer(lambda: _readiness(status())))
    root.putChild(b"health", page)
    for name, other in {**(further or {}), **(own or {})}.items():
        root.putChild(name.encode(), other)
    return _GuardedSite(root, guard or Guard(None), metrics or Metrics(), tuple(own or ()), terminal, start)


class Answer(Resource):
    """A page with the status and JSON object that `look` returns, at once or later."""

    def __init__(
        self, look: Callable[[], Content | Deferred[Content]], *, methods: bytes = b"GET, HEAD"
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # Twisted's
        self._look = look
        self._methods = methods

    def getChild(self, path: bytes, request: Request) -> IResource:
        if path == b"" and not getattr(request, "postpath", None):  # a slash at the end is ignored
            return self
        return Answer(lambda: (NOT_FOUND, {"error": "not found"}))

    def render(self, request: Request) -> bytes | int:
        found = self._look()
        if isinstance(found, Deferred):
            return later(request, found.addCallback(partial(self._written, request)))
        return self._written(request, found)

    def _written(self, request: Request, found: Content) -> bytes:
        code, content = found
        if code != NOT_FOUND and request.method not in self._methods.split(b", "):
            code, content = NOT_ALLOWED, {"error": "method not allowed"}
        if code == NOT_ALLOWED:
            request.setHeader(b"allow", self._methods)  # type: ignore[no-untyped-call]  # Twisted's
        body = json.dumps(content).encode() + b"\n"
        request.setResponseCode(code)
        request.setHeader(b"content-type", b"application/json")  # type: ignore[no-untyped-call]  # Twisted's
        request.setHeader(b"content-length", b"%d" % len(body))  # type: ignore[no-untyped-call]  # Twisted's
        return body if request.method != b"HEAD" else b""


class _GuardedSite(Site):
    """A site behind the guard. Probes come every few seconds, so connections are not logged."""

    noisy = False
    protocol = AdminChannel  # type: ignore[assignment]  # Twisted's would look for HTTP/2 first

    def __init__(
        self,
        root: IResource,
        guard: Guard,
        metrics: Metrics,
        own: Sequence[str],
        terminal: Callable[[str, str], None],
        start: str,
    ) -> None:
        super().__init__(root, timeout=None)  # type: ignore[no-untyped-call]  # the channel has a deadline of its own
        self._guard = guard
        self._own = frozenset(name.encode() for name in own)
        self._connection_limits = admin_limits(metrics, self.reactor.seconds)
        self._terminal = terminal
        self._start = start

    def buildProtocol(self, addr: IAddress | None) -> AdminChannel | None:  # type: ignore[override]  # see `protocol`
        slot = self._connection_limits.admit(str(getattr(addr, "host", "")))
        if slot is None:
            return None
        channel: AdminChannel = super().buildProtocol(addr)  # type: ignore[no-untyped-call]  # Twisted's
        channel.slot = slot
        channel.speaks = partial(self._terminal, str(getattr(addr, "host", "")))
        slot.give_way = channel.abort
        return channel

    def getResourceFor(self, request: Request) -> IResource:
        for name, value in HEADERS.items():
            request.setHeader(name, value)  # type: ignore[no-untyped-call]  # Twisted's
        if self._start and request.postpath == [b""] and request.method == b"GET":  # type: ignore[attr-defined]  # as below
            return Redirect(f"/{self._start}/".encode())
        first = request.postpath[0]  # type: ignore[attr-defined]  # twisted.web.server's has it; it leads to the page
        refused = None if first in self._own else self._guard.refusal(request)
        if refused is not None:
            code, why = refused
            if code == UNAUTHORIZED:
                request.setHeader(b"www-authenticate", b"Bearer")  # type: ignore[no-untyped-call]  # Twisted's
            return Answer(lambda: (code, {"error": why}), methods=request.method)
        found: IResource = super().getResourceFor(request)  # type: ignore[no-untyped-call]  # Twisted's
        return found

    def log(self, request: Request) -> None:
        pass


def _numbers(health: Callable[[], Health | Deferred[Health]]) -> Content | Deferred[Content]:
    found = health()
    return found.addCallback(_shown) if isinstance(found, Deferred) else _shown(found)


def _shown(health: Health) -> Content:
    shown = {**asdict(health), "status": health.status.value}
    if not health.workers:
        del shown["workers"]
    return _readiness(health.status)[0], shown


def _readiness(status: Status) -> Content:
    ready = status in (Status.OK, Status.DEGRADED)
    return (OK if ready else SERVICE_UNAVAILABLE), {"status": status.value}
