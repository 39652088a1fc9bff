"""The floor beneath the gateway: its REST calls in a bare treq loop, with TLS in and out and nothing in between.

It takes a terminal's line, makes the calls that the message needs, and answers with a prepared line. The client is
treq's over Twisted's own agent, so that the floor stays the same when the adapter changes; or over the agent of this
checkout (`--agent own`).
"""

from __future__ import annotations

import argparse
import json
import re
from itertools import count
from pathlib import Path
from secrets import token_hex
from typing import Any

from bare import Body, OneEndpoint, ReadyURL, bare_client
from treq.client import HTTPClient
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import quoteStringArgument, serverFromString
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import react
from twisted.python.failure import Failure

from sip2gw.librarika import CallLimits
from sip2gw.librarika.http import transport, urls

LABELS = {"types": ["accession", "barcode", "isbn"], "branch": "", "terminal": "floor"}
CALLS: dict[bytes, tuple[str, dict[str, Any]]] = {
    b"23": ("/members/find", {}),
    b"11": ("/loans", {**LABELS, "renew": False}),
    b"09": ("/returns", {**LABELS, "returned_at": "2026-03-01T10:15:00+00:00"}),
}
"""The call of each message. A gateway knows the library's health from its other calls (99)."""
FIELD = re.compile(rb"(A[AB])([^|]*)\|")
NAMES = {b"AA": "member_no", b"AB": "identifier"}
ANSWERS = {
    b"93": b"941\r",
    b"99": b"98YYYYYN200003" + b" " * 18 + b"2.00AOfloor|\r",
    b"23": b"24" + b" " * 14 + b"00120260301    101500AOfloor|AA1|AEReader|BLY|\r",
    b"11": b"121NNN20260301    101500AOfloor|AA1|AB1|AJBook|AH|\r",
    b"09": b"101YNN20260301    101500AOfloor|AB1|AQ|\r",
}
"""A prepared answer to each message."""


def own_client(reactor: Any, host: str, port: int, at_once: int) -> HTTPClient:
    """Make treq's client over the agent of this checkout."""
    lines = OneEndpoint(reactor, host.encode(), port)
    limits = CallLimits(calls=at_once)
    return transport.StraightClient(transport.Agent(reactor, lines, lambda: limits))  # type: ignore[arg-type]


class API:
    """The API of one library, by bare calls."""

    def __init__(self, reactor: Any, given: argparse.Namespace) -> None:
        make = bare_client if given.agent == "twisted" else own_client
        self._client = make(reactor, given.host, given.port, given.at_once)
        self._url: Any = ReadyURL if given.agent == "twisted" else urls.ready
        self._base = f"http://{given.host}:{given.port}/{given.library}/api/v1"
        self._headers: dict[bytes | str, bytes | str] = {
            b"Accept": b"application/json",
            b"Content-Type": b"application/json",
        }
        self._name, self._keys = token_hex(4), count()

    async def sign_in(self, username: str, password: str) -> None:
        """Get a token, and send it with each later call."""
        body = {"username": username, "password": password, "scope": "sip2"}
        token = (await self.call("POST", "/auth/tokens", body))["access_token"]
        self._headers[b"Authorization"] = f"Bearer {token}".encode()

    async def call(self, method: str, path: str, body: dict[str, Any]) -> Any:
        """Make one call, and return the decoded answer."""
        key = f"{self._name}-{next(self._keys)}".encode()
        response = await self._client.request(
            method,
            self._url(self._base + path),
            headers={**self._headers, b"Idempotency-Key": key},
            data=json.dumps(body).encode(),
            allow_redirects=False,
            unbuffered=True,
        )
        collector = Body()
        response.deliverBody(collector)
        whole = await collector.whole
        assert response.code < 300, (method, path, response.code, whole)
        return json.loads(whole)


class Bare(Protocol):
    """One terminal: the call of each line, and an answer that says yes. Nothing of SIP2 is read but the two fields."""

    def __init__(self, api: API) -> None:
        self._api = api
        self._line = b""

    def dataReceived(self, data: bytes) -> None:
        """Answer a line when it is whole; a terminal sends one line at a time."""
        self._line += data
        if self._line.endswith(b"\r"):
            line, self._line = self._line, b""
            Deferred.fromCoroutine(self._answer(line)).addErrback(self._failed)

    async def _answer(self, line: bytes) -> None:
        code = line[:2]
        if code in CALLS:
            path, fields = CALLS[code]
            said = {name: value.decode() for name, value in FIELD.findall(line)}
            await self._api.call(
                "POST",
                path,
                fields | {ours: said[theirs] for theirs, ours in NAMES.items() if theirs in said},
            )
        self.transport.write(ANSWERS[code])  # type: ignore[union-attr]  # set while it is connected

    def _failed(self, failure: Failure) -> None:
        failure.printTraceback()
        self.transport.abortConnection()  # type: ignore[union-attr]  # a TLS transport has it


async def serve(reactor: Any, given: argparse.Namespace) -> None:
    """Sign in, and serve terminals over TLS for ever."""
    api = API(reactor, given)
    await api.sign_in(given.account, given.password)
    files = (quoteStringArgument(str(given.tls / name)) for name in ("privkey.pem", "fullchain.pem"))
    key, certificate = files
    listener = serverFromString(
        reactor, f"ssl:{given.tls_port}:interface=127.0.0.1:privateKey={key}:certKey={certificate}"
    )
    await listener.listen(Factory.forProtocol(lambda: Bare(api)))  # type: ignore[arg-type]  # it makes a protocol
    await Deferred()


def main() -> None:
    """Run in a new reactor."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("host", "library", "account", "password"):
        parser.add_argument(f"--{name}", required=True)
    for name in ("port", "tls-port", "at-once"):
        parser.add_argument(f"--{name}", type=int, required=True)
    parser.add_argument("--tls", type=Path, required=True, help="the folder with certificate and key")
    parser.add_argument("--agent", choices=("twisted", "own"), required=True)
    given = parser.parse_args()
    react(lambda reactor: Deferred.fromCoroutine(serve(reactor, given)))


if __name__ == "__main__":
    main()
