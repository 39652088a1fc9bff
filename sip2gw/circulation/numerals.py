"""Dates, times, numbers and money, as a language writes them (CLDR). Only ordinary spaces, for the sake of printers."""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal
from functools import cache, lru_cache

from babel import Locale
from babel.dates import format_date, format_datetime
from babel.numbers import format_currency, format_decimal, get_currency_symbol

_DIGITS = {"bn": str.maketrans("0123456789", "".join(chr(0x9E6 + digit) for digit in range(10)))}
"""The digits of a language that does not use ASCII's, in each of its regions. Releases of CLDR differ in this."""
_SPACES = str.maketrans("\u202f\xa0", "  ")


@cache
def locale(language: str) -> Locale:
    """What CLDR knows of a language, perhaps with its region (`fr-CA`)."""
    return Locale.parse(language, sep="-")


@lru_cache(maxsize=1024)
def day(when: date, language: str) -> str:
    """A date: "5 mars 2026"."""
    return _spelled(format_date(when, "medium", locale(language)), language)


def moment(when: datetime, language: str) -> str:
    """A date and a time of the day, in the zone of `when`: "5 mars 2026, 16:05"."""
    return _minute(when.replace(tzinfo=None, second=0, microsecond=0, fold=0), language)


@lru_cache(maxsize=1024)
def _minute(wall: datetime, language: str) -> str:
    """A minute as the clock on the wall shows it: without a zone, since equal moments look different in each."""
    time = format_datetime(wall, locale(language).time_formats["short"].pattern, locale=locale(language))
    return f"{day(wall.date(), language)}, {_spelled(time, language)}"


@lru_cache(maxsize=1024)
def number(value: int, language: str) -> str:
    """A whole number."""
    return _spelled(format_decimal(value, locale=locale(language)), language)


@lru_cache(maxsize=1024)
def money(amount: Decimal, currency: str, language: str, charset: str) -> str:
    """An amount with the sign of its currency, if there is one; with the ISO code where `charset` lacks the sign."""
    here = locale(language)
    pattern = here.currency_formats["standard"].pattern
    if not currency:
        return _spelled(format_decimal(amount, pattern.replace("¤", "").strip(), here), language)
    sign = get_currency_symbol(currency, here)
    if not _holds(charset, sign):
        sign, pattern = currency, pattern.replace("¤", "¤¤")
    # Letters do not touch digits.
    if sign[-1:].isalpha():
        pattern = re.sub(r"(¤)(?=[#0])", r"\1 ", pattern)
    if sign[:1].isalpha():
        pattern = re.sub(r"(?<=[#0])(¤)", r" \1", pattern)
    return _spelled(format_currency(amount, currency, pattern, here), language)


def _spelled(text: str, language: str) -> str:
    digits = _DIGITS.get(locale(language).language)
    return (text.translate(digits) if digits else text).translate(_SPACES)


@lru_cache(maxsize=256)
def _holds(charset: str, text: str) -> bool:
    try:
        text.encode(charset)
    except UnicodeEncodeError:
        return False
    return True
