"""`POST /invite/LIBRARY`, with which an operator's command makes an invitation."""

from __future__ import annotations

from functools import partial

from twisted.internet.defer import Deferred
from twisted.web.http import BAD_REQUEST, FORBIDDEN, NOT_ALLOWED, SERVICE_UNAVAILABLE, Request
from twisted.web.resource import Resource

from sip2gw.admin.guard import Guard
from sip2gw.admin.later import later
from sip2gw.connect.invitations import LIFE, NICKNAME, Invitations
from sip2gw.pages.http import Reply, as_json, send
from sip2gw.store.port import StoreFailed


class InvitePage(Resource):
    """Make an invitation. It stands behind the guard's token."""

    isLeaf = True

    def __init__(self, invitations: Invitations, guard: Guard) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # Twisted's
        self._invitations = invitations
        self._guard = guard

    def render(self, request: Request) -> int:
        answer = Deferred.fromCoroutine(self._reply(request))
        return later(request, answer.addCallback(partial(send, request)))

    async def _reply(self, request: Request) -> Reply:
        if request.method != b"POST":
            return as_json({"error": "method not allowed"}, NOT_ALLOWED)
        if request.getHeader(b"origin") is not None:  # type: ignore[no-untyped-call]  # Twisted's
            return as_json({"error": "not from a page"}, FORBIDDEN)
        path: list[bytes] = request.postpath  # type: ignore[attr-defined]  # twisted.web.server's has it
        library = b"/".join(path).decode("ascii", "replace").lower()
        if not NICKNAME.fullmatch(library):
            return as_json({"error": "name the library by its nickname"}, BAD_REQUEST)
        try:
            code = await self._invitations.invite(library)
        except StoreFailed as failed:
            return as_json({"error": f"the store can't be used: {failed.reason}"}, SERVICE_UNAVAILABLE)
        return as_json({"code": code, "seconds": LIFE})
