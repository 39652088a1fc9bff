"""The texts in other languages: gettext catalogues (.po), each read when it is first needed.

They are not compiled beforehand: the program reads the file that a translator edits. The keys are the English texts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache, lru_cache
from gettext import GNUTranslations, NullTranslations
from importlib.resources import files
from io import BytesIO

from babel import Locale
from babel.core import UnknownLocaleError
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from sip2gw.circulation.texts import TEXTS
from sip2gw.sip2 import Dialect
from sip2gw.sip2.text import to_wire

LANGUAGES = ("en", "bn", "de", "es", "fr")
"""The languages that have every text; English is the source."""

SIP2_LANGUAGES = {
    "001": "en",
    "002": "fr",
    "003": "de",
    "008": "es",
    "011": "fr-CA",
    "021": "es-US",
    "024": "en-GB",
    "026": "fr-BE",
}
"""SIP2's codes for these languages. Bengali has none."""

_TAG = re.compile(
    r"([a-z]{2})(?![a-z0-9])(?:[-_]([a-z]{2}|[0-9]{3})(?![a-z0-9]))?.*", re.IGNORECASE | re.ASCII | re.DOTALL
)


@cache
def source(language: str) -> Catalog:
    """Return the catalogue of one of `LANGUAGES`, with the translators' remarks; empty for English.

    Its plural forms are those of the installed CLDR, which may have more or fewer than the file.
    """
    catalogue = Catalog(locale=language)
    if language == "en":
        return catalogue
    with files(__package__).joinpath("locales", f"{language}.po").open("rb") as file:
        written = read_po(file, locale=language, abort_invalid=True)
    for message in written:
        if message.id:
            if message.pluralizable:
                message.string = _fitted(tuple(message.string or ()), catalogue.num_plurals)
            catalogue[message.id] = message
    catalogue.obsolete = written.obsolete
    return catalogue


def _fitted(forms: Iterable[str], count: int) -> tuple[str, ...]:
    """Return `count` plural forms of a text. The last one, which is for most numbers, replaces missing ones."""
    *special, other = forms
    special = special[: count - 1]
    return (*special, *[other] * (count - len(special)))


@cache
def texts_in(language: str) -> NullTranslations:
    """Return the texts of one of `LANGUAGES`, by the English ones."""
    if language == "en":
        return NullTranslations()
    compiled = BytesIO()
    write_mo(compiled, source(language))
    compiled.seek(0)
    return GNUTranslations(compiled)


@lru_cache(maxsize=1024)
def known(tag: str) -> str | None:
    """Return the language of a tag (`bn`, `bn-BD`, `es_MX`, or SIP2's three digits), with its region; None if unknown.

    An unknown region is left out.
    """
    tag = tag.strip()
    match = _TAG.fullmatch(SIP2_LANGUAGES.get(tag, tag))
    if match is None or (language := match[1].lower()) not in LANGUAGES:
        return None
    if match[2] is None:
        return language
    try:
        Locale.parse(f"{language}_{match[2].upper()}")
    except (UnknownLocaleError, ValueError):
        return language
    return f"{language}-{match[2].upper()}"


@lru_cache(maxsize=1024)
def first_known(tags: tuple[str, ...], charset: str) -> str:
    """Return the first of `tags` that is known and can be written in `charset`; else English."""
    return next((tag for named in tags if (tag := known(named)) and writable(tag[:2], charset)), "en")


@cache
def writable(language: str, charset: str) -> bool:
    """Return whether `charset` has the letters of a language, at least without accents. One text is tried for all."""
    if language == "en":
        return True
    sample = texts_in(language).gettext(TEXTS["not_available"])
    written = to_wire(sample, Dialect(charset=charset, max_length=10 * len(sample)))
    return written.decode(charset).count("?") == sample.count("?")
