"""Records of patrons. None of them shows its values in a repr, because they are personal data."""

from __future__ import annotations

from decimal import Decimal
from enum import Enum
from typing import TYPE_CHECKING

from attrs import Factory, frozen

if TYPE_CHECKING:
    from sip2gw.library.fees import Fee
    from sip2gw.library.loans import Hold, Loan


class Block(Enum):
    """Why a patron may not do something."""

    INACTIVE = "inactive"
    SUSPENDED = "suspended"
    """The patron owes as much as the library allows, or more."""
    TYPE_NOT_ALLOWED = "type_not_allowed"
    """Patrons of this type can't use self-service here."""
    LOAN_LIMIT_REACHED = "loan_limit_reached"
    RENEWALS_NOT_ALLOWED = "renewals_not_allowed"
    HOLDS_NOT_ALLOWED = "holds_not_allowed"


@frozen(repr=False)
class Counts:
    """How many items a patron has in each state, and how many open fees. `on_loan` includes overdue items."""

    on_loan: int = 0
    overdue: int = 0
    holds_ready: int = 0
    holds_waiting: int = 0
    fees: int = 0


@frozen(repr=False)
class Patron:
    """A patron.

    `balance` is the exact amount that the patron owes, in `currency`; it is negative for a credit. `fee_limit` and
    `loan_limit` are None if there is no limit. `language` is the patron's own
    language; empty if it is not known.
    """

    patron_id: str
    name: str
    blocks: frozenset[Block] = frozenset()
    counts: Counts = Factory(Counts)
    balance: Decimal = Decimal(0)
    currency: str = ""
    fee_limit: Decimal | None = None
    loan_limit: int | None = None
    language: str = ""
    address: str = ""
    email: str = ""
    phone: str = ""
    accepted: bool = False
    """The library was not called yet, so only what is in the request is known."""


class PasswordCheck(Enum):
    """The result of a password check."""

    RIGHT = "right"
    WRONG = "wrong"
    IMPOSSIBLE = "impossible"
    """The patron has no password in the library."""


class ListKind(Enum):
    """A list that a patron has."""

    LOANS = "loans"
    OVERDUE = "overdue"
    HOLDS = "holds"
    """Those that are ready come first."""
    HOLDS_READY = "holds_ready"
    HOLDS_WAITING = "holds_waiting"
    FEES = "fees"
    """Open fees, the oldest first."""


@frozen
class Listing:
    """A page of a list: at most `count` entries from `start`, which counts from 0."""

    kind: ListKind
    start: int
    count: int


@frozen(repr=False)
class Found:
    """A patron, the result of the password check, and the wanted page of a list."""

    patron: Patron
    password: PasswordCheck | None = None
    loans: tuple[Loan, ...] = ()
    holds: tuple[Hold, ...] = ()
    fees: tuple[Fee, ...] = ()
