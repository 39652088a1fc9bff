"""What the adapter's tests talk to: a scripted HTTP server on a socket, and a reactor whose clock stands still."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IHostnameResolver
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import Clock, deferLater
from zope.interface import directlyProvides, implementer, providedBy

from sip2gw.librarika import CallLimits, Librarika
from sip2gw.library import Credentials

KIOSK = Credentials("kiosk", "s3cret-of-the-kiosk")

ONCE = CallLimits(retry_share=0.0)

TOKENS = {"access_token": "tok-1", "expires_in": 3600, "refresh_token": "ref-1"}
LIBRARY = {
    "nickname": "riverside",
    "name": "Riverside",
    "timezone": "America/New_York",
    "currency": "USD",
    "language": "en",
    "preferences": {
        "member_checkouts": True,
        "member_checkins": True,
        "renewals": 2,
        "requests": True,
        "fees": True,
    },
}
MEMBER = {
    "id": 7,
    "member_no": "M-1001",
    "name": "Amina Rahman",
    "status": "Active",
    "quota": 5,
    "counts": {"issued": 1, "overdue": 0, "reserved_ready": 0, "reserved_waiting": 2, "pending": 0},
    "refused": {"extend": None, "reserve": None},
    "balance": "2.50",
    "fee_limit": "10.00",
    "suspended": False,
    "self_service_allowed": True,
}
COPY = {
    "id": 11,
    "accession_no": "10001",
    "copy_no": 1,
    "branch": "Main",
    "active": True,
    "circulation": True,
    "matched_by": "accession",
    "media": {"id": 3, "title": "Emma", "type": "Books"},
    "current_booking": None,
    "next_reservation": None,
}
LENT = {
    **COPY,
    "current_booking": {"id": 21, "return_date": "2026-12-01", "member": {"id": 7, "member_no": "M-1001"}},
}
BOOKING = {
    "id": 21,
    "status": "Issued",
    "return_date": "2026-12-15",
    "member": {"id": 7, "member_no": "M-1001"},
    "media": {"id": 3, "title": "Emma", "type": "Books"},
}
RETURNED = {"copy": COPY, "was_on_loan": True, "member_no": "M-1001"}

Misdeed = Callable[[Any], None]
"""What the server does to a connection instead of an answer."""


def response(
    status: int,
    body: bytes = b"",
    kind: str = "application/json",
    *,
    length: int | None = None,
    **headers: str,
) -> bytes:
    """An HTTP response, as bytes."""
    lines = [f"HTTP/1.1 {status} Said", f"Content-Type: {kind}"]
    lines.append(f"Content-Length: {len(body) if length is None else length}")
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


def says(status: int, body: object = None, kind: str = "application/json", **headers: str) -> Misdeed:
    """Answers so; anything but bytes is sent as JSON."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return lambda transport: transport.write(response(status, raw, kind, **headers))


def refuses(status: int, code: str, **facts: object) -> Misdeed:
    """A problem document. Its texts name a member, as no text of ours may."""
    document = {
        "code": code,
        "title": "No",
        "detail": "Amina Rahman may not",
        "instance": "/members/M-1001",
        **facts,
    }
    return says(status, document, "application/problem+json")


def ending(target: str) -> str:
    """What of a path tells an operation: its last word, or two where that says what is found."""
    words = target.partition("?")[0].split("/")
    return "/".join(words[-2:]) if words[-1] == "find" else words[-1]


class _Connection(Protocol):
    def connectionMade(self) -> None:
        self._data = b""
        self.factory.connections.append(self)

    def connectionLost(self, reason: object = None) -> None:
        self.factory.connections.remove(self)

    def dataReceived(self, data: bytes) -> None:
        self._data += data
        head, end, rest = self._data.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines[1:])}
        length = int(headers.get("content-length", "0"))
        if end and len(rest) >= length and lines[0].count(" ") == 2:
            self._data = rest[length:]
            method, target, _ = lines[0].split(" ")
            self.factory.answer(self.transport, method, target, headers, rest[:length])


