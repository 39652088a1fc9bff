"""What all pages for a browser share: headers, templates, static files, and how a request is read.

Everything that a terminal or a library has said is escaped, because every template escapes by itself.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from typing import Any
from urllib.parse import parse_qsl, urlencode

from attrs import Factory, frozen
from jinja2 import Environment, PackageLoader
from twisted.web.http import Request

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


@cache
def environment(package: str = "sip2gw.board") -> Environment:
    """Return the templates of a package. They escape everything."""
    made = Environment(
        loader=PackageLoader(package),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.filters.update(
        moment=moment, ago=ago, plain=plain, query=query, rounded=rounded, many=many, machine=machine
    )
    return made


def render(template: str, values: Mapping[str, Any], code: int = 200) -> Reply:
    """Return a page made from one of the board's templates."""
    return Reply(environment().get_template(template).render(values).encode(), code)


@cache
def static(package: str, name: str) -> Reply | None:
    """Return a static file of a package; None if there is none of that name."""
    kind = TYPES.get(name.rpartition(".")[2])
    file = files(package).joinpath("static", name)
    if kind is None or "/" in name or name.startswith(".") or not file.is_file():
        return None
    return Reply(file.read_bytes(), kind=kind, headers={"cache-control": "max-age=3600"})


def _time(value: object) -> datetime | None:
    """Return a time that is seconds of the epoch or ISO 8601; None for anything else."""
    try:
        if isinstance(value, datetime):
            return value
        if isinstance(value, int | float):
            return datetime.fromtimestamp(value, UTC)
        return datetime.fromisoformat(str(value)).astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        return None


def moment(value: object) -> str:
    """Return a time for a person, in UTC."""
    found = _time(value)
    return found.strftime("%Y-%m-%d %H:%M:%S UTC") if found else ""


def machine(value: object) -> str:
    """Return a time for the attribute of a time element."""
    found = _time(value)
    return found.strftime("%Y-%m-%dT%H:%M:%SZ") if found else ""


def ago(seconds: object) -> str:
    """Return a duration for a person, in its two largest units."""
    if not isinstance(seconds, int | float):
        return ""
    left, parts = max(round(seconds), 0), []
    for name, size in (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)):
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count} {name}")
    return " ".join(parts[:2]) or "0 s"


def plain(value: object) -> str:
    """Return a text without control characters, which would confuse a terminal window that it is copied to."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in str(value))


def rounded(value: object, digits: int = 1) -> str:
    """Return a number with so many digits after the point; a dash for nothing."""
    if not isinstance(value, int | float):
        return "-"
    whole = isinstance(value, int) or (digits and value.is_integer())
    return f"{value:,.0f}" if whole else f"{value:,.{digits}f}"


def many(count: int, one: str, several: str = "") -> str:
    """Return a count with its noun."""
    return f"{count:,} {one if count == 1 else several or one + 's'}"


def query(values: Mapping[str, object], **changed: object) -> str:
    """Return the query of a URL: these values with some changed; empty ones are left out."""
    kept = {k: v for k, v in {**values, **changed}.items() if v not in (None, "")}
    return "?" + urlencode(kept) if kept else "?"
