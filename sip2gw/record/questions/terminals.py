"""Connections of terminals: a page of them, or one with all that is known of it."""

from __future__ import annotations

from datetime import UTC, datetime
from heapq import nsmallest
from typing import TYPE_CHECKING, Any

from attrs import asdict

from sip2gw.record.asked import NotUnderstood, limit, only, text
from sip2gw.record.connections import Connection
from sip2gw.record.parts import About, Part, Parts, Row, first, page, rows_of

if TYPE_CHECKING:
    from sip2gw.record.record import Record

STATES = "online", "waiting", "ended"


def terminals(record: Record, about: About) -> Part:
    """Return a page of the connections, by library, terminal and connection."""
    only(about, "library", "terminal", "q", "state", "after", "limit")
    library, terminal = text(about, "library").lower(), text(about, "terminal")
    wanted, state = text(about, "q").casefold(), text(about, "state")
    if state not in ("", *STATES):
        raise NotUnderstood(f"state is one of {', '.join(STATES)}")
    after = _read_key(about["after"]) if about.get("after") else None

    def fits(one: Connection) -> bool:
        return (
            (not library or one.library == library)
            and (not terminal or one.terminal == terminal)
            and (not state or _state(one) == state)
            and (
                not wanted or any(wanted in part for part in (one.terminal.casefold(), one.network, one.conn))
            )
            and (after is None or _key(one) > after)
        )

    at = record.now()
    found = filter(fits, record.connections.all(ended=state == "ended"))
    return {"rows": [_row(one, at) for one in nsmallest(limit(about) + 1, found, key=_key)]}


def joined_terminals(about: About, parts: Parts) -> Row:
    """Return a page of the connections of all processes."""
    rows = sorted(rows_of(parts), key=lambda row: (row["library"], row["terminal"], row["key"]))
    return page(rows, limit(about))


def terminal(record: Record, about: About) -> Part | None:
    """Return one connection, with all that is known of it."""
    only(about, "conn")
    one = record.connections.find(text(about, "conn"))
    if one is None:
        return None
    seen = dict(record.gateway.session(one.conn) or {}) if one.closed is None else {}
    return {
        **_row(one, record.now()),
        "where": one.where,
        "address": one.address,
        "tls": _without(one.secured, "at", "conn"),
        "login": _without(one.login, "conn"),
        "refused": _without(one.refused, "conn"),
        "closed": _without(one.closed, "conn"),
        "rung": one.rung,
        "session": seen,
        "counters": {
            **one.outcomes,
            "resends": one.resends,
            "bad checksums": one.bad_checksums,
            "lines that are not text": one.undecodable,
        },
        "notices": [asdict(notice) for notice in one.notices],
    }


def joined_terminal(about: About, parts: Parts) -> Row:
    """Return one connection, with what a person reads of it in two tables: what it is, and how it spells."""
    row = first(about, parts)
    tls, login, session = row["tls"] or {}, row["login"] or {}, row["session"]
    identity = {
        "State": row["state"],
        "Connected since": _moment(row["since"]),
        "Port": row["where"],
        "Network": row["network"],
        "Address": row["address"],
        "TLS": tls.get("failure") or tls.get("version"),
        "Name it asked for": tls.get("server_name"),
        "Client certificate": tls.get("certificate"),
        "Form of login": login.get("form"),
        "Location": login.get("location"),
        "Account": login.get("account"),
        "Profile": login.get("profile"),
        "Ended by": (row["closed"] or {}).get("by"),
        "Why": (row["closed"] or {}).get("why") or (row["refused"] or {}).get("advice"),
    }
    spelling = {
        "Charset": login.get("charset"),
        "Line end": login.get("terminator"),
        "Delimiter": session.get("delimiter"),
        "Checksum, set": session.get("error_detection"),
        "Checksum, seen": session.get("checksums"),
        "Clock, seconds ahead": session.get("clock_ahead"),
    }
    return {
        **row,
        "state_word": row["state"],
        "identity": _table(identity),
        "spelling": _table(spelling),
        "knobs": session.get("knobs", []),
    }


def _row(one: Connection, at: float) -> Row:
    """Return a connection for a list."""
    return {
        "key": "/".join(_key(one)),
        "conn": one.conn,
        "library": one.library,
        "terminal": one.terminal,
        "state": _state(one),
        "network": one.network,
        "profile": one.login.profile if one.login else "",
        "since": one.since,
        "last": one.last,
        "idle": max(at - one.last, 0.0),
        "requests": one.requests,
    }


def _state(one: Connection) -> str:
    """Return `online` after the login, `waiting` before it, or `ended`."""
    return "ended" if one.closed else "online" if one.login else "waiting"


def _key(one: Connection) -> tuple[str, str, str]:
    """Return the place of a connection in a list."""
    return one.library, one.terminal, one.conn


def _read_key(shown: str) -> tuple[str, str, str]:
    library, _, rest = shown.partition("/")
    terminal, _, conn = rest.rpartition("/")
    return library, terminal, conn


def _without(event: Any, *left_out: str) -> Row | None:
    """Return an event as plain values, without these; None if it has not happened."""
    return asdict(event, filter=lambda one, _: one.name not in left_out) if event else None


def _table(values: Row) -> list[list[Any]]:
    """Return the values that there are, with their names."""
    return [[name, value] for name, value in values.items() if value not in ("", None)]


def _moment(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M:%SZ}"
