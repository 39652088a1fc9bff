"""The pages below `/connect`. A browser brings the code of an invitation once and gets a cookie; no URL has either.

The code is behind the `#` of the link, which a browser never sends. Invitations are made at `/invite`, with the token
of the admin endpoint, or on this machine if it has none. A proxy that lets installers in passes `/connect` alone.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import parse_qs

from attrs import frozen
from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.web.http import NOT_ALLOWED, NOT_FOUND, SERVICE_UNAVAILABLE, UNAUTHORIZED, Request
from twisted.web.resource import Resource

from sip2gw.addresses import counted_network
from sip2gw.addresses import read as read_address
from sip2gw.connect import qr, shown
from sip2gw.connect.devices import BOXES, DEVICES, PLAIN, USUAL, form, stunnel
from sip2gw.connect.invitations import LIFE, Invitations
from sip2gw.connect.ladder import Asked
from sip2gw.connect.steps import STEPS
from sip2gw.pages.http import Reply, address_of, form_of, from_this_site, query_of, redirect, send, static
from sip2gw.pages.rendering import environment, render
from sip2gw.pages.streams import Streams, answer_or_stream
from sip2gw.store.port import StoreFailed
from sip2gw.throttle import Allowance, Throttle

ROOM = "sip2gw.connect"
COOKIE, LINK = b"sip2gw_connect", b"sip2gw_connect_link"
"""The session of a browser, and its link, which the page shows again for a phone."""
WRONG = Allowance(most=20, period=900.0, free=4)
"""Wrong codes from one network."""
TEXT = "text/plain; charset=utf-8"
TOPICS = 32
"""Different pages that are open at the same time."""
_HOST = re.compile(r"[A-Za-z0-9.-]{1,253}")

Found = list[dict[str, Any]]
Inside = Callable[[Request, str], Awaitable[Reply]]
"""Answers a browser that has a session, for its library."""


@frozen
class Connecting:
    """What the pages need: the attempts, at once or later, and the ports by the name of what they speak.

    `now` returns seconds since 1970. `several_machines` tells whether others serve these terminals
    too.
    """

    attempts: Callable[[Asked], Found | Deferred[Found]]
    ports: Callable[[], Mapping[str, int]]
    reactor: Any
    invitations: Invitations
    now: Callable[[], float]
    several_machines: Callable[[], bool]


class ConnectPages(Resource):
    """Everything below `/connect`."""

    isLeaf = True
    log = Logger()

    def __init__(self, connecting: Connecting) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # Twisted's
        self.invitations = connecting.invitations
        self._connecting = connecting
        self._wrong = Throttle(connecting.reactor.seconds, entries=5_000)
        self._streams = Streams(connecting.reactor, {"ladder": self._ladder}, topics=TOPICS)
        self._get: Mapping[str, Inside] = {
            "page": self._page,
            "sheet": self._sheet,
            "help": self._help,
            "stunnel.conf": self._stunnel,
            "qr.svg": self._qr,
        }

    def close(self) -> None:
        """End all streams, because the gateway stops."""
        self._streams.stop()

    def render(self, request: Request) -> bytes | int:
        path = [part.decode("utf-8", "replace") for part in request.postpath or []]  # type: ignore[attr-defined]  # twisted.web.server's has it
        if path == ["enter"]:
            return answer_or_stream(request, self._with_store(self._enter(request)))
        if request.method not in (b"GET", b"HEAD"):
            return send(request, Reply(b"method not allowed\n", NOT_ALLOWED, TEXT))
        if len(path) == 2 and path[0] == "static":
            return send(request, static(ROOM, path[1]) or _not_found())
        if path == [""]:
            return answer_or_stream(request, self._with_store(self._entrance(request)))
        if not path:
            return send(request, redirect("/connect/"))
        name = path[0] if len(path) == 1 else ""
        return answer_or_stream(request, self._with_store(self._inside(request, name)))

    async def _with_store(self, reply: Awaitable[Reply | None]) -> Reply | None:
        try:
            return await reply
        except StoreFailed as failed:
            return Reply(f"the store can't be used: {failed.reason}\n".encode(), SERVICE_UNAVAILABLE, TEXT)

    async def _entrance(self, request: Request) -> Reply:
        """Return the entrance. It leads a browser that has a session to its page, unless the link has a new code."""
        return render(ROOM, "entrance.html", {"inside": await self._library(request) or ""})

    async def _enter(self, request: Request) -> Reply:
        """Give a browser a session for a code."""
        if request.method != b"POST":
            return Reply(b"method not allowed\n", NOT_ALLOWED, TEXT)
        network, said = counted_network(address_of(request)), form_of(request)
        code, token = said.get("code", "").strip(), None
        if from_this_site(request) and await self._is_in(request, code):
            return redirect("/connect/page")
        if from_this_site(request) and self._wrong.wait(network, WRONG) <= 0:
            token = await self.invitations.enter(code)
            if token is None:
                self._wrong.note(network)
        if token is None:
            return render(ROOM, "entrance.html", {"wrong": True}, UNAUTHORIZED)
        link = qr.link(said.get("origin") or _origin(request), code)
        cookies = (_cookie(request, COOKIE, token), _cookie(request, LINK, link))
        return redirect("/connect/page", *cookies)

    async def _is_in(self, request: Request, code: str) -> bool:
        """Return whether this browser brings a code again. It is counted once, however often it opens the link."""
        return _link(request).rpartition("#")[2] == code != "" and await self._library(request) is not None

    async def _library(self, request: Request) -> str | None:
        """Return the library of a browser's session; None if it has none."""
        token: bytes = request.received_cookies.get(COOKIE, b"")
        return await self.invitations.library(token.decode("latin-1")) if token else None

    async def _inside(self, request: Request, name: str) -> Reply | None:
        """Answer a browser that has a session; any other gets the entrance. None means that a stream has begun."""
        library = await self._library(request)
        if library is None:
            return render(ROOM, "entrance.html", {}, UNAUTHORIZED)
        if name == "events":
            return self._stream(request, library)
        answer = self._get.get(name)
        return _not_found() if answer is None else await answer(request, library)

    async def _page(self, request: Request, library: str) -> Reply:
        query = parse_qs(request.uri.partition(b"?")[2][:4096].decode("utf-8", "replace"))
        device = query.get("device", [""])[0]
        device = device if device in DEVICES else PLAIN
        boxes = [code for code in BOXES if code in query.get("box", USUAL)]
        host, ports = _host(request), self._connecting.ports()
        address = _address(request)
        return render(ROOM, "page.html", {
            **await self._seen(_asked(request, library)),
            "library": library, "devices": DEVICES, "device": device, "usual": PLAIN, "boxes": BOXES, "ticked": boxes,
            "address": address, "filters": {"address": address},
            "typed": shown.typed(form(library, boxes), host, ports),
            "stunnel": stunnel(host, ports.get("TLS", 6009)), "link": _link(request),
            "several_machines": self._connecting.several_machines(),
        })  # fmt: skip

    async def _sheet(self, request: Request, library: str) -> Reply:
        seen = await self._seen(_asked(request, library))
        attempt = shown.ready(seen["attempts"], library)
        return render(ROOM, "sheet.html", {**seen, "library": library, "attempt": attempt})

    async def _help(self, _: Request, __: str) -> Reply:
        return render(ROOM, "help.html", {"steps": STEPS})

    async def _stunnel(self, request: Request, _: str) -> Reply:
        text = stunnel(_host(request), self._connecting.ports().get("TLS", 6009))
        saved = {"content-disposition": 'attachment; filename="stunnel.conf"'}
        return Reply(text.encode(), kind=TEXT, headers=saved)

    async def _qr(self, request: Request, _: str) -> Reply:
        image = qr.svg(_link(request))
        return _not_found() if image is None else Reply(image, kind="image/svg+xml")

    async def _seen(self, asked: Asked) -> dict[str, Any]:
        """Return how far the attempts came, for a template."""
        found = self._connecting.attempts(asked)
        attempts = await found if isinstance(found, Deferred) else found
        verdict = shown.verdict(attempts, self._connecting.now())
        rows = [{**one, "came_to": shown.came_to(one)} for one in attempts]
        return {"attempts": rows, "verdict": verdict, "marks": shown.MARKS}

    async def _ladder(self, filters: Mapping[str, str]) -> str:
        """Return the part of the page that changes, for a stream."""
        asked = Asked(filters["library"], frozenset(filters["networks"].split()))
        return environment(ROOM).get_template("ladder.html").render(await self._seen(asked))

    def _stream(self, request: Request, library: str) -> Reply | None:
        async def admitted() -> bool:
            try:
                return await self._library(request) == library
            except StoreFailed:
                return True  # it was admitted before

        asked = _asked(request, library)
        filters = {"library": library, "networks": " ".join(sorted(asked.networks))}
        return self._streams.begin(request, "ladder", filters, admitted)


