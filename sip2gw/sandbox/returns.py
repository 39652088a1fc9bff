"""Take copies back: end the loan on the day of the return, charge late ones, and serve the next reservation."""

from __future__ import annotations

import sqlite3
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, NewType

from attrs import frozen

from sip2gw.sandbox import (
    copies,
    days,
    fees,
    history,
    ledger,
    members,
    money,
    reservations,
    resolution,
    strict_json,
)
from sip2gw.sandbox.call import Call
from sip2gw.sandbox.copies import TYPES, Types
from sip2gw.sandbox.problem import Problem
from sip2gw.sandbox.strict_json import Name

Waited = NewType("Waited", int)
"""Seconds that have passed: up to a year."""
strict_json.bound(Waited, 0, 365 * 86_400)


@frozen
class Return:
    """The body of `return`. With `offline_at` it has happened already: no policy applies. `waited` is in seconds."""

    identifier: Name
    types: Types = TYPES
    reader: Name | None = None
    returned_at: datetime | None = None
    waited: Waited | None = None
    branch: str | None = None
    terminal: str | None = None
    offline_at: datetime | None = None


def take_back(call: Call, body: Return) -> tuple[int, Any]:
    """Serve `return`: end the loan, if there is one."""
    language = members.language(call, body.reader)
    found = resolution.candidates(call, body.identifier, body.types)
    wanted = resolution.meant(call, resolution.to_return(found, body.reader))
    moment = min(body.offline_at or body.returned_at or call.now, call.now)
    loan = wanted.loan
    if loan is not None and body.offline_at and days.stamp(moment) < loan["issued_at"]:
        loan = None  # It has been lent only after that return.
    if (
        loan is not None
        and body.waited
        and days.stamp(call.now - timedelta(seconds=body.waited)) < loan["issued_at"]
    ):
        loan = None  # Staff have had the copy since, and lent it.
    charged = money.ZERO
    if loan is not None:
        if body.offline_at is None:
            _check(call, loan, call.day(moment))
        charged = close(call, loan, moment, branch=body.branch, terminal=body.terminal)
    copy = copies.shape(call, copies.by_id(call, wanted.copy["id"]))
    return 200, {
        "copy": copy,
        "was_on_loan": loan is not None,
        "member_no": None if loan is None else loan["member_no"],
        "language": language,
        "next_reservation": copy["next_reservation"],
        "due_amount": money.text(charged, call.library.currency),
        "currency": call.library.currency,
    }


def _check(call: Call, booking: sqlite3.Row, day: date) -> None:
    preferences = call.library.preferences
    if not preferences.member_checkins:
        raise Problem("checkin_not_allowed", "preference member_checkins is off")
    if not preferences.overdue_checkins and booking["return_date"] < day.isoformat():
        raise Problem("overdue_checkin_not_allowed", "preference overdue_checkins is off")


def close(
    call: Call, booking: sqlite3.Row, moment: datetime, *, branch: str | None, terminal: str | None
) -> Decimal:
    """End an open loan at this moment, and return its fee."""
    due = date.fromisoformat(booking["return_date"])
    charged = fees.overdue_fee(call, due, call.day(moment))
    fee_id = fees.charge(call, booking["member_id"], "overdue", charged, booking["id"]) if charged else None
    call.change(
        booking,
        status="Returned",
        received_at=days.stamp(moment),
        return_branch=branch,
        terminal=terminal or booking["terminal"],
    )
    reservations.settle(call, booking["media_id"])
    history.remember(call, "return", booking["id"], booking["copy_id"], fee_id)
    ledger.enter(
        call,
        "return",
        booking_id=booking["id"],
        copy_id=booking["copy_id"],
        member_id=booking["member_id"],
        amount=charged if charged else None,
    )
    return charged
