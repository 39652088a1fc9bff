"""Traces that run or can be fetched, and the lines of one."""

from __future__ import annotations

from datetime import UTC, datetime
from operator import itemgetter
from typing import TYPE_CHECKING

from sip2gw.record.asked import only, text
from sip2gw.record.parts import About, Part, Parts, Row, joined_conn

if TYPE_CHECKING:
    from sip2gw.record.record import Record


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


def joined_traces(_: About, parts: Parts) -> Row:
    """Return each trace once, with the sums of all processes."""
    joined: dict[str, Row] = {}
    for _worker, part in parts:
        for row in part["rows"]:
            same = joined.setdefault(row["trace"], dict(row, lines=0, dropped=0))
            same["lines"] += row["lines"]
            same["dropped"] += row["dropped"]
            same["runs"] = same["runs"] or row["runs"]
    return {"rows": list(joined.values())}


def trace_lines(record: Record, about: About) -> Part | None:
    """Return the lines of a trace."""
    only(about, "trace")
    one = record.traces.all.get(text(about, "trace"))
    if one is None:
        return None
    return {"lines": [[line.at, line.conn, line.seq, line.sent, line.text] for line in one.lines]}


def joined_lines(_: About, parts: Parts) -> Row:
    """Return the lines of all processes in one order, as a text."""
    found = [
        (at, joined_conn(worker, conn), seq, sent, text)
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