def _not_found() -> Reply:
    return Reply(b"not found\n", NOT_FOUND, TEXT)


def _asked(request: Request, library: str) -> Asked:
    """Return the attempts that a page shows: at its library, and from the networks of browser and terminal."""
    networks = {address_of(request), _address(request)} - {""}
    return Asked(library, frozenset(map(counted_network, networks)))


def _address(request: Request) -> str:
    """Return the terminal's address, as it was typed in; empty if it is none."""
    address = read_address(query_of(request).get("address", "").strip())
    return str(address) if address else ""


def _cookie(request: Request, name: bytes, value: str) -> str:
    secure = "; Secure" if request.isSecure() else ""
    return f"{name.decode()}={value}; Path=/connect; Max-Age={LIFE:.0f}; HttpOnly; SameSite=Strict{secure}"


def _link(request: Request) -> str:
    return request.received_cookies.get(LINK, b"").decode("latin-1")


def _origin(request: Request) -> str:
    """Return where the browser reached this page, if its script has not told."""
    host = request.getHeader(b"host") or b""  # type: ignore[no-untyped-call]  # Twisted's
    return f"http{'s' if request.isSecure() else ''}://{host.decode('ascii', 'replace')}"


def _host(request: Request) -> str:
    """Return the host by which the browser reached this page, as the terminal may reach the gateway."""
    host = request.getRequestHostname().decode("ascii", "replace")
    return host if _HOST.fullmatch(host) else "sip2.example.org"
