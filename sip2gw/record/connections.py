"""Connections that are open, and the last ones that ended, with what their events say of them."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator

from attrs import define, field, frozen

from sip2gw.events import (
    Closed,
    Event,
    Exchange,
    LoggedIn,
    LoginRefused,
    Noticed,
    Opened,
    Secured,
    Undecodable,
)

LIVE = 65_536
"""More connections than a process can have: what is beyond that was lost somewhere, and is dropped."""
ENDED = 2_000
_NOTICES = 8


@frozen
class Notice:
    """What was nearly right on a connection, and what to do."""

    at: float
    kind: str
    text: str
    fix: str


@define(eq=False)
class Connection:
    """One connection. `last` is when it did something last; times are in seconds since 1970."""

    conn: str
    since: float
    where: str = ""
    address: str = field(default="", repr=False)
    network: str = ""
    secured: Secured | None = None
    login: LoggedIn | None = None
    refused: LoginRefused | None = None
    closed: Closed | None = None
    last: float = 0.0
    requests: int = 0
    outcomes: dict[str, int] = field(factory=dict)
    resends: int = 0
    bad_checksums: int = 0
    undecodable: int = 0
    """Lines with bytes that are not text in its charset."""
    notices: tuple[Notice, ...] = ()

    @property
    def library(self) -> str:
        """The library's nickname; empty before the login."""
        return self.login.library if self.login else ""

    @property
    def terminal(self) -> str:
        """The terminal's name; empty before the login."""
        return self.login.terminal if self.login else ""

    @property
    def rung(self) -> str:
        """The last step on the way in that it has reached."""
        if self.login:
            return "logged in"
        if self.refused:
            return self.refused.rung
        if self.requests:
            return "login"
        if self.secured:
            return "tls" if self.secured.failure else "first line"
        return "connected"


class Connections:
    """All connections of one process."""

    def __init__(self) -> None:
        self.live: dict[str, Connection] = {}
        self.ended: deque[Connection] = deque(maxlen=ENDED)

    def take(self, event: Event) -> Connection:
        """Note an event, and return its connection."""
        one = self.live.get(event.conn)
        if one is None and isinstance(event, Noticed):  # of a search that took longer than the connection
            one = self.find(event.conn)
        if one is None:
            one = self._opened(event)
        one.last = event.at
        match event:
            case Exchange():
                _count(one, event)
            case LoggedIn():
                one.login, one.refused = event, None
            case LoginRefused():
                one.refused = event
                one.requests += 1
            case Secured():
                one.secured = event
            case Undecodable():
                one.undecodable += 1
            case Noticed():
                notice = Notice(event.at, event.kind, event.text, event.fix)
                one.notices = (*one.notices, notice)[-_NOTICES:]
            case Closed():
                one.closed = event
                one.requests = max(one.requests, event.requests)
                if self.live.pop(event.conn, None) is not None:
                    self.ended.append(one)
        return one

    def find(self, conn: str) -> Connection | None:
        """Return an open connection, or the latest ended one, of this code."""
        live = self.live.get(conn)
        return live or next((one for one in reversed(self.ended) if one.conn == conn), None)

    def terminals_by_library(self) -> Counter[str]:
        """Return how many terminals of each library are connected."""
        return Counter(one.library for one in self.live.values() if one.login)

    def all(self, *, ended: bool) -> Iterator[Connection]:
        """Yield the connections that have ended, or those that are open."""
        yield from self.ended if ended else self.live.values()

    def _opened(self, event: Event) -> Connection:
        one = Connection(event.conn, event.at)
        if isinstance(event, Opened):
            one.where, one.address, one.network = event.where, event.peer, event.network
        if not isinstance(event, Closed):
            self.live[event.conn] = one
            if len(self.live) > LIVE:
                del self.live[next(iter(self.live))]
        return one


def _count(one: Connection, event: Exchange) -> None:
    one.requests += 1
    one.outcomes[event.outcome] = one.outcomes.get(event.outcome, 0) + 1
    one.resends += event.code in ("resent", "repeated")
    one.bad_checksums += event.code == "bad_checksum"
