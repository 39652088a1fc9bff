"""Members: found by the exact member number alone. Their permissions are computed for each request."""

from __future__ import annotations

import sqlite3
from decimal import Decimal
from typing import Any, Literal, Protocol

from attrs import define, field, frozen

from sip2gw.sandbox import bookings, fees, ledger, money, passwords
from sip2gw.sandbox.call import Call
from sip2gw.sandbox.passwords import Password
from sip2gw.sandbox.problem import Problem
from sip2gw.sandbox.strict_json import Name


@define
class Standing:
    """The figures that permissions depend on. `quota` None means no limit; `balance` is the amount owed."""

    quota: int | None
    balance: Decimal
    suspended: bool
    issued: int = 0
    overdue: int = 0
    reserved_ready: int = 0
    reserved_waiting: int = 0
    pending: int = 0


@frozen
class Find:
    """The body of `find_member`."""

    member_no: Name
    password: Password | None = field(default=None, repr=False)
    list: bookings.Page | None = None


@frozen
class Block:
    """The body of `block_member`."""

    member_no: Name
    password: Password | None = field(default=None, repr=False)
    password_entered: bool = False
    note: str | None = None


@frozen
class Enable:
    """The body of `enable_member`."""

    member_no: Name
    password: Password | None = field(default=None, repr=False)
    password_entered: bool = False


def standing(call: Call, member: sqlite3.Row) -> Standing:
    """Return the member's counts, quota and balance at this moment."""
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


def reserving(call: Call, member: sqlite3.Row, now: Standing) -> str | None:
    """Return the code with which any reservation of this member would be refused at this moment."""
    preferences = call.library.preferences
    if not preferences.requests:
        return "requests_disabled"
    if (code := _extending(member, now)) is not None:
        return code
    if member["type"] not in preferences.member_types:
        return "member_type_not_allowed"
    if now.quota is not None and now.reserved_ready + now.reserved_waiting + now.pending >= now.quota:
        return "quota_exceeded"
    return None


def _extending(member: sqlite3.Row, now: Standing) -> str | None:
    """Return the code with which any extension of the member's loans would be refused at this moment."""
    if member["status"] != "Active":
        return "member_inactive"
    return "member_suspended" if now.suspended else None


def self_service(call: Call, member: sqlite3.Row) -> bool:
    """Return whether members of this type may check out by themselves here."""
    preferences = call.library.preferences
    return preferences.member_checkouts and member["type"] in preferences.member_types


def numbered(call: Call, member_no: str) -> sqlite3.Row:
    """Return the member with this number. Raises `Problem` (`member_not_found`)."""
    member: sqlite3.Row | None = call.database.execute(
        "SELECT * FROM members WHERE library = ? AND member_no = ?", (call.nickname, member_no)
    ).fetchone()
    if member is None:
        raise Problem("member_not_found", "must equal Member No exactly")
    if member["language"]:
        call.known["language"] = member["language"]
    return member


class Body(passwords.Entered, Protocol):
    """The body of a write about a member."""

    @property
    def member_no(self) -> Name:
        """The member's number."""
        ...


def admitted(call: Call, body: Body) -> sqlite3.Row:
    """Return the member of a write, if the password is theirs or none was entered. Raises `Problem`."""
    member = numbered(call, body.member_no)
    passwords.demand(call, member, body)
    return member


def language(call: Call, member_no: str | None) -> str | None:
    """Return the language of the member who stands at the terminal, if that is known."""
    query = "SELECT language FROM members WHERE library = ? AND member_no = ?"
    found = call.database.execute(query, (call.nickname, member_no)).fetchone()
    if found is None or not found["language"]:
        return None
    call.known["language"] = found["language"]
    return str(found["language"])


def find(call: Call, body: Find) -> tuple[int, Any]:
    """Serve `find_member`."""
    member = numbered(call, body.member_no)
    compared = None if body.password is None else passwords.compare(call, member, body.password)
    known = compared in (None, passwords.RIGHT)
    page = None if body.list is None or not known else _page(call, member["id"], body.list)
    return 200, {**shape(call, member), "password": compared, "page": page}


def _page(call: Call, member_id: int, wanted: bookings.Page) -> dict[str, Any]:
    """Return the requested page of the list."""
    entries: list[Any] = []
    booked: list[Any] = []
    if wanted.kind == "fees":
        owed = fees.open_fees(call, member_id)
        total, entries = len(owed), owed[wanted.offset : wanted.offset + wanted.limit]
    else:
        total, booked = bookings.of_member(call, member_id, wanted)
    return {
        "kind": wanted.kind,
        "total": total,
        "offset": wanted.offset,
        "bookings": booked,
        "fees": entries,
    }


def shape(call: Call, member: sqlite3.Row) -> dict[str, Any]:
    """Return the member as the API shows it."""
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
            "fees": len(fees.payable(call, member["id"])),
        },
        "balance": money.text(now.balance, library.currency),
        "currency": library.currency,
        "fee_limit": None if limit is None else money.text(limit, library.currency),
        "suspended": now.suspended,
        "self_service_allowed": self_service(call, member),
        "refused": {"extend": _extending(member, now), "reserve": reserving(call, member, now)},
        "login": {"has_password": member["password"] is not None, "sso": bool(member["sso"])},
    }


def block(call: Call, body: Block) -> tuple[int, Any]:
    """Serve `block_member`."""
    return _update(call, body, "Inactive", body.note or "")


def enable(call: Call, body: Enable) -> tuple[int, Any]:
    """Serve `enable_member`."""
    return _update(call, body, "Active", "")


def _update(call: Call, body: Body, status: Literal["Active", "Inactive"], note: str) -> tuple[int, Any]:
    member = admitted(call, body)
    if not call.library.preferences.member_updates:
        raise Problem("not_allowed", "preference member_updates is off")
    call.database.execute(
        "UPDATE members SET status = ?, blocked_note = ? WHERE id = ?", (status, note, member["id"])
    )
    ledger.enter(call, "member_update", member_id=member["id"])
    return 200, shape(call, call.row("members", member["id"], "member_not_found"))
