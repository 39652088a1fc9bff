"""A copy that is free and wanted stands on the hold shelf for the first in the queue; `settle` keeps it so.

Whatever frees a copy (a return, a cancellation, an undo) ends with `settle`, so that no reservation waits while a copy
that could serve it is free.
"""

from __future__ import annotations

import sqlite3
from datetime import date
from typing import TYPE_CHECKING, Any

from attrs import field, frozen

from sip2gw.sandbox import bookings, copies, days, fees, history, ledger, members, prices
from sip2gw.sandbox.call import Call
from sip2gw.sandbox.problem import Problem

if TYPE_CHECKING:
    from sip2gw.sandbox.loans import NewBooking


@frozen
class Cancellation:
    """The body of `cancel_booking`."""

    reason: str = field()

    @reason.validator
    def _given(self, _: Any, value: str) -> None:
        if not value.strip():
            raise ValueError("reason must not be empty")


@frozen
class Change:
    """The body of `change_booking`: only what is given changes."""

    branch: str | None = None
    expires_at: date | None = None


def settle(call: Call, media_id: int) -> None:
    """Give the free copies of a title to its reservations, first come first served."""
    waiting = call.database.execute(
        "SELECT * FROM bookings WHERE media_id = ? AND status = 'Reserved' AND NOT ready ORDER BY id",
        (media_id,),
    ).fetchall()
    if not waiting:
        return
    free = [copy for copy in copies.of_media(call, media_id) if is_free(call, copy)]
    for booking in waiting:
        fitting = [copy for copy in free if booking["copy_id"] in (None, copy["id"])]
        # The pickup branch first, if a copy stands there.
        fitting.sort(key=lambda copy: copy["branch"] != booking["branch"])
        if fitting:
            free.remove(fitting[0])
            call.change(booking, ready=1, held_copy_id=fitting[0]["id"])


def is_free(call: Call, copy: sqlite3.Row) -> bool:
    """Whether a copy may circulate, is not lent, and stands on nobody's hold shelf."""
    if not (copies.active(copy) and copies.circulates(copy)):
        return False
    query = "SELECT 1 FROM bookings WHERE status = 'Issued' AND copy_id = ?1"
    held = (
        "SELECT 1 FROM bookings WHERE status = 'Reserved' AND held_copy_id = ?1 AND held_copy_id IS NOT NULL"
    )
    return call.database.execute(f"{query} UNION {held}", (copy["id"],)).fetchone() is None


def reserve(call: Call, member: sqlite3.Row, wanted: NewBooking) -> tuple[int, Any]:
    """`create_booking` with status reserved or pending: wait for any copy of a title, or for the one that is named."""
    copy = None if wanted.copy_id is None else copies.by_id(call, wanted.copy_id)
    media_id = copy["media_id"] if copy is not None else wanted.media_id
    media = call.row("media", media_id, "media_not_found")
    _check(call, member, media, copy)
    _check_keeping(call, wanted.branch, wanted.expires_at)
    starts, ends = _dates(call, wanted.booking_date, wanted.return_date)
    fee = prices.Fee(prices.RESERVATION, prices.reservation(call))
    for problem in prices.objection(call, fee, wanted.accept_fee):
        raise problem
    pending = wanted.status == "pending"
    identity = call.insert(
        member_id=member["id"],
        media_id=media["id"],
        copy_id=None if copy is None else copy["id"],
        status="Pending" if pending else "Reserved",
        booking_date=starts.isoformat(),
        return_date=ends.isoformat(),
        expires_at=wanted.expires_at and wanted.expires_at.isoformat(),
        branch=wanted.branch,
        source=wanted.source,
        terminal=wanted.terminal,
        remark=wanted.remark,
    )
    settle(call, media["id"])
    kind = "request" if pending else "reservation"
    fee_id = fees.charge(call, member["id"], fee.kind, fee.amount, identity) if fee.amount else None
    history.remember(call, kind, identity, wanted.copy_id, fee_id)
    where = {"booking_id": identity, "copy_id": wanted.copy_id, "member_id": member["id"]}
    ledger.enter(call, kind, **where, amount=fee.amount or None)
    return 201, {**bookings.shown(call, identity), "fee": prices.charged(call, fee, fee_id)}


