"""The API's JSON becomes frozen records or it is not understood: no value is bent to fit, `"5"` is no number.

Only what the gateway uses is declared; whatever else is there is passed over, since an API grows. What may be absent
has a default, and it is the one that allows the least.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any, TypeVar, get_args, get_origin
from zoneinfo import ZoneInfo

import cattrs
from attrs import Factory, field, frozen

T = TypeVar("T")

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_AMOUNT = re.compile(r"-?\d{1,15}(\.\d{1,9})?", re.ASCII)


class Misshapen(ValueError):
    """The JSON is not of the contract's shape. Its text names the record, and nothing that is in it."""


@frozen
class Tokens:
    """`POST /auth/tokens`: what stands for an account from now on. `expires_in` is in seconds."""

    access_token: str = field(repr=False)
    expires_in: int
    refresh_token: str | None = field(default=None, repr=False)


@frozen
class Preferences:
    """A library's rules, as far as terminals see them. `renewals` None means no limit, 0 none at all."""

    member_checkouts: bool = False
    member_checkins: bool = False
    renewals: int | None = 0
    requests: bool = False
    fees: bool = False


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


@frozen(repr=False)
class MemberCounts:
    """How many bookings of each kind a member has."""

    issued: int = 0
    overdue: int = 0
    reserved_ready: int = 0
    reserved_waiting: int = 0


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


@frozen(repr=False)
class MemberLabel:
    """A member in a booking."""

    id: int
    member_no: str


@frozen(repr=False)
class CurrentBooking:
    """The open loan of a copy."""

    id: int
    member: MemberLabel
    return_date: date | None = None


@frozen(repr=False)
class Reservation:
    """The next in a copy's queue; `branch` is where it will be collected."""

    id: int
    member: MemberLabel
    branch: str | None = None


@frozen(repr=False)
class Media:
    """A title."""

    id: int
    title: str
    call_no: str | None = None
    type: str | None = None


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
    current_booking: CurrentBooking | None = None
    next_reservation: Reservation | None = None


@frozen(repr=False)
class Copies:
    """`GET /copies`."""

    items: tuple[Copy, ...]


@frozen(repr=False)
class Booking:
    """`POST /bookings` and `POST /bookings/{id}/extend`: a loan, due at the end of `return_date`."""

    id: int
    return_date: date


@frozen(repr=False)
class ClosedBooking:
    """The booking that a return has closed."""

    id: int


@frozen(repr=False)
class Returned:
    """`POST /bookings/{id}/return`."""

    booking: ClosedBooking
    next_reservation: Reservation | None = None


@frozen
class Verified:
    """`POST /members/{id}/verify`."""

    valid: bool


def structured(document: dict[str, Any] | None, kind: type[T]) -> T:
    """The record in a JSON object. Raises `Misshapen`."""
    try:
        return _CONVERTER.structure(document, kind)
    except Exception as error:
        # The error quotes what it found: neither it nor its text may go on.
        raise Misshapen(f"the body is no {kind.__name__} ({type(error).__name__})") from None


def _text(value: Any, _: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    # JSON can spell half a character, which no charset can.
    return value if value.isascii() else value.encode("utf-8", "replace").decode("utf-8")


def _whole(value: Any, _: Any) -> int:
    if type(value) is not int:
        raise TypeError
    return value


def _flag(value: Any, _: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError
    return value


def _amount(value: Any, _: Any) -> Decimal:
    if not isinstance(value, str) or not _AMOUNT.fullmatch(value):
        raise TypeError
    return Decimal(value)


def _day(value: Any, _: Any) -> date:
    if not isinstance(value, str) or not _DAY.fullmatch(value):
        raise TypeError
    return date.fromisoformat(value)


def _zone(value: Any, _: Any) -> ZoneInfo:
    return ZoneInfo(_text(value, str))


def _is_list(kind: Any) -> bool:
    return get_origin(kind) is tuple


def _list(kind: Any, converter: cattrs.BaseConverter) -> Callable[[Any, Any], Any]:
    wanted = get_args(kind)[0]
    element = converter.get_structure_hook(wanted)

    def elements(value: Any, _: Any) -> tuple[Any, ...]:
        if not isinstance(value, list):
            raise TypeError
        return tuple(element(one, wanted) for one in value)

    return elements


def _converter() -> cattrs.Converter:
    converter = cattrs.Converter(detailed_validation=False)
    converter.register_structure_hook(str, _text)
    converter.register_structure_hook(int, _whole)
    converter.register_structure_hook(bool, _flag)
    converter.register_structure_hook(Decimal, _amount)
    converter.register_structure_hook(date, _day)
    converter.register_structure_hook(ZoneInfo, _zone)
    converter.register_structure_hook_factory(_is_list, _list)
    return converter


_CONVERTER = _converter()
