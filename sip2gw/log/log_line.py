"""One line of the log for an event, as text for a person and as fields for a machine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sip2gw.addresses import Peer
from sip2gw.events import (
    Closed,
    Event,
    Exchange,
    LoggedIn,
    LoginRefused,
    Noticed,
    Opened,
    Secured,
)
from sip2gw.sip2 import REQUESTS

_LONGEST = 60
"""Characters of a terminal's name."""

WORDS = {code: kind.name for code, kind in REQUESTS.items()} | {"97": "resend", "99": "status"}
"""The name of each request, by its code."""
READS = frozenset(code for code, kind in REQUESTS.items() if kind.read_only) | {"35", "93", "97", "99"}
"""The codes of requests that change nothing at the library."""


def with_values(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields that have a value: 0 and False are values, empty texts and lists are not."""
    return {key: value for key, value in fields.items() if value is not None and value not in ("", (), [])}


class LogLine:
    """One event, and what is known of its connection. `more` is how many lines like it were left out before.

    `peer` is None if the connection is not known any longer.
    """

    __slots__ = ("_event", "_library", "_more", "_peer", "_terminal")

    def __init__(self, event: Event, peer: Peer | None, library: str, terminal: str, more: int) -> None:
        self._event, self._peer, self._more = event, peer, more
        self._library, self._terminal = library, terminal

    def __str__(self) -> str:
        text = self._text()
        return f"{text}; {self._more} others not logged" if self._more else text

    def __format__(self, spec: str) -> str:
        return format(str(self), spec)

    def facts(self) -> dict[str, Any]:
        """Return the fields of the line in the JSON form; those without a value are left out."""
        event = self._event
        kind, facts = _KINDS[type(event)], _FACTS[type(event)](event)
        if isinstance(event, LoginRefused | Noticed) and not self._is_of_a_terminal:
            facts["address"] = self._peer.address if self._peer else ""
        named = {"library": self._library, "terminal": self._terminal, **facts}
        if self._more:
            named["more"] = self._more
        return {"event": kind, "conn": event.conn, **with_values(named)}

    def _text(self) -> str:
        event, who = self._event, self._who()
        match event:
            case Exchange():
                return f"{who}#{event.seq} {_exchange(event)}" + ("" if self._library else f" ({self._peer})")
            case LoggedIn():
                words = [event.profile, event.charset, event.terminator]
                form = f" by {event.form}" if event.form else ""
                return f"{who} logged in{form} as {event.account}, {', '.join(words)} ({self._peer})"
            case LoginRefused():
                to = event.library or "(not a nickname)"
                account = f" as {event.account}" if event.account else ""
                return f"{who} login to {to}{account} refused, {event.code}: {event.advice}{self._origin}"
            case Noticed():
                return f"{who} {event.text}" + (f"; {event.fix}" if event.fix else "") + self._origin
            case Opened():
                return f"{who} opened on {event.where} ({self._peer})"
            case Secured():
                asked = f"for {event.server_name!r}" if event.server_name else "for no server name"
                return f"{who} {event.failure or f'{event.version} {asked}'} ({self._peer})"
            case Closed():
                said = f", {event.why}" if event.why else ""
                long = f"after {event.seconds:.0f} s and {event.requests} requests"
                return f"{who} closed by the {event.by}{said}, {long} ({self._peer})"
            case _:
                return who

    @property
    def _origin(self) -> str:
        """Where it comes from, if that is known; the whole address only of a stranger."""
        if self._peer is None:
            return ""
        return f" ({self._peer})" if self._is_of_a_terminal else f" ({self._peer:full})"

    @property
    def _is_of_a_terminal(self) -> bool:
        """Whether it is about a terminal that is logged in, whose whole address is not needed to block it."""
        return bool(self._library)

    def _who(self) -> str:
        """Return library, terminal and connection. A name with a space or a sign is quoted."""
        conn = self._event.conn
        if not self._library:
            return conn
        name = self._terminal[:_LONGEST]
        plain = name.replace("-", "").replace(".", "").replace("_", "").isalnum()
        return f"{self._library}/{name if plain or not name else repr(name)} {conn}"


def _exchange(event: Exchange) -> str:
    parts = [
        WORDS.get(event.message, event.message or "line"),
        event.outcome,
        ": ".join(filter(None, (event.code, event.why))),
        f"{event.ms:.0f} ms",
        event.patron,
        event.item,
        event.ref,
    ]
    return " ".join(filter(None, parts))


_KINDS: dict[type[Event], str] = {
    Exchange: "request",
    LoggedIn: "logged_in",
    LoginRefused: "login_refused",
    Noticed: "noticed",
    Opened: "opened",
    Secured: "secured",
    Closed: "closed",
}

_FACTS: dict[type[Event], Any] = {
    Exchange: lambda one: {
        "library": one.library,
        "terminal": one.terminal,
        "profile": one.profile,
        "seq": one.seq,
        "message": one.message,
        "outcome": one.outcome,
        "code": one.code,
        "why": one.why,
        "ms": round(one.ms),
        "patron": one.patron,
        "item": one.item.strip("'"),  # a number in clear is quoted in text
        "ref": one.ref,
        "api": [call[3] for call in one.api],
        "peer": one.network,
    },
    LoggedIn: lambda one: {
        "location": one.location,
        "form": one.form,
        "profile": one.profile,
        "charset": one.charset,
        "terminator": one.terminator,
        "account": one.account,
    },
    LoginRefused: lambda one: {
        "library": one.library,
        "code": one.code,
        "advice": one.advice,
        "rung": one.rung,
        "account": one.account,
    },
    Noticed: lambda one: {"kind": one.kind, "text": one.text, "fix": one.fix},
    Opened: lambda one: {"where": one.where, "peer": one.network},
    Secured: lambda one: {
        "version": one.version,
        "server_name": one.server_name,
        "failure": one.failure,
        "certificate": one.certificate,
    },
    Closed: lambda one: {
        "by": one.by,
        "why": one.why,
        "seconds": round(one.seconds, 1),
        "requests": one.requests,
    },
}
