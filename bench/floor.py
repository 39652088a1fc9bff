"""The floor: what the REST calls alone cost, made by a bare treq loop that is held as cheaply as treq can be held.

Run as a process of its own by `bench/run.py`; prints one JSON object: milliseconds of processor time for each kind of
call. It owes nothing to the gateway's own adapter, so that the floor stays where it is when that changes.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Awaitable, Callable, Iterator
from http.cookiejar import Cookie
from itertools import count
from secrets import token_hex
from typing import Any
from urllib.request import Request

from hyperlink import EncodedURL
from treq.client import HTTPClient
from treq.cookies import IndexableCookieJar
from twisted.internet.defer import Deferred, gatherResults, succeed
from twisted.internet.endpoints import HostnameEndpoint
from twisted.internet.interfaces import IConsumer
from twisted.internet.protocol import Protocol, connectionDone
from twisted.internet.task import react
from twisted.python.failure import Failure
from twisted.web.client import Agent, HTTPConnectionPool
from twisted.web.http_headers import Headers
from twisted.web.iweb import IAgentEndpointFactory, IBodyProducer
from zope.interface import implementer

Call = Callable[[int], Awaitable[Any]]


class NoCookies(IndexableCookieJar):
    """A jar that costs nothing."""

    def add_cookie_header(self, request: Request) -> None:
        """Add none."""

    def extract_cookies(self, response: Any, request: Request) -> None:
        """Take none."""

    def __iter__(self) -> Iterator[Cookie]:
        return iter(())


class ReadyURL(EncodedURL):
    """Its text and nothing else: treq asks for no more."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def to_uri(self) -> EncodedURL:
        """Itself."""
        return self

    def to_text(self, with_password: bool = False) -> str:
        """The text."""
        del with_password
        return self._text


@implementer(IAgentEndpointFactory)
class OneEndpoint:
    """The only endpoint, made once."""

    def __init__(self, reactor: Any, host: bytes, port: int) -> None:
        self._endpoint = HostnameEndpoint(reactor, host, port)

    def endpointForURI(self, uri: Any) -> HostnameEndpoint:
        """The endpoint."""
        del uri
        return self._endpoint


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
        """It is written."""

    pauseProducing = resumeProducing = stopProducing


class Body(Protocol):
    """Collects a body."""

    def __init__(self) -> None:
        self.parts: list[bytes] = []
        self.whole: Deferred[bytes] = Deferred()

    def dataReceived(self, data: bytes) -> None:
        """Keep it."""
        self.parts.append(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """It is all there."""
        del reason
        self.whole.callback(b"".join(self.parts))


class API:
    """One library's API, by bare calls."""

    def __init__(self, reactor: Any, host: str, port: int, library: str, at_once: int) -> None:
        pool = HTTPConnectionPool(reactor)  # type: ignore[no-untyped-call]
        pool.maxPersistentPerHost = at_once
        pool.retryAutomatically = False
        agent = Agent.usingEndpointFactory(  # type: ignore[no-untyped-call]
            reactor, OneEndpoint(reactor, host.encode(), port), pool
        )
        self._client = HTTPClient(agent, cookiejar=NoCookies(), data_to_body_producer=Whole)
        self._base = f"http://{host}:{port}/{library}/api/v1"
        self._headers = Headers({"Accept": ["application/json"]})
        self._name, self._keys = token_hex(4), count()

    async def sign_in(self, username: str, password: str) -> None:
        """Get a token, and send it from now on."""
        body = {"username": username, "password": password, "scope": "sip2"}
        token = (await self.call("POST", "/auth/tokens", body))["access_token"]
        self._headers.setRawHeaders("Authorization", [f"Bearer {token}"])

    async def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """One call, and what came back."""
        headers, data = self._headers, None
        if body is not None:
            headers = headers.copy()
            headers.setRawHeaders("Content-Type", ["application/json"])
            headers.setRawHeaders("Idempotency-Key", [f"{self._name}-{next(self._keys)}"])
            data = json.dumps(body).encode()
        response = await self._client.request(
            method,
            ReadyURL(self._base + path),
            headers=headers,
            data=data,
            allow_redirects=False,
            unbuffered=True,
        )
        collector = Body()
        response.deliverBody(collector)
        whole = await collector.whole
        assert response.code < 300, (method, path, response.code, whole)
        return json.loads(whole)


async def cost(workers: int, calls: int, each: Call) -> float:
    """Milliseconds of processor time for one call, with so many workers at once."""

    async def work(worker: int) -> None:
        for _ in range(calls // workers):
            await each(worker)

    before = time.process_time()
    await gatherResults([Deferred.fromCoroutine(work(worker)) for worker in range(workers)])
    return (time.process_time() - before) * 1000 / (calls // workers * workers)


async def measure(reactor: Any, given: argparse.Namespace) -> None:
    """Sign in, warm up, and measure each kind of call."""
    api = API(reactor, given.host, given.port, given.library, given.workers)
    await api.sign_in(given.account, given.password)

    async def member(worker: int) -> None:
        wanted = {"member_no": given.member.format(worker + 1), "password": "1234"}
        await api.call("POST", "/members/find", wanted)

    async def out(worker: int) -> None:
        wanted = {
            "member_no": given.member.format(worker + 1),
            "identifier": given.item.format(worker + 1),
            "types": ["accession", "barcode", "isbn"],
            "renew": False,
            "branch": "",
            "terminal": "floor",
        }
        await api.call("POST", "/loans", wanted)

    async def back(worker: int) -> None:
        wanted = {
            "identifier": given.item.format(worker + 1),
            "types": ["accession", "barcode", "isbn"],
            "returned_at": "2026-03-01T10:15:00+00:00",
            "branch": "",
            "terminal": "floor",
        }
        await api.call("POST", "/returns", wanted)

    await cost(given.workers, 4 * given.workers, member)
    costs = {"find_member": await cost(given.workers, given.calls, member)}
    # An item goes out and comes back once in each round: only then may it go out again.
    rounds = range(given.calls // given.workers)
    turns = [
        (await cost(given.workers, given.workers, out), await cost(given.workers, given.workers, back))
        for _ in rounds
    ]
    costs["issue"], costs["return"] = (sum(column) / len(rounds) for column in zip(*turns, strict=True))
    print(json.dumps(costs))


def main() -> None:
    """Run in a reactor of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("host", "library", "account", "password", "member", "item"):
        parser.add_argument(f"--{name}", required=True)
    for name in ("port", "workers", "calls"):
        parser.add_argument(f"--{name}", type=int, required=True)
    given = parser.parse_args()
    react(lambda reactor: Deferred.fromCoroutine(measure(reactor, given)))


if __name__ == "__main__":
    main()
