"""The API's answers as frozen records: the library, members, bookings and entries of an account.

Only what the gateway uses is declared; whatever else is there is passed over, since an API grows. What may be absent
has a default, and it is the one that allows the least.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated
from zoneinfo import ZoneInfo

from attrs import Factory, frozen
from msgspec import Meta

from sip2gw.librarika.copies import Copy, CopyLabel, Media, MemberLabel, Reservation
from sip2gw.librarika.http.structuring import Amount, Several
from sip2gw.secret import Secret


@frozen
class Preferences:
    """A library's rules, as far as terminals see them. `renewals` None means no limit, 0 none at all."""

    member_checkouts: bool = False
    member_checkins: bool = False
    renewals: int | None = 0
    requests: bool = False
    fees: bool = False
    item_updates: bool = False
    member_updates: bool = False


@frozen
class Licence:
    """What a library has of SIP2. `terminals_licensed` None means no limit."""

    terminals_licensed: int | None = None


@frozen
class Settings:
    """The library, as `get_library` and the answer with a token have it."""

    nickname: str
    name: str
    timezone: ZoneInfo
    currency: str = ""
    language: str = ""
    branches: Several[str] = ()
    preferences: Preferences = Factory(Preferences)
    sip2: Licence = Factory(Licence)


@frozen
class Tokens:
    """What stands for an account from now on, and its library. `expires_in` is in seconds."""

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
    """The codes for which any extension, and any reservation, of a member would be refused now."""

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
    currency: str | None = None
    language: str | None = None
    type: str | None = None
    email: str | None = None
    phone: str | None = None
    address: str | None = None


@frozen(repr=False)
class CopyFound(Copy):
    """`find_copy`: the copy that stands for `matches` of them, of which `available` can be had."""

    matches: int = 1
    available: int = 0


@frozen(repr=False)
class Charged:
    """What a loan, an extension or a reservation has cost."""

    id: int
    amount: Amount
    currency: str


@frozen(repr=False)
class Conflict:
    """A rule that had to give way to what had happened already."""

    code: str


@frozen(repr=False)
class Booking:
    """A loan, due at the end of `return_date`, a reservation or a request.

    `expires_at` is the last day of a reservation, and `queue_position` counts from 1. `fee`, `renewed`, `conflicts` and
    the member's `language` come only with the write that brought them about.
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


@frozen(repr=False)
class NotExtended:
    """A loan that `extend_all` left as it was."""

    code: str
    booking: Booking
    reason: str | None = None


@frozen(repr=False)
class ExtendedAll:
    """`extend_all`."""

    extended: Several[Booking]
    refused: Several[NotExtended]
    language: str | None = None


@frozen(repr=False)
class Transaction:
    """An entry of a member's account."""

    id: int
    type: str
    outstanding: Amount
    currency: str
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
    """`find_member`: `password` is what came of comparing it."""

    password: str | None = None
    page: Page | None = None


@frozen(repr=False)
class Paid:
    """`pay`."""

    id: int
    balance: Amount
    language: str | None = None


@frozen(repr=False)
class Returned:
    """`return`: `member_no` is who had it, `language` that of the member at the terminal."""

    copy: Copy
    was_on_loan: bool
    member_no: str | None = None
    next_reservation: Reservation | None = None
    due_amount: Amount | None = None
    language: str | None = None


@frozen(repr=False)
class InQuestion:
    """What a refusal is about, as far as it is known."""

    copy: CopyLabel | None = None
    media: Media | None = None
    language: str | None = None
