"""Look up, list and show bookings. One booking is request, reservation and loan in turn."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from typing import Any, Literal, NewType

from attrs import frozen

from sip2gw.sandbox import copies, strict_json
from sip2gw.sandbox.call import Call
from sip2gw.sandbox.problem import Problem

ListKind = Literal["issued", "overdue", "ready", "waiting", "reserved", "fees"]
"""The lists of a member. `issued` includes overdue loans, as the counts of a member do."""

_OPEN = "b.status IN ('Reserved', 'Pending')"
_WHICH = {
    "issued": "b.status = 'Issued'",
    "overdue": "(b.status = 'Issued' AND b.return_date < :today)",
    "ready": f"{_OPEN} AND b.ready",
    "waiting": f"{_OPEN} AND NOT b.ready",
    "reserved": _OPEN,
}
"""The bookings in each list, as a condition."""


Limit = NewType("Limit", int)
Offset = NewType("Offset", int)
strict_json.bound(Limit, 1, 200)
strict_json.bound(Offset, 0, 10**9)


@frozen
class Page:
    """A page of one of a member's lists; `offset` counts from 0."""

    kind: ListKind
    offset: Offset = Offset(0)
    limit: Limit = Limit(50)


_BOOKING = (
    "SELECT b.*, p.member_no, p.name, m.title, m.authors, m.isbn, m.isbn13, m.issn, m.call_no, m.category, m.type,"
    " m.borrowing_fee,"
    " c.id AS shown_copy, c.accession_no, c.copy_no, c.barcode, c.branch AS home, c.location"
    " FROM bookings b JOIN members p ON p.id = b.member_id JOIN media m ON m.id = b.media_id"
    " LEFT JOIN copies c ON c.id = coalesce(b.held_copy_id, b.copy_id) WHERE "
)


def by_id(call: Call, booking_id: int) -> sqlite3.Row:
    """Return the library's booking. Raises `Problem` (`internal_error`) if there is none: a bug of the sandbox."""
    return call.row("bookings", booking_id, "internal_error")


def shown(call: Call, booking_id: int) -> dict[str, Any]:
    """Return the booking as the API shows it, as it is now."""
    row = call.database.execute(
        f"{_BOOKING}b.id = ? AND b.library = ?", (booking_id, call.nickname)
    ).fetchone()
    if row is None:
        raise Problem("internal_error")
    return _shape(call, row)


def of_member(call: Call, member_id: int, page: Page) -> tuple[int, list[Any]]:
    """Count the bookings in a list of the member, and return a page of them: those ready first, then the oldest."""
    where = f"b.member_id = :member AND ({_WHICH[page.kind]})"
    terms = {
        "member": member_id,
        "today": call.today.isoformat(),
        "limit": page.limit,
        "offset": page.offset,
    }
    total = call.database.execute(f"SELECT count(*) FROM bookings b WHERE {where}", terms).fetchone()[0]  # noqa: S608 (from _WHICH)
    order = "b.ready DESC, b.id" if page.kind == "reserved" else "b.id"
    rows = call.database.execute(f"{_BOOKING}{where} ORDER BY {order} LIMIT :limit OFFSET :offset", terms)
    return total, [_shape(call, row) for row in rows.fetchall()]


def open_of(call: Call, member_id: int, media: Iterable[int]) -> sqlite3.Row:
    """Return the member's one reservation or request of these titles.

    Raises `Problem` (`reservation_not_found`, `item_ambiguous`).
    """
    wanted = set(media)
    rows = call.database.execute(
        "SELECT * FROM bookings WHERE member_id = ? AND status IN ('Reserved', 'Pending') ORDER BY id",
        (member_id,),
    )
    theirs: list[sqlite3.Row] = [row for row in rows.fetchall() if row["media_id"] in wanted]
    if not theirs:
        raise Problem("reservation_not_found")
    if len(theirs) > 1:
        raise Problem("item_ambiguous", f"the member has {len(theirs)} such reservations")
    return theirs[0]


def done(call: Call, booking_id: int, fee: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return the answer of a write: the booking as it is now, its fee, and the member's language."""
    return {**shown(call, booking_id), "fee": fee, "language": call.known.get("language")}


def _shape(call: Call, row: sqlite3.Row) -> dict[str, Any]:
    copy = None
    if row["shown_copy"] is not None:
        keys = ("accession_no", "copy_no", "barcode", "location")
        copy = {"id": row["shown_copy"], "branch": row["home"], **{key: row[key] for key in keys}}
    return {
        "id": row["id"],
        "status": copies.status(call, row),
        "booking_date": row["booking_date"],
        "return_date": row["return_date"],
        "received_at": row["received_at"],
        "renewals": row["renewals"],
        "queue_position": _position(call, row),
        "ready": bool(row["ready"]),
        "expires_at": row["expires_at"],
        "branch": row["branch"],
        "return_branch": row["return_branch"],
        "remark": row["remark"],
        "member": {"id": row["member_id"], "member_no": row["member_no"], "name": row["name"]},
        "copy": copy,
        "media": copies.media(call, row, row["media_id"]),
    }


def _position(call: Call, row: sqlite3.Row) -> int | None:
    """Return the place in the title's queue, from 1: reservations in their order, then requests."""
    if row["status"] not in ("Reserved", "Pending"):
        return None
    query = (
        "SELECT count(*) FROM bookings WHERE media_id = ?1 AND status IN ('Reserved', 'Pending')"
        " AND (status = ?2 AND id <= ?3 OR status = 'Reserved' AND ?2 = 'Pending')"
    )
    position: int = call.database.execute(query, (row["media_id"], row["status"], row["id"])).fetchone()[0]
    return position
