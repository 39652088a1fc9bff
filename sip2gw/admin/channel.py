"""A connection to the admin endpoint: one request, mostly without a body, one answer, within one deadline.

Any client may connect, as to the port of the terminals, and must not cost them memory, descriptors or time.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.interfaces import IDelayedCall
from twisted.internet.protocol import connectionDone
from twisted.python.failure import Failure
from twisted.web.http import HTTPChannel, Request

from sip2gw.gateway.connection_limits import ConnectionLimits, Slot
from sip2gw.limits import Limits
from sip2gw.metrics import Metrics
from sip2gw.tls.refusals import PLAIN, begins_tls, other_language

CONNECTIONS = 32
"""Connections at the same time. They use descriptors that are reserved for all but terminals."""
DEADLINE = 10.0
"""Seconds from the connection until the answer has been taken."""
BODY = 2**16
"""Bytes of a body, which only the POSTs of these paths have."""
_WITH_BODY = b"/journal/", b"/api/", b"/board/", b"/connect/", b"/kiosk/"
LIMIT = "admin_connections"
"""The name of the limit on connections in metrics."""

_NO_BODIES = b"HTTP/1.1 413 Content Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"


def admin_limits(metrics: Metrics, seconds: Callable[[], float]) -> ConnectionLimits:
    """Return the limits of these connections. At the limit, the busiest address loses its oldest connection."""
    limits = Limits(strangers=CONNECTIONS, strangers_per_address=CONNECTIONS + 1)
    return ConnectionLimits(lambda: limits, metrics, seconds, LIMIT)


def _other_language(first: bytes) -> str | None:
    """Return the language of terminals in which a client begins; None if it may be HTTP."""
    if begins_tls(first):
        return "TLS"
    return "plain SIP2" if other_language(first) == PLAIN else None


class AdminChannel(HTTPChannel):
    """One request. Bytes after it, or in its body, are dropped unread."""

    slot: Slot
    callLater: Callable[..., IDelayedCall]
    transport: Any
    speaks: Callable[[str], None]
    """Is called with the language of a terminal."""
    _heard = False
    _taken = False

    def connectionMade(self) -> None:
        super().connectionMade()  # type: ignore[no-untyped-call]  # Twisted's
        self._deadline = self.callLater(DEADLINE, self.abort)

    def dataReceived(self, data: bytes) -> None:
        if not self._heard:
            self._heard = True
            if language := _other_language(data):
                self.speaks(language)
                self.abort()
                return
        if not self._taken:
            super().dataReceived(data)  # type: ignore[no-untyped-call]  # Twisted's

    def rawDataReceived(self, data: bytes) -> None:
        if not self._taken:
            super().rawDataReceived(data)

    def checkPersistence(self, request: Request, version: bytes) -> bool:
        """Return whether another request may follow."""
        request.responseHeaders.setRawHeaders(b"connection", [b"close"])
        return False

    def allHeadersReceived(self) -> None:
        """Refuse a body before any of it is read, unless the page needs one and it is short."""
        if self.length == 0 or self._may_have_body():
            # Twisted parses forms before the guard has seen the token.
            self.requests[-1].requestHeaders.removeHeader(b"content-type")
            super().allHeadersReceived()  # type: ignore[no-untyped-call]  # Twisted's
            return
        self._taken = True
        self.transport.write(_NO_BODIES)
        self.loseConnection()  # type: ignore[no-untyped-call]  # Twisted's

    def _may_have_body(self) -> bool:
        fits = self.length is not None and self.length <= BODY
        return fits and self._command == b"POST" and self._path.startswith(_WITH_BODY)

    def allContentReceived(self) -> None:
        self._taken = True
        super().allContentReceived()  # type: ignore[no-untyped-call]  # Twisted's

    def last(self) -> None:
        """Let an answer go on after the deadline, as a stream does. Streams are counted by their own limit."""
        if self._deadline.active():
            self._deadline.cancel()
        self.slot.leave()

    def abort(self) -> bool:
        """Close at once. Returns True, because the slot is free then."""
        self._taken = True
        self.slot.leave()
        self.transport.abortConnection()
        return True

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        if self._deadline.active():
            self._deadline.cancel()
        self.slot.leave()
        super().connectionLost(reason)  # type: ignore[no-untyped-call]  # Twisted's
