"""Read a fixed part, also one that lacks some of its fields.

Some clients leave out a date, flags or algorithms. A fixed field is digits, blanks, or the letters Y, N and U; no code
of a variable field begins so. A code in the fixed part is therefore the first variable field. Only a currency has
letters of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import combinations, product

from attrs import frozen

from sip2gw.sip2.fields import CURRENCY_TYPE, VOCABULARY, Fixed
from sip2gw.sip2.message import Message

Place = tuple[str, int, int]
"""Name, start and end of a fixed field."""

_LOGIN_ALSO = frozenset({"AO", "AC"})
"""Some terminals put these into a login."""
_FIRST_LETTERS = "".join(sorted({code[0] for code in VOCABULARY}))
_MAY_BE_CODE = re.compile(f"[{_FIRST_LETTERS}{_FIRST_LETTERS.lower()}][A-Za-z]")
_DAY = r"[12][0-9]{3}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])"
_SHORT_DATE = _DAY + r"(?:(?:[01][0-9]|2[0-3])[0-5][0-9][0-5][0-9])?"
_BY_THE_BOOK = {
    "timestamp": (
        _DAY + r"(?: {4}|0000| {3}[A-Za-z]|[A-Za-z] {3})[0-9]{6}"
        r"| {18}|0{18}"
    ),
    "yn": "[YyNn ]",
    "ynu": "[YyNnUu ]",
    "01": "[01 ]",
    "enum:hold_mode": "[-+* ]",
    "currency": "[A-Z]{3}",
    "digits": " *[0-9]+| +",
    "count": " *[0-9]+| +",
    "version": r"[0-9]\.[0-9A-Z]{2}",
    "summary": "[YyNn ]{10}",
    "patron_status": "[YyNn ]{14}",
}
"""The characters of a correct fixed field, by its kind; every other kind has digits or blanks."""


@frozen(repr=False)
class FixedPart:
    """The fixed part of one line."""

    fields: tuple[tuple[str, str], ...]
    """Name and characters of each; shorter than declared, or empty, if the line had no more."""
    end: int
    swallowed: bool = False
    """Whether a variable field begins in it, so that the fixed fields can't be told apart."""


def read_fixed(text: str, message: type[Message], delimiter: str) -> FixedPart:
    """Read the fixed part of `text`, which is a line without its code and trailer.

    The fixed part ends before the first variable field, at a delimiter, or where it has all its characters.
    """
    if (part := _usual_part(text, message, delimiter)) is not None:
        return part
    longest = text.find(delimiter, 0, message.width)
    if longest < 0:
        longest = min(message.width, len(text))
    code = _first_code(text, longest, message, delimiter)
    if code is None or any(code == start for _, start, _ in message.places):
        return _cut(text, message.places, longest if code is None else code)
    before = text[:code]
    if before.isspace():
        return _cut(text, (), code, message)
    if places := _without_some(before, message) or _without_some(before.rstrip(" "), message):
        return _cut(text, places, code, message)
    return FixedPart(_cut(text, message.places, longest).fields, longest, swallowed=True)


def _usual_part(text: str, message: type[Message], delimiter: str) -> FixedPart | None:
    """Read a fixed part that has all its characters, and in which no field can begin."""
    width = message.width
    whole = len(text) >= width and text.find(delimiter, 0, width) < 0
    if not whole or _MAY_BE_CODE.search(text, 0, width + 1):
        return None
    return FixedPart(tuple([(name, text[start:end]) for name, start, end in message.places]), width)


def is_by_the_book(field: Fixed[object], characters: str) -> bool:
    """Tell whether these characters may stand in this field."""
    return re.fullmatch(_BY_THE_BOOK.get(field.kind.name, "[0-9]+| +"), characters) is not None


def is_listed(code: str, message: type[Message]) -> bool:
    """Tell whether `code`, in capitals or small letters, is a variable field of `message`."""
    code = _in_capitals(code)
    return code in message.variables or (message.code == "93" and code in _LOGIN_ALSO)


def fixed_fields(message: type[Message]) -> dict[str, Fixed[object]]:
    """Return the fixed fields of a message, in order."""
    return {name: member.field for name, member in message.members.items() if isinstance(member.field, Fixed)}


def _cut(text: str, places: tuple[Place, ...], end: int, message: type[Message] | None = None) -> FixedPart:
    found = tuple([(name, text[start : min(stop, end)]) for name, start, stop in places])
    if message is not None:
        there = dict(found)
        found = tuple((name, there.get(name, "")) for name, _, _ in message.places)
    return FixedPart(found, end)


def _first_code(text: str, longest: int, message: type[Message], delimiter: str) -> int | None:
    """Find where the first variable field begins, if that is in the fixed part."""
    if not _MAY_BE_CODE.search(text, 0, longest + 1):
        return None  # nearly every line
    starts = {start for _, start, _ in message.places}
    currency = _currency(text, message, delimiter)
    for place in range(longest):
        if currency is not None and place >= currency:
            return None
        code = text[place : place + 2]
        at_its_place = place in starts and not (_ends_in_currency(message) and place == message.width - 3)
        if is_listed(code, message) or (at_its_place and _in_capitals(code) in VOCABULARY):
            return place
    return None


def _currency(text: str, message: type[Message], delimiter: str) -> int | None:
    """Find the currency: three letters (AOA is one) that a field or nothing follows."""
    if not _ends_in_currency(message):
        return None
    start, following = message.width - CURRENCY_TYPE.width, text[message.width :]
    follows = not following or following.startswith(delimiter) or is_listed(following[:2], message)
    return start if follows and re.fullmatch("[A-Z]{3}", text[start : message.width]) else None


def _ends_in_currency(message: type[Message]) -> bool:
    return bool(message.places) and message.places[-1][0] == CURRENCY_TYPE.name


def _without_some(part: str, message: type[Message]) -> tuple[Place, ...]:
    """Return the places of the fields in `part`, if it can only be read as the fixed part without some of them.

    Of two dates the second is the one that is missing.
    """
    found = list(_readings(part, message))
    fields = fixed_fields(message)
    others = {
        tuple(name for name, _, _ in places if fields[name].kind.name != "timestamp") for places in found
    }
    return found[0] if len(others) == 1 else ()


def _readings(part: str, message: type[Message]) -> Iterator[tuple[Place, ...]]:
    fields = fixed_fields(message)
    for count in range(1, len(fields) + 1):
        for chosen in combinations(fields, count):
            for widths in product(*(_widths(fields[name]) for name in chosen)):
                if sum(widths) != len(part):
                    continue
                places, start = list[Place](), 0
                for name, width in zip(chosen, widths, strict=True):
                    places.append((name, start, start + width))
                    start += width
                if all(_may_be(fields[name], part, begin, end) for name, begin, end in places):
                    yield tuple(places)


def _widths(field: Fixed[object]) -> tuple[int, ...]:
    """How many characters it may have. Some clients write a date without its blanks, or without its time."""
    return (field.width, 14, 8) if field.kind.name == "timestamp" else (field.width,)


def _may_be(field: Fixed[object], part: str, begin: int, end: int) -> bool:
    characters = part[begin:end]
    if field.kind.name == "timestamp" and len(characters) < field.width:
        # Digits behind a day may as well be a part of its time.
        open_ended = len(characters) == 8 and part[end : end + 1].isdigit()
        return re.fullmatch(_SHORT_DATE, characters) is not None and not open_ended
    return is_by_the_book(field, characters)


def _in_capitals(code: str) -> str:
    return code.upper() if code.islower() else code
