"""The floor: the cost of the REST calls alone, made by a bare treq loop that is as cheap as treq allows.

`bench/run.py` runs it in another process. It prints one JSON object: milliseconds of processor time for each kind of
call. It uses nothing of the gateway's adapter, so that the floor stays the same when the adapter changes.
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


class API:
    """The API of one library, by bare calls."""

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
        """Get a token, and send it with each later call."""
        body = {"username": username, "password": password, "scope": "sip2"}
        token = (await self.call("POST", "/auth/tokens", body))["access_token"]
        self._headers.setRawHeaders("Authorization", [f"Bearer {token}"])

    async def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """Make one call, and return the decoded answer."""
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
    """Measure the milliseconds of processor time for one call, with `workers` at the same time."""

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
    # An item is lent and returned once in each round: only then can it be lent again.
    rounds = range(given.calls // given.workers)
    turns = [
        (await cost(given.workers, given.workers, out), await cost(given.workers, given.workers, back))
        for _ in rounds
    ]
    costs["issue"], costs["return"] = (sum(column) / len(rounds) for column in zip(*turns, strict=True))
    print(json.dumps(costs))


def main() -> None:
    """Run in a new reactor."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("host", "library", "account", "password", "member", "item"):
        parser.add_argument(f"--{name}", required=True)
    for name in ("port", "workers", "calls"):
        parser.add_argument(f"--{name}", type=int, required=True)
    given = parser.parse_args()
    react(lambda reactor: Deferred.fromCoroutine(measure(reactor, given)))


if __name__ == "__main__":
    main()