def _check(call: Call, member: sqlite3.Row, media: sqlite3.Row, copy: sqlite3.Row | None) -> None:
    preferences, now = call.library.preferences, members.standing(call, member)
    if not preferences.requests:
        raise Problem("requests_disabled", "preference requests is off")
    if member["status"] != "Active":
        raise Problem("member_inactive")
    if now.suspended:
        raise Problem("member_suspended", f"preference fee_limit is {preferences.fee_limit}")
    if member["type"] not in preferences.member_types:
        raise Problem(
            "member_type_not_allowed", f"preference member_types is {', '.join(preferences.member_types)}"
        )
    possible = copies.of_media(call, media["id"]) if copy is None else [copy]
    if not media["active"] or not any(map(copies.active, possible)):
        raise Problem("copy_inactive")
    if not any(copies.active(one) and copies.circulates(one) for one in possible):
        raise Problem("circulation_disabled")
    query = (
        "SELECT status FROM bookings WHERE member_id = ? AND media_id = ?"
        " AND status IN ('Issued', 'Reserved', 'Pending') ORDER BY status LIMIT 1"
    )
    if has := call.database.execute(query, (member["id"], media["id"])).fetchone():
        raise Problem("already_booked_by_member" if has["status"] == "Issued" else "already_reserved")
    if now.quota is not None and now.reserved_ready + now.reserved_waiting + now.pending >= now.quota:
        raise Problem("quota_exceeded", f"booking quota is {now.quota}")


def _check_keeping(call: Call, branch: str | None, expires: date | None) -> None:
    """Whether a reservation can be kept there, until then."""
    if branch is not None and branch not in call.library.form.branches:
        raise Problem("unknown_branch", f"branches are {', '.join(call.library.form.branches)}")
    if expires is not None and expires < call.today:
        raise Problem("dates_not_available", f"until {expires}, and today is {call.today}")


def _dates(call: Call, starts: date | None, ends: date | None) -> tuple[date, date]:
    starts = starts or call.today
    ends = ends or days.later(starts, call.library.preferences.booking_time_days)
    if starts < call.today or ends < starts:
        raise Problem("dates_not_available", f"from {starts} to {ends}, and today is {call.today}")
    return starts, ends


def cancel(call: Call, booking_id: int, body: Cancellation) -> tuple[int, Any]:
    """`cancel_booking`: give up a request or a reservation; what stood on the shelf goes to the next."""
    booking = bookings.by_id(call, booking_id)
    if booking["status"] not in ("Reserved", "Pending"):
        raise Problem("not_cancellable", f"the booking is {copies.status(call, booking)}")
    copy_id = booking["held_copy_id"] or booking["copy_id"]
    call.change(booking, status="Cancelled", ready=0, held_copy_id=None, remark=body.reason)
    settle(call, booking["media_id"])
    history.remember(call, "cancellation", booking_id, copy_id)
    ledger.enter(call, "cancellation", booking_id=booking_id, copy_id=copy_id, member_id=booking["member_id"])
    return 200, bookings.shown(call, booking_id)


def change(call: Call, booking_id: int, body: Change) -> tuple[int, Any]:
    """`change_booking`: where and until when a reservation or a request is kept; its place in the queue stays."""
    booking = bookings.by_id(call, booking_id)
    if booking["status"] not in ("Reserved", "Pending"):
        raise Problem("not_changeable", f"the booking is {copies.status(call, booking)}")
    _check_keeping(call, body.branch, body.expires_at)
    changes: dict[str, Any] = {} if body.branch is None else {"branch": body.branch}
    if body.expires_at is not None:
        changes["expires_at"] = body.expires_at.isoformat()
    if changes:
        call.change(booking, **changes)
        copy_id = booking["held_copy_id"] or booking["copy_id"]
        history.remember(call, "change", booking_id, copy_id)
        ledger.enter(call, "change", booking_id=booking_id, copy_id=copy_id, member_id=booking["member_id"])
    return 200, bookings.shown(call, booking_id)


def expire(call: Call) -> None:
    """Give up every reservation and request of the library whose last day is over, and serve the next ones."""
    query = (
        "SELECT * FROM bookings WHERE library = ? AND expires_at < ? AND status IN ('Reserved', 'Pending')"
        " ORDER BY id"
    )
    over = call.database.execute(query, (call.nickname, call.today.isoformat())).fetchall()
    for booking in over:
        copy_id = booking["held_copy_id"] or booking["copy_id"]
        call.change(booking, status="Cancelled", ready=0, held_copy_id=None, remark="expired")
        where = {"booking_id": booking["id"], "copy_id": copy_id, "member_id": booking["member_id"]}
        ledger.enter(call, "cancellation", **where)
    for media_id in {booking["media_id"] for booking in over}:
        settle(call, media_id)
    call.before.clear()


def revert(call: Call, booking_id: int) -> tuple[int, Any]:
    """`revert_booking`: undo the newest action of a booking; a copy that this frees goes to the queue."""
    booking = bookings.by_id(call, booking_id)
    history.undo(call, booking_id)
    settle(call, booking["media_id"])
    return 200, bookings.shown(call, booking_id)
