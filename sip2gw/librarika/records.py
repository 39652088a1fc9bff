"""The API's answers as frozen records: the library, members, bookings and fees.

Only members that the gateway uses are declared. Others are ignored, because an API grows. A member that may be absent
has a default, and the default allows the least.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated
from zoneinfo import ZoneInfo

from attrs import Factory, frozen
from msgspec import Meta

from sip2gw.librarika.copies import Copy, CopyLabel, Media, MemberLabel, Reservation
from sip2gw.librarika.http.structuring import Amount, Currency, Several
from sip2gw.secret import Secret


@frozen
class Preferences:
    """The rules of a library that matter to terminals. `renewals` None means no limit, 0 means no renewals."""

    member_checkouts: bool = False
    member_checkins: bool = False
    renewals: int | None = 0
    requests: bool = False
    fees: bool = False
    item_updates: bool = False
    member_updates: bool = False


@frozen
class Licence:
    """The SIP2 licence of a library. `terminals_licensed` None means no limit."""

    terminals_licensed: int | None = None


@frozen
class Settings:
    """A library, in the answer to `get_library` and in an answer with tokens."""

    nickname: str
    name: str
    timezone: ZoneInfo
    currency: Currency = Factory(Currency)
    language: str = ""
    branches: Several[str] = ()
    preferences: Preferences = Factory(Preferences)
    sip2: Licence = Factory(Licence)


@frozen
class Tokens:
    """The tokens of an account, with its library. `expires_in` is in seconds."""

    access_token: Secret
    expires_in: int
    refresh_token: Secret | None = None
    library: Settings | None = None


@frozen(repr=False)
class MemberCounts:
    """How many bookings of each kind a member has."""

    issued: int = 0
    overdue: int = 0
    reserved_ready: int = 0
    reserved_waiting: int = 0
    pending: int = 0
    fees: int = 0


@frozen(repr=False)
class WouldBeRefused:
    """The codes with which the library would refuse any extension, or any reservation, of a member now."""

    extend: str | None = None
    reserve: str | None = None


@frozen(repr=False)
class Member:
    """A member. `quota` and `fee_limit` None mean no limit."""

    id: int
    member_no: str
    name: str
    status: str
    suspended: bool
    self_service_allowed: bool
    counts: MemberCounts
    balance: Amount
    refused: WouldBeRefused
    quota: int | None = None
    fee_limit: Amount | None = None
    currency: Currency | None = None
    language: str | None = None
    email: str | None = None
    phone: str | None = None
    address: str | None = None


@frozen(repr=False)
class CopyFound(Copy):
    """The answer to `find_copy`: the best of `matches` copies, of which `available` can be borrowed."""

    matches: int = 1
    available: int = 0


@frozen(repr=False)
class Charged:
    """The cost of a loan, an extension or a reservation."""

    id: int
    amount: Amount
    currency: Currency


@frozen(repr=False)
class Conflict:
    """A rule that an offline transaction has broken."""

    code: str


@frozen(repr=False)
class Booking:
    """A loan, a reservation or a request. A loan is due at the end of the day `return_date`.

    `expires_at` is the last day of a reservation, and `queue_position` counts from 1. `fee`, `renewed`, `conflicts` and
    the member's `language` are only in the answer to the write that made or changed the booking.
    """

    id: int
    status: str
    return_date: date
    media: Media
    member: MemberLabel
    copy: CopyLabel | None = None
    queue_position: int | None = None
    ready: bool = False
    branch: str | None = None
    expires_at: date | None = None
    fee: Charged | None = None
    renewed: bool = False
    conflicts: Several[Conflict] = ()
    language: str | None = None


ON_LOAN = frozenset({"Issued", "Overdue"})
WAITS = frozenset({"Reserved", "Pending"})
"""The status of a loan, and of a reservation or a request."""


@frozen(repr=False)
class NotExtended:
    """A loan that `extend_all` did not extend."""

    code: str
    booking: Booking
    reason: str | None = None


@frozen(repr=False)
class ExtendedAll:
    """The answer to `extend_all`. `more` loans were not extended either, and are not listed."""

    extended: Several[Booking]
    refused: Several[NotExtended]
    more: int = 0
    language: str | None = None


@frozen(repr=False)
class Transaction:
    """An entry in a member's account: a fee."""

    id: int
    type: str
    outstanding: Amount
    currency: Currency
    created_at: Annotated[datetime, Meta(tz=True)]
    title: str | None = None
    accession_no: str | None = None


@frozen(repr=False)
class Page:
    """A page of a member's list: bookings, or fees."""

    bookings: Several[Booking] = ()
    fees: Several[Transaction] = ()


@frozen(repr=False)
class MemberFound(Member):
    """The answer to `find_member`. `password` is the result of comparing the password."""

    password: str | None = None
    page: Page | None = None


@frozen(repr=False)
class Paid:
    """The answer to `pay`."""

    id: int
    balance: Amount
    language: str | None = None


@frozen(repr=False)
class Returned:
    """The answer to `return`. `member_no` had the item; `language` is that of the member at the terminal."""

    copy: Copy
    was_on_loan: bool
    member_no: str | None = None
    next_reservation: Reservation | None = None
    due_amount: Amount | None = None
    language: str | None = None


@frozen(repr=False)
class InQuestion:
    """The copy, the title and the member's language in a refusal, as far as they are known."""

    copy: CopyLabel | None = None
    media: Media | None = None
    language: str | None = None
