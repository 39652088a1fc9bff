"""A line of SIP2 without anything of a person, field by field. What is not known to be harmless is not shown.

Card and item numbers are tags. Flags, codes and dates are shown if they are spelled by the book. A place that the
terminal names is shown if it is its library or location, or nearly; one in an answer up to where another field may
begin in it. All other values are `***`. The checksum is that of the redacted
line, if the one that was sent is right.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from difflib import SequenceMatcher

from attrs import frozen

from sip2gw.sip2 import Dialect, Layout, Request, UnknownMessage, lay_out
from sip2gw.sip2.error_detection import checksum
from sip2gw.sip2.fields import VOCABULARY
from sip2gw.sip2.fixed_part import fixed_fields, is_by_the_book

MASK = "***"
_NEAR = 0.7
"""The likeness, of 1, from which a text counts as misspelt."""
_LONGEST = 64

_PLACES = frozenset({"AM", "AN", "AO", "AP", "AQ", "BG", "BS", "CL", "CP"})
"""Texts that name a library, a branch, a shelf or a bin."""
_PLACE = re.compile(r"[\w .:/-]{1,64}")
_MAY_BEGIN = re.compile(r"(?:AA|AB|AC|AD|AE|BD|BE|BF|CN|CO|[0-9]{6})", re.IGNORECASE)
"""The code of a field that is never shown, or a long number."""
_DATE = re.compile(r"[0-9]{8}.{4}[0-9]{6}| {18}")
_PLAIN = {
    **dict.fromkeys(("BI", "BL", "BO", "CI", "CQ"), re.compile("[YNUynu ]")),
    **dict.fromkeys(("BT", "CK"), re.compile("[0-9]{1,3}")),
    **dict.fromkeys(("BP", "BQ", "BR", "BZ", "CA", "CB", "CF"), re.compile("[0-9]{1,5}")),
    **dict.fromkeys(("BW", "CJ", "CM"), _DATE),
    "AH": re.compile(r"[0-9][0-9 :./TZ-]{5,24}"),
    "BH": re.compile("[A-Z]{3}"),
    "BX": re.compile("[YN]{1,24}"),
    "BY": re.compile("[0-9]"),
}
"""What the value of a harmless field looks like."""
_SUM = re.compile("[0-9A-Fa-f]{1,4}")


@frozen
class Tagging:
    """How the numbers in a connection's lines are tagged. `known` are its texts that are shown in any case."""

    patron: Callable[[str], str]
    item: Callable[[str], str]
    known: frozenset[str] = frozenset()


def redacted(line: bytes, dialect: Dialect, tagging: Tagging) -> str:
    """Return a line, without its terminator, as it may be shown. Never raises."""
    try:
        layout = lay_out(line, dialect)
    except UnknownMessage:
        return f"({len(line)} bytes that are not a SIP2 message)"
    delimiter = dialect.delimiter
    asked = issubclass(layout.message, Request)
    fields = "".join(
        f"{code}{_shown(code, value, tagging, asked)}{delimiter}" for code, value in layout.fields
    )
    sequence = "" if layout.sequence is None else f"AY{layout.sequence[:9]}"
    return _with_checksum(layout.code + _fixed(layout) + fields + sequence, layout)


def _fixed(layout: Layout) -> str:
    fields = fixed_fields(layout.message)
    odd = layout.swallowed or layout.displaced
    return "".join(
        characters
        if not odd and len(characters) == fields[name].width and is_by_the_book(fields[name], characters)
        else "?" * len(characters)
        for name, characters in layout.fixed
    )


def _shown(code: str, value: str, tagging: Tagging, asked: bool) -> str:
    if not value or VOCABULARY.get(code) is None:
        return MASK if value else ""
    if code == "AA":
        return tagging.patron(value)
    if code == "AB":
        return tagging.item(value)
    if code in _PLACES:
        said = asked or code == "AO"
        return _place(value, tagging) if not said or _is_near(value, tagging.known) else MASK
    plain = _PLAIN.get(code)
    return value if plain is not None and plain.fullmatch(value) else MASK


def _is_near(value: str, known: frozenset[str]) -> bool:
    """Return whether a text that a terminal sent is one of these, or nearly: it may be misspelt."""
    return any(
        one and SequenceMatcher(None, one.casefold(), value[:_LONGEST].casefold()).ratio() >= _NEAR
        for one in known
    )


def _place(value: str, tagging: Tagging) -> str:
    if value in tagging.known:
        return "".join(sign if sign.isprintable() else "?" for sign in value)
    if not _PLACE.fullmatch(value):
        return MASK
    begins = _MAY_BEGIN.search(value)
    return value if begins is None else value[: begins.start()] + MASK


def _with_checksum(text: str, layout: Layout) -> str:
    if layout.checksum is None:
        return text
    if layout.checksum_ok:
        return f"{text}AZ{checksum(f'{text}AZ'.encode()).decode()}"
    return f"{text}AZ{layout.checksum if _SUM.fullmatch(layout.checksum) else '????'}"
