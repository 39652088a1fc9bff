"""The library knows no SIP2: this is all that the gateway may ask of a library system, and all that may come back.

A library system is anything with the methods of `Library`; `sip2gw.librarika` is the first. Three errors cross this
port, and no others: `Refused`, `Unavailable` and `InDoubt`. Nothing here knows how a terminal speaks, nor how a
library system is reached.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, tzinfo
from decimal import Decimal
from enum import Enum
from typing import Protocol

from attrs import Factory, field, frozen


class LibraryError(Exception):
    """What may go wrong when a library is asked something."""


class Refused(LibraryError):
    """The library understood and said no; nothing was changed.

    `code` is one of the codes of the Librarika contract, or the gateway's own. `reason` is for the installer who
    reads the log; it carries no patron data and no secret. `facts` are values that a text for the patron may name
    (for instance `{"limit": "5"}`). `item` is the item in question, once it is known which.
    """

    def __init__(
        self,
        code: str,
        reason: str = "",
        facts: Mapping[str, str] | None = None,
        item: Item | None = None,
    ) -> None:
        super().__init__(f"{code}: {reason}" if reason else code)
        self.code = code
        self.reason = reason
        self.facts: Mapping[str, str] = facts or {}
        self.item = item


class Unavailable(LibraryError):
    """The library was not asked, or was only asked to read; nothing was changed. Asking again later may work."""


class InDoubt(LibraryError):
    """The library was asked to change something and its answer was lost: it may have been done, or not."""


@frozen
class Credentials:
    """The account a terminal signs in with. Its password never shows in a repr."""

    username: str
    password: str = field(repr=False)


@frozen
class Occasion:
    """One transaction as it happened at the terminal; it travels with every write.

    `happened_at` is aware. `key` names this one transaction, however often it has to be sent. `no_block` means that
    the terminal has already done it. `due_date` is the terminal's own, meaningful only with `no_block`.
    `cancel` means that it undoes the opposite transaction (BI); `fee_acknowledged` that the patron accepts a fee (BO).
    """

    terminal: str
    happened_at: datetime
    key: str
    branch: str = ""
    no_block: bool = False
    due_date: datetime | None = None
    cancel: bool = False
    fee_acknowledged: bool = False


class Block(Enum):
    """Why a patron may not do something."""

    INACTIVE = "inactive"
    SUSPENDED = "suspended"
    """What is owed has reached the library's limit."""
    TYPE_NOT_ALLOWED = "type_not_allowed"
    """Patrons of this type do not serve themselves here."""
    LOAN_LIMIT_REACHED = "loan_limit_reached"
    HOLDS_NOT_ALLOWED = "holds_not_allowed"


class Medium(Enum):
    """What an item physically is, as far as a terminal cares."""

    OTHER = "other"
    BOOK = "book"
    MAGAZINE = "magazine"
    AUDIO = "audio"
    VIDEO = "video"
    DISC = "disc"


@frozen(repr=False)
class Counts:
    """How many items a patron has in each state."""

    on_loan: int = 0
    overdue: int = 0
    holds_ready: int = 0
    holds_waiting: int = 0


@frozen(repr=False)
class Patron:
    """A reader, as the library knows them. `ref` is the library system's own key and means nothing outside it.

    `balance` is what the patron owes, in `currency`; negative when in credit. `fee_limit` is None without a limit.
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


@frozen(repr=False)
class Loan:
    """An item in a patron's hands until the end of the day `due`. `renewed` when it was theirs before."""

    item: Item
    due: date
    renewed: bool = False


@frozen(repr=False)
class Hold:
    """Somebody waits for an item, to be collected at `branch`."""

    patron_id: str
    branch: str = ""


@frozen(repr=False)
class Return:
    """What came of taking an item back. `hold` is the next one that this item could fill."""

    item: Item
    was_on_loan: bool = True
    hold: Hold | None = None


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


class Library(Protocol):
    """One library, opened with one account. Every method may raise `Refused` and `Unavailable`; writes, `InDoubt`.

    Item ids are given as the terminal scanned them: which copy is meant is the library's to say.
    """

    @property
    def nickname(self) -> str:
        """The name under which the library is known; lower case."""
        ...

    async def rules(self) -> Rules:
        """What this library is and allows: some minutes old at most, and at once when it was asked before."""
        ...

    async def reachable(self) -> bool:
        """Whether the library can be asked at this moment. Never raises."""
        ...

    async def patron(self, patron_id: str) -> Patron:
        """Look a patron up by the exact number of the card. `Refused("member_not_found")` when there is none."""
        ...

    async def check_password(self, patron: Patron, password: str) -> bool:
        """Whether this is the patron's password. `Refused` when it can't be checked, e.g. because none is set."""
        ...

    async def lend(self, patron_id: str, item_id: str, occasion: Occasion, *, renewal: bool) -> Loan:
        """Lend an item. One that the patron has already is renewed if `renewal`, else refused."""
        ...

    async def take_back(self, item_id: str, occasion: Occasion, *, reader: str | None) -> Return:
        """Take an item back. `reader` is the patron id of whoever is at the terminal, if known."""
        ...


class OpenLibrary(Protocol):
    """How a library is opened: signs in, and raises `Refused` or `Unavailable` when that fails."""

    async def __call__(self, nickname: str, credentials: Credentials) -> Library: ...
