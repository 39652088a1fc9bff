"""What moves between a library and its members: bookings, which are loans and reservations, and the account's entries.

As in `records`, only what the gateway uses is declared, and what may be absent has a default.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from attrs import frozen

from sip2gw.librarika.records import Media, MemberLabel, Reservation


@frozen(repr=False)
class CopyLabel:
    """A copy in a booking."""

    id: int
    accession_no: str
    branch: str | None = None
    location: str | None = None


@frozen(repr=False)
class Charged:
    """What a loan, an extension or a reservation has cost."""

    id: int
    amount: Decimal
    currency: str


@frozen(repr=False)
class Conflict:
    """A rule that had to give way to what had happened already."""

    code: str


@frozen(repr=False)
class Booking:
    """A loan, due at the end of `return_date`, a reservation or a request.

    `expires_at` is the last day of a reservation, and `queue_position` counts from 1. `fee` and `conflicts`
    come only with the write that brought them about.
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
    conflicts: tuple[Conflict, ...] = ()


@frozen(repr=False)
class Bookings:
    """`GET /members/{id}/bookings`."""

    items: tuple[Booking, ...]


@frozen(repr=False)
class NotExtended:
    """A loan that `POST /members/{id}/bookings/extend-all` left as it was."""

    code: str
    booking: Booking
    reason: str | None = None


@frozen(repr=False)
class ExtendedAll:
    """`POST /members/{id}/bookings/extend-all`."""

    extended: tuple[Booking, ...]
    refused: tuple[NotExtended, ...]


@frozen(repr=False)
class Transaction:
    """An entry of a member's account; `outstanding` is negative for a credit."""

    id: int
    type: str
    outstanding: Decimal
    currency: str
    created_at: datetime
    title: str | None = None
    accession_no: str | None = None


@frozen(repr=False)
class Transactions:
    """`GET /members/{id}/transactions`."""

    items: tuple[Transaction, ...]


@frozen(repr=False)
class Paid:
    """`POST /members/{id}/payments`."""

    id: int
    amount: Decimal
    balance: Decimal


@frozen(repr=False)
class ClosedBooking:
    """The booking that a return has closed."""

    id: int
    member: MemberLabel | None = None


@frozen(repr=False)
class Returned:
    """`POST /bookings/{id}/return`."""

    booking: ClosedBooking
    next_reservation: Reservation | None = None
    due_amount: Decimal | None = None
