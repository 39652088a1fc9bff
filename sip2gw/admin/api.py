"""The pages under `/api`, in JSON: what the record knows, traces, and disconnecting a terminal.

Without a token they answer this machine alone, and change nothing. A change, and a look at a person's exchange, is in
the audit table before it is done.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

from attrs import frozen
from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.web.http import (
    BAD_REQUEST,
    FORBIDDEN,
    INTERNAL_SERVER_ERROR,
    NOT_ALLOWED,
    NOT_FOUND,
    OK,
    SERVICE_UNAVAILABLE,
    Request,
)
from twisted.web.resource import Resource

from sip2gw.admin.guard import Guard
from sip2gw.admin.later import later
from sip2gw.record import NotUnderstood
from sip2gw.store.port import StoreFailed

WHO = b"x-operator"
"""The header with the name of the person."""
_LONGEST = 200
_LISTS = "now", "libraries", "terminals", "exchanges", "door", "traces"
_LONGEST_WHY = 500


class JoinedRecord(Protocol):
    """The record of one process, or of several as one."""

    async def ask(self, what: str, about: Mapping[str, str]) -> Any:
        """Return the answer; None if there is no such thing. Raises `NotUnderstood`."""
        ...


Enter = Callable[[str, str, str, str], Awaitable[None]]
"""Enter in the audit table who did what, with what, and why. Raises `StoreFailed`."""


@frozen(repr=False)
class Asked:
    """A request: its path below /api, its query or its JSON body, and who sent it."""

    changes: bool
    path: tuple[str, ...]
    about: Mapping[str, str]
    who: str


@frozen
class Refusal(Exception):
    """Why there is no answer, with the status."""

    code: int
    text: str


class API(Resource):
    """All pages under /api."""

    isLeaf = True
    log = Logger()

    def __init__(self, guard: Guard, joined_record: JoinedRecord, enter: Enter) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # Twisted's
        self._guard = guard
        self._joined_record = joined_record
        self._enter = enter

    def render(self, request: Request) -> bytes | int:
        answer = Deferred.fromCoroutine(self._answered(request))
        return later(request, answer)

    async def _answered(self, request: Request) -> bytes:
        try:
            content = await self._answer(self._asked(request))
            code = OK
        except Refusal as refused:
            code, content = refused.code, {"error": refused.text}
        except NotUnderstood as wrong:
            code, content = BAD_REQUEST, {"error": str(wrong)}
        except StoreFailed as failed:
            code, content = SERVICE_UNAVAILABLE, {"error": f"the store can't be used: {failed.reason}"}
        except Exception:  # the client gets no more than that
            self.log.failure("a page under /api hit a bug")
            code, content = INTERNAL_SERVER_ERROR, {"error": "a bug of the gateway; the log has it"}
        is_text = isinstance(content, str)
        body = content.encode() if is_text else json.dumps(content).encode() + b"\n"
        request.setResponseCode(code)
        kind = b"text/plain; charset=utf-8" if is_text else b"application/json"
        request.setHeader(b"content-type", kind)  # type: ignore[no-untyped-call]  # Twisted's
        request.setHeader(b"content-length", b"%d" % len(body))  # type: ignore[no-untyped-call]  # Twisted's
        return b"" if request.method == b"HEAD" else body

    def _asked(self, request: Request) -> Asked:
        method = request.method
        if method not in (b"GET", b"HEAD", b"POST"):
            raise Refusal(NOT_ALLOWED, "method not allowed")
        token = self._guard.token is not None
        if method == b"POST" and not token:
            raise Refusal(FORBIDDEN, "set admin.token_file: a change needs a token")
        path = tuple(part.decode("utf-8", "replace") for part in getattr(request, "postpath", ()) if part)
        if any(len(part) > _LONGEST for part in path):
            raise Refusal(NOT_FOUND, "not found")
        about = _body(request) if method == b"POST" else _query(request)
        return Asked(method == b"POST", path, about, _who(request, token))

    async def _answer(self, asked: Asked) -> Any:
        if asked.changes:
            return await self._change(asked)
        match asked.path:
            case (what,) if what in _LISTS:
                return await self._one(what, asked.about)
            case ("libraries", name):
                return await self._one("library", {"library": name})
            case ("terminals", conn):
                return await self._one("terminal", {"conn": conn})
            case ("exchanges", ref):
                found = await self._one("exchange", {"ref": ref})
                await self._enter(asked.who, "exchange look", f"{found['library']} {ref}", "")
                return found
            case ("traces", name):
                return (await self._one("trace_lines", {"trace": name}))["text"]
        raise Refusal(NOT_FOUND, "not found")

    async def _change(self, asked: Asked) -> Any:
        why = asked.about.get("why", "").strip()
        about = {name: value for name, value in asked.about.items() if name not in ("why", "trace")}
        match asked.path:
            case ("exchanges", "search"):
                found = await self._one("search", about)
                await self._enter(asked.who, "exchange search", f"{about['library']} {found['tag']}", why)
                return found
            case ("traces",):
                _needed(why)
                await self._enter(asked.who, "trace", _subject(about), why)
                return await self._one("trace", about)
            case ("traces", name, "stop"):
                await self._enter(asked.who, "trace stop", name, why)
                return await self._one("stop", {"trace": name})
            case ("terminals", conn, "disconnect"):
                _needed(why)
                one = await self._one("terminal", {"conn": conn})
                named = f"{one['library'] or 'no library'}/{one['terminal'] or conn}"
                await self._enter(asked.who, "disconnect", named, why)
                return await self._one("disconnect", {"conn": one["conn"]})
        raise Refusal(NOT_FOUND, "not found")

    async def _one(self, what: str, about: Mapping[str, str]) -> Any:
        found = await self._joined_record.ask(what, about)
        if found is None:
            raise Refusal(NOT_FOUND, "there is none, or no longer")
        return found


def _query(request: Request) -> dict[str, str]:
    return {
        key.decode("latin-1"): values[-1].decode("utf-8", "replace") for key, values in request.args.items()
    }


def _body(request: Request) -> dict[str, str]:
    """Return the JSON object in the body. Raises `NotUnderstood`."""
    try:
        said = json.loads((request.content.read() if request.content is not None else b"") or b"{}")
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict) or not all(isinstance(value, str) for value in said.values()):
        raise NotUnderstood('send a JSON object of texts, such as {"why": "..."}')
    return said


def _who(request: Request, token: bool) -> str:
    named = (request.getHeader(WHO) or b"").decode("utf-8", "replace").strip()  # type: ignore[no-untyped-call]
    shown = "".join(sign for sign in named[:_LONGEST] if sign.isprintable())
    return f"{shown} ({'admin token' if token else 'this machine'})".strip()


def _needed(why: str) -> None:
    if not why or len(why) > _LONGEST_WHY or not why.isprintable():
        raise NotUnderstood("say why, in one line")


def _subject(about: Mapping[str, str]) -> str:
    """Return what is traced, without a card number."""
    named = "/".join(filter(None, (about.get("library", ""), about.get("terminal", ""))))
    more = [name for name in ("address", "patron", "conn") if about.get(name)]
    return " ".join(filter(None, (named[:_LONGEST], *(f"one {name}" for name in more))))
