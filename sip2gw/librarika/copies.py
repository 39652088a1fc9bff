"""The titles and copies in the API's answers, as frozen records. See `records`."""

from __future__ import annotations

from datetime import date

from attrs import frozen


@frozen(repr=False)
class MemberLabel:
    """A member in a booking."""

    member_no: str
    name: str = ""


@frozen(repr=False)
class CurrentBooking:
    """The open loan of a copy."""

    id: int
    return_date: date | None = None


@frozen(repr=False)
class Reservation:
    """The next reservation of a copy. It is collected at `branch`, until the end of the day `expires_at`."""

    id: int
    member: MemberLabel
    branch: str | None = None
    ready: bool = False
    expires_at: date | None = None


@frozen(repr=False)
class Media:
    """A title."""

    id: int
    title: str
    call_no: str | None = None
    type: str | None = None


@frozen(repr=False)
class Copy:
    """A copy."""

    id: int
    accession_no: str
    media: Media
    branch: str | None = None
    location: str | None = None
    active: bool = False
    circulation: bool = False
    properties: str | None = None
    current_booking: CurrentBooking | None = None
    next_reservation: Reservation | None = None
    reservations_waiting: int = 0


@frozen(repr=False)
class CopyLabel:
    """A copy in a booking, or in a refusal."""

    id: int
    accession_no: str
    branch: str | None = None
    location: str | None = None
