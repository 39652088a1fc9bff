"""How each kind of value is read and written. Neither ever fails.

A value that can't be read becomes the kind's `absent` value, because a terminal with a blank date still needs its
answer (docs/wire.md lists the oddities that are accepted).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from enum import IntEnum
from typing import Generic, TypeVar

from attrs import evolve, frozen

from sip2gw.secret import Secret

T = TypeVar("T")
F = TypeVar("F", bound=IntEnum)

Timestamp = datetime | None
"""Naive: local time of the library. Aware: the zone letter named another. None: blank, zeros or unreadable."""


@frozen(eq=False)
class Kind(Generic[T]):
    """One kind of value. `name` is its name in the protocol table."""

    name: str
    absent: T
    parse: Callable[[str], T]
    format: Callable[[T], str]


class Exact(Decimal):
    """An amount that is written with just the decimals that it has: not every currency has two."""


class PatronFlag(IntEnum):
    """The fourteen positions of patron_status. A flag that is set denies or warns (3M, patron status)."""

    CHARGE_PRIVILEGES_DENIED = 0
    RENEWAL_PRIVILEGES_DENIED = 1
    RECALL_PRIVILEGES_DENIED = 2
    HOLD_PRIVILEGES_DENIED = 3
    CARD_REPORTED_LOST = 4
    TOO_MANY_ITEMS_CHARGED = 5
    TOO_MANY_ITEMS_OVERDUE = 6
    TOO_MANY_RENEWALS = 7
    TOO_MANY_CLAIMS_OF_ITEMS_RETURNED = 8
    TOO_MANY_ITEMS_LOST = 9
    EXCESSIVE_OUTSTANDING_FINES = 10
    EXCESSIVE_OUTSTANDING_FEES = 11
    RECALL_OVERDUE = 12
    TOO_MANY_ITEMS_BILLED = 13


DENIED = frozenset(PatronFlag(place) for place in range(4))
"""Nothing is allowed: the status of an unknown patron."""


class SummaryList(IntEnum):
    """The lists that field summary of 63 may ask for; the value is the position of its Y."""

    HOLD_ITEMS = 0
    OVERDUE_ITEMS = 1
    CHARGED_ITEMS = 2
    FINE_ITEMS = 3
    RECALL_ITEMS = 4
    UNAVAILABLE_HOLDS = 5


SUPPORTED_MESSAGES = (
    "23", "11", "09", "01", "99", "97", "93", "63", "35", "37", "17", "19", "25", "15", "29", "65",
)  # fmt: skip
"""The requests that the sixteen positions of BX mean, in order."""


_KNOWN_FLAGS = {"Y": True, "N": False}


def as_is(text: str) -> str:
    """Return the text: it is its own value."""
    return text


def _flag(text: str) -> bool:
    return text[:1] in ("Y", "y")


def _flag_or_unknown(text: str) -> bool | None:
    return _KNOWN_FLAGS.get(text[:1].upper())


def _whole_number(text: str) -> int | None:
    digits = text.strip(" ")
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 20 else None


def _amount(text: str) -> Decimal | None:
    # Three digits after a comma may be thousands: better no amount than a wrong one.
    match = re.fullmatch(r"-?(?:[0-9]{1,15}(?:\.[0-9]{0,6}|,[0-9]{0,2})?|\.[0-9]{1,6})", text.strip(" "))
    return Decimal(match[0].replace(",", ".")) if match else None


def _format_amount(amount: Decimal | None) -> str:
    if amount is None or not amount.is_finite():
        return ""
    if isinstance(amount, Exact):
        return f"{amount:f}"
    return f"{amount:.2f}" if int(amount.as_tuple().exponent) > -2 else f"{amount:f}"


def _timestamp(text: str) -> Timestamp:
    if len(text) == 14:  # some clients leave the blanks out
        text = f"{text[:8]}    {text[8:]}"
    digits = text[:8] + text[12:]
    if len(text) != 18 or not (digits.isascii() and digits.isdigit()):
        return None
    if text[12:14] == "24":
        return None  # some Pythons read it as the next day
    try:
        moment = datetime.fromisoformat(f"{text[:8]}T{text[12:]}")
    except ValueError:
        return None
    if not 1 < moment.year < 9999:
        return None  # the first and the last year there is can't be carried over into another zone
    return moment if text[8:12] == "    " else moment.replace(tzinfo=_zone(text[8:12]))


def _zone(text: str) -> timezone | None:
    """Read the zone letters: hours from Greenwich, A to M (no J) east, N to Y west, Z none. Else it is local time."""
    letter = text.strip(" ").upper()
    if not letter:
        return None
    east, west = "ABCDEFGHIKLM", "NOPQRSTUVWXY"
    if letter == "Z":
        return UTC
    if len(letter) == 1 and letter in east:
        return timezone(timedelta(hours=east.index(letter) + 1))
    if len(letter) == 1 and letter in west:
        return timezone(-timedelta(hours=west.index(letter) + 1))
    return None


def _format_timestamp(moment: Timestamp) -> str:
    if moment is None:
        return " " * 18
    zone = "    "
    if moment.tzinfo is not None:
        moment, zone = moment.astimezone(UTC), "   Z"
    text = moment.isoformat()
    return f"{text[:4]}{text[5:7]}{text[8:10]}{zone}{text[11:13]}{text[14:16]}{text[17:19]}"


def _parse_supported(text: str) -> frozenset[str]:
    return frozenset(code for code, mark in zip(SUPPORTED_MESSAGES, text, strict=False) if mark in "Yy")


def _format_supported(codes: frozenset[str]) -> str:
    return "".join(["Y" if code in codes else "N" for code in SUPPORTED_MESSAGES])


def enum(name: str, width: int, blank: str) -> Kind[str]:
    """Make the kind of a code from a table, `width` wide; unknown codes are kept, blank ones read as `blank`."""
    return chars(f"enum:{name}", width, blank)


def language(width: int) -> Kind[str]:
    """Make the kind of a language: digits. Anything else is read as unspecified, so that no answer repeats it."""

    def read(text: str) -> str:
        code = text.strip(" ")
        return code.zfill(width) if code.isascii() and code.isdigit() else "0" * width

    return evolve(enum("language", width, "0" * width), parse=read)


def digits(name: str, width: int) -> Kind[int | None]:
    """Make the kind of a number with leading zeros, `width` wide; None is blanks; a number too big is all nines."""

    def form(number: int | None) -> str:
        return " " * width if number is None else f"{min(max(number, 0), 10**width - 1):0{width}d}"

    return Kind(name, None, _whole_number, form)


def chars(name: str, width: int, blank: str) -> Kind[str]:
    """Make the kind of characters without further meaning, `width` wide; empty text is written as empty text."""

    def form(text: str) -> str:
        return text.ljust(width)[:width] if text else ""

    return Kind(name, blank, lambda text: text.strip(" ") or blank, form)


def flags(name: str, places: type[F], width: int) -> Kind[frozenset[F]]:
    """Make the kind of a set of flags: `Y` at the place of each flag that is set, blanks up to `width`."""

    known = tuple(places)

    def parse(text: str) -> frozenset[F]:
        return frozenset([place for place, mark in zip(known, text, strict=False) if mark in ("Y", "y")])

    def form(chosen: frozenset[F]) -> str:
        return "".join(["Y" if place in chosen else " " for place in range(width)]) if chosen else " " * width

    return Kind(name, frozenset(), parse, form)


YN = Kind("yn", False, _flag, {True: "Y", False: "N"}.__getitem__)
YNU: Kind[bool | None] = Kind("ynu", None, _flag_or_unknown, {True: "Y", False: "N", None: "U"}.__getitem__)
ZERO_ONE = Kind("01", False, "1".__eq__, {True: "1", False: "0"}.__getitem__)
TIMESTAMP = Kind("timestamp", None, _timestamp, _format_timestamp)
TIME_SYNC = Kind(
    "timestamp", None, _timestamp, lambda moment: _format_timestamp(moment) if moment else "0" * 18
)
"""The time that terminals set their clocks by; zeros mean that it is not known."""
PATRON_STATUS = flags("patron_status", PatronFlag, 14)
SUMMARY = flags("summary", SummaryList, 10)
SUPPORTED: Kind[frozenset[str]] = Kind("supported_messages", frozenset(), _parse_supported, _format_supported)
TEXT = Kind("text", "", as_is, as_is)
DISPLAY = Kind("display", "", as_is, as_is)
PASSWORD: Kind[Secret | None] = Kind("text", None, Secret, lambda secret: secret.reveal() if secret else "")
USER: Kind[Secret] = Kind("text", Secret(""), Secret, lambda secret: secret.reveal())
NUMBER: Kind[int | None] = Kind(
    "number", None, _whole_number, lambda number: "" if number is None else str(number)
)
MONEY: Kind[Decimal | None] = Kind("money", None, _amount, _format_amount)
COUNT = digits("count", 4)
