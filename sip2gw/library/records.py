"""What passes through the port: patrons, items, loans, holds, fees, as any library system knows them.

Records hold patron data, so none of them shows itself in a repr. `ref` is always the library system's own key and means
nothing outside it. Amounts are exact decimals in the named currency.
"""

from __future__ import annotations

from datetime import date, datetime, tzinfo
from decimal import Decimal
from enum import Enum

from attrs import Factory, field, frozen

from sip2gw.secret import Secret, as_secret


@frozen
class Credentials:
    """The account a terminal signs in with. It never shows in a repr."""

    username: str = field(repr=False)
    password: Secret = field(repr=False, converter=as_secret)

    @property
    def user(self) -> str:
        """Whose they are: the user's name in one spelling, however it was written."""
        return self.username.strip().casefold()


@frozen
class Occasion:
    """One transaction as it happened at the terminal; it travels with every write.

    `happened_at` is aware. `key` names this one transaction, however often it has to be sent. `no_block` means that
    the terminal has already done it: it is not refused for reasons of policy. `due_date` is the terminal's own,
    meaningful only with `no_block`. `cancel` means that it undoes the opposite transaction (BI); `fee_acknowledged`
    that the patron accepts a fee (BO). `when_down` means that it may be accepted for later. `password_entered` means
    that the patron's password was entered, and is no longer known. `line` is a digest of what the terminal has sent,
    for repeats; empty if that can't be a repeat.
    """

    terminal: str
    happened_at: datetime
    key: str
    branch: str = ""
    no_block: bool = False
    due_date: datetime | None = None
    cancel: bool = False
    fee_acknowledged: bool = False
    when_down: bool = False
    password_entered: bool = False
    line: bytes = field(default=b"", repr=False)


class Block(Enum):
    """Why a patron may not do something."""

    INACTIVE = "inactive"
    SUSPENDED = "suspended"
    """What is owed has reached the library's limit."""
    TYPE_NOT_ALLOWED = "type_not_allowed"
    """Patrons of this type do not serve themselves here."""
    LOAN_LIMIT_REACHED = "loan_limit_reached"
    RENEWALS_NOT_ALLOWED = "renewals_not_allowed"
    HOLDS_NOT_ALLOWED = "holds_not_allowed"


class Medium(Enum):
    """What an item physically is, as far as a terminal cares."""

    OTHER = "other"
    BOOK = "book"
    MAGAZINE = "magazine"
    AUDIO = "audio"
    VIDEO = "video"
    DISC = "disc"


class ItemState(Enum):
    """Where an item is in its circulation."""

    AVAILABLE = "available"
    ON_LOAN = "on_loan"
    ON_HOLD_SHELF = "on_hold_shelf"
    OTHER = "other"
    """Not to be lent: inactive, for reference, or not clear which item is meant."""


class FeeKind(Enum):
    """What a fee is for."""

    OTHER = "other"
    ADMINISTRATIVE = "administrative"
    DAMAGE = "damage"
    OVERDUE = "overdue"
    LOAN = "loan"
    """For borrowing itself (rental)."""
    REPLACEMENT = "replacement"
    HOLD = "hold"


class ListKind(Enum):
    """What a patron has a list of."""

    LOANS = "loans"
    OVERDUE = "overdue"
    HOLDS = "holds"
    """What is ready first, then what is waited for."""
    HOLDS_READY = "holds_ready"
    HOLDS_WAITING = "holds_waiting"
    FEES = "fees"
    """The open ones, oldest first."""


class PasswordCheck(Enum):
    """What came of comparing a password with the patron's."""

    RIGHT = "right"
    WRONG = "wrong"
    IMPOSSIBLE = "impossible"
    """The library has none to compare with."""


@frozen
class Listing:
    """A page of a list that is wanted: at most `count` entries, from `start` on, which counts from 0."""

    kind: ListKind
    start: int
    count: int


@frozen(repr=False)
class Counts:
    """How many items a patron has in each state, and open fees. `on_loan` includes the overdue ones."""

    on_loan: int = 0
    overdue: int = 0
    holds_ready: int = 0
    holds_waiting: int = 0
    fees: int = 0


