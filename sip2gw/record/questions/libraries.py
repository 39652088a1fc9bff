"""Libraries with their last two hours: those with trouble first, or one of them with its seats and failed attempts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from sip2gw.record.asked import only, text
from sip2gw.record.durations import p95, summed
from sip2gw.record.facts import API, Facts
from sip2gw.record.libraries import Library, joined
from sip2gw.record.other_machines import Machines
from sip2gw.record.parts import About, Part, Parts, Row, named, numbered_page, summed_outcomes
from sip2gw.record.questions.door import attempts_row, groups, joined_attempts

if TYPE_CHECKING:
    from sip2gw.record.record import Record

_LATEST = 20
_RANK = {"offline": 0, "refused": 1, "full": 2, "online": 3, "idle": 4}


def libraries(record: Record, about: About) -> Part:
    """Return all libraries: several processes may each know a part of every one."""
    only(about, "q", "state", "after", "limit")
    at, facts = record.now(), record.gateway.facts()
    apis = {one.library: one for one in facts.apis}
    terminals = record.connections.terminals_by_library()
    names = record.libraries.all.keys() | apis.keys() | facts.seats.keys() | facts.libraries
    wanted = text(about, "q").lower()
    return {
        "rows": [
            _row(record.libraries.all.get(name), name, apis.get(name), facts, terminals.get(name, 0), at)
            for name in names
            if wanted in name
        ]
    }


def library(record: Record, about: About) -> Part | None:
    """Return one library, with its terminals and the attempts that failed."""
    only(about, "library")
    name, at, facts = text(about, "library").lower(), record.now(), record.gateway.facts()
    api = next((one for one in facts.apis if one.library == name), None)
    known = record.libraries.all.get(name)
    if known is None and api is None and name not in facts.libraries and name not in facts.seats:
        return None
    of_it = [one for one in record.connections.live.values() if one.library == name]
    held = record.gateway.held(name)
    return {
        **_row(known, name, api, facts, len(of_it), at),
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
        "attempts": [attempts_row(one) for one in islice(groups(record, library=name), _LATEST)],
    }


def _row(one: Library | None, name: str, api: API | None, facts: Facts, terminals: int, at: float) -> Row:
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


def joined_libraries(about: About, parts: Parts, machines: Machines) -> Row | None:
    """Return a page of the libraries at all machines, those with trouble first; None if no process has answered."""
    if not parts:
        return None
    by_name: dict[str, list[Row]] = {}
    for _, part in parts:
        for row in part["rows"]:
            by_name.setdefault(row["library"], []).append(row)
    state, wanted = about.get("state", ""), text(about, "q").lower()
    for name in machines.libraries.keys() - by_name.keys():
        if wanted in name:
            by_name[name] = [_only_elsewhere(name)]
    every = ((_state(row), row) for row in map(machines.added, map(_joined_rows, by_name.values())))
    rows = [
        (_RANK[found], -_refused(row), row["library"], row) for found, row in every if state in ("", found)
    ]
    rows.sort(key=itemgetter(0, 1, 2))
    page = numbered_page([row for *_, row in rows], about)
    return {**page, "rows": list(map(_summary, page["rows"]))}


def joined_library(about: About, parts: Parts, machines: Machines) -> Row | None:
    """Return one library, its codes by their number, with all its seats and attempts."""
    if not parts and (name := text(about, "library").lower()) in machines.libraries:
        parts = [("", {**_only_elsewhere(name), "seats": [], "attempts": []})]
    if not parts:
        return None
    row = machines.added(_joined_rows([part for _, part in parts]))
    codes = sorted(row["codes"].items(), key=lambda one: -one[1][0])
    shown = _summary(row)
    return {
        **shown,
        "state_word": shown["state"],
        "terminal_count": row["terminals"],
        "outcomes": row["outcomes"],
        "codes": [
            {"code": code, "count": count, "last": last, "ref": ref} for code, (count, last, ref) in codes
        ],
        "seats": [named(worker, seat) for worker, part in parts for seat in part["seats"]],
        "attempts": joined_attempts([one for _, part in parts for one in part["attempts"]]),
    }


def _only_elsewhere(library: str) -> Row:
    """Return a library of which this machine knows nothing."""
    return _row(None, library, None, Facts(), 0, 0.0)


def _joined_rows(rows: Sequence[Row]) -> Row:
    """Join what several processes know of one library."""
    if len(rows) == 1:
        return rows[0]
    known = [row for row in rows if row["online"] is not None]
    worst = min(known or rows, key=lambda row: (row["online"] is not False, row["breaker"] != "open"))
    refused = [row["refused_since"] for row in rows]
    return {
        **worst,
        **{name: sum(row[name] for row in rows) for name in ("terminals", "used", "requests")},
        "licensed": max((row["licensed"] for row in rows if row["licensed"] is not None), default=None),
        "outcomes": summed_outcomes(rows),
        "codes": _joined_codes(rows),
        "durations": summed(row["durations"] for row in rows),
        "last": max(row["last"] for row in rows),
        # A login that was good at one process may come after a refusal at another.
        "refused_since": max(refused) if all(refused) else 0.0,
    }


def _joined_codes(rows: Sequence[Row]) -> dict[str, tuple[int, float, str]]:
    """Return for each code how often it came, and when and under which ref it came last."""
    joined: dict[str, tuple[int, float, str]] = {}
    for row in rows:
        for code, (count, last, ref) in row["codes"].items():
            counted, latest, example = joined.get(code, (0, 0.0, ""))
            if last >= latest:
                latest, example = last, ref
            joined[code] = counted + count, latest, example
    return joined


def _summary(row: Row) -> Row:
    """Return the row of a library for people."""
    left_out = ("outcomes", "codes", "durations", "online")
    top = max(row["codes"].items(), key=lambda one: one[1][0], default=("", None))[0]
    return {
        **{name: value for name, value in row.items() if name not in left_out},
        "state": _state(row),
        "refused": _refused(row),
        "top_code": top,
        "p95": p95(row["durations"]),
    }


def _refused(row: Mapping[str, Any]) -> float:
    """Return how many of a hundred requests were not answered as asked."""
    answered: int = row["outcomes"].get("answered", 0)
    return round(100 * (1 - answered / row["requests"]), 1) if row["requests"] else 0.0


def _state(row: Mapping[str, Any]) -> str:
    if row["online"] is False or row["breaker"] == "open":
        return "offline"
    if row["refused_since"]:
        return "refused"
    if row["licensed"] is not None and row["used"] >= row["licensed"]:
        return "full"
    return "online" if row["terminals"] or row["online"] else "idle"
