"""Lend copies. A loan is refused by the first rule that forbids it, or recorded if it has happened already.

`_objections` has the rules in the order in which a client gets them. An offline loan (`offline_at`) is a fact: the
objections are listed as conflicts for the staff, and another member's open loan of the copy is closed first, in the
order in which the loans happened.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from itertools import chain
from typing import Any

from attrs import field, frozen

from sip2gw.sandbox import (
    bookings,
    copies,
    days,
    extensions,
    fees,
    history,
    ledger,
    members,
    prices,
    reservations,
    resolution,
    returns,
)
from sip2gw.sandbox.answer import Answer
from sip2gw.sandbox.call import Call
from sip2gw.sandbox.copies import TYPES, Types
from sip2gw.sandbox.extensions import Terms
from sip2gw.sandbox.passwords import Password
from sip2gw.sandbox.problem import Problem
from sip2gw.sandbox.strict_json import Name

MADE_JUST_NOW = timedelta(minutes=2)
"""A terminal that got no answer may send a new request for the same loan, instead of a repetition, for so long."""


@frozen
class Issue:
    """The body of `issue`. With `offline_at` it has happened already, and no policy applies."""

    member_no: Name
    identifier: Name
    types: Types = TYPES
    password: Password | None = field(default=None, repr=False)
    password_entered: bool = False
    renew: bool = False
    return_date: date | None = None
    accept_fee: bool = False
    branch: str | None = None
    terminal: str | None = None
    offline_at: datetime | None = None


def issue(call: Call, body: Issue) -> tuple[int, Any]:
    """Serve `issue`: lend, or extend the loan that the member has already."""
    member = members.admitted(call, body)
    found = resolution.candidates(call, body.identifier, body.types)
    wanted = resolution.meant(call, resolution.to_issue(found, member["id"], body.branch))
    if (recorded := _recorded(call, member, wanted.copy, body)) is not None:
        return 200, _as_it_is(call, recorded)
    if wanted.loan is None or not wanted.lent_to(member["id"]):
        return 200, _issue(call, member, wanted.copy, body)
    if not _later(body, wanted.loan) if body.offline_at else _made_just_now(call, wanted.loan, body):
        return 200, _as_it_is(call, wanted.loan)
    if not (body.renew or body.offline_at):
        raise Problem("already_booked_by_member", "the terminal does not want renewals")
    terms = Terms(body.return_date, body.accept_fee, body.offline_at)
    return 200, extensions.extended(call, wanted.loan, terms)


def replayed(call: Call, body: Issue, first: Answer) -> Answer:
    """Return the first answer under a key, without a loan that has ended since. Raises `Problem`."""
    if first.status == 200 and body.offline_at is None:
        booking = bookings.by_id(call, json.loads(first.body)["id"])
        if booking["status"] != "Issued":
            raise Problem("not_on_loan", "the loan has ended since")
    return first


def _recorded(call: Call, member: sqlite3.Row, copy: sqlite3.Row, body: Issue) -> sqlite3.Row | None:
    """Return the offline loan that was recorded before: it happened once, however often it is reported."""
    if body.offline_at is None:
        return None
    found: sqlite3.Row | None = call.database.execute(
        "SELECT * FROM bookings WHERE member_id = ? AND copy_id = ? AND issued_at = ? AND status <> 'Cancelled'",
        (member["id"], copy["id"], days.stamp(min(body.offline_at, call.now))),
    ).fetchone()
    return None if found is None or _later(body, found) else found


def _made_just_now(call: Call, loan: sqlite3.Row, body: Issue) -> bool:
    """Return whether this terminal made this loan just now, it is unchanged, and no renewal is wanted."""
    if body.renew or not body.terminal or loan["terminal"] != body.terminal or loan["renewals"]:
        return False
    return bool(loan["issued_at"] >= days.stamp(call.now - MADE_JUST_NOW))


def _later(body: Issue, loan: sqlite3.Row) -> bool:
    """Return whether the terminal has given the member more time than the loan has."""
    return body.return_date is not None and body.return_date.isoformat() > loan["return_date"]


def _as_it_is(call: Call, loan: sqlite3.Row) -> dict[str, Any]:
    return {**bookings.done(call, loan["id"]), "renewed": False, "conflicts": []}


def _issue(call: Call, member: sqlite3.Row, copy: sqlite3.Row, body: Issue) -> dict[str, Any]:
    happened = min(body.offline_at or call.now, call.now)
    starts = call.day(happened)
    ends = body.return_date or days.later(starts, call.library.preferences.booking_time_days)
    fee = prices.Fee(prices.BORROWING, prices.borrowing(call, copy))
    objections = chain(
        _objections(call, member, copy, starts, ends), prices.objection(call, fee, body.accept_fee)
    )
    if body.offline_at is None:
        for problem in objections:
            raise problem
        return {**_lend(call, member, copy, body, starts, ends, happened), "renewed": False, "conflicts": []}
    conflicts = [
        {"code": problem.code, "booking_id": problem.facts.get("booking_id")} for problem in objections
    ]
    made = _record(call, member, copy, body, starts, ends, happened)
    return {**made, "renewed": False, "conflicts": conflicts}


def _objections(
    call: Call, member: sqlite3.Row, copy: sqlite3.Row, starts: date, ends: date
) -> Iterator[Problem]:
    """Yield every rule that forbids this loan; `booking_id` names the booking that prevents it."""
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
        yield Problem("copy_not_available", booking_id=lent["id"], available_from=lent["return_date"])
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
    body: Issue,
    starts: date,
    ends: date,
    happened: datetime,
) -> dict[str, Any]:
    """Enter an offline loan at its place in time."""
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
    body: Issue,
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
        "source": "sip2",
        "terminal": body.terminal,
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
    return bookings.done(call, identity, prices.charged(call, fee, fee_id))


def _reservation(call: Call, member: sqlite3.Row, copy: sqlite3.Row) -> sqlite3.Row | None:
    """Return the member's reservation or request that this copy fulfils: first the one that it is held for."""
    found: sqlite3.Row | None = call.database.execute(
        "SELECT * FROM bookings WHERE media_id = ?1 AND member_id = ?2 AND status IN ('Reserved', 'Pending')"
        " AND (held_copy_id = ?3 OR copy_id IS NULL OR copy_id = ?3) ORDER BY held_copy_id = ?3 DESC, id LIMIT 1",
        (copy["media_id"], member["id"], copy["id"]),
    ).fetchone()
    return found


def _release(call: Call, copy: sqlite3.Row, own: sqlite3.Row | None) -> None:
    """Let the member wait again for whom the copy was held (offline loans only: `_objections` refuses others)."""
    query = "SELECT * FROM bookings WHERE held_copy_id = ? AND status = 'Reserved'"
    held = call.database.execute(query, (copy["id"],)).fetchone()
    if held is not None and (own is None or held["id"] != own["id"]):
        call.change(held, ready=0, held_copy_id=None)
