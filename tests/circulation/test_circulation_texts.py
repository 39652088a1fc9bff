"""Every text, in every language: there, with the same names in it, short enough for a field, and of some use."""

import pytest
from babel.messages.catalog import Catalog
from babel.messages.plurals import PLURALS

from sip2gw.circulation import locale_formats
from sip2gw.circulation.catalogues import LANGUAGES, source, translations
from sip2gw.circulation.speech import ENGLISH, Speaker, names
from sip2gw.circulation.texts import COUNTED, TEXTS
from sip2gw.library import FeeKind

FOREIGN = LANGUAGES[1:]
LONGEST_FIELD = 255
FACTS = {
    "amount": "12,345.00 US$",
    "available": 1,
    "balance": "12,345.00 US$",
    "branch": "Central Library",
    "code": "payment_too_large",
    "copies": 12,
    "count": 12,
    "day": "15 September 2026",
    "expires": "15 September 2026",
    "item": "1234567890",
    "limit": 12,
    "number": "1234567890",
    "patron": "************34",
    "position": 12,
    "title": "One Hundred Years",
}
"""Something for everything that a text names; a text that names something else must say so here."""

NEWS = {
    "copies_available",
    "expected_back",
    "hold_cancelled",
    "hold_changed",
    "hold_placed",
    "paid",
    "renewed",
    "was_not_on_loan",
}
"""Texts that tell what happened: nothing was refused, so there is nothing to be done about it."""
LABELS = {f"fee_{kind.value}" for kind in FeeKind}
ADVICE = ("Please ", "There is nothing more to do.")


def keys():
    return {COUNTED[text][1] if text in COUNTED else english for text, english in TEXTS.items()}


def forms(string):
    return [string] if isinstance(string, str) else list(string)


@pytest.mark.parametrize("language", FOREIGN)
def test_every_text_is_there_and_no_other(language):
    """Bring the catalogues up to the texts with .ci/catalogues."""
    there = {forms(message.id)[0] for message in source(language) if message.id}
    assert there == keys()
    assert not source(language).obsolete


@pytest.mark.parametrize("language", FOREIGN)
def test_no_translation_is_empty_or_a_guess(language):
    for message in source(language):
        if message.id:
            assert all(form.strip() for form in forms(message.string)), message.id
            assert not message.fuzzy, message.id


@pytest.mark.parametrize("language", FOREIGN)
def test_a_translation_names_what_the_text_names(language):
    for message in source(language):
        if message.id:
            named = names(forms(message.id)[-1])
            assert all(names(form) == named for form in forms(message.string)), message.id


@pytest.mark.parametrize("language", FOREIGN)
def test_K1_there_are_as_many_plural_forms_as_the_language_has(language):
    plurals = [message for message in source(language) if message.pluralizable]
    assert len(plurals) == len(COUNTED)
    assert {len(message.string) for message in plurals} == {Catalog(locale=language).num_plurals}


@pytest.fixture
def reread():
    """Catalogues are read again, in the test and after it."""
    source.cache_clear()
    translations.cache_clear()
    yield
    source.cache_clear()
    translations.cache_clear()


RULES = [
    (1, "0"),
    (2, "(n != 1)"),
    (2, "(n > 1)"),
    (3, "(n == 1 ? 0 : n != 0 && n % 1000000 == 0 ? 1 : 2)"),
    (4, "(n == 1 ? 0 : n == 2 ? 1 : n != 0 && n % 1000000 == 0 ? 2 : 3)"),
]
"""Plural forms as one or another CLDR has them: how many, and which number has which."""


@pytest.mark.usefixtures("reread")
@pytest.mark.parametrize("rule", [None, *RULES])
@pytest.mark.parametrize("language", FOREIGN)
def test_K1_no_number_picks_a_form_that_is_not_there(language, rule, monkeypatch):
    if rule is not None:
        monkeypatch.setitem(PLURALS, language, rule)
    speaker = Speaker(language)
    for number in (0, 1, 2, 3, 7, 21, 100, 999_999, 10**6, 2 * 10**6, 10**9):
        said = speaker.say("quota_exceeded_limit", limit=number)
        assert said != ENGLISH.say("quota_exceeded_limit", limit=number)
        assert locale_formats.number(number, language) in said
        assert "limit of" not in said
    many = speaker.say("quota_exceeded_limit", limit=10**6)
    assert many == speaker.say("quota_exceeded_limit", limit=7).replace(
        locale_formats.number(7, language), locale_formats.number(10**6, language)
    )


def test_counted_texts_name_what_is_counted():
    for text, (fact, one) in COUNTED.items():
        assert fact in names(TEXTS[text])
        assert names(one) == names(TEXTS[text])


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("text", TEXTS)
def test_every_text_can_be_said_and_fits_into_a_field(language, text):
    said = Speaker(language).say(text, **FACTS)
    assert said
    assert "{" not in said
    assert len(said.encode()) <= LONGEST_FIELD


@pytest.mark.parametrize("language", FOREIGN)
def test_a_translation_is_one(language):
    words = [english for text, english in TEXTS.items() if text not in COUNTED and len(english) > 12]
    assert not [english for english in words if translations(language).gettext(english) == english]


@pytest.mark.parametrize("text", sorted(TEXTS.keys() - NEWS - LABELS))
def test_a_refusal_says_what_to_do_next(text):
    assert text.startswith("receipt_") or any(advice in TEXTS[text] for advice in ADVICE)
