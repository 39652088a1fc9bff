"""The parts of one process or several, made into one answer: sums, one order, and pages of 100.

With several processes a connection is named `2-c7f3a`, by its worker and its own code.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from operator import itemgetter
from typing import Any

from sip2gw.record.asked import Key, key, limit
from sip2gw.record.durations import percentile, summed
from sip2gw.record.load import LATELY, MINUTES

Parts = Sequence[tuple[str, Any]]
"""Parts, each with the number of its worker; empty if there is only one process."""
_RANK = {"offline": 0, "refused": 1, "full": 2, "online": 3, "idle": 4}


def join(what: str, about: Mapping[str, str], parts: Parts) -> Any:
    """Return the answer; None if no part has any."""
    there = [(worker, part) for worker, part in parts if part is not None]
    if not there:
        return None
    how = _HOW.get(what)
    return how(about, there) if how is not None else _first(about, there)


def split_conn(conn: str) -> tuple[str, str]:
    """Return the worker, which may be empty, and the code of a connection."""
    worker, dash, code = conn.partition("-")
    return (worker, code) if dash else ("", conn)


def _first(_: Mapping[str, str], parts: Parts) -> Any:
    worker, part = parts[0]
    return _named(worker, part)


def _named(worker: str, row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "conn": f"{worker}-{row['conn']}"} if worker and "conn" in row else row


def _rows(parts: Parts) -> list[dict[str, Any]]:
    return [_named(worker, row) for worker, part in parts for row in part["rows"]]


def _page(rows: list[dict[str, Any]], most: int) -> dict[str, Any]:
    """Return a page of rows that are in order and have a `key`."""
    page = rows[:most]
    return {"rows": page, "next": page[-1]["key"] if len(rows) > most else None}


def _numbered(rows: list[dict[str, Any]], about: Mapping[str, str]) -> dict[str, Any]:
    """Return a page of rows that are all there; the next one is named by its first row's number."""
    after = about.get("after", "")
    start = int(after) if after.isascii() and after.isdigit() and len(after) < 8 else 0
    end = start + limit(about)
    return {
        "rows": rows[start:end],
        "next": str(end) if end < len(rows) else None,
        "total": len(rows),
    }


