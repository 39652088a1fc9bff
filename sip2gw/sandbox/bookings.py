"""One record is request, reservation and loan in turn; here it is looked up, listed and shown, and never changed."""

from __future__ import annotations

import sqlite3
from typing import Any

from attrs import frozen

from sip2gw.sandbox import copies
from sip2gw.sandbox.call import Call
from sip2gw.sandbox.problem import Problem

STATUSES = {
    "issued": "b.status = 'Issued'",
    "overdue": "(b.status = 'Issued' AND b.return_date < :today)",
    "reserved": "b.status = 'Reserved'",
    "pending": "b.status = 'Pending'",
    "returned": "b.status = 'Returned'",
    "cancelled": "b.status = 'Cancelled'",
}
"""What `status=` may say. `issued` includes what is overdue, as the counts of a member do."""

_BOOKING = (
    "SELECT b.*, p.member_no, p.name, m.title, m.authors, m.isbn, m.isbn13, m.issn, m.call_no, m.category, m.type,"
    " m.borrowing_fee,"
    " c.id AS shown_copy, c.accession_no, c.copy_no, c.barcode, c.branch AS home, c.location"
    " FROM bookings b JOIN members p ON p.id = b.member_id JOIN media m ON m.id = b.media_id"
    " LEFT JOIN copies c ON c.id = coalesce(b.held_copy_id, b.copy_id) WHERE "
)


def by_id(call: Call, booking_id: int) -> sqlite3.Row:
    """The library's booking. Raises `Problem` (`booking_not_found`)."""
    return call.row("bookings", booking_id, "booking_not_found")


def shown(call: Call, booking_id: int) -> dict[str, Any]:
    """The booking as the API shows it, as it is now."""
    row = call.database.execute(
        f"{_BOOKING}b.id = ? AND b.library = ?", (booking_id, call.nickname)
    ).fetchone()
    if row is None:
        raise Problem("booking_not_found")
    return _shape(call, row)


@frozen
class Filter:
    """Which of a member's bookings are wanted, in which order; no status means those that are still open."""

    statuses: tuple[str, ...] = ()
    ready: bool | None = None
    copy_id: int | None = None
    media_id: int | None = None
    newest: bool = False


def of_member(call: Call, member_id: int, which: Filter, offset: int, limit: int) -> tuple[int, Any]:
    """`list_bookings`: a page of a member's bookings, oldest first, or those that came back last first."""
    call.row("members", member_id, "member_not_found")
    wanted = " OR ".join(STATUSES[name] for name in which.statuses or ("issued", "reserved", "pending"))
    where = (
        f"b.member_id = :member AND ({wanted}) AND (:ready IS NULL OR b.ready = :ready)"
        " AND (:copy IS NULL OR b.copy_id = :copy) AND (:media IS NULL OR b.media_id = :media)"
    )
    order = "coalesce(b.received_at, b.created_at) DESC, b.id DESC" if which.newest else "b.id"
    terms = {
        "member": member_id,
        "today": call.today.isoformat(),
        "ready": which.ready,
        "copy": which.copy_id,
        "media": which.media_id,
        "limit": limit,
        "offset": offset,
    }
    total = call.database.execute(f"SELECT count(*) FROM bookings b WHERE {where}", terms).fetchone()[0]  # noqa: S608 (from STATUSES)
    page = call.database.execute(f"{_BOOKING}{where} ORDER BY {order} LIMIT :limit OFFSET :offset", terms)
    items = [_shape(call, row) for row in page.fetchall()]
    return 200, {"items": items, "total": total, "offset": offset, "limit": limit}


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
    """The place in the title's queue, from 1: reservations as they were made, and requests behind them."""
    if row["status"] not in ("Reserved", "Pending"):
        return None
    query = (
        "SELECT count(*) FROM bookings WHERE media_id = ?1 AND status IN ('Reserved', 'Pending')"
        " AND (status = ?2 AND id <= ?3 OR status = 'Reserved' AND ?2 = 'Pending')"
    )
    position: int = call.database.execute(query, (row["media_id"], row["status"], row["id"])).fetchone()[0]
    return position
