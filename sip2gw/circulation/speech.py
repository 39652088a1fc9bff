"""What people read at a terminal: plain words in their language, what to do next, and never more than they may know."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from string import Formatter

from attrs import Factory, frozen

from sip2gw.circulation import numerals
from sip2gw.circulation.catalogues import LANGUAGES, first_known, translations
from sip2gw.circulation.texts import COUNTED, TEXTS
from sip2gw.library import InDoubt, LibraryError, Refused, Unavailable

_WRONG_WORDS = (LookupError, ValueError, AttributeError, TypeError)
"""What `str.format` raises when a text names what it is not given, or is not well-formed."""


@frozen
class Speaker:
    """Says texts in one language, to a terminal of one charset.

    `language` is one of `catalogues.LANGUAGES`, perhaps with a region (`fr-CA`). `overrides` are a library's own words
    for single texts: by id, for all languages, or by id and language (`renewed.bn`), for that one.
    """

    language: str = "en"
    overrides: Mapping[str, str] = Factory(dict)
    charset: str = "utf-8"

    def say(self, text: str, /, **facts: object) -> str:
        """The text of this id (see `texts.TEXTS`), with what it names; whole numbers in the language's form."""
        spoken: Mapping[str, object] = facts
        for name, fact in facts.items():
            if type(fact) is int:
                spoken = {**spoken, name: self.number(fact)}
        if self.overrides and (own := self._own(text)) is not None:
            try:
                return own.format(**spoken)
            except _WRONG_WORDS:
                pass  # A library that misspelt a name still has its patrons told something.
        return self._shipped(text, facts).format(**spoken)

    def _own(self, text: str) -> str | None:
        return self.overrides.get(f"{text}.{self.language[:2]}", self.overrides.get(text))

    def _shipped(self, text: str, facts: Mapping[str, object]) -> str:
        catalogue = translations(self.language[:2])
        if text not in COUNTED:
            return catalogue.gettext(TEXTS[text])
        fact, one = COUNTED[text]
        return catalogue.ngettext(one, TEXTS[text], int(str(facts[fact])))

    def why(self, error: LibraryError, *, today: date = date.min) -> str:
        """The line for the screen when the library said no, was not asked, or left its answer open.

        An item that is overdue is not promised for a day before `today`.
        """
        match error:
            case Refused(code=code, facts=facts):
                return self._reason(code, self._told(facts, today))
            case InDoubt():
                return self.say("in_doubt")
            case Unavailable(throttled=True):
                return self.say("too_many_tries")
            case _:
                return self.say("not_available")

    def _reason(self, code: str, facts: Mapping[str, object]) -> str:
        if code == "quota_exceeded" and "limit" in facts:
            code = "quota_exceeded_limit"
        if code not in TEXTS or not names(TEXTS[code]) <= facts.keys():
            code = "refused"
        text = self.say(code, **facts)
        return f"{text} {self.say('expected_back', **facts)}" if "day" in facts else text

    def _told(self, facts: Mapping[str, str], today: date) -> dict[str, object]:
        """A library's facts as texts can name them. One that makes no sense is as if it had not been told."""
        told: dict[str, object] = dict(facts)
        if (limit := facts.get("limit", "")).isdecimal():
            told["limit"] = int(limit)
        else:
            told.pop("limit", None)
        try:
            if "amount" in facts:
                told["amount"] = self.money(Decimal(facts["amount"]), facts.get("currency", ""))
            if "available_from" in facts and (day := date.fromisoformat(facts["available_from"])) >= today:
                told["day"] = self.day(day)
        except (InvalidOperation, ValueError):
            told.pop("amount", None)
        return told

    def day(self, day: date) -> str:
        """A date as this language writes it."""
        return numerals.day(day, self.language)

    def moment(self, moment: datetime) -> str:
        """A date and a time of the day as this language writes them."""
        return numerals.moment(moment, self.language)

    def number(self, number: int) -> str:
        """A whole number as this language writes it."""
        return numerals.number(number, self.language)

    def money(self, amount: Decimal, currency: str) -> str:
        """An amount as this language writes it: with the currency's sign, or its code where the charset has no such
        sign."""
        return numerals.money(amount, currency, self.language, self.charset)


ENGLISH = Speaker()


def choose(languages: Iterable[str], overrides: Mapping[str, str], charset: str) -> Speaker:
    """Who speaks to a patron: in the first of `languages` that is known and that `charset` can hold, else in English.

    A language is a tag such as `bn`, `bn-BD` or `es_MX`, or the three digits of SIP2.
    """
    return Speaker(first_known(tuple(languages), charset), overrides, charset)


def faults(overrides: Mapping[str, str]) -> list[str]:
    """What is wrong with a library's own words, for whoever checks its configuration; none: nothing."""
    found = []
    for key, own in overrides.items():
        text, _, language = key.partition(".")
        if text not in TEXTS:
            found.append(f"{key}: there is no such text")
            continue
        if language and language not in LANGUAGES:
            found.append(f"{key}: the languages are {', '.join(LANGUAGES)}")
        try:
            unknown = names(own) - names(TEXTS[text])
        except ValueError as error:
            found.append(f"{key}: {error}")
            continue
        found += [f"{key}: {{{name}}} is not known in this text" for name in sorted(unknown)]
    return found


def names(text: str) -> frozenset[str]:
    """What a text names in braces. Raises `ValueError` when it is not well-formed."""
    return frozenset(name for _, name, _, _ in Formatter().parse(text) if name is not None)


def masked(patron_id: str) -> str:
    """The number of a card but for its end: enough for staff to find the slip, too little for whoever stands by."""
    shown = patron_id[-2:] if len(patron_id) > 3 else ""
    return "*" * max(len(patron_id) - len(shown), 2) + shown
