"""Publish what happens on one connection: opened, secured, logged in, each request, closed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from sip2gw.addresses import Peer, shown_network
from sip2gw.circulation.profile import Profile
from sip2gw.events import (
    Closed,
    Events,
    Exchange,
    LinesSeen,
    LoggedIn,
    LoginRefused,
    Noticed,
    Opened,
    Origin,
    Outcome,
    Secured,
    Undecodable,
    masked_account,
)
from sip2gw.gateway.near_misses import Seen
from sip2gw.library import Credentials, Made
from sip2gw.log.tags import Tags
from sip2gw.session import BAD_CHECKSUM
from sip2gw.sip2 import Dialect, Request, UnknownMessage, lay_out

_CODE = re.compile(rb"\W*([0-9]{2})")

RUNGS = {
    "library_not_found": "library",
    "invalid_credentials": "account",
    "account_inactive": "account",
    "permission_missing": "permission",
    "sip2_not_activated": "activation",
    "sip2_disabled": "activation",
    "terminal_limit_reached": "seats",
    "throttled": "throttled",
    "unavailable": "unavailable",
    "bug": "bug",
}
"""The step of a login at which it failed, by the code of the refusal."""

_About = tuple[str, Outcome, str, Sequence[Made], str, str, str]
"""Message, outcome, code, calls, patron's tag, item's tag, why."""


class ConnectionEvents:
    """The events of one connection, `conn`. `refs` are the codes of exchanges, shared by all connections.

    `ref` is the code of the current request, and `seq` its number.
    """

    __slots__ = (
        "_about", "_events", "_network", "_opened", "_refs", "_tags", "_told", "conn", "library", "profile", "ref",
        "seq", "terminal",
    )  # fmt: skip

    def __init__(self, events: Events, conn: str, tags: Tags, refs: Iterator[str]) -> None:
        self.conn = conn
        self.seq = 0
        self.ref = ""
        self.library = self.terminal = self.profile = ""
        self._events = events
        self._tags = tags
        self._refs = refs
        self._network = ""
        self._opened = events.now()
        self._about: _About | None = None
        self._told: tuple[str, ...] = ()

    def opened(self, where: str, address: str) -> None:
        """Say that the connection was accepted on `where`, from this whole address."""
        self._network = shown_network(address)
        self._opened = self._events.now()
        self._events.publish(Opened(self._opened, self.conn, where, address, self._network))

    def secured(
        self,
        version: str = "",
        server_name: str = "",
        names: tuple[str, ...] = (),
        failure: str = "",
        certificate: str = "",
    ) -> None:
        """Say how the TLS handshake ended."""
        self._events.publish(
            Secured(self._events.now(), self.conn, version, server_name, names, failure, certificate)
        )

    def logged_in(
        self, library: str, peer: Peer, location: str, form: str, profile: Profile, account: str
    ) -> None:
        """Say that a terminal logged in."""
        self.library, self.profile = library, profile.name
        self.terminal = location or peer.certificate
        self._events.publish(
            LoggedIn(
                self._events.now(),
                self.conn,
                library,
                self.terminal,
                location,
                form,
                profile.name,
                profile.charset,
                profile.terminator,
                masked_account(account),
            )
        )

    def login_refused(
        self, library: str, code: str, advice: str, credentials: Credentials | None = None, rung: str = ""
    ) -> None:
        """Say that a login failed."""
        self._events.publish(
            LoginRefused(
                self._events.now(),
                self.conn,
                library,
                code,
                advice,
                rung or RUNGS.get(code, "account"),
                masked_account(credentials.username) if credentials else "",
            )
        )

    def noticed(self, kind: str, text: str, fix: str = "", *, once: bool = True) -> None:
        """Say that something is nearly right; `once` for each connection."""
        if kind not in self._told:
            self._told += (kind,)
        elif once:
            return
        self._events.publish(Noticed(self._events.now(), self.conn, kind, text, fix, self.library))

    def saw(self, seen: Seen | None, *, once: bool = True) -> None:
        """Say what is nearly right, if anything is."""
        if seen is not None:
            self.noticed(*seen, once=once)

    def undecodable(self, seen: Seen) -> None:
        """Say that a line had bytes that are not text; once, what they may be."""
        self._events.publish(Undecodable(self._events.now(), self.conn))
        self.saw(seen)

    @property
    def watched(self) -> bool:
        """Whether a person looks on at the terminal, or at the patron of the current request."""
        patron = self._about[4] if self._about else ""
        return self._events.watched(Origin(self.conn, self.library, self.terminal, patron))

    def begin(self) -> None:
        """Begin a request."""
        self.seq += 1
        self.ref = next(self._refs)
        self._about = None

    def asked(
        self,
        request: Request,
        outcome: Outcome,
        code: str = "",
        made: Sequence[Made] = (),
        why: str = "",
    ) -> None:
        """Note what became of the current request, for its event."""
        patron = getattr(request, "patron_identifier", None) or ""
        item = getattr(request, "item_identifier", None) or ""
        library, tags = self.library, self._tags
        self._about = (
            request.code,
            outcome,
            code,
            made,
            tags.patron(library, patron) if patron else "",
            tags.item(library, item) if item else "",
            why,
        )

    def answered(self, line: bytes, kind: str, seconds: float) -> None:
        """Publish the current request. `kind` says how it was answered without `asked`; empty for a login."""
        if self._about is None:
            if not kind:
                return
            how: Outcome = "refused" if kind == BAD_CHECKSUM else "answered"
            self._about = (_code(line), how, kind, (), "", "", "")
        message, outcome, code, made, patron, item, why = self._about
        self._events.publish(
            Exchange(
                self._events.now(),
                self.conn,
                self.seq,
                self.library,
                self.terminal,
                self.profile,
                message,
                outcome,
                code,
                seconds * 1000,
                tuple((one.operation, one.status, one.ms, one.id) for one in made),
                patron,
                item,
                self.ref,
                self._network,
                why,
            )
        )

    def traced(self, line: bytes, answer: bytes, dialect: Dialect) -> None:
        """Pass a line and its answer to the trace, if one runs."""
        if (take := self._events.lines) is not None:
            patron = _patron_in(line, dialect)
            patron = self._tags.patron(self.library, patron) if patron else ""
            take(
                LinesSeen(
                    self._events.now(),
                    self.conn,
                    self.seq,
                    self.library,
                    self.terminal,
                    patron,
                    dialect.charset,
                    dialect.delimiter,
                    line,
                    answer.rstrip(b"\r\n"),
                )
            )

    def closed(self, by: str, why: str) -> None:
        """Say that the connection ended."""
        now = self._events.now()
        self._events.publish(Closed(now, self.conn, by, why, max(now - self._opened, 0.0), self.seq))


def _patron_in(line: bytes, dialect: Dialect) -> str:
    """Return the patron's number in a line, or ""."""
    try:
        return dict(lay_out(line, dialect).fields).get("AA", "")
    except UnknownMessage:
        return ""


def _code(line: bytes) -> str:
    """Return the code with which a line begins, or ""."""
    found = _CODE.match(line)
    return found[1].decode("ascii") if found else ""
