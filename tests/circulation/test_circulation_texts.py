"""Texts: each exists in each language, has the same names, fits into a field, and says what to do next."""

import pytest
from babel.messages.catalog import Catalog
from babel.messages.plurals import PLURALS

from sip2gw.circulation import locale_formats
from sip2gw.circulation.receipts import wrapped
from sip2gw.circulation.speech import ENGLISH, Speaker, names
from sip2gw.circulation.texts import COUNTED, REFUSALS, TEXTS
from sip2gw.circulation.translations import LANGUAGES, source, texts_in

FOREIGN = LANGUAGES[1:]
LONGEST_FIELD = 255
SCREEN = 40
"""Columns of the narrowest screen that a text is written for; a longer text is shown in lines."""
MOST_LINES = 3
FACT = "15 September 2026"
"""As long a value as a text gets for one of its names."""
ADVICE = ("Please ", "There is nothing more to do.")


def keys():
    return {COUNTED[text][1] if text in COUNTED else english for text, english in TEXTS.items()}


def forms(string):
    return [string] if isinstance(string, str) else list(string)


@pytest.mark.parametrize("language", FOREIGN)
def test_each_language_has_every_text_and_no_other(language):
    """The program .ci/catalogues adds missing texts to the catalogues."""
    there = {forms(message.id)[0] for message in source(language) if message.id}
    assert there == keys()
    assert not source(language).obsolete


@pytest.mark.parametrize("language", FOREIGN)
def test_no_translation_is_empty_or_fuzzy(language):
    for message in source(language):
        if message.id:
            assert all(form.strip() for form in forms(message.string)), message.id
            assert not message.fuzzy, message.id


@pytest.mark.parametrize("language", FOREIGN)
def test_a_translation_has_the_names_of_its_text(language):
    for message in source(language):
        if message.id:
            named = names(forms(message.id)[-1])
            assert all(names(form) == named for form in forms(message.string)), message.id


@pytest.mark.parametrize("language", FOREIGN)
def test_K1_each_counted_text_has_the_plural_forms_of_its_language(language):
    plurals = [message for message in source(language) if message.pluralizable]
    assert len(plurals) == len(COUNTED)
    assert {len(message.string) for message in plurals} == {Catalog(locale=language).num_plurals}


@pytest.fixture
def reread():
    """Read the catalogues again, in the test and after it."""
    source.cache_clear()
    texts_in.cache_clear()
    yield
    source.cache_clear()
    texts_in.cache_clear()


RULES = [
    (1, "0"),
    (2, "(n != 1)"),
    (2, "(n > 1)"),
    (3, "(n == 1 ? 0 : n != 0 && n % 1000000 == 0 ? 1 : 2)"),
    (4, "(n == 1 ? 0 : n == 2 ? 1 : n != 0 && n % 1000000 == 0 ? 2 : 3)"),
]
"""Plural forms of different releases of CLDR: how many, and which number has which."""


@pytest.mark.usefixtures("reread")
@pytest.mark.parametrize("rule", [None, *RULES])
@pytest.mark.parametrize("language", FOREIGN)
def test_K1_each_number_selects_a_plural_form_that_exists(language, rule, monkeypatch):
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


def test_each_counted_text_has_its_number():
    for text, (fact, one) in COUNTED.items():
        assert fact in names(TEXTS[text])
        assert names(one) == names(TEXTS[text])


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("text", TEXTS)
def test_every_text_can_be_formatted_and_fits_into_a_field(language, text):
    facts = dict.fromkeys(names(TEXTS[text]), FACT)
    if text in COUNTED:
        facts[COUNTED[text][0]] = 12
    said = Speaker(language).say(text, **facts)
    assert said
    assert "{" not in said
    assert len(said.encode()) <= LONGEST_FIELD


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("text", TEXTS)
def test_every_text_fits_three_lines_of_a_narrow_screen(language, text):
    facts = {name: f"{{{name}}}" for name in names(TEXTS[text])}
    if text in COUNTED:
        facts[COUNTED[text][0]] = 12
    said = Speaker(language).say(text, **facts)
    assert len(wrapped(said, SCREEN)) <= MOST_LINES, said


@pytest.mark.parametrize("language", FOREIGN)
def test_a_translation_differs_from_the_English_text(language):
    words = [english for text, english in TEXTS.items() if text not in COUNTED and len(english) > 12]
    assert not [english for english in words if texts_in(language).gettext(english) == english]


@pytest.mark.parametrize("text", REFUSALS)
def test_a_refusal_says_what_to_do_next(text):
    assert any(advice in TEXTS[text] for advice in ADVICE)
