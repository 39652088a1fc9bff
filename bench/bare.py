"""treq over Twisted's own agent, without cookies, parsing of URLs, and buffers that a gateway does not need."""

from __future__ import annotations

from collections.abc import Iterator
from http.cookiejar import Cookie
from typing import Any
from urllib.request import Request

from hyperlink import EncodedURL
from treq.client import HTTPClient
from treq.cookies import IndexableCookieJar
from twisted.internet.defer import Deferred, succeed
from twisted.internet.endpoints import HostnameEndpoint
from twisted.internet.interfaces import IConsumer
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure
from twisted.web.client import Agent, HTTPConnectionPool
from twisted.web.iweb import IAgentEndpointFactory, IBodyProducer
from zope.interface import implementer


class NoCookies(IndexableCookieJar):
    """A cookie jar that costs nothing."""

    def add_cookie_header(self, request: Request) -> None:
        """Add none."""

    def extract_cookies(self, response: Any, request: Request) -> None:
        """Take none."""

    def __iter__(self) -> Iterator[Cookie]:
        return iter(())


class ReadyURL(EncodedURL):
    """A URL that is only its text: treq needs no more."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def to_uri(self) -> EncodedURL:
        """Return itself."""
        return self

    def to_text(self, with_password: bool = False) -> str:
        """Return the text."""
        del with_password
        return self._text


@implementer(IAgentEndpointFactory)
class OneEndpoint:
    """An endpoint that is made once and always used."""

    def __init__(self, reactor: Any, host: bytes, port: int) -> None:
        self._endpoint = HostnameEndpoint(reactor, host, port)

    def endpointForURI(self, uri: Any) -> HostnameEndpoint:
        """Return the endpoint."""
        del uri
        return self._endpoint


@implementer(IBodyProducer)
class Whole:
    """The body of a request, written at once."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self.length = len(body)

    def startProducing(self, consumer: IConsumer) -> Deferred[None]:
        """Write it all."""
        consumer.write(self._body)
        return succeed(None)

    def stopProducing(self) -> None:
        """Do nothing: the body is written."""

    pauseProducing = resumeProducing = stopProducing


class Body(Protocol):
    """The body of an answer, collected."""

    def __init__(self) -> None:
        self.parts: list[bytes] = []
        self.whole: Deferred[bytes] = Deferred()

    def dataReceived(self, data: bytes) -> None:
        """Keep it."""
        self.parts.append(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Complete the body."""
        del reason
        self.whole.callback(b"".join(self.parts))


def bare_client(reactor: Any, host: str, port: int, at_once: int) -> HTTPClient:
    """Make treq's client over Twisted's own agent, without what a gateway does not need."""
    pool = HTTPConnectionPool(reactor)  # type: ignore[no-untyped-call]
    pool.maxPersistentPerHost = at_once
    pool.retryAutomatically = False
    agent = Agent.usingEndpointFactory(  # type: ignore[no-untyped-call]
        reactor, OneEndpoint(reactor, host.encode(), port), pool
    )
    return HTTPClient(agent, cookiejar=NoCookies(), data_to_body_producer=Whole)
