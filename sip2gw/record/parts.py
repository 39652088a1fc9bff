"""The parts of an answer, one of each process, and what all joined answers share: one order, and pages of 100 rows.

With several processes a connection is named `2-c7f3a`, by its worker and its own code.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sip2gw.record.asked import limit

About = Mapping[str, str]
"""The filters of a question, by name."""
Part = dict[str, Any]
"""What one process answers: plain values."""
Parts = Sequence[tuple[str, Any]]
"""At least one part, each with the number of its worker; that is empty if there is only one process."""
Row = dict[str, Any]


def split_conn(conn: str) -> tuple[str, str]:
    """Return the worker, which may be empty, and the code of a connection."""
    worker, dash, code = conn.partition("-")
    return (worker, code) if dash else ("", conn)


def joined_conn(worker: str, conn: str) -> str:
    """Return the name of a connection among those of all processes."""
    return f"{worker}-{conn}" if worker else conn


def named(worker: str, row: Row) -> Row:
    """Return a row with its connection, if it has one, named by its worker."""
    return {**row, "conn": joined_conn(worker, row["conn"])} if worker and "conn" in row else row


def first(_: About, parts: Parts) -> Any:
    """Return the answer of the process that answered first."""
    worker, part = parts[0]
    return named(worker, part)


def rows_of(parts: Parts) -> list[Row]:
    """Return the rows of all parts."""
    return [named(worker, row) for worker, part in parts for row in part["rows"]]


def summed_outcomes(rows: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """Return how often each outcome came, in all rows."""
    total: Counter[str] = Counter()
    for row in rows:
        total.update(row["outcomes"])
    return dict(total)


def page(rows: list[Row], most: int) -> Row:
    """Return a page of rows that are in order and have a `key`."""
    shown = rows[:most]
    return {"rows": shown, "next": shown[-1]["key"] if len(rows) > most else None}


def numbered_page(rows: list[Row], about: About) -> Row:
    """Return a page of rows that are all there; the next one is named by its first row's number."""
    after = about.get("after", "")
    start = int(after) if after.isascii() and after.isdigit() and len(after) < 8 else 0
    end = start + limit(about)
    return {
        "rows": rows[start:end],
        "next": str(end) if end < len(rows) else None,
        "total": len(rows),
    }
