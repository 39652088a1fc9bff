"""Find copies by an identifier, look them up, and show them. `resolution` decides which of several is meant.

Accession numbers are compared as numbers, barcodes as they are, ISBNs as the book they name.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterator
from typing import Any, Literal, NewType

from attrs import frozen

from sip2gw.sandbox import money, prices, strict_json
from sip2gw.sandbox.call import Call
from sip2gw.sandbox.isbn import isbn_key
from sip2gw.sandbox.problem import Problem
from sip2gw.sandbox.strict_json import Name

Kind = Literal["accession", "barcode", "isbn"]
Types = NewType("Types", tuple)  # type: ignore[type-arg]  # a list that is not empty
TYPES = Types(("accession", "barcode", "isbn"))
"""The types of identifiers. A random ten-digit number passes for an ISBN in one case of eleven: it is last."""


def _named(kinds: tuple[Kind, ...]) -> tuple[Kind, ...]:
    if not kinds:
        raise ValueError(f"must name some of {', '.join(TYPES)}")
    return kinds


strict_json.refine(Types, tuple[Kind, ...], _named)

_COPY = (
    "SELECT c.*, m.title, m.authors, m.isbn, m.isbn13, m.issn, m.call_no, m.category, m.type,"
    " m.borrowing_fee, m.active AS media_active, m.circulation AS media_circulation"
    " FROM copies c JOIN media m ON m.id = c.media_id WHERE c.library = ? AND "
)


@frozen
class CopyUpdate:
    """The body of `update_copy`: only what is given changes."""

    identifier: Name
    types: Types = TYPES
    condition: str | None = None
    properties: str | None = None
    location: str | None = None


@frozen
class Find:
    """The body of `find_copy`."""

    identifier: Name
    types: Types = TYPES


def matches(call: Call, identifier: str, kind: str) -> Iterator[sqlite3.Row]:
    """Return the copies that this identifier names as this type, by title and copy number."""
    if kind == "accession":
        if not re.fullmatch("[0-9]{1,18}", identifier):
            return
        where, value = "c.accession_no = ?", identifier.lstrip("0") or "0"
    elif kind == "barcode":
        where, value = "c.barcode = ?", identifier
    else:
        where, value = "m.library = c.library AND m.isbn_key = ?", isbn_key(identifier)
        if not value:
            return
    yield from call.database.execute(
        f"{_COPY}{where} ORDER BY c.media_id, c.copy_no, c.id", (call.nickname, value)
    )


def by_id(call: Call, copy_id: int | None) -> sqlite3.Row:
    """Return the copy with its title. Raises `Problem` (`copy_not_found`)."""
    found: sqlite3.Row | None = call.database.execute(f"{_COPY}c.id = ?", (call.nickname, copy_id)).fetchone()
    if found is None:
        raise Problem("copy_not_found")
    return found


def of_media(call: Call, media_id: int) -> list[sqlite3.Row]:
    """Return all copies of a title, lowest copy number first."""
    query = f"{_COPY}c.media_id = ? ORDER BY c.copy_no, c.id"
    return call.database.execute(query, (call.nickname, media_id)).fetchall()


def active(copy: sqlite3.Row) -> bool:
    return bool(copy["active"] and copy["media_active"])


def circulates(copy: sqlite3.Row) -> bool:
    return bool(copy["circulation"] and copy["media_circulation"])


def loan(call: Call, copy_id: int) -> sqlite3.Row | None:
    """Return the open loan of a copy, with its member's number and name."""
    found: sqlite3.Row | None = call.database.execute(
        "SELECT b.*, m.member_no, m.name FROM bookings b JOIN members m ON m.id = b.member_id"
        " WHERE b.copy_id = ? AND b.status = 'Issued'",
        (copy_id,),
    ).fetchone()
    return found


def queue(call: Call, copy: sqlite3.Row) -> list[sqlite3.Row]:
    """Return the reservations that this copy could serve: first the one that it is held for, then in their order."""
    return call.database.execute(
        "SELECT b.*, m.member_no, m.name FROM bookings b JOIN members m ON m.id = b.member_id"
        " WHERE b.media_id = ?1 AND b.status = 'Reserved' AND (b.held_copy_id = ?2"
        " OR (NOT b.ready AND (b.copy_id IS NULL OR b.copy_id = ?2)))"
        " ORDER BY b.held_copy_id IS NULL, b.id",
        (copy["media_id"], copy["id"]),
    ).fetchall()


def shape(call: Call, copy: sqlite3.Row, matched_by: str | None = None) -> dict[str, Any]:
    """Return the copy as the API shows it: with its title, its loan, and its next reservation."""
    lent, waiting = loan(call, copy["id"]), queue(call, copy)
    result = {
        **brief(copy),
        "active": active(copy),
        "circulation": circulates(copy),
        "condition": copy["condition"],
        "properties": copy["properties"],
        "media": media(call, copy, copy["media_id"]),
        "current_booking": lent and {**_summary(call, lent), "return_date": lent["return_date"]},
        "next_reservation": _summary(call, waiting[0]) if waiting else None,
        "reservations_waiting": len(waiting),
    }
    if matched_by is not None:
        result["matched_by"] = matched_by
    return result


def brief(copy: sqlite3.Row) -> dict[str, Any]:
    """Return the numbers of a copy, and its place."""
    return {key: copy[key] for key in ("id", "accession_no", "copy_no", "barcode", "branch", "location")}


def media(call: Call, row: sqlite3.Row, identity: int) -> dict[str, Any]:
    """Return the title, from a row that has its columns, with its fees at this moment."""
    keys = ("title", "isbn", "isbn13", "issn", "call_no", "category", "type")
    return {
        "id": identity,
        "authors": json.loads(row["authors"]),
        **{key: row[key] for key in keys},
        "borrowing_fee": money.text(prices.borrowing(call, row), call.library.currency),
        "reservation_fee": money.text(prices.reservation(call), call.library.currency),
    }


def titled(call: Call, title: str) -> list[sqlite3.Row]:
    """Return the titles of exactly this name; letter case does not count."""
    rows = call.database.execute("SELECT * FROM media WHERE library = ? ORDER BY id", (call.nickname,))
    wanted = title.strip().casefold()
    return [row for row in rows if row["title"].strip().casefold() == wanted]


def status(call: Call, booking: sqlite3.Row) -> str:
    """Return a booking's status in Librarika's words: an issued one is Overdue from the day after its return date."""
    if booking["status"] == "Issued" and booking["return_date"] < call.today.isoformat():
        return "Overdue"
    return str(booking["status"])


def _summary(call: Call, booking: sqlite3.Row) -> dict[str, Any]:
    member = {"id": booking["member_id"], "member_no": booking["member_no"], "name": booking["name"]}
    return {
        "id": booking["id"],
        "status": status(call, booking),
        "member": member,
        "branch": booking["branch"],
        "booking_date": booking["booking_date"],
        "expires_at": booking["expires_at"],
        "ready": bool(booking["ready"]),
    }
