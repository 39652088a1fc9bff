"""Receipts (AG): what was lent, returned or paid, in lines that fit the printer's paper.

A line is never broken inside a character as people see it.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import cache, lru_cache

from sip2gw.circulation import locale_formats
from sip2gw.circulation.speech import Speaker, masked
from sip2gw.library import Item
from sip2gw.sip2 import DEFAULT, Dialect
from sip2gw.sip2.text import may_stand, to_wire

_NO_WIDTH = frozenset({None, 0, 999})
"""Print widths (99) that mean no limit, or none that is known."""
_LONGEST = 4096
_USUAL = _LONGEST // 4
"""A text of so many characters takes at most `_LONGEST` bytes in any charset."""
_DELIMITER = DEFAULT.delimiter
_JOINERS = "\u200c\u200d"
_VIRAMA = 9
"""The combining class of the sign that joins two Indic consonants."""


def loan_receipt(
    name: str,
    now: datetime,
    item: Item,
    due: date,
    speaker: Speaker,
    width: int | None,
    *,
    patron: str = "",
) -> tuple[str, ...]:
    """Return the receipt of the library `name` for an item that was lent or renewed until the end of `due`.

    `width` is the print width of 99. `patron` is the number of the card, of which only the end is printed.
    """
    lines = [
        speaker.say("receipt_loan"),
        item.title,
        speaker.say("receipt_item", item=item.item_id),
        speaker.say("receipt_due", day=locale_formats.day(due, speaker.language)),
    ]
    if patron:
        lines.append(speaker.say("receipt_patron", patron=masked(patron)))
    return _paper(name, now, lines, speaker, width)


def return_receipt(
    name: str, now: datetime, item: Item, speaker: Speaker, width: int | None
) -> tuple[str, ...]:
    """Return the receipt for an item that was taken back. It names no patron: the person may not be the borrower."""
    lines = [speaker.say("receipt_return"), item.title, speaker.say("receipt_item", item=item.item_id)]
    return _paper(name, now, lines, speaker, width)


def payment_receipt(
    name: str,
    now: datetime,
    amount: Decimal,
    currency: str,
    balance: Decimal,
    ref: str,
    speaker: Speaker,
    width: int | None,
    *,
    patron: str = "",
) -> tuple[str, ...]:
    """Return the receipt for `amount`, booked under the number `ref`.

    `balance` is owed after the payment; it is negative for a credit.
    """
    balance_text = "receipt_credit" if balance < 0 else "receipt_balance"
    lines = [
        speaker.say("receipt_payment"),
        speaker.say("receipt_amount", amount=speaker.money(amount, currency)),
        speaker.say(balance_text, amount=speaker.money(abs(balance), currency)),
    ]
    if patron:
        lines.append(speaker.say("receipt_patron", patron=masked(patron)))
    if ref:
        lines.append(speaker.say("receipt_number", number=ref))
    return _paper(name, now, lines, speaker, width)


def _paper(
    name: str, now: datetime, lines: Sequence[str], speaker: Speaker, width: int | None
) -> tuple[str, ...]:
    """Return the lines as they are printed, below the library's name and the minute."""
    limit = None if width in _NO_WIDTH else width
    minute = now.replace(tzinfo=None, second=0, microsecond=0, fold=0)
    return _head(name, minute, speaker.language, speaker.charset, limit) + _printed(
        lines, speaker.charset, limit
    )


@lru_cache(maxsize=1024)
def _head(name: str, minute: datetime, language: str, charset: str, limit: int | None) -> tuple[str, ...]:
    """Return the first lines of a receipt. `minute` is local time without a zone."""
    return _printed((name, locale_formats.moment(minute, language)), charset, limit)


def _printed(lines: Sequence[str], charset: str, limit: int | None) -> tuple[str, ...]:
    """Return the lines wrapped after they are put into the terminal's charset, which may make them longer."""
    whole = "".join(lines)
    if len(whole) > _USUAL or _DELIMITER in whole or not may_stand(whole, charset):
        lines = [to_wire(text, _on_paper(charset)).decode(charset) for text in lines]
    return tuple(piece for text in lines for piece in wrapped(text, limit))


@cache
def _on_paper(charset: str) -> Dialect:
    return Dialect(charset=charset, max_length=_LONGEST)


def wrapped(text: str, width: int | None) -> tuple[str, ...]:
    """Return `text` in lines of at most `width` columns, broken at spaces if possible; without a width, in one line.

    A line is wider only if a single cluster is.
    """
    words = text.split()
    line = " ".join(words)
    if width is None or len(line) <= width // 2 or columns(line) <= width:  # no character takes more than two
        return (line,) if line else ()
    return tuple(_broken(words, width))


def _broken(words: Iterable[str], width: int) -> Iterator[str]:
    """Yield the words in lines; a word that is wider than a line begins a line of its own."""
    line, taken = "", 0
    for word in words:
        wide = columns(word)
        if line and taken + 1 + wide <= width:
            line, taken = f"{line} {word}", taken + 1 + wide
            continue
        if line:
            yield line
        *full, line = _pieces(word, width) if wide > width else [word]
        yield from full
        taken = columns(line)
    yield line


def columns(text: str) -> int:
    """Return how many columns of a fixed-width printer `text` takes.

    East Asian characters take two, and marks above or below a letter none.
    """
    if text.isascii():
        return len(text)
    return sum(_columns_of(character) for character in text)


def clusters(text: str) -> Iterator[str]:
    """Yield `text` in characters as people see them: a letter with its marks, a conjunct of Indic consonants."""
    begin = 0
    for place in range(1, len(text)):
        if not _belong_together(text[place - 1], text[place]):
            yield text[begin:place]
            begin = place
    if text:
        yield text[begin:]


def _pieces(word: str, width: int) -> list[str]:
    """Return a word that is wider than a line, in as many lines as it needs."""
    lines = [""]
    for cluster in clusters(word):
        if lines[-1] and columns(lines[-1] + cluster) > width:
            lines.append("")
        lines[-1] += cluster
    return lines


def _columns_of(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _belong_together(before: str, after: str) -> bool:
    """Return whether two characters are part of one cluster."""
    if after in _JOINERS or unicodedata.category(after).startswith("M"):
        return True
    return (before in _JOINERS or unicodedata.combining(before) == _VIRAMA) and after.isalpha()