def _now(_: Mapping[str, str], parts: Parts) -> dict[str, Any]:
    told = [part for _, part in parts]
    at = max(part["at"] for part in told)
    minutes = [minute for part in told for minute in part["minutes"]]
    this = int(at // 60)
    graph = [0] * MINUTES
    outcomes: dict[str, int] = {}
    for minute in minutes:
        if 0 <= (place := MINUTES - 1 - this + minute["number"]) < MINUTES:
            graph[place] += minute["requests"]
    lately = [minute for minute in minutes if minute["number"] > this - LATELY]
    for minute in lately:
        for outcome, count in minute["outcomes"].items():
            outcomes[outcome] = outcomes.get(outcome, 0) + count
    api = percentile(summed(minute["api"] for minute in lately))
    tiles = [
        {"name": "terminals", "value": sum(part["terminals"] for part in told)},
        {
            "name": "connections without a login",
            "value": sum(p["connections"] - p["terminals"] for p in told),
        },
        {"name": "requests", "value": round(sum(outcomes.values()) / LATELY / 60, 2), "unit": "/s"},
        {
            "name": "p95 at the terminal",
            "value": percentile(summed(m["durations"] for m in lately)),
            "unit": "ms",
        },
        {"name": "p95 of the API", "value": api, "unit": "ms"},
        *({"name": name.replace("_", " "), "value": outcomes[name]} for name in sorted(outcomes)),
        {"name": "delay of the event loop", "value": round(1000 * max(p["lag"] for p in told)), "unit": "ms"},
    ]
    return {
        "at": at,
        "needs": _needs(told),
        "tiles": [tile for tile in tiles if tile["value"] is not None],
        "graph": [round(count / 60, 3) for count in graph],
    }


def _needs(told: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    joined: dict[tuple[str, str], dict[str, Any]] = {}
    for need in (need for part in told for need in part["needs"]):
        same = joined.setdefault((need["kind"], need["subject"]), dict(need, count=0, since=need["since"]))
        # All processes see the same journal, API and certificates.
        together = max if need["kind"] in ("journal", "offline", "warning") else int.__add__
        same["count"] = together(same["count"], need["count"])
        same["since"] = min(filter(None, (same["since"], need["since"])), default=0.0)
    return sorted(joined.values(), key=lambda one: (one["severity"] != "bad", one["since"] or float("inf")))


def _libraries(about: Mapping[str, str], parts: Parts) -> dict[str, Any]:
    by_name: dict[str, list[dict[str, Any]]] = {}
    for _, part in parts:
        for row in part["rows"]:
            by_name.setdefault(row["library"], []).append(row)
    state = about.get("state", "")
    every = ((_state(row), row) for row in map(_one_library, by_name.values()))
    rows = [
        (_RANK[found], -_refused(row), row["library"], row) for found, row in every if state in ("", found)
    ]
    rows.sort(key=itemgetter(0, 1, 2))
    page = _numbered([row for *_, row in rows], about)
    return {**page, "rows": list(map(_summary, page["rows"]))}


def _one_library(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Join what several processes know of one library."""
    if len(rows) == 1:
        return rows[0]
    outcomes: dict[str, int] = {}
    codes: dict[str, list[Any]] = {}
    for row in rows:
        for outcome, count in row["outcomes"].items():
            outcomes[outcome] = outcomes.get(outcome, 0) + count
        for code, (count, last, ref) in row["codes"].items():
            before = codes.get(code, [0, 0.0, ""])
            codes[code] = [before[0] + count, *([last, ref] if last >= before[1] else before[1:])]
    known = [row for row in rows if row["online"] is not None]
    worst = min(known or rows, key=lambda row: (row["online"] is not False, row["breaker"] != "open"))
    refused = [row["refused_since"] for row in rows]
    return {
        **worst,
        **{name: sum(row[name] for row in rows) for name in ("terminals", "used", "requests")},
        "licensed": max((row["licensed"] for row in rows if row["licensed"] is not None), default=None),
        "outcomes": outcomes,
        "codes": codes,
        "durations": summed(row["durations"] for row in rows),
        "last": max(row["last"] for row in rows),
        # A login that was good at one process may come after a refusal at another.
        "refused_since": max(refused) if all(refused) else 0.0,
    }


def _summary(row: dict[str, Any]) -> dict[str, Any]:
    """Return the row of a library for people."""
    left_out = ("outcomes", "codes", "durations", "online")
    top = max(row["codes"].items(), key=lambda one: one[1][0], default=("", None))[0]
    return {
        **{name: value for name, value in row.items() if name not in left_out},
        "state": _state(row),
        "refused": _refused(row),
        "top_code": top,
        "p95": percentile(row["durations"]),
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


def _library(_: Mapping[str, str], parts: Parts) -> dict[str, Any]:
    row = _one_library([part for _, part in parts])
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
        "seats": [_named(worker, seat) for worker, part in parts for seat in part["seats"]],
        "attempts": _attempts([one for _, part in parts for one in part["attempts"]]),
    }


def _terminals(about: Mapping[str, str], parts: Parts) -> dict[str, Any]:
    rows = sorted(_rows(parts), key=lambda row: (row["library"], row["terminal"], row["key"]))
    return _page(rows, limit(about))


def _terminal(_: Mapping[str, str], parts: Parts) -> dict[str, Any]:
    worker, part = parts[0]
    row = _named(worker, part)
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
        "identity": [[name, value] for name, value in identity.items() if value not in ("", None)],
        "spelling": [[name, value] for name, value in spelling.items() if value not in ("", None)],
        "knobs": session.get("knobs", []),
    }


def _moment(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M:%SZ}"


def _exchanges(about: Mapping[str, str], parts: Parts) -> dict[str, Any]:
    rows = sorted(_rows(parts), key=lambda row: _place(row["key"]), reverse=True)
    tags = {part["tag"] for _, part in parts if "tag" in part}
    return {**_page(rows, limit(about)), **({"tag": tags.pop()} if tags else {})}


def _place(shown: str) -> Key:
    found = key(shown)
    assert found is not None  # noqa: S101 (a part has made it)
    return found


def _exchange(_: Mapping[str, str], parts: Parts) -> dict[str, Any]:
    worker, part = max(parts, key=lambda one: float(one[1]["at"]))
    return _named(worker, part)


def _door(about: Mapping[str, str], parts: Parts) -> dict[str, Any]:
    return _numbered(_attempts([row for _, part in parts for row in part["rows"]]), about)


def _attempts(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    joined: dict[tuple[str, ...], dict[str, Any]] = {}
    for row in sorted(rows, key=itemgetter("last")):
        place = row["network"], row["rung"], row["reason"], row["library"]
        before = joined.get(place)
        if before is None:
            joined[place] = dict(row)
        else:
            counted = before["count"] + row["count"]
            joined[place] = {**row, "count": counted, "first": min(before["first"], row["first"])}
    return sorted(joined.values(), key=itemgetter("last"), reverse=True)


def _traces(_: Mapping[str, str], parts: Parts) -> dict[str, Any]:
    joined: dict[str, dict[str, Any]] = {}
    for _worker, part in parts:
        for row in part["rows"]:
            same = joined.setdefault(row["trace"], dict(row, lines=0, dropped=0))
            same["lines"] += row["lines"]
            same["dropped"] += row["dropped"]
            same["runs"] = same["runs"] or row["runs"]
    return {"rows": list(joined.values())}


def _trace_lines(_: Mapping[str, str], parts: Parts) -> dict[str, Any]:
    found = [
        (at, f"{worker}-{conn}" if worker else conn, seq, sent, text)
        for worker, part in parts
        for at, conn, seq, sent, text in part["lines"]
    ]
    found.sort(key=itemgetter(0, 1, 2, 3))
    lines = [
        f"{_exact(at)} {conn}#{seq} {'<' if sent else '>'} {text}" for at, conn, seq, sent, text in found
    ]
    return {"text": "".join(f"{line}\n" for line in lines)}


def _exact(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%M:%S}.{int(at * 1000) % 1000:03}Z"


_HOW: dict[str, Callable[[Mapping[str, str], Parts], Any]] = {
    "now": _now,
    "libraries": _libraries,
    "library": _library,
    "terminals": _terminals,
    "terminal": _terminal,
    "exchanges": _exchanges,
    "exchange": _exchange,
    "search": _exchanges,
    "door": _door,
    "traces": _traces,
    "trace_lines": _trace_lines,
}
