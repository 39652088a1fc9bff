"""Fees and payments. A member owes the exact sum of all outstanding amounts, in the library's one currency.

An entry of the account has an `amount` (a debit is positive, a payment or credit negative) and a `paid` part. Their
difference is outstanding. A payment is set off against the fees it names, or the oldest first.
"""

from __future__ import annotations

import json
import sqlite3
from datetime import date
from decimal import Decimal
from typing import Any

from attrs import field, frozen

from sip2gw.sandbox import ledger, money
from sip2gw.sandbox.call import Call
from sip2gw.sandbox.days import stamp
from sip2gw.sandbox.passwords import Password
from sip2gw.sandbox.problem import Problem
from sip2gw.sandbox.strict_json import Identity, Name


@frozen
class Payment:
    """The body of `pay`."""

    member_no: Name
    amount: Decimal
    currency: str
    password: Password | None = field(default=None, repr=False)
    password_entered: bool = False
    type: Name = Name("cash")
    transaction_id: Name | None = None
    fee_id: Identity | None = None
    allow_credit: bool = False
    """Whether an overpayment may stay as a credit."""


def balance(call: Call, member_id: int) -> Decimal:
    """Return the amount that the member owes; negative when in credit."""
    rows = call.database.execute(
        "SELECT amount, paid FROM transactions WHERE member_id = ? AND open", (member_id,)
    )
    return sum((Decimal(amount) - Decimal(paid) for amount, paid in rows), money.ZERO)


def suspended(call: Call, owed: Decimal) -> bool:
    """Return whether a member who owes this much may no longer borrow."""
    preferences = call.library.preferences
    return preferences.fees and preferences.fee_limit is not None and owed >= preferences.fee_limit


def charge(call: Call, member_id: int, kind: str, amount: Decimal, booking_id: int | None = None) -> int:
    """Add a fee to a member's account and return its number."""
    query = (
        "INSERT INTO transactions (library, member_id, type, amount, paid, open, booking_id, created_at)"
        " VALUES (?, ?, ?, ?, '0', 1, ?, ?)"
    )
    at = stamp(call.now)
    added = call.database.execute(query, (call.nickname, member_id, kind, str(amount), booking_id, at))
    return added.lastrowid or 0


def overdue_fee(call: Call, due: date, returned: date) -> Decimal:
    """Return the fee of a loan that was due on one day and came back on another."""
    late = max((returned - due).days, 0)
    preferences = call.library.preferences
    return (
        money.rounded(preferences.overdue_fee_per_day * late, call.library.currency)
        if preferences.fees
        else money.ZERO
    )


def open_fees(call: Call, member_id: int) -> list[dict[str, Any]]:
    """Return the member's open fees as the API shows them, oldest first."""
    rows = call.database.execute(
        "SELECT t.*, m.title, c.accession_no FROM transactions t LEFT JOIN bookings b ON b.id = t.booking_id"
        " LEFT JOIN media m ON m.id = b.media_id LEFT JOIN copies c ON c.id = b.copy_id"
        " WHERE t.member_id = ? AND NOT t.void AND t.open ORDER BY t.id",
        (member_id,),
    )
    return [_shape(call, row) for row in rows if Decimal(row["amount"]) > Decimal(row["paid"])]


def _shape(call: Call, row: sqlite3.Row) -> dict[str, Any]:
    amount, paid, currency = Decimal(row["amount"]), Decimal(row["paid"]), call.library.currency
    return {
        "id": row["id"],
        "type": row["type"],
        "amount": money.text(amount, currency),
        "paid": money.text(paid, currency),
        "outstanding": money.text(amount - paid, currency),
        "currency": currency,
        "booking_id": row["booking_id"],
        "title": row["title"],
        "accession_no": row["accession_no"],
        "created_at": row["created_at"],
    }


def pay(call: Call, member_id: int, body: Payment) -> dict[str, Any]:
    """Set a payment off against fees. The same `transaction_id` again gives the first result."""
    first = call.database.execute(
        "SELECT amount, result FROM transactions WHERE library = ? AND member_id = ? AND reference = ?",
        (call.nickname, member_id, body.transaction_id),
    ).fetchone()
    if first is not None:
        if -Decimal(first["amount"]) != body.amount:
            raise Problem("payment_differs")
        result: dict[str, Any] = json.loads(first["result"])
        return result
    _check(call, body)
    owed = balance(call, member_id)
    fees = payable(call, member_id)
    if body.fee_id is not None:
        fees = {identity: fee for identity, fee in fees.items() if identity == body.fee_id}
        if not fees:
            raise Problem("fee_not_found")
    most = owed if body.fee_id is None else min(owed, fees[body.fee_id][1])
    if body.amount > most and not body.allow_credit:
        raise Problem("payment_too_large", payable=money.text(max(most, money.ZERO), call.library.currency))
    left = body.amount
    for fee, rest in fees.values():
        part = min(rest, left)
        _settle(call, fee, part)
        left -= part
    return _receipt(call, member_id, body, owed - body.amount, left)


def _check(call: Call, body: Payment) -> None:
    if not call.library.preferences.fees:
        raise Problem("fees_disabled")
    if body.currency != call.library.currency:
        raise Problem("currency_mismatch", f"the library's currency is {call.library.currency}")
    if body.amount <= 0 or body.amount != money.rounded(body.amount, body.currency):
        raise Problem(
            "validation_failed", "amount: must be positive and in whole minor units of the currency"
        )


def payable(call: Call, member_id: int) -> dict[int, tuple[sqlite3.Row, Decimal]]:
    """Return the open fees of a member and the outstanding amount of each, oldest first."""
    rows = call.database.execute(
        "SELECT * FROM transactions WHERE member_id = ? AND open ORDER BY id", (member_id,)
    )
    fees = {row["id"]: (row, Decimal(row["amount"]) - Decimal(row["paid"])) for row in rows}
    return {identity: fee for identity, fee in fees.items() if fee[1] > 0}


def _settle(call: Call, fee: sqlite3.Row, part: Decimal) -> None:
    paid = Decimal(fee["paid"]) + part
    still_open = paid != Decimal(fee["amount"])
    query = "UPDATE transactions SET paid = ?, open = ? WHERE id = ?"
    call.database.execute(query, (str(paid), still_open, fee["id"]))


def _receipt(call: Call, member_id: int, body: Payment, owed: Decimal, left: Decimal) -> dict[str, Any]:
    """Enter the payment itself; the amount that was not set off (`left`) stays as a credit."""
    identity = charge(call, member_id, "payment", -body.amount)
    result = {
        "id": identity,
        "transaction_id": body.transaction_id,
        "type": body.type,
        "amount": money.text(body.amount, body.currency),
        "currency": body.currency,
        "balance": money.text(owed, body.currency),
    }
    call.database.execute(
        "UPDATE transactions SET paid = ?, open = ?, reference = ?, result = ? WHERE id = ?",
        (str(left - body.amount), left != 0, body.transaction_id, json.dumps(result), identity),
    )
    ledger.enter(call, "payment", member_id=member_id, amount=body.amount)
    return result
