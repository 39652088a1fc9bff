"""The texts that people read at a terminal, in their language and with the library's own words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from string import Formatter

from attrs import Factory, field, frozen

from sip2gw.circulation import locale_formats
from sip2gw.circulation.texts import COUNTED, TEXTS
from sip2gw.circulation.translations import LANGUAGES, texts_in
from sip2gw.library import InDoubt, LibraryError, Refused, Unavailable

_WRONG_WORDS = (LookupError, ValueError, AttributeError, TypeError)
"""What `str.format` raises if a text has an unknown name in braces, or a wrong syntax."""


@frozen
class Speaker:
    """Texts in one language, for terminals with one charset.

    `language` is one of `translations.LANGUAGES`, perhaps with a region (`fr-CA`). `overrides` are the library's own
    texts: by id for all languages, or by id and language (`renewed.bn`).
    """

    language: str = "en"
    overrides: Mapping[str, str] = Factory(dict)
    charset: str = "utf-8"
    _templates: dict[str, str] = field(init=False, eq=False, repr=False, factory=dict)
    """Texts of the catalogue that were used before. None of them changes with a number."""

    def say(self, text: str, /, **facts: object) -> str:
        """Return the text with this id (see `texts.TEXTS`) and these facts; whole numbers in the language's form."""
        spoken: Mapping[str, object] = facts
        for name, fact in facts.items():
            if type(fact) is int:
                spoken = {**spoken, name: locale_formats.number(fact, self.language)}
        if self.overrides and (own := self._own(text)) is not None:
            try:
                return own.format(**spoken)
            except _WRONG_WORDS:
                pass  # the library's text is wrong, and the patron still has to read one
        template = self._templates.get(text) or self._template(text, facts)
        return template.format(**spoken)

    def _own(self, text: str) -> str | None:
        """Return the library's own text for this id, if it has one."""
        return self.overrides.get(f"{text}.{self.language[:2]}", self.overrides.get(text))

    def _template(self, text: str, facts: Mapping[str, object]) -> str:
        """Return the text of the catalogue for this id, before the facts are put in."""
        catalogue = texts_in(self.language[:2])
        if text not in COUNTED:
            return self._templates.setdefault(text, catalogue.gettext(TEXTS[text]))
        fact, one = COUNTED[text]
        return catalogue.ngettext(one, TEXTS[text], int(str(facts[fact])))

    def why(self, error: LibraryError, *, today: date = date.min) -> str:
        """Return the line for the screen after an error of the library.

        The day on which an item is expected back is left out if it is before `today`.
        """
        match error:
            case Refused(code=code, facts=facts):
                return self._reason(code, self._readable(facts, today))
            case InDoubt():
                return self.say("in_doubt")
            case Unavailable(throttled=True):
                return self.say("too_many_tries")
            case _:
                return self.say("not_available")

    def _reason(self, code: str, facts: Mapping[str, object]) -> str:
        """Return the text for the code of a refusal; a general one if the code or one of its facts is unknown."""
        if code == "quota_exceeded" and "limit" in facts:
            code = "quota_exceeded_limit"
        if code not in TEXTS or not names(TEXTS[code]) <= facts.keys():
            code = "refused"
        text = self.say(code, **facts)
        return f"{text} {self.say('expected_back', **facts)}" if "day" in facts else text

    def _readable(self, facts: Mapping[str, str], today: date) -> dict[str, object]:
        """Return a library's facts as the texts name them, without those that can't be read."""
        readable: dict[str, object] = dict(facts)
        if (limit := facts.get("limit", "")).isdecimal():
            readable["limit"] = int(limit)
        else:
            readable.pop("limit", None)
        try:
            if "amount" in facts:
                readable["amount"] = self.money(Decimal(facts["amount"]), facts.get("currency", ""))
            if "available_from" in facts and (day := date.fromisoformat(facts["available_from"])) >= today:
                readable["day"] = self.day(day)
        except (InvalidOperation, ValueError):
            readable.pop("amount", None)
        return readable

    def day(self, day: date) -> str:
        """Return a date as the language writes it."""
        return locale_formats.day(day, self.language)

    def money(self, amount: Decimal, currency: str) -> str:
        """Return an amount as the language writes it: with the currency's sign, or its code if the charset lacks it."""
        return locale_formats.money(amount, currency, self.language, self.charset)


ENGLISH = Speaker()


def faults(overrides: Mapping[str, str]) -> list[str]:
    """Return what is wrong with a library's own texts, one line for each fault."""
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
    """Return the names that a text has in braces. Raises `ValueError` if its syntax is wrong."""
    return frozenset(name for _, name, _, _ in Formatter().parse(text) if name is not None)


def masked(patron_id: str) -> str:
    """Return a card number of which only the last two characters can be read, so that staff recognise the slip."""
    shown = patron_id[-2:] if len(patron_id) > 3 else ""
    return "*" * max(len(patron_id) - len(shown), 2) + shown
