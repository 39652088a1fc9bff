"""Records of fees and payments, with exact amounts. Each `ref` is the library system's own key."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from enum import Enum

from attrs import frozen


class FeeKind(Enum):
    """What a fee is for."""

    OTHER = "other"
    ADMINISTRATIVE = "administrative"
    DAMAGE = "damage"
    OVERDUE = "overdue"
    LOAN = "loan"
    """For the loan itself (rental)."""
    REPLACEMENT = "replacement"
    HOLD = "hold"


@frozen(repr=False)
class Fee:
    """A fee of a patron. `outstanding` is the part that is not paid."""

    ref: str
    kind: FeeKind
    outstanding: Decimal
    currency: str
    title: str = ""
    item_id: str = ""
    since: date | None = None


@frozen(repr=False)
class Charge:
    """The price of a loan, renewal or hold. `ref` is the number under which it is booked, if it is."""

    amount: Decimal
    currency: str
    kind: FeeKind = FeeKind.LOAN
    ref: str = ""


@frozen(repr=False)
class Payment:
    """A payment, booked under the number `ref`, and what the patron owes after it."""

    ref: str
    balance: Decimal
    accepted: bool = False
    """See `Patron.accepted`."""
