"""Run treq's client over an agent of our own, which keeps connections and adds nothing to a request.

It has no retries, cookies, redirects and compression (a small body can grow to any size). HTTP/1.1 only, and one
request at a time on a connection. Another `IAgent` works as well, at a higher cost of a call.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from typing import Any

from treq.client import HTTPClient
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.interfaces import IAddress, IConsumer, IProtocolFactory
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure
from twisted.web.client import URI, ResponseDone
from twisted.web.http import PotentialDataLoss
from twisted.web.http_headers import Headers
from twisted.web.iweb import IAgent, IBodyProducer, IResponse
from zope.interface import implementer

from sip2gw.librarika.http.call import Head
from sip2gw.librarika.http.connections import OriginEndpoints
from sip2gw.librarika.http.exchange import HeadTooLarge, Reply, TooLarge
from sip2gw.librarika.http.pool import Connection, Origin, Pool
from sip2gw.librarika.http.settings import CallLimits
from sip2gw.librarika.http.urls import ReadyURL

__all__ = ["Agent", "HeadTooLarge", "StraightClient", "TooLarge", "Whole", "body_of", "head_of"]

_TARGET = re.compile(rb"[!-~]+")
_METHOD = re.compile(rb"[A-Z]+")
_CONTROLS = bytes([*range(32), 127])
_VALUES = bytes.maketrans(_CONTROLS, b" " * len(_CONTROLS))
"""For the values of headers: control characters become spaces."""
_TARGETS = 4096
"""URLs whose parts are kept in a cache."""


@implementer(IBodyProducer)
class Whole:
    """The body of a request, written in one piece."""

    def __init__(self, body: bytes) -> None:
        self.body = body
        self.length = len(body)

    def startProducing(self, consumer: IConsumer) -> Deferred[None]:
        """Write the whole body."""
        consumer.write(self.body)
        return succeed(None)

    def stopProducing(self) -> None:
        """Do nothing: the body has been written."""

    def pauseProducing(self) -> None:
        """Do nothing: the body has been written."""

    def resumeProducing(self) -> None:
        """Do nothing: the body has been written."""


@implementer(IProtocolFactory)
class _Connections:
    """Make the connections to one origin."""

    noisy = False

    def __init__(self, pool: Pool, origin: Origin) -> None:
        self._pool, self._origin = pool, origin

    def doStart(self) -> None:
        """See `IProtocolFactory`."""

    def doStop(self) -> None:
        """See `IProtocolFactory`."""

    def buildProtocol(self, _: IAddress) -> Connection:
        """See `IProtocolFactory`."""
        return Connection(self._pool.limits, partial(self._pool.put, self._origin), self._pool.forget)


@implementer(IAgent)
class Agent:
    """Send requests over connections that it keeps. Request bodies are `Whole`."""

    def __init__(self, reactor: Any, endpoints: OriginEndpoints, limits: Callable[[], CallLimits]) -> None:
        self.pool = Pool(reactor, limits)
        self._endpoints = endpoints

    def request(
        self,
        method: bytes,
        uri: bytes,
        headers: Headers | Mapping[bytes, bytes] | None = None,
        bodyProducer: IBodyProducer | None = None,
    ) -> Deferred[IResponse]:
        """See `IAgent.request`. It fails with `NotConnected` if nothing was sent.

        Headers may be a plain mapping, because `Headers` costs a tenth of a call.
        """
        parts = _parts(uri)
        if parts is None or not _METHOD.fullmatch(method):
            return fail(ValueError("not a request line"))
        origin, target = parts
        if not isinstance(bodyProducer, Whole | None):
            return fail(TypeError("a body that is not whole"))
        body = None if bodyProducer is None else bodyProducer.body
        request = _written(method, target, origin[1], headers, body)
        kept = self.pool.take(origin)
        if kept is not None:
            return kept.send(request)
        endpoint = self._endpoints.endpointForURI(URI.fromBytes(uri))  # type: ignore[no-untyped-call]
        connecting: Deferred[Any] = endpoint.connect(_Connections(self.pool, origin))
        return connecting.addCallback(lambda made: made.send(request))


@lru_cache(maxsize=_TARGETS)
def _parts(uri: bytes) -> tuple[Origin, bytes] | None:
    """Split a URL into origin and target; None if it can't be written into a request line."""
    scheme, _, rest = uri.partition(b"://")
    host, slash, path = rest.partition(b"/")
    return ((scheme, host), b"/" + path) if _TARGET.fullmatch(rest) and host and slash else None


def _written(
    method: bytes,
    target: bytes,
    host: bytes,
    headers: Headers | Mapping[bytes, bytes] | None,
    body: bytes | None,
) -> bytes:
    """Return head and body in one piece. No header can have a line end in its value."""
    lines = [b"%s %s HTTP/1.1\r\nHost: %s\r\nAccept-Encoding: identity" % (method, target, host)]
    if isinstance(headers, Headers):
        lines += [name + b": " + value for name, values in headers.getAllRawHeaders() for value in values]
    elif headers is not None:
        lines += [name + b": " + value.translate(_VALUES) for name, value in headers.items()]
    if body is None:
        return b"\r\n".join(lines) + b"\r\n\r\n"
    lines.append(b"Content-Length: %d\r\n\r\n" % len(body))
    return b"\r\n".join(lines) + body


class StraightClient(HTTPClient):
    """treq's client, with requests that go straight to the agent: no cookies, redirects, decoding, parsing of URLs."""

    _agent: IAgent

    def request(self, method: str, url: Any, **how: Any) -> Deferred[Any]:
        """See `HTTPClient.request`. Uses `headers`, and `data` as a body of bytes."""
        data = how.get("data")
        body = None if data is None else Whole(data)
        wire = url.wire if isinstance(url, ReadyURL) else url.to_text().encode("ascii")
        return self._agent.request(method.encode("ascii"), wire, how.get("headers"), body)


class _Body(Protocol):
    """Collect the body of a response, and close the connection if the body is too long."""

    def __init__(self, limit: int) -> None:
        self._left = limit
        self._parts: list[bytes] = []
        self.finished: Deferred[bytes] = Deferred(self._hang_up)

    def _hang_up(self, _: object = None) -> None:
        if self.transport is not None:
            self.transport.loseConnection()

    def dataReceived(self, data: bytes) -> None:
        """Keep these bytes if there is room."""
        self._left -= len(data)
        if self._left >= 0:
            self._parts.append(data)
        elif not self.finished.called:
            self._parts.clear()
            self.finished.errback(TooLarge())
            self._hang_up()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """End the body, or report that the connection failed. Without a length the two look alike."""
        if self.finished.called:
            return
        if isinstance(reason.value, ResponseDone | PotentialDataLoss):
            self.finished.callback(b"".join(self._parts))
        else:
            self.finished.errback(reason)


def head_of(response: IResponse) -> Head:
    """Return the headers of an answer, by names in lower case."""
    if isinstance(response, Reply):
        return response.head
    headers: Headers = response.headers
    return {name.lower(): values[-1] for name, values in headers.getAllRawHeaders()}


def body_of(response: IResponse, limit: int) -> Deferred[bytes]:
    """Return the whole body. Fails with `TooLarge`, or as the connection did; to cancel it closes the connection."""
    body = _Body(limit)
    response.deliverBody(body)  # type: ignore[no-untyped-call]
    return body.finished
