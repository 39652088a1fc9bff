"""The board's pages as a visitor sees them, and the one page that a stranger gets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from sip2gw.board.sessions import Visitor
from sip2gw.pages.http import Reply
from sip2gw.pages.rendering import render

NAV = (
    ("/board/", "Now"),
    ("/board/libraries", "Libraries"),
    ("/board/terminals", "Terminals"),
    ("/board/exchanges", "Exchanges"),
    ("/board/door", "At the door"),
    ("/board/traces", "Traces"),
    ("/board/journal", "Journal"),
    ("/board/configuration", "Configuration"),
    ("/board/audit", "Audit"),
)
"""The pages of an operator, in their order."""
STAFF = "/board/exchanges", "/board/terminals"
"""Those of a library's own staff, beside the page of their library."""


def page(
    template: str,
    visitor: Visitor | None,
    code: int = 200,
    content: Mapping[str, Any] | None = None,
    **values: Any,
) -> Reply:
    """Return a page. `content` is what it shows, and can't replace what all pages have."""
    nav: tuple[tuple[str, str], ...] = ()
    if visitor is not None:
        nav = NAV
        if visitor.library:
            own = (f"/board/libraries/{quote(visitor.library)}", visitor.library)
            nav = (own, *(one for one in NAV if one[0] in STAFF))
    csrf = visitor.csrf.reveal() if visitor else ""
    frame = {"here": "", "told": "", "nav": nav, "visitor": visitor, "csrf": csrf}
    return render("sip2gw.board", template, {**(content or {}), **frame, **values}, code)


def stranger(
    path: Sequence[str] = (),
    *,
    code: int = 401,
    wait: float = 0.0,
    wrong: bool = False,
    to: str = "",
) -> Reply:
    """Return the page for a login, which is the same for every request."""
    asked = to or "/" + "/".join(["board", *path])
    return page("login.html", None, 429 if wait else code, to=inside(asked), wait=wait, wrong=wrong)


def inside(path: str) -> str:
    """Return the path if it is one of the board, else its first page."""
    inside = path.startswith("/board/") and path.isprintable() and "\\" not in path and "//" not in path
    return path if inside and not path.startswith("/board/log") else "/board/"
