"""What a library, its members and its copies are, as the API's JSON has them: frozen records, by `shapes`.

Only what the gateway uses is declared; whatever else is there is passed over, since an API grows. What may be absent
has a default, and it is the one that allows the least.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from zoneinfo import ZoneInfo

from attrs import Factory, frozen

from sip2gw.secret import Secret


@frozen
class Tokens:
    """`POST /auth/tokens`: what stands for an account from now on. `expires_in` is in seconds."""

    access_token: Secret
    expires_in: int
    refresh_token: Secret | None = None


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
    """`GET /library`."""

    nickname: str
    name: str
    timezone: ZoneInfo
    currency: str = ""
    language: str = ""
    branches: tuple[str, ...] = ()
    preferences: Preferences = Factory(Preferences)
    sip2: Licence = Factory(Licence)


@frozen(repr=False)
class MemberCounts:
    """How many bookings of each kind a member has."""

    issued: int = 0
    overdue: int = 0
    reserved_ready: int = 0
    reserved_waiting: int = 0
    pending: int = 0


@frozen(repr=False)
class Member:
    """`GET /members?member_no=`. `quota` and `fee_limit` None mean no limit."""

    id: int
    member_no: str
    name: str
    status: str
    suspended: bool
    self_service_allowed: bool
    counts: MemberCounts
    balance: Decimal
    quota: int | None = None
    fee_limit: Decimal | None = None
    currency: str | None = None
    language: str | None = None
    type: str | None = None
    email: str | None = None
    phone: str | None = None
    address: str | None = None


@frozen(repr=False)
class MemberLabel:
    """A member in a booking."""

    id: int
    member_no: str
    name: str = ""


@frozen(repr=False)
class CurrentBooking:
    """The open loan of a copy."""

    id: int
    member: MemberLabel
    return_date: date | None = None


@frozen(repr=False)
class Reservation:
    """The next in a copy's queue; `branch` is where it will be collected, until the end of `expires_at`."""

    id: int
    member: MemberLabel
    branch: str | None = None
    ready: bool = False
    expires_at: date | None = None


@frozen(repr=False)
class Media:
    """A title. Its fees are what a loan or a reservation costs at this moment, in the library's currency."""

    id: int
    title: str
    call_no: str | None = None
    type: str | None = None
    borrowing_fee: Decimal = Decimal(0)
    reservation_fee: Decimal = Decimal(0)


@frozen(repr=False)
class MediaFound:
    """`GET /media?title=`."""

    items: tuple[Media, ...]


@frozen(repr=False)
class Copy:
    """`GET /copies`, one match. `matched_by` is the type under which the identifier named it."""

    id: int
    accession_no: str
    media: Media
    matched_by: str = ""
    copy_no: int | None = None
    branch: str | None = None
    location: str | None = None
    active: bool = False
    circulation: bool = False
    properties: str | None = None
    current_booking: CurrentBooking | None = None
    next_reservation: Reservation | None = None
    reservations_waiting: int = 0


@frozen(repr=False)
class Copies:
    """`GET /copies`."""

    items: tuple[Copy, ...]


@frozen
class Verified:
    """`POST /members/{id}/verify`."""

    valid: bool
