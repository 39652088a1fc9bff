"""The number that was meant by a card or a label that the library does not have, found by at most `MOST` reads."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from attrs import field, frozen

from sip2gw.circulation.desk import Desk
from sip2gw.circulation.named import read_label
from sip2gw.library import Library, Refused
from sip2gw.sip2 import Request

MOST = 6
"""Spellings of one number that the library is asked for."""
CARD, LABEL = "card", "label"
NOT_FOUND = {"member_not_found": CARD, "copy_not_found": LABEL}
"""What has a number that the library does not have, by the code of the refusal."""

_PREFIX = re.compile(r"([A-Za-z]{1,4}[-. ]?)(?=[0-9])")
_CODABAR = re.compile(r"([A-Da-d])([0-9].*)([A-Da-d])", re.DOTALL)
_ZEROS = re.compile(r"([^0-9]{0,4})(0*)([1-9][0-9]*|0)")
_ADDED = 4
"""The most leading zeros that are added."""


@frozen
class OtherSpelling:
    """Another spelling of a number. `how` says how it differs, without the number; `fix` is what to do."""

    number: str = field(repr=False)
    how: str
    fix: str


def other_spellings(number: str) -> Iterator[OtherSpelling]:
    """Yield the likely other spellings of a number, the likeliest first."""
    reader = "set the barcode reader, or the terminal, to"
    if begins := _PREFIX.match(number):
        prefix = begins[1]
        yield OtherSpelling(
            number[len(prefix) :], f"without the prefix {prefix}", f"{reader} leave out {prefix.strip()}"
        )
    if framed := _CODABAR.fullmatch(number):
        how = f"without the start and stop characters {framed[1]} and {framed[3]}"
        yield OtherSpelling(framed[2], how, f"{reader} leave them out")
    for other, how in ((number.upper(), "in capitals"), (number.lower(), "in small letters")):
        if other != number:
            yield OtherSpelling(other, how, f"{reader} send letters {how}")
    if digits := _ZEROS.fullmatch(number):
        start, zeros, rest = digits.groups()
        if zeros:
            yield OtherSpelling(
                start + rest, f"without its {_zeros(len(zeros))}", f"{reader} leave out leading zeros"
            )
        for count in range(1, _ADDED + 1):
            how = f"with {_zeros(count)} more"
            yield OtherSpelling(start + "0" * count + zeros + rest, how, f"{reader} keep leading zeros")


def number_of(what: str, request: Request, desk: Desk) -> str:
    """Return the number of the card or label in a request, as the library got it; empty if there is none."""
    if what == CARD:
        return (getattr(request, "patron_identifier", None) or "").strip()
    return read_label(getattr(request, "item_identifier", None), desk)


async def near_number(what: str, number: str, library: Library) -> OtherSpelling | None:
    """Return the first spelling under which the library has this card or label. Raises `Unavailable`."""
    look = library.patron if what == CARD else library.item
    for spelling in islice(other_spellings(number), MOST):
        try:
            await look(spelling.number)
        except Refused:
            continue
        return spelling
    return None


def _zeros(count: int) -> str:
    return f"{count} leading zeros" if count > 1 else "1 leading zero"
