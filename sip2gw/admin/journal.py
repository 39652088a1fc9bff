"""The pages `/journal` and `/audit`: rows that need a person, and what people did. They always need the token."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from attrs import frozen
from twisted.internet.defer import Deferred
from twisted.web.http import FORBIDDEN, Request
from twisted.web.resource import Resource

from sip2gw.admin.guard import Guard
from sip2gw.admin.health import Answer, Content

WHO = b"x-operator"
"""The header with the name of the person."""
_NO_TOKEN = FORBIDDEN, {"error": "set admin.token_file: this page needs a token"}


@frozen(repr=False)
class Question:
    """A request to one of the pages. `path` is that below the page's name; `query` has each value once."""

    page: str
    method: str
    path: tuple[str, ...]
    query: Mapping[str, str]
    who: str
    body: bytes


Look = Callable[[Question], "Content | Deferred[Content]"]


class JournalPage(Resource):
    """One of the pages, with all that is below it. `look` returns the answer to a question."""

    isLeaf = True

    def __init__(self, page: str, guard: Guard, look: Look) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # Twisted's
        self._page = page
        self._guard = guard
        self._look = look

    def render(self, request: Request) -> bytes | int:
        """Answer, after the guard has admitted the client. Without a token it admits all, and this page none."""
        if self._guard.token is None:
            return Answer(lambda: _NO_TOKEN, methods=_METHODS).render(request)
        return Answer(partial(self._look, _question(self._page, request)), methods=_METHODS).render(request)


_METHODS = b"GET, HEAD, POST"


def _question(page: str, request: Request) -> Question:
    named = request.getHeader(WHO) or b""  # type: ignore[no-untyped-call]  # Twisted's
    return Question(
        page,
        request.method.decode("latin-1"),
        tuple(one.decode("latin-1") for one in getattr(request, "postpath", ()) if one),
        {
            key.decode("latin-1"): values[-1].decode("utf-8", "replace")
            for key, values in request.args.items()
        },
        f"{named.decode('utf-8', 'replace').strip()} (admin token)".strip(),
        request.content.read() if request.content is not None else b"",
    )
