"""The board as one resource: who asks, which page, and how it is answered.

A stranger gets the same page under every path, with the same status, so it tells nothing of what there is.
"""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable, Mapping
from hashlib import sha256
from urllib.parse import quote

from attrs import frozen
from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.web.http import Request
from twisted.web.resource import Resource

from sip2gw.admin.later import later
from sip2gw.board.entrance import Entrance, Refused, is_secure
from sip2gw.board.replies import inside, page, stranger
from sip2gw.board.sessions import Visitor, cookie, no_cookie, token_of
from sip2gw.board.source import Asked, Done, NoSuchThing, NotPossible, Text, View
from sip2gw.pages.http import (
    Reply,
    as_json,
    form_of,
    from_this_site,
    query_of,
    redirect,
    send,
    static,
)
from sip2gw.pages.streams import Streams, answer_or_stream
from sip2gw.secret import Secret
from sip2gw.store.port import StoreFailed

Answer = Callable[[Asked], Awaitable["View | Done | Text"]]


@frozen
class Route:
    """A page. `staff` is True if a library's own staff may see what it has of their library."""

    answer: Answer
    staff: bool = False


class Board(Resource):
    """All pages under /board. `get` and `post` are their routes, with `*` for a part of the path that varies."""

    isLeaf = True
    log = Logger()

    def __init__(
        self,
        entrance: Entrance,
        streams: Streams,
        get: Mapping[str, Route],
        post: Mapping[str, Route],
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # Twisted's
        self.entrance = entrance
        self._streams = streams
        self._get = get
        self._post = post

    def close(self) -> None:
        """End all streams, because the gateway stops."""
        self._streams.stop()

    def render(self, request: Request) -> bytes | int:
        path = [part.decode("utf-8", "replace") for part in request.postpath or []]  # type: ignore[attr-defined]  # twisted.web.server's has it
        if len(path) == 2 and path[0] == "static" and request.method in (b"GET", b"HEAD"):
            return send(request, static("sip2gw.board", path[1]) or Reply(code=404))
        if path[:1] == ["events"] and request.method == b"GET":
            return self._stream(request, path[1:])
        answer = Deferred.fromCoroutine(self._answered(request, [part for part in path if part]))
        return later(request, answer.addCallback(lambda reply: send(request, reply)))

    async def _answered(self, request: Request, path: list[str]) -> Reply:
        try:
            return await self._reply(request, path)
        except StoreFailed as failed:
            return page("trouble.html", None, 503, why=f"the store can't be used: {failed.reason}")
        except Exception:
            self.log.failure("a page of the board hit a bug")
            return page("trouble.html", None, 500, why="a bug of the gateway; the log has it")

    async def _reply(self, request: Request, path: list[str]) -> Reply:
        if request.method == b"POST" and path == ["login"]:
            return await self._log_in(request)
        if request.method == b"POST" and path == ["link"]:
            return await self._follow(request)
        visitor = await self.entrance.visitor(request)
        if path == ["link"]:
            return page("link.html", None)
        if visitor is None or (path == ["login"] and not visitor.may_act):
            return stranger(path)
        if path == ["login"] and request.method != b"POST":
            return redirect("/board/")
        if request.method == b"POST":
            return await self._act(request, visitor, path)
        if request.method not in (b"GET", b"HEAD"):
            return page("trouble.html", visitor, 405, why="the method is not allowed")
        if visitor.library and not path:
            return redirect(f"/board/libraries/{quote(visitor.library)}")
        return await self._show(request, visitor, path)

    async def _show(self, request: Request, visitor: Visitor, path: list[str]) -> Reply:
        route, parts = _find(self._get, path)
        if route is None or (visitor.library and not route.staff):
            return page("trouble.html", visitor, 404, why="there is no such page")
        query = query_of(request)
        try:
            view = await route.answer(Asked(visitor, parts, query))
        except NoSuchThing:
            return page("trouble.html", visitor, 404, why="there is none, or no longer")
        except NotPossible as why:
            return page("trouble.html", visitor, 400, why=str(why))
        if isinstance(view, Text):
            name = "".join(sign for sign in view.name if sign.isalnum() or sign in "-.")
            saved = {"content-disposition": f'attachment; filename="{name}"'}
            return Reply(view.body.encode(), kind="text/plain; charset=utf-8", headers=saved)
        assert isinstance(view, View)  # noqa: S101 (a GET shows something)
        if "json" in query:
            return as_json(view.content)
        here = "/board/" + "/".join(path[:1])
        return page(view.template, visitor, 200, view.content, here=here, told=_proven(visitor, query))

    async def _act(self, request: Request, visitor: Visitor, path: list[str]) -> Reply:
        form = form_of(request)
        known = hmac.compare_digest(form.get("csrf", "").encode(), visitor.csrf.reveal().encode())
        if not known or not from_this_site(request):
            return page(
                "trouble.html", visitor, 403, why="the form is not of this session: load the page again"
            )
        if path == ["logout"]:
            secure = is_secure(request)
            self.entrance.sessions.end(token_of(request.received_cookies, secure=secure))
            return redirect("/board/login", no_cookie(secure=secure))
        route, parts = _find(self._post, path)
        if route is None or not (visitor.may_act or route.staff):
            return page("trouble.html", visitor, 403, why="this needs an operator's account")
        try:
            done = await route.answer(Asked(visitor, parts, query_of(request), form))
        except NoSuchThing:
            return page("trouble.html", visitor, 404, why="there is none, or no longer")
        except NotPossible as why:
            return page("trouble.html", visitor, 409, why=str(why))
        if isinstance(done, View):
            return page(done.template, visitor, 200, done.content)
        assert isinstance(done, Done)  # noqa: S101 (a POST gives no text to save)
        mark = "&" if "?" in done.to else "?"
        return redirect(
            f"{done.to}{mark}told={quote(done.told)}&by={_proof(visitor, done.told)}"
            if done.told
            else done.to
        )

    async def _log_in(self, request: Request) -> Reply:
        form = form_of(request)
        name, password = form.get("name", "").strip(), Secret(form.get("password", ""))
        if not from_this_site(request):
            return stranger([], code=403)
        outcome = await self.entrance.log_in(request, name, password)
        if isinstance(outcome, Refused):
            return stranger([], wait=outcome.wait, wrong=not outcome.wait, to=form.get("to", ""))
        return redirect(inside(form.get("to", "")), cookie(outcome, secure=is_secure(request)))

    async def _follow(self, request: Request) -> Reply:
        if not from_this_site(request):
            return page("link.html", None, 403)
        outcome = await self.entrance.follow(request, form_of(request).get("secret", "").strip())
        if isinstance(outcome, Refused):
            return page("link.html", None, 429 if outcome.wait else 401, wrong=True)
        return redirect("/board/", cookie(outcome, secure=is_secure(request)))

    def _stream(self, request: Request, path: list[str]) -> int:
        """Send events for as long as the visitor may see them. A stream does not keep a session alive."""

        async def admitted() -> bool:
            visitor = await self.entrance.visitor(request, heard=False)
            return visitor is not None and visitor.is_operator

        async def begin() -> Reply | None:
            if not await admitted() or path not in (["now"], ["exchanges"]):
                return stranger()
            return self._streams.begin(request, path[0], query_of(request), admitted)

        return answer_or_stream(request, begin())


def _proof(visitor: Visitor, told: str) -> str:
    """Return what shows that the board itself has put a text into a URL, for this visitor."""
    return hmac.new(visitor.csrf.reveal().encode(), told.encode(), sha256).hexdigest()[:32]


def _proven(visitor: Visitor, query: Mapping[str, str]) -> str:
    told = query.get("told", "")
    return told if hmac.compare_digest(query.get("by", "").encode(), _proof(visitor, told).encode()) else ""


def _find(routes: Mapping[str, Route], path: list[str]) -> tuple[Route | None, tuple[str, ...]]:
    """Return the route of a path, and the parts of it that stand where the route has `*`."""
    for pattern, route in routes.items():
        parts = pattern.split("/") if pattern else []
        if len(parts) == len(path) and all(
            want in ("*", have) for want, have in zip(parts, path, strict=True)
        ):
            return route, tuple(have for want, have in zip(parts, path, strict=True) if want == "*")
    return None, ()
