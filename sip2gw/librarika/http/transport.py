"""How treq is held: its client over an agent of our own, which keeps connections and adds nothing to a request.

Nothing is repeated, followed, decoded or remembered: no cookies, no redirects, no compression (a small body can swell
to any size). HTTP/1.1 only, one request at a time on a connection. Any other `IAgent` will do as well, at a higher
price per call.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any

from treq.client import HTTPClient
from twisted.internet.defer import Deferred, DeferredList, fail, succeed
from twisted.internet.interfaces import IAddress, IConsumer, IDelayedCall, IProtocolFactory
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure
from twisted.web.client import URI, ResponseDone
from twisted.web.http import PotentialDataLoss
from twisted.web.http_headers import Headers
from twisted.web.iweb import IAgent, IBodyProducer, IResponse
from zope.interface import implementer

from sip2gw.librarika.http.call import Head
from sip2gw.librarika.http.connections import Lines
from sip2gw.librarika.http.exchange import Connection, HeadTooLarge, Reply, TooLarge
from sip2gw.librarika.http.settings import CallLimits

__all__ = ["Agent", "HeadTooLarge", "StraightClient", "TooLarge", "Whole", "body_of", "head_of"]

IDLE = 10
"""Seconds for which an idle connection is kept: less than a server's patience, so that few writes meet a closed one."""

_TARGET = re.compile(rb"[!-~]+")
_METHOD = re.compile(rb"[A-Z]+")
_CONTROL = re.compile(rb"[\0-\x1f\x7f]+")
"""What no value of a header may have in it."""

Origin = tuple[bytes, bytes]
"""Scheme, and host with its port."""


@implementer(IBodyProducer)
class Whole:
    """A request's body, written at once."""

    def __init__(self, body: bytes) -> None:
        self.body = body
        self.length = len(body)

    def startProducing(self, consumer: IConsumer) -> Deferred[None]:
        """Write it all."""
        consumer.write(self.body)
        return succeed(None)

    def stopProducing(self) -> None:
        """It is written already."""

    def pauseProducing(self) -> None:
        """It is written already."""

    def resumeProducing(self) -> None:
        """It is written already."""


