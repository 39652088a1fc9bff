"""A loan is extended from today, never to an earlier day than it had, and not while another member waits for it."""

from __future__ import annotations

import sqlite3
from datetime import date, datetime
from typing import Any

from attrs import frozen

from sip2gw.sandbox import bookings, copies, days, fees, history, ledger, members, prices, reservations
from sip2gw.sandbox.call import Call
from sip2gw.sandbox.problem import Problem
from sip2gw.sandbox.strict import Price


@frozen
class Extension:
    """The body of `extend_booking`. With `offline_at` it has happened already, and no policy is asked."""

    return_date: date | None = None
    accept_fee: Price | None = None
    offline_at: datetime | None = None


@frozen
class ExtensionOfAll:
    """The body of `extend_all_bookings`. `accept_fees`: whatever each of them costs."""

    accept_fees: bool = False


@frozen
class Nothing:
    """The body of an operation that needs none: absent or an empty object."""


def extend(call: Call, booking_id: int, body: Extension) -> tuple[int, Any]:
    """`extend_booking`."""
    booking = bookings.by_id(call, booking_id)
    return 200, _extend(call, booking, body)


def extend_all(call: Call, member_id: int, body: ExtensionOfAll) -> tuple[int, Any]:
    """`extend_all_bookings`: every loan of a member, each by itself; what is refused says why."""
    call.row("members", member_id, "member_not_found")
    query = "SELECT * FROM bookings WHERE member_id = ? AND status = 'Issued' ORDER BY id"
    extended, refused = [], []
    for booking in call.database.execute(query, (member_id,)).fetchall():
        try:
            accepted = Price(_fee(call, booking).amount) if body.accept_fees else None
            extended.append(_extend(call, booking, Extension(accept_fee=accepted)))
        except Problem as problem:
            reason, shown = problem.facts.get("reason"), bookings.shown(call, booking["id"])
            refused.append({"id": booking["id"], "code": problem.code, "reason": reason, "booking": shown})
    return 200, {"extended": extended, "refused": refused}


def _fee(call: Call, booking: sqlite3.Row) -> prices.Fee:
    return prices.Fee(prices.BORROWING, prices.borrowing(call, copies.by_id(call, booking["copy_id"])))


def _extend(call: Call, booking: sqlite3.Row, body: Extension) -> dict[str, Any]:
    if booking["status"] != "Issued":
        raise Problem("not_on_loan", f"the booking is {copies.status(call, booking)}")
    if body.offline_at is None:
        _check(call, booking)
    due = date.fromisoformat(booking["return_date"])
    new = body.return_date or max(days.later(call.today, call.library.preferences.booking_time_days), due)
    if body.offline_at is None and new < max(due, call.today):
        raise Problem("dates_not_available", f"it is due on {due}, and today is {call.today}")
    fee = _fee(call, booking)
    if body.offline_at is None:
        for problem in prices.objection(call, fee, body.accept_fee):
            raise problem
    member_id, booking_id = booking["member_id"], booking["id"]
    fee_id = fees.charge(call, member_id, fee.kind, fee.amount, booking_id) if fee.amount else None
    call.change(booking, return_date=new.isoformat(), renewals=booking["renewals"] + 1)
    history.remember(call, "renewal", booking_id, booking["copy_id"], fee_id)
    where = {"booking_id": booking_id, "copy_id": booking["copy_id"], "member_id": member_id}
    ledger.enter(call, "renewal", **where, amount=fee.amount or None)
    return {**bookings.shown(call, booking_id), "fee": prices.charged(call, fee, fee_id)}


def _check(call: Call, booking: sqlite3.Row) -> None:
    """Raise `Problem` (`not_renewable`) with the rule that stands against it as `reason`."""
    member = call.row("members", booking["member_id"], "member_not_found")
    limit = call.library.preferences.renewals
    if member["status"] != "Active":
        raise Problem("not_renewable", "the member is not active", reason="member_inactive")
    if members.standing(call, member).suspended:
        raise Problem("not_renewable", "the member owes too much", reason="member_suspended")
    if limit is not None and booking["renewals"] >= limit:
        raise Problem("not_renewable", f"preference renewals is {limit}", reason="renewals_used")
    copy = copies.by_id(call, booking["copy_id"])
    waiting = [one for one in copies.queue(call, copy) if one["member_id"] != booking["member_id"]]
    if waiting and not any(
        reservations.is_free(call, one) for one in copies.of_media(call, booking["media_id"])
    ):
        raise Problem("not_renewable", "another member waits for it", reason="reserved_for_other")
