"""Sessions of browsers, in memory only: at a restart each operator logs in again.

A browser has a random token in a cookie; the gateway keeps its digest. A session ends after `IDLE` without a request.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from secrets import token_urlsafe

from attrs import define, field, frozen

from sip2gw.secret import Digests, Secret

IDLE = 8 * 3600.0
"""Seconds without a request after which a session ends."""
MOST = 1000
COOKIE = "sip2gw"
SECURE_COOKIE = "__Host-sip2gw"


@frozen
class Visitor:
    """A person who may see pages. `library` is set for a library's own staff, who see that one alone."""

    name: str
    library: str = ""
    may_act: bool = True
    """False for a client that is admitted only because it is on this machine, and for a library's staff."""
    csrf: Secret = field(factory=lambda: Secret(token_urlsafe(24)))
    """What a form of this visitor has in it, so that no other site can send one."""
    ends: float = float("inf")
    """When the session ends at the latest, in seconds of the epoch."""

    @property
    def is_operator(self) -> bool:
        """Whether it may see all libraries."""
        return not self.library


@define(eq=False)
class _Session:
    visitor: Visitor
    heard: float


class Sessions:
    """The sessions of one process. `now` returns seconds of the epoch."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._digests = Digests()
        self._of: OrderedDict[bytes, _Session] = OrderedDict()

    def __len__(self) -> int:
        return len(self._of)

    def begin(self, visitor: Visitor) -> str:
        """Return the token of a new session."""
        token = token_urlsafe(32)
        self._of[self._digests.of(token)] = _Session(visitor, self._now())
        if len(self._of) > MOST:
            self._of.popitem(last=False)
        return token

    def find(self, token: str, *, heard: bool = True) -> Visitor | None:
        """Return the visitor with this token; None without a session. `heard` keeps it alive."""
        digest = self._digests.of(token)
        session = self._of.get(digest)
        if session is None:
            return None
        now = self._now()
        if now - session.heard >= IDLE or now >= session.visitor.ends:
            del self._of[digest]
            return None
        if heard:
            session.heard = now
            self._of.move_to_end(digest)
        return session.visitor

    def end(self, token: str) -> None:
        """End a session."""
        self._of.pop(self._digests.of(token), None)

    def end_of(self, gone: Callable[[Visitor], bool]) -> None:
        """End the sessions of all visitors for whom `gone` is true."""
        for digest in [one for one, session in self._of.items() if gone(session.visitor)]:
            del self._of[digest]


def cookie(token: str, *, secure: bool) -> str:
    """Return the header that sets a session's cookie."""
    flags = "Path=/; HttpOnly; SameSite=Strict"
    return f"{SECURE_COOKIE}={token}; {flags}; Secure" if secure else f"{COOKIE}={token}; {flags}"


def no_cookie(*, secure: bool) -> str:
    """Return the header that removes it."""
    return cookie("", secure=secure) + "; Max-Age=0"


def token_of(cookies: Mapping[bytes, bytes], *, secure: bool) -> str:
    """Return the token in a request's cookies; "" if there is none."""
    name = SECURE_COOKIE if secure else COOKIE
    return cookies.get(name.encode(), b"").decode("ascii", "replace")
