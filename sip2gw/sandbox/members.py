"""A member is found by the exact member number and nothing else; what the member may do is computed when asked."""

from __future__ import annotations

import sqlite3
from decimal import Decimal
from typing import Any, Literal

from attrs import define, frozen

from sip2gw.sandbox import fees, ledger, money
from sip2gw.sandbox.call import Call
from sip2gw.sandbox.problem import Problem


@define
class Standing:
    """What counts when a member wants something. `quota` None means no limit; `balance` is what is owed."""

    quota: int | None
    balance: Decimal
    suspended: bool
    issued: int = 0
    overdue: int = 0
    reserved_ready: int = 0
    reserved_waiting: int = 0
    pending: int = 0


@frozen
class MemberUpdate:
    """The body of `update_member`: only what is given changes."""

    status: Literal["Active", "Inactive"] | None = None
    blocked_note: str | None = None


def standing(call: Call, member: sqlite3.Row) -> Standing:
    """The member's counts, quota and balance at this moment."""
    own, preferences = member["booking_quota"], call.library.preferences
    owed = fees.balance(call, member["id"])
    result = Standing(preferences.booking_quota if own is None else own, owed, fees.suspended(call, owed))
    rows = call.database.execute(
        "SELECT status, ready, return_date < ? AS late, count(*) AS n FROM bookings WHERE member_id = ?"
        " AND status IN ('Issued', 'Reserved', 'Pending') GROUP BY 1, 2, 3",
        (call.today.isoformat(), member["id"]),
    )
    for status, ready, late, count in rows:
        if status == "Issued":
            result.issued += count
            result.overdue += count if late else 0
        elif status == "Pending":
            result.pending += count
        elif ready:
            result.reserved_ready += count
        else:
            result.reserved_waiting += count
    return result


def self_service(call: Call, member: sqlite3.Row) -> bool:
    """Whether members of this type may check out by themselves here."""
    preferences = call.library.preferences
    return preferences.member_checkouts and member["type"] in preferences.member_types


def find(call: Call, member_no: str) -> tuple[int, Any]:
    """`find_member`."""
    member = call.database.execute(
        "SELECT * FROM members WHERE library = ? AND member_no = ?", (call.nickname, member_no)
    ).fetchone()
    if member is None:
        raise Problem("member_not_found", "must equal Member No exactly")
    return 200, shape(call, member)


def shape(call: Call, member: sqlite3.Row) -> dict[str, Any]:
    """The member as the API shows it."""
    now, library = standing(call, member), call.library
    limit = library.preferences.fee_limit if library.preferences.fees else None
    return {
        "id": member["id"],
        "member_no": member["member_no"],
        "name": member["name"],
        "email": member["email"],
        "phone": member["phone"],
        "address": member["address"],
        "language": member["language"],
        "type": member["type"],
        "group": member["category"],
        "status": member["status"],
        "blocked_note": member["blocked_note"],
        "quota": now.quota,
        "counts": {
            "issued": now.issued,
            "overdue": now.overdue,
            "reserved_ready": now.reserved_ready,
            "reserved_waiting": now.reserved_waiting,
            "pending": now.pending,
        },
        "balance": money.text(now.balance, library.currency),
        "currency": library.currency,
        "fee_limit": None if limit is None else money.text(limit, library.currency),
        "suspended": now.suspended,
        "self_service_allowed": self_service(call, member),
        "login": {"has_password": member["password"] is not None, "sso": bool(member["sso"])},
    }


def update(call: Call, member_id: int, body: MemberUpdate) -> tuple[int, Any]:
    """`update_member`: block or unblock, where the library's policy allows it."""
    if not call.library.preferences.member_updates:
        raise Problem("not_allowed", "preference member_updates is off")
    member = call.row("members", member_id, "member_not_found")
    status = member["status"] if body.status is None else body.status
    note = member["blocked_note"] if body.blocked_note is None else body.blocked_note
    call.database.execute(
        "UPDATE members SET status = ?, blocked_note = ? WHERE id = ?", (status, note, member_id)
    )
    ledger.enter(call, "member_update", member_id=member_id)
    return 200, shape(call, call.row("members", member_id, "member_not_found"))
