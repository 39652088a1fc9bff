"""Answers to a browser: headers, static files, and how a request is read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from urllib.parse import parse_qsl

from attrs import Factory, frozen
from twisted.web.http import Request

from sip2gw.addresses import is_loopback

POLICY = (
    "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'; "
    "img-src 'self' data:; script-src 'self'; style-src 'self'"
)
"""The content security policy: no inline script, and nothing from another server."""
HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": POLICY,
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}
HTML = "text/html; charset=utf-8"
TYPES = {"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8", "svg": "image/svg+xml"}
"""Static files that are served, by the end of their name."""
_FORWARDED = (
    b"forwarded", b"x-forwarded-for", b"x-forwarded-host", b"x-forwarded-user", b"x-real-ip", b"via",
)  # fmt: skip
"""Headers of a proxy: its clients are not on this machine."""
SHARED = "sip2gw.pages"
"""The package of what all pages share."""
MOST_FIELDS = 50
LONGEST_VALUE = 500
"""Characters of one value of a form or a query; the rest is dropped."""


@frozen
class Reply:
    """An answer to a browser."""

    body: bytes = b""
    code: int = 200
    kind: str = HTML
    headers: Mapping[str, str] = Factory(dict)
    cookies: tuple[str, ...] = ()


def send(request: Request, reply: Reply) -> bytes:
    """Set status and headers of a request, and return the body."""
    request.setResponseCode(reply.code)
    request.responseHeaders.removeHeader(b"server")
    for name, value in {**HEADERS, "content-type": reply.kind, **reply.headers}.items():
        request.setHeader(name.encode(), value.encode("latin-1", "replace"))  # type: ignore[no-untyped-call]  # Twisted's
    for cookie in reply.cookies:
        request.responseHeaders.addRawHeader(b"set-cookie", cookie.encode())
    request.setHeader(b"content-length", b"%d" % len(reply.body))  # type: ignore[no-untyped-call]  # Twisted's
    return b"" if request.method == b"HEAD" else reply.body


def redirect(to: str, *cookies: str) -> Reply:
    """Return an answer that has the browser get another page."""
    return Reply(code=303, headers={"location": to}, cookies=cookies)


def as_json(content: object, code: int = 200) -> Reply:
    """Return an answer in JSON."""
    return Reply(json.dumps(content, default=str).encode() + b"\n", code, "application/json")


def pairs(raw: bytes) -> dict[str, str]:
    """Return the values of a query or a form, bounded, the last of each name."""
    try:
        found = parse_qsl(raw.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError:  # too many
        return {}
    return {name: value[:LONGEST_VALUE] for name, value in found}


def query_of(request: Request) -> dict[str, str]:
    """Return the values in the URL of a request."""
    return pairs(request.uri.partition(b"?")[2])


def form_of(request: Request) -> dict[str, str]:
    """Return the values in the body of a request."""
    if request.content is None:
        return {}
    request.content.seek(0)
    return pairs(request.content.read())


def from_this_site(request: Request) -> bool:
    """Return whether a browser says that a page of this very site has sent a form. Other programs say nothing."""
    site: bytes | None = request.getHeader(b"sec-fetch-site")  # type: ignore[no-untyped-call]  # Twisted's
    if site is not None:
        return site in (b"same-origin", b"none")
    origin: bytes | None = request.getHeader(b"origin")  # type: ignore[no-untyped-call]  # Twisted's
    host: bytes = request.getHeader(b"host") or b""  # type: ignore[no-untyped-call]  # Twisted's
    return origin is None or origin.partition(b"://")[2] == host


def address_of(request: Request) -> str:
    """Return the address of a client; "" for a Unix socket."""
    return str(getattr(request.getClientAddress(), "host", ""))


def host_of(request: Request) -> str:
    """Return the host of the URL that a client has used, without its port."""
    said = request.getHeader(b"host") or b""  # type: ignore[no-untyped-call]  # Twisted's
    host: str = said.decode("ascii", "replace").lower()
    return host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]


def is_here(request: Request) -> bool:
    """Return whether the client is on this machine, and does not ask for one that is not."""
    if any(request.requestHeaders.hasHeader(name) for name in _FORWARDED):
        return False
    address, host = address_of(request), host_of(request)
    # A page of another site must not reach it by a name that it has pointed to this machine. Browsers name a host.
    return not address or (is_loopback(address) and (not host or is_loopback(host)))


@cache
def static(package: str, name: str) -> Reply | None:
    """Return a static file of a package, else one that all pages share; None if there is none of that name."""
    kind = TYPES.get(name.rpartition(".")[2])
    if kind is None or "/" in name or name.startswith("."):
        return None
    for file in (files(one).joinpath("static", name) for one in (package, SHARED)):
        if file.is_file():
            return Reply(file.read_bytes(), kind=kind, headers={"cache-control": "max-age=3600"})
    return None
