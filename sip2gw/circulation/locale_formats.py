"""Dates, times, numbers and money as a language writes them (CLDR).

Spaces are ordinary ones, because printers lack the others.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal
from functools import cache, lru_cache

from babel import Locale
from babel.dates import format_date, format_datetime
from babel.numbers import format_currency, format_decimal, get_currency_symbol

_DIGITS = {"bn": str.maketrans("0123456789", "".join(chr(0x9E6 + digit) for digit in range(10)))}
"""The digits of a language that has its own, for all its regions. Releases of CLDR differ in this."""
_SPACES = str.maketrans("\u202f\xa0", "  ")


@cache
def locale(language: str) -> Locale:
    """Return the CLDR data of a language, perhaps with its region (`fr-CA`)."""
    return Locale.parse(language, sep="-")


@lru_cache(maxsize=1024)
def day(when: date, language: str) -> str:
    """Return a date: "5 mars 2026"."""
    return _spelled(format_date(when, "medium", locale(language)), language)


def moment(when: datetime, language: str) -> str:
    """Return a date and time, in the zone of `when`: "5 mars 2026, 16:05"."""
    return _minute(when.replace(tzinfo=None, second=0, microsecond=0, fold=0), language)


@lru_cache(maxsize=1024)
def _minute(wall: datetime, language: str) -> str:
    """Return a minute of local time. It has no zone, because equal moments look different in two zones."""
    time = format_datetime(wall, locale(language).time_formats["short"].pattern, locale=locale(language))
    return f"{day(wall.date(), language)}, {_spelled(time, language)}"


@lru_cache(maxsize=1024)
def number(value: int, language: str) -> str:
    """Return a whole number."""
    return _spelled(format_decimal(value, locale=locale(language)), language)


@lru_cache(maxsize=1024)
def money(amount: Decimal, currency: str, language: str, charset: str) -> str:
    """Return an amount with the sign of its currency; with the ISO code if `charset` lacks the sign."""
    here = locale(language)
    pattern = here.currency_formats["standard"].pattern
    if not currency:
        return _spelled(format_decimal(amount, pattern.replace("¤", "").strip(), here), language)
    sign = get_currency_symbol(currency, here)
    if not _holds(charset, sign):
        sign, pattern = currency, pattern.replace("¤", "¤¤")
    # A sign that ends or begins with a letter gets a space before or after the digits.
    if sign[-1:].isalpha():
        pattern = re.sub(r"(¤)(?=[#0])", r"\1 ", pattern)
    if sign[:1].isalpha():
        pattern = re.sub(r"(?<=[#0])(¤)", r" \1", pattern)
    return _spelled(format_currency(amount, currency, pattern, here), language)


def _spelled(text: str, language: str) -> str:
    """Return the text with the digits of the language, and with ordinary spaces."""
    digits = _DIGITS.get(locale(language).language)
    return (text.translate(digits) if digits else text).translate(_SPACES)


@lru_cache(maxsize=256)
def _holds(charset: str, text: str) -> bool:
    """Return whether a charset has all characters of a text."""
    try:
        text.encode(charset)
    except UnicodeEncodeError:
        return False
    return True
