"""Reservations. A free copy stands on the hold shelf for the first reservation in the queue.

Each operation that frees a copy (a return, a cancellation, an undo) ends with `settle`, so that no reservation waits
while a copy that could serve it is free.
"""

from __future__ import annotations

import sqlite3
from datetime import date
from typing import Any

from attrs import field, frozen

from sip2gw.sandbox import (
    bookings,
    copies,
    days,
    fees,
    history,
    ledger,
    members,
    prices,
    resolution,
)
from sip2gw.sandbox.call import Call
from sip2gw.sandbox.copies import TYPES, Types
from sip2gw.sandbox.passwords import Password
from sip2gw.sandbox.problem import Problem
from sip2gw.sandbox.strict_json import Name, Title


@frozen
class ItemOrTitle:
    """What a member's request names: an item or a title, and not both. Raises ValueError for both or none."""

    member_no: Name
    identifier: Name | None = None
    title: Title | None = None
    types: Types = TYPES
    password: Password | None = field(default=None, repr=False)
    password_entered: bool = False

    def __attrs_post_init__(self) -> None:
        if (self.identifier is None) == (self.title is None):
            raise ValueError("give either identifier or title")


@frozen
class Reservation(ItemOrTitle):
    """The body of `reserve`."""

    this_copy: bool = False
    pickup: str | None = None
    expires_at: date | None = None
    accept_fee: bool = False
    terminal: str | None = None


@frozen
class Cancellation(ItemOrTitle):
    """The body of `cancel_reservation`."""

    reason: str | None = None


@frozen
class Change(ItemOrTitle):
    """The body of `change_reservation`: only what is given changes."""

    pickup: str | None = None
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
    """Return whether a copy may circulate, is not lent, and is not on the hold shelf."""
    if not (copies.active(copy) and copies.circulates(copy)):
        return False
    query = "SELECT 1 FROM bookings WHERE status = 'Issued' AND copy_id = ?1"
    held = (
        "SELECT 1 FROM bookings WHERE status = 'Reserved' AND held_copy_id = ?1 AND held_copy_id IS NOT NULL"
    )
    return call.database.execute(f"{query} UNION {held}", (copy["id"],)).fetchone() is None


def reserve(call: Call, body: Reservation) -> tuple[int, Any]:
    """Serve `reserve`: wait for any copy of a title, or for the one that is named."""
    member = members.admitted(call, body)
    media_id, copy = _wanted(call, body)
    media = call.row("media", media_id, "copy_not_found")
    _check(call, member, media, copy)
    _check_keeping(call, body.pickup, body.expires_at)
    fee = prices.Fee(prices.RESERVATION, prices.reservation(call))
    for problem in prices.objection(call, fee, body.accept_fee):
        raise problem
    copy_id = None if copy is None else copy["id"]
    identity = call.insert(
        member_id=member["id"],
        media_id=media_id,
        copy_id=copy_id,
        status="Reserved",
        booking_date=call.today.isoformat(),
        return_date=days.later(call.today, call.library.preferences.booking_time_days).isoformat(),
        expires_at=body.expires_at and body.expires_at.isoformat(),
        branch=body.pickup,
        source="sip2",
        terminal=body.terminal,
    )
    settle(call, media_id)
    fee_id = fees.charge(call, member["id"], fee.kind, fee.amount, identity) if fee.amount else None
    history.remember(call, "reservation", identity, copy_id, fee_id)
    where = {"booking_id": identity, "copy_id": copy_id, "member_id": member["id"]}
    ledger.enter(call, "reservation", **where, amount=fee.amount or None)
    return 200, bookings.done(call, identity, prices.charged(call, fee, fee_id))


def _wanted(call: Call, body: Reservation) -> tuple[int, sqlite3.Row | None]:
    """Return the requested title, and the copy if it must be just that one."""
    if body.identifier is None:
        titles = copies.titled(call, body.title or "")
        if len(titles) != 1:
            code = "item_ambiguous" if titles else "copy_not_found"
            raise Problem(code, f"{len(titles)} titles have this name")
        return titles[0]["id"], None
    found = resolution.candidates(call, body.identifier, body.types)
    media_id = resolution.one_title(found)
    return media_id, resolution.the_only(found).copy if body.this_copy else None


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
    """Check that a reservation can be held at that branch, until that day."""
    if branch is not None and branch not in call.library.form.branches:
        raise Problem("unknown_branch", f"branches are {', '.join(call.library.form.branches)}")
    if expires is not None and expires < call.today:
        raise Problem("dates_not_available", f"until {expires}, and today is {call.today}")


def cancel(call: Call, body: Cancellation) -> tuple[int, Any]:
    """Serve `cancel_reservation`: a copy that was held for it goes to the next."""
    booking = _theirs(call, body)
    copy_id = booking["held_copy_id"] or booking["copy_id"]
    call.change(booking, status="Cancelled", ready=0, held_copy_id=None, remark=body.reason)
    settle(call, booking["media_id"])
    history.remember(call, "cancellation", booking["id"], copy_id)
    where = {"booking_id": booking["id"], "copy_id": copy_id, "member_id": booking["member_id"]}
    ledger.enter(call, "cancellation", **where)
    return 200, bookings.done(call, booking["id"])


def change(call: Call, body: Change) -> tuple[int, Any]:
    """Serve `change_reservation`: where and until when it is kept; its place in the queue stays."""
    booking = _theirs(call, body)
    _check_keeping(call, body.pickup, body.expires_at)
    changes: dict[str, Any] = {} if body.pickup is None else {"branch": body.pickup}
    if body.expires_at is not None:
        changes["expires_at"] = body.expires_at.isoformat()
    if changes:
        call.change(booking, **changes)
        copy_id = booking["held_copy_id"] or booking["copy_id"]
        history.remember(call, "change", booking["id"], copy_id)
        where = {"booking_id": booking["id"], "copy_id": copy_id, "member_id": booking["member_id"]}
        ledger.enter(call, "change", **where)
    return 200, bookings.done(call, booking["id"])


def _theirs(call: Call, body: Cancellation | Change) -> sqlite3.Row:
    """Return the member's only reservation or request of the named item or title. Raises `Problem`."""
    member = members.admitted(call, body)
    if body.identifier is None:
        return bookings.open_of(
            call, member["id"], (one["id"] for one in copies.titled(call, body.title or ""))
        )
    found = resolution.candidates(call, body.identifier, body.types)
    return bookings.open_of(call, member["id"], (one.copy["media_id"] for one in found))


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
