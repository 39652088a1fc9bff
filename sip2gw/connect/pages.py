"""The pages below `/connect`. A browser brings the code of an invitation once and gets a cookie; no URL has either.

The code is behind the `#` of the link, which a browser never sends. Invitations are made at `/invite`, with the token
of the admin endpoint, or on this machine if it has none. A proxy that lets installers in passes `/connect` alone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from functools import partial
from importlib.resources import files
from typing import Any
from urllib.parse import parse_qs

from attrs import frozen
from twisted.internet.defer import Deferred, succeed
from twisted.web.http import BAD_REQUEST, FORBIDDEN, NOT_FOUND, OK, SEE_OTHER, UNAUTHORIZED, Request
from twisted.web.resource import IResource, Resource

from sip2gw.addresses import counted_network, is_loopback
from sip2gw.addresses import read as read_address
from sip2gw.admin.guard import Guard
from sip2gw.admin.later import later
from sip2gw.connect import html
from sip2gw.connect.devices import BOXES, DEVICES, USUAL, form, stunnel
from sip2gw.connect.invitations import LIFE, NICKNAME, Invitations
from sip2gw.connect.ladder import Asked
from sip2gw.throttle import Allowance, Throttle

POLICY = b"default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"
HTML = b"text/html; charset=utf-8"
COOKIE = b"sip2gw_connect"
WRONG = Allowance(most=20, period=900.0, free=4)
"""Wrong codes from one network."""
_HOST = re.compile(r"[A-Za-z0-9.-]{1,253}")
_FILES = {b"connect.css": b"text/css; charset=utf-8", b"connect.js": b"text/javascript; charset=utf-8"}

Found = list[dict[str, Any]]


@frozen
class Connecting:
    """What the pages need: the attempts, at once or later, and the ports by the name of what they speak."""

    attempts: Callable[[Asked], Found | Deferred[Found]]
    ports: Callable[[], Mapping[str, int]]
    seconds: Callable[[], float]
    invitations: Invitations


class ConnectPages(Resource):
    """Everything below `/connect`."""

    def __init__(self, connecting: Connecting) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # Twisted's
        self.invitations = connecting.invitations
        self._connecting = connecting
        self._wrong = Throttle(connecting.seconds, entries=5_000)
        for name, kind in _FILES.items():
            self.putChild(name, _Page(partial(_file, name.decode(), kind)))
        answers: dict[bytes, Callable[[Request], bytes | int]] = {
            b"": lambda request: _html(request, html.entrance()),
            b"page": partial(self._inside, self._page),
            b"ladder": partial(self._inside, self._ladder),
            b"sheet": partial(self._inside, self._sheet),
            b"stunnel.conf": partial(self._inside, self._stunnel),
        }
        for name, answer in answers.items():
            self.putChild(name, _Page(answer))
        self.putChild(b"enter", _Page(self._enter, method=b"POST"))

    def getChild(self, path: bytes, request: Request) -> IResource:  # noqa: ARG002 (Twisted's)
        return _Page(lambda request: _text(request, NOT_FOUND, "not found\n"))

    def render(self, request: Request) -> bytes:
        return _to(request, b"/connect/")

    def _enter(self, request: Request) -> bytes:
        """Give a browser a session for a code."""
        network = counted_network(_peer(request))
        token = None
        if self._wrong.wait(network, WRONG) <= 0:
            token = self.invitations.enter(_said(request).get("code", "").strip())
            if token is None:
                self._wrong.note(network)
        if token is None:
            request.setResponseCode(UNAUTHORIZED)
            return _html(
                request, html.entrance("This code is wrong or has ended. Ask the operator for a new link.")
            )
        request.addCookie(  # type: ignore[no-untyped-call]  # Twisted's
            COOKIE, token.encode(), path=b"/connect", max_age=b"%d" % LIFE, httpOnly=True,
            secure=request.isSecure(), sameSite=b"strict",
        )  # fmt: skip
        return _to(request, b"/connect/page")

    def _inside(self, answer: Callable[[Request, str], bytes | int], request: Request) -> bytes | int:
        """Answer a browser that has a session; any other gets the entrance."""
        token: bytes = request.received_cookies.get(COOKIE, b"")
        library = self.invitations.library(token.decode("latin-1"))
        if library is None:
            request.setResponseCode(UNAUTHORIZED)
            return _html(request, html.entrance())
        return answer(request, library)

    def _page(self, request: Request, library: str) -> bytes | int:
        asked = _query(request)
        device = asked.get("device", [""])[0]
        device = device if device in DEVICES else next(iter(DEVICES))
        boxes = [code for code in BOXES if code in asked.get("box", USUAL)]
        address = asked.get("address", [""])[0]
        ports, host = self._connecting.ports(), _host(request)

        def show(found: Found) -> bytes:
            tags = html.tags
            return _html(request, html.page(
                f"Connect a terminal to {library}",
                html.picker(device, boxes, address),
                html.chosen(form(library, boxes, device), host, ports),
                tags.p(tags.a("stunnel.conf", href="/connect/stunnel.conf"), ", for a terminal without TLS 1.2."),
                tags.h2("How far it comes"),
                html.ladder(found),
                tags.p(tags.a("Acceptance sheet to print", href="/connect/sheet")),
                live=True,
            ))  # fmt: skip

        return self._later(request, library, show)

    def _ladder(self, request: Request, library: str) -> bytes | int:
        return self._later(request, library, lambda found: _html(request, html.written(html.ladder(found))))

    def _sheet(self, request: Request, library: str) -> bytes | int:
        def show(found: Found) -> bytes:
            ready = next((one for one in found if one["library"] == library), None)
            if ready is None:
                return _html(
                    request,
                    html.page("Acceptance of a terminal", html.tags.p("No terminal has logged in yet.")),
                )
            return _html(request, html.sheet(library, ready))

        return self._later(request, library, show)

    def _stunnel(self, request: Request, library: str) -> bytes:  # noqa: ARG002 (it is the same for all)
        ports = self._connecting.ports()
        name = 'attachment; filename="stunnel.conf"'
        request.setHeader(b"content-disposition", name.encode())  # type: ignore[no-untyped-call]  # Twisted's
        return _text(request, OK, stunnel(_host(request), ports.get("TLS", 6009)))

    def _later(self, request: Request, library: str, show: Callable[[Found], bytes]) -> bytes | int:
        address = read_address(_query(request).get("address", [""])[0].strip())
        networks = {counted_network(_peer(request)), *([counted_network(str(address))] if address else [])}
        found = self._connecting.attempts(Asked(library, frozenset(networks)))
        waiting = found if isinstance(found, Deferred) else succeed(found)
        return later(request, waiting.addCallback(show))


class InvitePage(Resource):
    """`POST /invite/LIBRARY` makes an invitation, for an operator's command. It stands behind the guard's token."""

    isLeaf = True

    def __init__(self, invitations: Invitations, guard: Guard) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # Twisted's
        self._invitations = invitations
        self._guard = guard

    def render(self, request: Request) -> bytes:
        if request.method != b"POST":
            return _json(request, 405, {"error": "method not allowed"})
        if self._guard.token is None and not is_loopback(_peer(request)):
            return _json(request, FORBIDDEN, {"error": "only from this machine"})
        if request.getHeader(b"origin") is not None:  # type: ignore[no-untyped-call]  # Twisted's
            return _json(request, FORBIDDEN, {"error": "not from a page"})
        path: list[bytes] = request.postpath  # type: ignore[attr-defined]  # twisted.web.server's has it
        library = b"/".join(path).decode("ascii", "replace").lower()
        if not NICKNAME.fullmatch(library):
            return _json(request, BAD_REQUEST, {"error": "name the library by its nickname"})
        return _json(request, OK, {"code": self._invitations.invite(library), "seconds": LIFE})


class _Page(Resource):
    """One page, and the one method that it answers."""

    isLeaf = True

    def __init__(self, answer: Callable[[Request], bytes | int], *, method: bytes = b"GET") -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # Twisted's
        self._answer = answer
        self._method = method

    def render(self, request: Request) -> bytes | int:
        if request.method != self._method:
            return _text(request, 405, "method not allowed\n")
        return self._answer(request)


def _file(name: str, kind: bytes, request: Request) -> bytes:
    return _send(request, kind, files("sip2gw.connect").joinpath("static", name).read_bytes())


def _html(request: Request, body: bytes) -> bytes:
    return _send(request, HTML, body)


def _text(request: Request, code: int, body: str) -> bytes:
    request.setResponseCode(code)
    return _send(request, b"text/plain; charset=utf-8", body.encode())


def _json(request: Request, code: int, content: Mapping[str, Any]) -> bytes:
    request.setResponseCode(code)
    return _send(request, b"application/json", json.dumps(content).encode() + b"\n")


def _send(request: Request, kind: bytes, body: bytes) -> bytes:
    request.setHeader(b"content-type", kind)  # type: ignore[no-untyped-call]  # Twisted's
    request.setHeader(b"content-security-policy", POLICY)  # type: ignore[no-untyped-call]  # Twisted's
    return body


def _to(request: Request, path: bytes) -> bytes:
    request.setResponseCode(SEE_OTHER)
    request.setHeader(b"location", path)  # type: ignore[no-untyped-call]  # Twisted's
    return b""


def _said(request: Request) -> dict[str, str]:
    """Return the fields of a form that was sent."""
    raw = b"" if request.content is None else request.content.read(4096)
    return {name: values[0] for name, values in parse_qs(raw.decode("utf-8", "replace")).items()}


def _query(request: Request) -> dict[str, list[str]]:
    _, _, query = request.uri.partition(b"?")
    return parse_qs(query[:4096].decode("utf-8", "replace"), max_num_fields=None)


def _peer(request: Request) -> str:
    return str(getattr(request.getClientAddress(), "host", ""))


def _host(request: Request) -> str:
    """Return the host by which the browser reached this page, as the terminal may reach the gateway."""
    host = request.getRequestHostname().decode("ascii", "replace")
    return host if _HOST.fullmatch(host) else "sip2.example.org"