class Pool:
    """As many idle connections as there may be calls, to all hosts together; the oldest is dropped first."""

    def __init__(self, reactor: Any, limits: Callable[[], CallLimits]) -> None:
        self._reactor, self._limits = reactor, limits
        self._idle: dict[Origin, list[Connection]] = {}
        self._since: OrderedDict[Connection, tuple[Origin, float]] = OrderedDict()
        self._timer: IDelayedCall | None = None
        self._closed = False

    def __len__(self) -> int:
        return len(self._since)

    def take(self, origin: Origin) -> Connection | None:
        """The connection that was used last, if there is one."""
        kept = self._idle.get(origin)
        if not kept:
            return None
        connection = kept[-1]
        self.forget(connection)
        return connection

    def put(self, origin: Origin, connection: Connection) -> None:
        """Keep it for a moment."""
        if self._closed:
            connection.abort()
            return
        while len(self._since) >= self._limits().calls:
            next(iter(self._since)).abort()
        self._idle.setdefault(origin, []).append(connection)
        self._since[connection] = origin, self._reactor.seconds()
        if self._timer is None:
            self._timer = self._reactor.callLater(IDLE, self._expire)

    def forget(self, connection: Connection) -> None:
        """It is in use, or has ended."""
        kept = self._since.pop(connection, None)
        if kept is None:
            return
        origin, _ = kept
        self._idle[origin].remove(connection)
        if not self._idle[origin]:
            del self._idle[origin]

    def _expire(self) -> None:
        """One timer for all: it is set for the oldest, whatever became of the one that it was set for."""
        self._timer = None
        now = self._reactor.seconds()
        for connection, (_, since) in list(self._since.items()):
            if since + IDLE > now:
                self._timer = self._reactor.callLater(since + IDLE - now, self._expire)
                return
            connection.abort()

    def close(self) -> Deferred[None]:
        """End those that are kept, and keep none any more."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        closing: Deferred[Any] = DeferredList([connection.close() for connection in list(self._since)])
        return closing.addCallback(lambda _: None)


@implementer(IProtocolFactory)
class _Connections:
    """Makes the connections to one origin."""

    noisy = False

    def __init__(self, pool: Pool, origin: Origin, limits: Callable[[], CallLimits]) -> None:
        self._pool, self._origin, self._limits = pool, origin, limits

    def doStart(self) -> None:
        """See `IProtocolFactory`."""

    def doStop(self) -> None:
        """See `IProtocolFactory`."""

    def buildProtocol(self, _: IAddress) -> Connection:
        """See `IProtocolFactory`."""
        return Connection(self._limits, lambda one: self._pool.put(self._origin, one), self._pool.forget)


@implementer(IAgent)
class Agent:
    """Sends requests over connections that it keeps. Request bodies are `Whole`."""

    def __init__(self, reactor: Any, lines: Lines, limits: Callable[[], CallLimits]) -> None:
        self.pool = Pool(reactor, limits)
        self._lines, self._limits = lines, limits

    def request(
        self,
        method: bytes,
        uri: bytes,
        headers: Headers | Mapping[bytes, bytes] | None = None,
        bodyProducer: IBodyProducer | None = None,
    ) -> Deferred[IResponse]:
        """See `IAgent.request`. It fails with `NotConnected` if nothing was sent.

        Headers may be a plain mapping: `Headers` costs a tenth of a call.
        """
        scheme, _, rest = uri.partition(b"://")
        netloc, slash, path = rest.partition(b"/")
        if not (_TARGET.fullmatch(rest) and netloc and slash and _METHOD.fullmatch(method)):
            return fail(ValueError("not a request line"))
        if not isinstance(bodyProducer, Whole | None):
            return fail(TypeError("a body that is not whole"))
        body = None if bodyProducer is None else bodyProducer.body
        request = _written(method, b"/" + path, netloc, headers, body)
        origin = (scheme, netloc)
        kept = self.pool.take(origin)
        if kept is not None:
            return kept.send(request)
        line = self._lines.endpointForURI(URI.fromBytes(uri))  # type: ignore[no-untyped-call]
        connecting: Deferred[Any] = line.connect(_Connections(self.pool, origin, self._limits))
        return connecting.addCallback(lambda made: made.send(request))


def _written(
    method: bytes,
    target: bytes,
    host: bytes,
    headers: Headers | Mapping[bytes, bytes] | None,
    body: bytes | None,
) -> bytes:
    """Head and body in one piece. No line end gets into a value."""
    lines = [b"%s %s HTTP/1.1\r\nHost: %s\r\nAccept-Encoding: identity" % (method, target, host)]
    if isinstance(headers, Headers):
        lines += [name + b": " + value for name, values in headers.getAllRawHeaders() for value in values]
    elif headers is not None:
        lines += [
            name + b": " + (_CONTROL.sub(b" ", value) if _CONTROL.search(value) else value)
            for name, value in headers.items()
        ]
    if body is None:
        return b"\r\n".join(lines) + b"\r\n\r\n"
    lines.append(b"Content-Length: %d\r\n\r\n" % len(body))
    return b"\r\n".join(lines) + body


class StraightClient(HTTPClient):
    """treq's client, whose requests go straight to the agent: no cookies, redirects, decoding, or parsing of URLs."""

    _agent: IAgent

    def request(self, method: str, url: Any, **how: Any) -> Deferred[Any]:
        """See `HTTPClient.request`, of which it takes `headers` and a body of bytes as `data`."""
        data = how.get("data")
        body = None if data is None else Whole(data)
        return self._agent.request(
            method.encode("ascii"), url.to_text().encode("ascii"), how.get("headers"), body
        )


class _Body(Protocol):
    """Collects a response's body, and hangs up on one that goes on for too long."""

    def __init__(self, limit: int) -> None:
        self._left = limit
        self._parts: list[bytes] = []
        self.finished: Deferred[bytes] = Deferred(self._hang_up)

    def _hang_up(self, _: object = None) -> None:
        if self.transport is not None:
            self.transport.loseConnection()

    def dataReceived(self, data: bytes) -> None:
        """Keep it if there is room."""
        self._left -= len(data)
        if self._left >= 0:
            self._parts.append(data)
        elif not self.finished.called:
            self._parts.clear()
            self.finished.errback(TooLarge())
            self._hang_up()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """The body's end, or the connection's before that. Without a length, only its content can tell which."""
        if self.finished.called:
            return
        if isinstance(reason.value, ResponseDone | PotentialDataLoss):
            self.finished.callback(b"".join(self._parts))
        else:
            self.finished.errback(reason)


def head_of(response: IResponse) -> Head:
    """An answer's headers, by names in lower case."""
    if isinstance(response, Reply):
        return dict(response.head)
    headers: Headers = response.headers
    return {name.lower(): values[-1] for name, values in headers.getAllRawHeaders()}


def body_of(response: IResponse, limit: int) -> Deferred[bytes]:
    """The whole body. Fails with `TooLarge`, or as the connection failed; to cancel it closes the connection."""
    body = _Body(limit)
    response.deliverBody(body)  # type: ignore[no-untyped-call]
    return body.finished
