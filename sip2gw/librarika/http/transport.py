"""How treq is held: one client over one pool of kept connections, which adds nothing to a request and repeats none.

No cookies, no redirects, no compression (a small body can swell to any size), no repeating behind our back. Heads and
bodies are read up to a limit and no further.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from http.cookiejar import Cookie, CookieJar
from typing import Any
from urllib.request import Request

from treq.client import HTTPClient
from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IConsumer
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.python.failure import Failure
from twisted.web._newclient import BODY, HTTP11ClientProtocol  # public nowhere else
from twisted.web.client import Agent, HTTPConnectionPool, ResponseDone
from twisted.web.http import PotentialDataLoss
from twisted.web.http_headers import Headers
from twisted.web.iweb import IAgent, IBodyProducer, IResponse
from zope.interface import implementer

from sip2gw.librarika.http.connections import Lines
from sip2gw.librarika.http.settings import CallLimits

IDLE = 10
"""Seconds for which an idle connection is kept: less than a server's patience, so that few writes meet a closed one."""


class TooLarge(Exception):
    """The body is larger than the limit."""


class HeadTooLarge(Exception):
    """Status line and headers are larger than the limit."""


class NoCookies(CookieJar):
    """A jar that stays empty; to keep one up to date costs time on every call."""

    def add_cookie_header(self, request: Request) -> None:
        """Add none."""

    def extract_cookies(self, response: Any, request: Request) -> None:
        """Take none."""

    def __iter__(self) -> Iterator[Cookie]:
        return iter(())


@implementer(IBodyProducer)
class Whole:
    """A request's body, written at once."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self.length = len(body)

    def startProducing(self, consumer: IConsumer) -> Deferred[None]:
        """Write it all."""
        consumer.write(self._body)
        return succeed(None)

    def stopProducing(self) -> None:
        """It is written already."""

    def pauseProducing(self) -> None:
        """It is written already."""

    def resumeProducing(self) -> None:
        """It is written already."""


@implementer(IAgent)
class _Uncompressed:
    """Undoes that treq offers gzip to the server, and leaves a body that comes compressed all the same as it is."""

    def __init__(self, agent: IAgent) -> None:
        self._agent = agent

    def request(
        self,
        method: bytes,
        uri: bytes,
        headers: Headers | None = None,
        bodyProducer: IBodyProducer | None = None,
    ) -> Deferred[IResponse]:
        """See `IAgent.request`. `headers` is treq's copy, made for this call."""
        if headers is not None:
            headers.setRawHeaders(b"Accept-Encoding", [b"identity"])
        return self._agent.request(method, uri, headers, bodyProducer).addCallback(_as_it_is)


def _as_it_is(response: IResponse) -> IResponse:
    response.headers.removeHeader(b"Content-Encoding")
    return response


class _Reading(HTTP11ClientProtocol):
    """Hangs up on a head without an end: Twisted bounds each line of it, but not how many there are."""

    def __init__(self, quiescent: Any, restraint: Callable[[], CallLimits]) -> None:
        super().__init__(quiescent)  # type: ignore[no-untyped-call]
        self._restraint = restraint
        self._head = b""

    def request(self, request: Any) -> Deferred[IResponse]:
        """See `HTTP11ClientProtocol`."""
        self._head = b""
        return super().request(request)

    def dataReceived(self, bytes: bytes) -> None:
        """Take it, unless it makes the head too large."""
        if self._parser is not None and self._parser.state != BODY:
            self._head += bytes
            size, seen = self._head.find(b"\r\n\r\n"), len(self._head)
            if size >= 0:
                self._head, seen = b"", size
            if seen > self._restraint().answer_head:
                self._head = b""
                self._giveUp(Failure(HeadTooLarge()))  # type: ignore[no-untyped-call]
                return
        super().dataReceived(bytes)  # type: ignore[no-untyped-call]


class _Readers(Factory):
    """What the pool makes its connections with."""

    noisy = False

    def __init__(self, quiescent: Any, _: str, *, restraint: Callable[[], CallLimits]) -> None:
        self._quiescent, self._restraint = quiescent, restraint

    def buildProtocol(self, _: Any) -> _Reading:
        """See `IProtocolFactory`."""
        return _Reading(self._quiescent, self._restraint)


class _Pool(HTTPConnectionPool):
    """Keeps as many idle connections as there may be calls, to all hosts together; of the oldest it lets go first.

    Twisted bounds those to one host, and never forgets a host: there may be thousands of them.
    """

    def __init__(self, reactor: Any, restraint: Callable[[], CallLimits]) -> None:
        super().__init__(reactor, persistent=True)  # type: ignore[no-untyped-call]
        self.cachedConnectionTimeout = IDLE
        self.retryAutomatically = False
        self._restraint = restraint
        factory: Any = partial(_Readers, restraint=restraint)
        self._factory = factory

    def _most(self) -> int:
        return self._restraint().calls

    def getConnection(self, key: Any, endpoint: Any) -> Deferred[Any]:
        """See `HTTPConnectionPool`."""
        found: Deferred[Any] = super().getConnection(key, endpoint)
        self._forget(key)
        return found

    def _putConnection(self, key: Any, connection: Any) -> None:
        while len(self._timeouts) >= self._most():
            timer = next(iter(self._timeouts.values()))
            oldest = timer.args
            timer.cancel()
            self._removeConnection(*oldest)
        self.maxPersistentPerHost = self._most()
        super()._putConnection(key, connection)  # type: ignore[no-untyped-call]

    def _removeConnection(self, key: Any, connection: Any) -> None:
        super()._removeConnection(key, connection)  # type: ignore[no-untyped-call]
        self._forget(key)

    def _forget(self, key: Any) -> None:
        if not self._connections.get(key, True):
            del self._connections[key]


def pooled(reactor: Any, restraint: Callable[[], CallLimits]) -> HTTPConnectionPool:
    """A pool that keeps connections for a moment, and never sends a request twice by itself."""
    return _Pool(reactor, restraint)


def client_over(pool: HTTPConnectionPool, lines: Lines, reactor: Any) -> HTTPClient:
    """The one treq client."""
    agent = _Uncompressed(Agent.usingEndpointFactory(reactor, lines, pool))  # type: ignore[no-untyped-call]
    jar: Any = NoCookies()  # treq's own subclass of the jar is wanted only by those who look into it.
    return HTTPClient(agent, cookiejar=jar, data_to_body_producer=Whole)


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


def body_of(response: IResponse, limit: int) -> Deferred[bytes]:
    """The whole body. Fails with `TooLarge`, or as the connection failed; to cancel it closes the connection."""
    body = _Body(limit)
    response.deliverBody(body)  # type: ignore[no-untyped-call]
    return body.finished
