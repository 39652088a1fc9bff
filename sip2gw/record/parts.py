"""What one process answers to a question: plain values, which `joining` makes into the answer of all processes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from heapq import nsmallest
from itertools import islice
from typing import TYPE_CHECKING, Any

from attrs import asdict

from sip2gw.events import Exchange
from sip2gw.log.log_line import WORDS
from sip2gw.record.asked import NotUnderstood, Wanted, limit, only, shown_key, text
from sip2gw.record.attempts import Attempts
from sip2gw.record.connections import Connection
from sip2gw.record.exchanges import place
from sip2gw.record.facts import API, Facts
from sip2gw.record.libraries import Library, joined
from sip2gw.record.load import MINUTES
from sip2gw.record.needs import needs

if TYPE_CHECKING:
    from sip2gw.record.record import Record

Part = dict[str, Any]
About = Mapping[str, str]
_LATEST = 20


def now(record: Record, about: About) -> Part:
    """Return what needs a person, and how much is going on."""
    only(about)
    at, facts = record.now(), record.ways.facts()
    live = record.connections.live.values()
    return {
        "at": at,
        "terminals": sum(one.login is not None for one in live),
        "connections": len(live),
        "minutes": [asdict(one) for one in record.load.last(at, MINUTES)],
        "lag": facts.lag,
        "limits": {name: asdict(one) for name, one in record.limit_hits.all.items()},
        "needs": [asdict(one) for one in needs(record.libraries, record.door, record.limit_hits, facts, at)],
    }


def libraries(record: Record, about: About) -> Part:
    """Return all libraries: several processes may each know a part of every one."""
    only(about, "q", "state", "after", "limit")
    at, facts = record.now(), record.ways.facts()
    apis = {one.library: one for one in facts.apis}
    terminals = record.connections.terminals_by_library()
    names = record.libraries.all.keys() | apis.keys() | facts.seats.keys() | facts.libraries
    wanted = text(about, "q").lower()
    return {
        "rows": [
            _library(record.libraries.all.get(name), name, apis.get(name), facts, terminals.get(name, 0), at)
            for name in names
            if wanted in name
        ]
    }


def library(record: Record, about: About) -> Part | None:
    """Return one library, with its terminals and the attempts that failed."""
    only(about, "library")
    name, at, facts = text(about, "library").lower(), record.now(), record.ways.facts()
    api = next((one for one in facts.apis if one.library == name), None)
    known = record.libraries.all.get(name)
    if known is None and api is None and name not in facts.libraries and name not in facts.seats:
        return None
    of_it = [one for one in record.connections.live.values() if one.library == name]
    held = record.ways.held(name)
    return {
        **_library(known, name, api, facts, len(of_it), at),
        "seats": [
            {
                "conn": one.conn,
                "terminal": one.terminal,
                "since": one.login.at,
                "session": held.get(one.conn, ""),
            }
            for one in islice(of_it, 100)
            if one.login
        ],
        "attempts": [attempts_row(one) for one in islice(_groups(record, library=name), _LATEST)],
    }


def terminals(record: Record, about: About) -> Part:
    """Return a page of the connections, by library, terminal and connection."""
    only(about, "library", "terminal", "q", "state", "after", "limit")
    name, terminal, wanted = (
        text(about, "library").lower(),
        text(about, "terminal"),
        text(about, "q").casefold(),
    )
    state, after, at = text(about, "state"), about.get("after", ""), record.now()
    if state not in ("", *STATES):
        raise NotUnderstood(f"state is one of {', '.join(STATES)}")
    first = _terminal_key(after) if after else None

    def fits(one: Connection) -> bool:
        return (
            (not name or one.library == name)
            and (not terminal or one.terminal == terminal)
            and (not state or state_of(one) == state)
            and (
                not wanted or any(wanted in part for part in (one.terminal.casefold(), one.network, one.conn))
            )
            and (first is None or terminal_key(one) > first)
        )

    found = filter(fits, record.connections.all(ended=state == "ended"))
    page = nsmallest(limit(about) + 1, found, key=terminal_key)
    return {"rows": [terminal_row(one, at) for one in page]}


def terminal(record: Record, about: About) -> Part | None:
    """Return one connection, with all that is known of it."""
    only(about, "conn")
    one = record.connections.find(text(about, "conn"))
    if one is None:
        return None
    seen = dict(record.ways.session(one.conn) or {}) if one.closed is None else {}
    tls = one.secured
    return {
        **terminal_row(one, record.now()),
        "where": one.where,
        "address": one.address,
        "tls": asdict(tls, filter=lambda a, _: a.name not in ("at", "conn")) if tls else None,
        "login": asdict(one.login, filter=lambda a, _: a.name != "conn") if one.login else None,
        "refused": asdict(one.refused, filter=lambda a, _: a.name != "conn") if one.refused else None,
        "closed": asdict(one.closed, filter=lambda a, _: a.name != "conn") if one.closed else None,
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


def exchanges(record: Record, about: About) -> Part:
    """Return a page of the exchanges, the latest first."""
    found = record.exchanges.find(Wanted.read(about), more=1)
    return {"rows": [exchange_row(one) for one in found]}


def exchange(record: Record, about: About) -> Part | None:
    """Return the latest exchange with this code; its calls, and its lines if a trace has them."""
    only(about, "ref")
    one = record.exchanges.by_ref(text(about, "ref").upper())
    if one is None:
        return None
    lines = [("< " if line.sent else "> ") + line.text for line in record.traces.of(one.conn, one.seq)]
    calls = [dict(zip(("operation", "status", "ms", "id"), call, strict=True)) for call in one.api]
    return {**exchange_row(one), "api": calls, "lines": lines}


def search(record: Record, about: About) -> Part:
    """Return the exchanges of a card or an item by its number, which is made a tag here and not kept."""
    kind, number, where = text(about, "kind"), text(about, "number"), text(about, "library").lower()
    if kind not in ("patron", "item") or not number or not where:
        raise NotUnderstood("give library, kind (patron or item) and number")
    others = {name: value for name, value in about.items() if name not in ("kind", "number")}
    tag = record.tag(kind, where, number)
    return {"tag": tag, **exchanges(record, {**others, "library": where, kind: tag})}


def door(record: Record, about: About) -> Part:
    """Return who did not get in, all groups."""
    only(about, "network", "reason", "library", "after", "limit")
    network, reason, name = (
        text(about, "network"),
        text(about, "reason").casefold(),
        text(about, "library").lower(),
    )
    return {"rows": [attempts_row(one) for one in _groups(record, network, reason, name)]}


def _groups(record: Record, network: str = "", reason: str = "", library: str = "") -> Iterable[Attempts]:
    for one in record.door.groups(record.now()):
        fits = not network or network in (one.network, one.address)
        if fits and reason in one.reason.casefold() and library in ("", one.library):
            yield one


STATES = "online", "waiting", "ended"


def state_of(one: Connection) -> str:
    """Return `online` after the login, `waiting` before it, or `ended`."""
    return "ended" if one.closed else "online" if one.login else "waiting"


def terminal_key(one: Connection) -> tuple[str, str, str]:
    """Return the place of a connection in a list."""
    return one.library, one.terminal, one.conn


def _terminal_key(place: str) -> tuple[str, str, str]:
    library, _, rest = place.partition("/")
    terminal, _, conn = rest.rpartition("/")
    return library, terminal, conn


def terminal_row(one: Connection, at: float) -> Part:
    """Return a connection for a list."""
    return {
        "key": "/".join(terminal_key(one)),
        "conn": one.conn,
        "library": one.library,
        "terminal": one.terminal,
        "state": state_of(one),
        "network": one.network,
        "profile": one.login.profile if one.login else "",
        "since": one.since,
        "last": one.last,
        "idle": max(at - one.last, 0.0),
        "requests": one.requests,
    }


def exchange_row(one: Exchange) -> Part:
    """Return an exchange for a list."""
    kept = asdict(one, recurse=False, filter=lambda a, _: a.name != "api")
    return {"key": shown_key(place(one)), **kept, "name": WORDS.get(one.message, "")}


def attempts_row(one: Attempts) -> Part:
    """Return failed attempts for a list."""
    return asdict(one)


def _library(
    one: Library | None, name: str, api: API | None, facts: Facts, terminals: int, at: float
) -> Part:
    """Return a library, of which `one` is what is known. The counts in it are the record's own: only to be read."""
    used, licensed = facts.seats.get(name, (0, None))
    lately = joined(one.recent(at) if one else ())
    return {
        "library": name,
        "online": api.online if api else None,
        "breaker": api.breaker if api else "",
        "since": api.since if api else 0.0,
        "terminals": terminals,
        "used": used,
        "licensed": licensed,
        "requests": lately.requests,
        "outcomes": lately.outcomes,
        "codes": lately.codes,
        "durations": lately.durations,
        "last": one.last if one else 0.0,
        "refused_since": one.only_refused(at) if one else 0.0,
    }


def traces(record: Record, about: About) -> Part:
    """Return the traces that run or can be fetched."""
    only(about)
    at = record.now()
    record.traces.forget(at)
    return {
        "rows": [
            {
                "trace": one.name,
                "target": str(one.target),
                "began": one.began,
                "ends": one.ends,
                "runs": at < one.ends,
                "lines": len(one.lines),
                "dropped": one.dropped,
            }
            for one in record.traces.all.values()
        ]
    }


def trace_lines(record: Record, about: About) -> Part | None:
    """Return the lines of a trace."""
    only(about, "trace")
    one = record.traces.all.get(text(about, "trace"))
    if one is None:
        return None
    return {"lines": [[line.at, line.conn, line.seq, line.sent, line.text] for line in one.lines]}


QUESTIONS: dict[str, Callable[[Record, About], Part | None]] = {
    "now": now,
    "libraries": libraries,
    "library": library,
    "terminals": terminals,
    "terminal": terminal,
    "exchanges": exchanges,
    "exchange": exchange,
    "search": search,
    "door": door,
    "traces": traces,
    "trace_lines": trace_lines,
}
"""What can be asked, none of which changes anything."""
