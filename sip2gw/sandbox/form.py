"""The form of the data file: the parts of a library of the sandbox, and their defaults.

`Preferences` is used twice: for the settings in the file, and by the rules.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any, Literal, NewType
from zoneinfo import ZoneInfo

from attrs import field, frozen

from sip2gw.sandbox import strict_json
from sip2gw.sandbox.strict_json import Name, Price

NICKNAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)

_NOTHING = Price(Decimal("0.00"))
_QUARTER = Price(Decimal("0.25"))

STAFF = ("Library Staff", "Library Assistant", "Library Administrator")
"""The permissions of an account that may run a terminal."""

Label = NewType("Label", str)
"""A library's nickname: one lower-case DNS label."""
Zone = NewType("Zone", str)
"""The name of a time zone, such as `Europe/Berlin`."""
Currency = NewType("Currency", str)
"""Three letters of ISO 4217."""
Accession = NewType("Accession", str)
"""An accession number: 1 to 18 digits."""
Count = NewType("Count", int)
"""A whole number, not negative."""


def _label(text: str) -> str:
    if not NICKNAME.fullmatch(text):
        raise ValueError(
            "is not a lower-case DNS label; write letters, digits and hyphens, such as riverside"
        )
    return text


def _zone(text: str) -> str:
    try:
        ZoneInfo(text)
    except (KeyError, ValueError, OSError):
        raise ValueError("is not a time zone; write it as Europe/Berlin") from None
    return text


def _currency(text: str) -> str:
    if not re.fullmatch("[A-Z]{3}", text):
        raise ValueError("is not a currency; write the three letters of ISO 4217, such as USD")
    return text


def _accession(text: str) -> str:
    if not re.fullmatch("[0-9]{1,18}", text):
        raise ValueError('is not an accession number; write 1 to 18 digits, such as "10001"')
    return text


def _not_negative(value: Any) -> Any:
    if value < 0:
        raise ValueError("must not be negative")
    return value


strict_json.refine(Label, str, _label)
strict_json.refine(Zone, str, _zone)
strict_json.refine(Currency, str, _currency)
strict_json.refine(Accession, str, _accession)
strict_json.refine(Count, int, _not_negative)


@frozen
class Preferences:
    """A library's own rules. Days and counts; amounts in its currency; `None` means no limit."""

    booking_time_days: Count = Count(14)
    booking_quota: Count | None = Count(5)
    renewals: Count | None = Count(2)
    fees: bool = True
    fee_limit: Price | None = None
    overdue_fee_per_day: Price = _QUARTER
    borrowing_fee: Price = _NOTHING
    reservation_fee: Price = _NOTHING
    member_checkouts: bool = True
    member_checkins: bool = True
    overdue_checkins: bool = True
    member_types: tuple[Name, ...] = (Name("Regular"), Name("Privileged"))
    requests: bool = True
    item_updates: bool = False
    member_updates: bool = False


@frozen
class Sip2:
    """The library's licence of SIP2."""

    enabled: bool = True
    terminals_licensed: Count = Count(1)


@frozen
class UserForm:
    username: Name
    password: Name = field(repr=False)
    name: str = ""
    groups: tuple[
        Literal["Library Administrator", "Library Assistant", "Library Staff", "Library Member"], ...
    ] = ("Library Staff",)
    status: Literal["Active", "Invited", "Inactive"] = "Active"
    sip2_activated: bool = True


@frozen
class MemberForm:
    member_no: Name
    name: str = ""
    email: str | None = None
    phone: str | None = None
    address: str | None = None
    language: str | None = None
    type: Name = Name("Regular")
    group: str | None = None
    status: Literal["Active", "Inactive"] = "Active"
    password: Name | None = field(default=None, repr=False)
    sso: bool = False
    booking_quota: Count | None = None
    blocked_note: str | None = None


@frozen
class CopyForm:
    accession_no: Accession
    copy_no: int | None = None
    barcode: Name | None = None
    branch: str | None = None
    location: str | None = None
    price: Price | None = None
    condition: str | None = None
    properties: str | None = None
    active: bool = True
    circulation: bool = True


@frozen
class MediaForm:
    title: Name
    authors: tuple[str, ...] = ()
    isbn: str | None = None
    isbn13: str | None = None
    issn: str | None = None
    call_no: str | None = None
    category: str | None = None
    type: Name = Name("Books")
    borrowing_fee: Price | None = None
    active: bool = True
    circulation: bool = True
    copies: tuple[CopyForm, ...] = ()


@frozen
class BookingForm:
    """A booking: of a copy by `accession_no`, or (when it waits for any copy) of a title by `title` or `isbn13`."""

    member_no: Name
    accession_no: str | None = None
    title: str | None = None
    isbn13: str | None = None
    status: Literal["Issued", "Overdue", "Reserved", "Pending", "Returned", "Cancelled"] = "Issued"
    booking_date: str = "+0d"
    return_date: str | None = None
    received_at: str | None = None
    expires_at: str | None = None
    renewals: Count = Count(0)
    branch: str | None = None
    remark: str | None = None


@frozen
class TransactionForm:
    """An entry of a member's account: a fee is positive, a credit negative."""

    member_no: Name
    type: Name
    amount: Decimal
    paid: Decimal = Decimal(0)
    currency: str | None = None
    accession_no: str | None = None
    created_at: str = "+0d"


@frozen
class LibraryForm:
    nickname: Label
    name: str = ""
    plan: Name = Name("gold")
    timezone: Zone = Zone("UTC")
    currency: Currency = Currency("USD")
    language: Name = Name("en")
    sip2: Sip2 = Sip2()
    preferences: Preferences = Preferences()
    branches: tuple[Name, ...] = (Name("Main"),)
