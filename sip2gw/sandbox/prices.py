"""Fees for borrowing and reserving: the title's own, else the library's; none where fees are off.

A fee is charged only if it was accepted before, or if the loan has happened already.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from attrs import frozen

from sip2gw.sandbox import money
from sip2gw.sandbox.call import Call
from sip2gw.sandbox.problem import Problem

BORROWING, RESERVATION = "borrowing", "reservation"


@frozen
class Fee:
    """One fee, for an entry of the account."""

    kind: str
    amount: Decimal


def borrowing(call: Call, media: sqlite3.Row) -> Decimal:
    """Return the fee of a loan, or of another term of it; `media` is a row with the title's columns."""
    preferences = call.library.preferences
    if not preferences.fees:
        return money.ZERO
    own = media["borrowing_fee"]
    return money.rounded(preferences.borrowing_fee if own is None else Decimal(own), call.library.currency)


def reservation(call: Call) -> Decimal:
    """Return the fee of a reservation."""
    preferences = call.library.preferences
    return money.rounded(
        preferences.reservation_fee if preferences.fees else money.ZERO, call.library.currency
    )


def objection(call: Call, fee: Fee, accepted: bool) -> Iterator[Problem]:
    """Return `fee_required` if there is a fee, and it was not accepted."""
    if fee.amount and not accepted:
        currency = call.library.currency
        amount = money.text(fee.amount, currency)
        yield Problem("fee_required", amount=amount, currency=currency, fee_type=fee.kind)


def charged(call: Call, fee: Fee, fee_id: int | None) -> dict[str, Any] | None:
    """Return the fee of a write, as the booking in its answer shows it."""
    if fee_id is None:
        return None
    currency = call.library.currency
    amount = money.text(fee.amount, currency)
    return {"id": fee_id, "type": fee.kind, "amount": amount, "currency": currency}
