"""The pages of the kiosk, for browsers on this machine alone.

A page of another site must reach nothing here: each request must name this machine as its host, and a question must
have a header that a browser adds for pages of this very site alone.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

from twisted.internet.defer import Deferred
from twisted.web.http import BAD_REQUEST, FORBIDDEN, NOT_FOUND, OK, Request
from twisted.web.resource import IResource, Resource

from sip2gw.admin.later import later
from sip2gw.kiosk.devices import DEVICES
from sip2gw.kiosk.sessions import Sessions
from sip2gw.kiosk.trial_library import TrialLibrary
from sip2gw.pages.http import Reply, as_json, is_here, redirect, send, static
from sip2gw.pages.rendering import render
from sip2gw.tools.address import Address, Unreachable

ROOM = "sip2gw.kiosk"
OURS = b"x-kiosk"
"""A header that a page of another site can't send without being asked first, and then is refused."""
_LONGEST = 4096
"""Bytes of a question."""


class KioskPages(Resource):
    """Everything below `/kiosk`. `address` returns where the gateway listens with TLS."""

    def __init__(
        self, libraries: Iterable[TrialLibrary], address: Callable[[], Address], reactor: Any
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # Twisted's
        self.sessions = Sessions({one.library: one for one in libraries}, address, reactor)
        self.putChild(b"", _Page(render(ROOM, "kiosk.html", {})))
        self.putChild(b"static", _Files())
        self.putChild(b"table", _Answering(lambda _: self._to_try()))
        self.putChild(b"device", _Answering(self._begin, post=True))
        self.putChild(b"ask", _Answering(self._ask, post=True))

    def getChild(self, path: bytes, request: Request) -> IResource:  # noqa: ARG002 (Twisted's)
        return _Answering(lambda _: (NOT_FOUND, {"error": "not found"}))

    def render(self, request: Request) -> bytes:
        return send(request, redirect("/kiosk/"))

    def _to_try(self) -> tuple[int, Any]:
        devices = [
            {"name": one.name, "title": one.title, "profile": one.location, "requests": one.requests,
             "example": one.example} for one in DEVICES.values()
        ]  # fmt: skip
        libraries = [library.as_object() for library in self.sessions.libraries.values()]
        return OK, {"devices": devices, "libraries": libraries}

    def _begin(self, said: dict[str, str]) -> tuple[int, Any]:
        return OK, {"session": self.sessions.begin(said.get("device", ""), said.get("library", ""))}

    def _ask(self, said: dict[str, str]) -> Deferred[tuple[int, Any]]:
        values = {name: said.get(name, "").strip() for name in ("card", "pin", "item")}
        asked = self.sessions.ask(said.get("session", ""), said.get("request", ""), values)
        return Deferred.fromCoroutine(asked).addCallback(lambda shown: (OK, {"exchanges": shown}))


class _Page(Resource):
    """A page or a file, for browsers on this machine."""

    isLeaf = True

    def __init__(self, reply: Reply) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # Twisted's
        self._reply = reply

    def render_GET(self, request: Request) -> bytes:
        return send(request, self._reply) if from_here(request) else _refused(request)


class _Files(Resource):
    """The files below `/kiosk/static`."""

    def getChild(self, path: bytes, request: Request) -> IResource:  # noqa: ARG002 (Twisted's)
        return _Page(
            static(ROOM, path.decode("utf-8", "replace")) or as_json({"error": "not found"}, NOT_FOUND)
        )


class _Answering(Resource):
    """JSON in, JSON out."""

    isLeaf = True

    def __init__(self, answer: Callable[[dict[str, str]], Any], *, post: bool = False) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # Twisted's
        self._answer = answer
        self._post = post
        self.allowedMethods = (b"POST",) if post else (b"GET", b"HEAD")

    def render_GET(self, request: Request) -> bytes | int:
        return self._render(request, {}) if not self._post else _refused(request)

    def render_POST(self, request: Request) -> bytes | int:
        if not self._post or not request.requestHeaders.hasHeader(OURS):
            return _refused(request)
        said = _read(request)
        if said is None:
            return _written(request, (BAD_REQUEST, {"error": "not an object of texts in JSON"}))
        return self._render(request, said)

    def _render(self, request: Request, said: dict[str, str]) -> bytes | int:
        if not from_here(request):
            return _refused(request)
        try:
            found = self._answer(said)
        except ValueError as wrong:
            return _written(request, (BAD_REQUEST, {"error": str(wrong)}))
        if not isinstance(found, Deferred):
            return _written(request, found)
        found.addErrback(_failed)
        return later(request, found.addCallback(lambda content: _written(request, content)))


def from_here(request: Request) -> bool:
    """Return whether a request comes from this machine, under a name of this machine, from a page of this site."""
    site = request.getHeader(b"sec-fetch-site")  # type: ignore[no-untyped-call]  # Twisted's
    return is_here(request) and site in (None, b"same-origin", b"none")


def _read(request: Request) -> dict[str, str] | None:
    """Return the object of texts that was sent; None if it is anything else."""
    raw = b"" if request.content is None else request.content.read(_LONGEST + 1)
    try:
        said = json.loads(raw) if len(raw) <= _LONGEST else None
    except (ValueError, RecursionError):
        return None
    return said if isinstance(said, dict) and all(isinstance(one, str) for one in said.values()) else None


def _failed(failure: Any) -> tuple[int, Any]:
    """Return a failure in words, if it is one that the person can do something about."""
    failure.trap(ValueError, Unreachable)
    return BAD_REQUEST, {"error": failure.getErrorMessage()}


def _refused(request: Request) -> bytes:
    return _written(request, (FORBIDDEN, {"error": "only from a page of this machine"}))


def _written(request: Request, content: tuple[int, Any]) -> bytes:
    code, shown = content
    return send(request, as_json(shown, code))