@frozen(repr=False)
class Patron:
    """A reader, as the library knows them.

    `balance` is what the patron owes, in `currency`; negative when in credit. `fee_limit` is None without a limit.
    `kind` is the library's class of patrons. `language` is the patron's own; empty if they have none.
    """

    patron_id: str
    name: str
    ref: str = ""
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
    kind: str = ""
    accepted: bool = False
    """The library was not asked yet: what is not in the request is not known."""


@frozen(repr=False)
class Item:
    """One physical copy. `item_id` is the library's own label for it, whatever the terminal scanned."""

    item_id: str
    title: str
    medium: Medium = Medium.OTHER
    branch: str = ""
    location: str = ""
    call_number: str = ""
    ref: str = ""
    properties: str = ""
    """What terminals stored about it (CH)."""


@frozen(repr=False)
class ItemStatus:
    """All that is told of one item. `copies` and `copies_available` speak of its title, where that was asked for.

    `due` is the last day of the current loan, `pickup_by` the last day on which a hold on the shelf is kept.
    """

    item: Item
    state: ItemState
    due: date | None = None
    holds_waiting: int = 0
    pickup_by: date | None = None
    hold: Hold | None = None
    copies: int = 1
    copies_available: int = 0


@frozen(repr=False)
class Charge:
    """What a loan, renewal or hold costs, and perhaps the number under which it was booked."""

    amount: Decimal
    currency: str
    kind: FeeKind = FeeKind.LOAN
    ref: str = ""


@frozen(repr=False)
class Loan:
    """An item in a patron's hands until the end of the day `due`. `renewed` when it was theirs before.

    `conflicts` are the codes of the rules that had to give way to what had already happened (no-block).
    """

    item: Item
    due: date
    renewed: bool = False
    overdue: bool = False
    ref: str = ""
    charge: Charge | None = None
    conflicts: tuple[str, ...] = ()
    accepted: bool = False
    """As of `Patron`; unless the terminal has named it, the due date is not known either."""


@frozen(repr=False)
class Hold:
    """Somebody waits for an item, to be collected at `branch`. `position` counts from 1; `item` once it is known."""

    patron_id: str
    branch: str = ""
    patron_name: str = ""
    title: str = ""
    item: Item | None = None
    ready: bool = False
    position: int | None = None
    expires: date | None = None
    ref: str = ""
    charge: Charge | None = None


@frozen(repr=False)
class Return:
    """What came of taking an item back. `hold` is the next one that this item could fill.

    `due_amount` is what the patron owes for it being late. `patron_id` is whoever had it.
    """

    item: Item
    was_on_loan: bool = True
    hold: Hold | None = None
    patron_id: str = ""
    due_amount: Decimal | None = None
    conflicts: tuple[str, ...] = ()
    accepted: bool = False
    """As of `Patron`."""


@frozen(repr=False)
class RenewedAll:
    """What came of renewing every loan. `refused` pairs an item with the code of its refusal.

    Where a loan is not renewable for a reason that is a code itself, such as `reserved_for_other`, it is that one.
    """

    renewed: tuple[Loan, ...] = ()
    refused: tuple[tuple[Item, str], ...] = ()


@frozen(repr=False)
class Fee:
    """One amount that a patron owes; `outstanding` is what is left of it."""

    ref: str
    kind: FeeKind
    outstanding: Decimal
    currency: str
    title: str = ""
    item_id: str = ""
    since: date | None = None


@frozen(repr=False)
class Found:
    """A patron who was looked up, what came of the password that was given, and the page that was wanted."""

    patron: Patron
    password: PasswordCheck | None = None
    loans: tuple[Loan, ...] = ()
    holds: tuple[Hold, ...] = ()
    fees: tuple[Fee, ...] = ()


@frozen(repr=False)
class Payment:
    """A payment that was booked under the number `ref`, and what the patron owes after it."""

    ref: str
    balance: Decimal
    accepted: bool = False
    """As of `Patron`."""


@frozen
class Rules:
    """What a library is and allows, as far as terminals see it."""

    name: str
    zone: tzinfo
    currency: str = ""
    language: str = ""
    branches: tuple[str, ...] = ()
    checkouts: bool = True
    checkins: bool = True
    renewals: bool = True
    holds: bool = True
    fees: bool = True
    patron_updates: bool = False
    """Whether terminals may block and enable patrons."""
    item_updates: bool = False
    """Whether terminals may store properties of items."""
    terminals: int | None = None
    """How many terminals may be logged in at the same time; None if there is no limit."""