class Scripted(Factory):
    """Answers by method and the path's last word ("POST members/find"); what was asked is kept in `requests`."""

    noisy = False
    protocol = _Connection

    def __init__(self, **more: Any) -> None:
        self.script: dict[str, Misdeed] = {
            "POST tokens": says(200, TOKENS),
            "POST refresh": says(200, {**TOKENS, "access_token": "tok-2", "refresh_token": "ref-2"}),
            "GET library": says(200, LIBRARY, ETag='"v1"'),
            "POST members/find": says(200, MEMBER),
            "POST copies/find": says(200, COPY),
            "POST loans": says(200, BOOKING),
            "POST extend": says(200, BOOKING),
            "POST returns": says(200, RETURNED),
            "GET health": says(200, {"status": "ok"}),
        }
        self.requests: list[tuple[str, str, dict[str, str], bytes]] = []
        self.connections: list[_Connection] = []
        self._wanted: list[tuple[str, Deferred[None]]] = []

    def answer(self, transport: Any, method: str, target: str, headers: dict[str, str], body: bytes) -> None:
        self.requests.append((method, target, headers, body))
        name = f"{method} {ending(target)}"
        self.script[name](transport)
        for wanted in [pair for pair in self._wanted if pair[0] == name]:
            self._wanted.remove(wanted)
            wanted[1].callback(None)

    def asked(self, name: str) -> Deferred[None]:
        """Fires when the next such request has come."""
        waiting: Deferred[None] = Deferred()
        self._wanted.append((name, waiting))
        return waiting

    def came(self, name: str) -> list[tuple[dict[str, str], bytes]]:
        """Headers and body of each such request."""
        method, word = name.split(" ")
        return [
            (headers, body)
            for asked, target, headers, body in self.requests
            if asked == method and ending(target) == word
        ]

    def count(self, name: str) -> int:
        return len(self.came(name))


@implementer(IHostnameResolver)
class _NoNames:
    def resolveHostName(self, receiver: Any, hostName: str, *args: Any, **kwargs: Any) -> Any:
        receiver.resolutionBegan(None)
        receiver.resolutionComplete()
        return receiver


class StillReactor:
    """The reactor, but for its time, which goes on only by `advance`."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.advance, self.seconds, self.callLater = (
            self.clock.advance,
            self.clock.seconds,
            self.clock.callLater,
        )
        directlyProvides(self, providedBy(reactor))

    def __getattr__(self, name: str) -> Any:
        return getattr(reactor, name)


class NamelessReactor(StillReactor):
    """It finds no host by its name."""

    nameResolver = _NoNames()


class DeafReactor(StillReactor):
    """Its connections never come about."""

    def connectTCP(self, *args: Any, **kwargs: Any) -> Any:
        class Connector:
            def stopConnecting(self) -> None:
                """There is nothing to stop."""

            disconnect = stopConnecting

        return Connector()


class ServerCase:
    """Mixed into a trial TestCase: a server, a still reactor and an adapter for each test."""

    def listen(self, factory: Factory, context: Any = None) -> int:
        """Serve on a free loopback port until the test's end."""
        if context is None:
            port = reactor.listenTCP(0, factory, interface="127.0.0.1")
        else:
            port = reactor.listenSSL(0, factory, context, interface="127.0.0.1")
        self.addCleanup(port.stopListening)
        return int(port.getHost().port)

    def adapter(self, url: str, still: Any = None, **settings: Any) -> Librarika:
        """An adapter that is closed at the test's end. It makes no call twice, unless its `limits` says so."""
        self.still = still or StillReactor()
        settings.setdefault("limits", ONCE)
        librarika = Librarika(self.still, url, **settings)
        self.addCleanup(librarika.close)
        return librarika

    def serve(self, still: Any = None, **settings: Any) -> Librarika:
        """A scripted server as `self.server`, and an adapter for it."""
        self.server = Scripted()
        port = self.listen(self.server)
        self.addCleanup(self._hang_up)
        return self.adapter(f"http://127.0.0.1:{port}/{{library}}/api/v1", still, **settings)

    async def turn(self) -> None:
        """Let bytes that are on their way on the loopback arrive."""
        for _ in range(5):
            await deferLater(reactor, 0.002)

    async def pumped(self, asking: Any) -> Any:
        """What comes of it when time goes on in small steps meanwhile, as an endpoint's attempts need."""
        waiting = Deferred.fromCoroutine(asking)
        while not waiting.called:
            await self.turn()
            self.still.advance(0.1)
        return await waiting

    async def settled(self, asking: Any) -> Any:
        """What comes of it when a second goes by after each answer: writes in doubt are made again after pauses."""
        waiting = Deferred.fromCoroutine(asking)
        while not waiting.called:
            await self.turn()
            self.still.advance(1.0)
        return await waiting

    def _hang_up(self) -> Deferred[None]:
        gone: Deferred[None] = Deferred()
        for connection in list(self.server.connections):
            connection.transport.abortConnection()
        reactor.callLater(0, gone.callback, None)
        return gone
