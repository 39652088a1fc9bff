"""A loan is refused for the first rule that stands against it, unless it has happened already: then it is recorded.

`_objections` names every rule in the order in which a client hears of it. What a terminal did off-line (`offline_at`)
is a fact: the objections are listed as conflicts for the staff, and another member's open loan of the copy is closed
first, in the order in which things happened.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import date, datetime
from itertools import chain
from typing import Any, Literal

from attrs import frozen

from sip2gw.sandbox import (
    bookings,
    copies,
    days,
    fees,
    history,
    ledger,
    members,
    prices,
    reservations,
    returns,
)
from sip2gw.sandbox.call import Call
from sip2gw.sandbox.problem import Problem
from sip2gw.sandbox.strict import Identity, Name, Price


@frozen
class NewBooking:
    """The body of `create_booking`."""

    status: Literal["issued", "reserved", "pending"]
    member_id: Identity
    copy_id: Identity | None = None
    media_id: Identity | None = None
    booking_date: date | None = None
    return_date: date | None = None
    branch: str | None = None
    terminal: str | None = None
    source: Name = Name("api")
    remark: str | None = None
    expires_at: date | None = None
    accept_fee: Price | None = None
    offline_at: datetime | None = None

    def __attrs_post_init__(self) -> None:
        if (self.copy_id is None) == (self.media_id is None):
            raise ValueError("give either copy_id or media_id")


def create(call: Call, body: NewBooking) -> tuple[int, Any]:
    """`create_booking`: a loan, a reservation, or a request."""
    member = call.row("members", body.member_id, "member_not_found")
    if body.status != "issued":
        return reservations.reserve(call, member, body)
    copy = copies.by_id(call, body.copy_id) if body.copy_id is not None else _pick(call, member, body)
    return _issue(call, member, copy, body)


def _pick(call: Call, member: sqlite3.Row, body: NewBooking) -> sqlite3.Row:
    """The copy of a title that a member would take: the one set aside, else of the branch, else the lowest number."""
    media_id = body.media_id or 0
    possible = copies.of_media(call, media_id)
    lent = [loan for copy in possible if (loan := copies.loan(call, copy["id"]))]
    if any(loan["member_id"] == member["id"] for loan in lent):
        raise Problem("already_booked_by_member")
    held = "SELECT held_copy_id FROM bookings WHERE member_id = ? AND media_id = ? AND status = 'Reserved' AND ready"
    own = {row[0] for row in call.database.execute(held, (member["id"], media_id))}
    free = [copy for copy in possible if copy["id"] in own or reservations.is_free(call, copy)]
    if free:
        return min(free, key=lambda copy: (copy["id"] not in own, copy["branch"] != body.branch))
    if not possible:
        raise Problem("copy_not_found", "the title has no copies")
    # None is free: the first that could be says why.
    return next((copy for copy in possible if copies.active(copy) and copies.circulates(copy)), possible[0])


def _issue(call: Call, member: sqlite3.Row, copy: sqlite3.Row, body: NewBooking) -> tuple[int, Any]:
    happened = min(body.offline_at or call.now, call.now)
    starts = body.booking_date or call.day(happened)
    ends = body.return_date or days.later(starts, call.library.preferences.booking_time_days)
    fee = prices.Fee(prices.BORROWING, prices.borrowing(call, copy))
    objections = chain(
        _objections(call, member, copy, starts, ends), prices.objection(call, fee, body.accept_fee)
    )
    if body.offline_at is None:
        for problem in objections:
            raise problem
        return 201, _lend(call, member, copy, body, starts, ends, happened)
    conflicts = []
    for problem in objections:
        if problem.code == "already_booked_by_member":
            raise problem
        conflicts.append({"code": problem.code, "booking_id": problem.facts.get("booking_id")})
    return 201, {**_record(call, member, copy, body, starts, ends, happened), "conflicts": conflicts}


def _objections(
    call: Call, member: sqlite3.Row, copy: sqlite3.Row, starts: date, ends: date
) -> Iterator[Problem]:
    """Every rule against this loan; `booking_id` names the booking that stands in the way."""
    preferences, now = call.library.preferences, members.standing(call, member)
    if member["status"] != "Active":
        yield Problem("member_inactive")
    if now.suspended:
        yield Problem("member_suspended", f"preference fee_limit is {preferences.fee_limit}")
    if not preferences.member_checkouts:
        yield Problem("self_service_disabled", "preference member_checkouts is off")
    elif member["type"] not in preferences.member_types:
        types = ", ".join(preferences.member_types)
        yield Problem("member_type_not_allowed", f"preference member_types is {types}")
    if not copies.active(copy):
        yield Problem("copy_inactive")
    elif not copies.circulates(copy):
        yield Problem("circulation_disabled")
    lent, waiting = copies.loan(call, copy["id"]), copies.queue(call, copy)
    if lent is not None:
        code = "already_booked_by_member" if lent["member_id"] == member["id"] else "copy_not_available"
        yield Problem(code, booking_id=lent["id"], available_from=lent["return_date"])
    elif waiting and waiting[0]["member_id"] != member["id"]:
        yield Problem("reserved_for_other", booking_id=waiting[0]["id"])
    if now.quota is not None and now.issued >= now.quota:
        yield Problem("quota_exceeded", f"booking quota is {now.quota}", quota=now.quota)
    if starts > call.today or ends < max(starts, call.today):
        yield Problem("dates_not_available", f"from {starts} to {ends}, and today is {call.today}")


def _record(
    call: Call,
    member: sqlite3.Row,
    copy: sqlite3.Row,
    body: NewBooking,
    starts: date,
    ends: date,
    happened: datetime,
) -> dict[str, Any]:
    """Enter what happened off-line where it belongs in time."""
    lent = copies.loan(call, copy["id"])
    if lent is not None and lent["issued_at"] > days.stamp(happened):
        # The copy has been lent again since: this loan was over by then.
        return _lend(call, member, copy, body, starts, ends, happened, until=lent["issued_at"])
    if lent is not None:
        returns.close(call, lent, happened, branch=body.branch, terminal=body.terminal)
    return _lend(call, member, copy, body, starts, ends, happened)


def _lend(
    call: Call,
    member: sqlite3.Row,
    copy: sqlite3.Row,
    body: NewBooking,
    starts: date,
    ends: date,
    happened: datetime,
    until: str | None = None,
) -> dict[str, Any]:
    """Make the loan, and charge for it. The member's own reservation of the title, if there is one, becomes it."""
    columns = {
        "copy_id": copy["id"],
        "held_copy_id": None,
        "ready": 0,
        "status": "Returned" if until else "Issued",
        "booking_date": starts.isoformat(),
        "return_date": ends.isoformat(),
        "issued_at": days.stamp(happened),
        "received_at": until,
        "branch": body.branch or copy["branch"],
        "source": body.source,
        "terminal": body.terminal,
        "remark": body.remark,
    }
    reservation = None if until else _reservation(call, member, copy)
    if until is None:
        _release(call, copy, reservation)
    if reservation is not None:
        call.change(reservation, **columns)
        identity = int(reservation["id"])
    else:
        identity = call.insert(member_id=member["id"], media_id=copy["media_id"], **columns)
    reservations.settle(call, copy["media_id"])
    fee = prices.Fee(prices.BORROWING, prices.borrowing(call, copy))
    fee_id = fees.charge(call, member["id"], fee.kind, fee.amount, identity) if fee.amount else None
    history.remember(call, "loan", identity, copy["id"], fee_id)
    amount = fee.amount or None
    ledger.enter(call, "loan", booking_id=identity, copy_id=copy["id"], member_id=member["id"], amount=amount)
    return {**bookings.shown(call, identity), "fee": prices.charged(call, fee, fee_id)}


def _reservation(call: Call, member: sqlite3.Row, copy: sqlite3.Row) -> sqlite3.Row | None:
    """The member's reservation or request that this copy fulfils: the one it stands ready for first."""
    found: sqlite3.Row | None = call.database.execute(
        "SELECT * FROM bookings WHERE media_id = ?1 AND member_id = ?2 AND status IN ('Reserved', 'Pending')"
        " AND (held_copy_id = ?3 OR copy_id IS NULL OR copy_id = ?3) ORDER BY held_copy_id = ?3 DESC, id LIMIT 1",
        (copy["media_id"], member["id"], copy["id"]),
    ).fetchone()
    return found


def _release(call: Call, copy: sqlite3.Row, own: sqlite3.Row | None) -> None:
    """Whoever the copy was set aside for waits again (off-line loans only: else `_objections` has refused)."""
    query = "SELECT * FROM bookings WHERE held_copy_id = ? AND status = 'Reserved'"
    held = call.database.execute(query, (copy["id"],)).fetchone()
    if held is not None and (own is None or held["id"] != own["id"]):
        call.change(held, ready=0, held_copy_id=None)
