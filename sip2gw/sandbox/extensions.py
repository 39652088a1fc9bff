"""Extend loans: from today, never to an earlier day, and not while another member waits for the item."""

from __future__ import annotations

import sqlite3
from datetime import date, datetime
from typing import Any, NewType

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
    reservations,
    resolution,
    strict_json,
)
from sip2gw.sandbox.call import Call
from sip2gw.sandbox.passwords import Password
from sip2gw.sandbox.problem import Problem
from sip2gw.sandbox.strict_json import Name

Most = NewType("Most", int)
"""How many loans are tried: 0 to 200."""
strict_json.bound(Most, 0, 200)


@frozen
class Extension(reservations.ItemOrTitle):
    """The body of `extend`. With `offline_at` it has happened already, and no policy applies."""

    third_party: bool = False
    return_date: date | None = None
    accept_fee: bool = False
    offline_at: datetime | None = None


MOST_LISTED = 200
"""Refusals in one answer of `extend_all`."""


@frozen
class ExtensionOfAll:
    """The body of `extend_all`. With `accept_fee` each may cost its fee."""

    member_no: Name
    password: Password | None = field(default=None, repr=False)
    password_entered: bool = False
    accept_fee: bool = False
    limit: Most = Most(200)


@frozen
class Terms:
    """How a loan is extended."""

    return_date: date | None = None
    accept_fee: bool = False
    offline_at: datetime | None = None


def extend(call: Call, body: Extension) -> tuple[int, Any]:
    """Serve `extend`."""
    member = members.admitted(call, body)
    loan: sqlite3.Row | None
    if body.identifier is None:
        loan = _of_title(call, member, body.title or "")
    else:
        found = resolution.candidates(call, body.identifier, body.types)
        wanted = resolution.to_extend(found, member["id"], third_party=body.third_party)
        loan = resolution.meant(call, wanted).loan
    if loan is None:
        raise Problem("not_on_loan")
    return 200, extended(call, loan, Terms(body.return_date, body.accept_fee, body.offline_at))


def _of_title(call: Call, member: sqlite3.Row, title: str) -> sqlite3.Row:
    """Return the only loan that the member has of a title of this name."""
    named = {media["id"] for media in copies.titled(call, title)}
    theirs = [loan for loan in _loans(call, member) if loan["media_id"] in named]
    if not theirs:
        raise Problem("not_on_loan", "the member has no loan of this title")
    if len(theirs) > 1:
        raise Problem("item_ambiguous", f"the member has {len(theirs)} loans of this title")
    copy = copies.by_id(call, theirs[0]["copy_id"])
    call.known |= {"copy": copies.brief(copy), "media": copies.media(call, copy, copy["media_id"])}
    return theirs[0]


def _loans(call: Call, member: sqlite3.Row) -> list[sqlite3.Row]:
    query = "SELECT * FROM bookings WHERE member_id = ? AND status = 'Issued' ORDER BY id"
    return call.database.execute(query, (member["id"],)).fetchall()


def extend_all(call: Call, body: ExtensionOfAll) -> tuple[int, Any]:
    """Serve `extend_all`: every loan of a member, each by itself; each refusal that is listed has its reason."""
    member = members.admitted(call, body)
    done, refused = list[dict[str, Any]](), list[dict[str, Any]]()
    more = 0
    for number, booking in enumerate(_loans(call, member)):
        try:
            if number >= body.limit:
                raise Problem("not_tried", f"the limit is {body.limit}")
            done.append(_extend(call, booking, Terms(accept_fee=body.accept_fee)))
        except Problem as problem:
            if len(refused) == MOST_LISTED:
                more += 1
                continue
            reason, shown = problem.facts.get("reason"), bookings.shown(call, booking["id"])
            refused.append({"code": problem.code, "reason": reason, "booking": shown})
    return 200, {"extended": done, "refused": refused, "more": more, "language": member["language"] or None}


def extended(call: Call, loan: sqlite3.Row, terms: Terms) -> dict[str, Any]:
    """Extend a loan, and return it. Raises `Problem`."""
    return {**_extend(call, loan, terms), "renewed": True, "conflicts": []}


def _fee(call: Call, booking: sqlite3.Row) -> prices.Fee:
    return prices.Fee(prices.BORROWING, prices.borrowing(call, copies.by_id(call, booking["copy_id"])))


def _extend(call: Call, booking: sqlite3.Row, terms: Terms) -> dict[str, Any]:
    if terms.offline_at is None:
        _check(call, booking)
    due = date.fromisoformat(booking["return_date"])
    new = terms.return_date or max(days.later(call.today, call.library.preferences.booking_time_days), due)
    if terms.offline_at is None and new < max(due, call.today):
        raise Problem("dates_not_available", f"it is due on {due}, and today is {call.today}")
    fee = _fee(call, booking)
    if terms.offline_at is None:
        for problem in prices.objection(call, fee, terms.accept_fee):
            raise problem
    member_id, booking_id = booking["member_id"], booking["id"]
    fee_id = fees.charge(call, member_id, fee.kind, fee.amount, booking_id) if fee.amount else None
    call.change(booking, return_date=new.isoformat(), renewals=booking["renewals"] + 1)
    history.remember(call, "renewal", booking_id, booking["copy_id"], fee_id)
    where = {"booking_id": booking_id, "copy_id": booking["copy_id"], "member_id": member_id}
    ledger.enter(call, "renewal", **where, amount=fee.amount or None)
    return bookings.done(call, booking_id, prices.charged(call, fee, fee_id))


def _check(call: Call, booking: sqlite3.Row) -> None:
    """Raise `Problem` (`not_renewable`) with the rule that forbids it as `reason`."""
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
