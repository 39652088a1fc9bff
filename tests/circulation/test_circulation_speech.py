"""Speech: which language is used, how it writes days and money, and the text of a refusal."""

# ruff: noqa: RUF001 - Bengali digits are what is tested

import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from babel.numbers import get_group_symbol
from desks import DeskCase
from hypothesis import given
from hypothesis import strategies as st

from sip2gw.circulation import Profile
from sip2gw.circulation.locale_formats import moment, number
from sip2gw.circulation.receipts import columns
from sip2gw.circulation.speech import ENGLISH, Speaker, faults, masked
from sip2gw.circulation.texts import TEXTS
from sip2gw.circulation.translations import first_known, known
from sip2gw.library import InDoubt, Refused, Unavailable
from sip2gw.sip2 import Secret
from sip2gw.sip2.messages import Checkin, Checkout, PatronStatusRequest

DAY = date(2026, 3, 5)
NOW = datetime(2026, 3, 1, 23, 0)


def choose(tags: Iterable[str], own: Mapping[str, str], charset: str) -> Speaker:
    """Return the speaker of the first known language."""
    return Speaker(first_known(tuple(tags), charset), own, charset)


# -- which language


@pytest.mark.parametrize(
    ("tag", "language"),
    [
        ("bn", "bn"),
        ("bn-BD", "bn-BD"),
        ("es_MX", "es-MX"),
        ("DE", "de"),
        (" fr ", "fr"),
        ("fr-ca", "fr-CA"),
        ("de_DE.UTF-8", "de-DE"),
        ("de-XQ", "de"),
        ("es-419", "es-419"),
        ("001", "en"),
        ("002", "fr"),
        ("003", "de"),
        ("008", "es"),
        ("011", "fr-CA"),
        ("021", "es-US"),
        ("024", "en-GB"),
        ("026", "fr-BE"),
    ],
)
def test_a_language_is_known_by_its_tag_or_by_the_code_of_sip2(tag, language):
    assert choose([tag], {}, "utf-8").language == language


@pytest.mark.parametrize("tag", ["", "   ", "000", "999", "027", "xx", "Bengali", "english", "|", "b", "bnx"])
def test_an_unknown_language_is_skipped(tag):
    assert choose([tag, "de"], {}, "utf-8").language == "de"
    assert choose([tag], {}, "utf-8").language == "en"


@given(st.text(max_size=12))
def test_any_text_as_a_language_tag_raises_nothing(tag):
    assert known(tag) is None or choose([tag], {}, "utf-8").day(DAY)


@pytest.mark.parametrize("charset", ["cp850", "latin-1", "ascii"])
def test_a_language_that_the_charset_lacks_is_skipped(charset):
    assert choose(["bn", "fr"], {}, charset).language == "fr"
    assert choose(["bn"], {}, charset).language == "en"
    assert choose(["bn"], {}, "utf-8").language == "bn"


def test_a_language_may_be_written_without_accents():
    assert choose(["de"], {}, "ascii").language == "de"


# -- days, numbers and money


@pytest.mark.parametrize(
    ("language", "day"),
    [
        ("en", "Mar 5, 2026"),
        ("en-GB", "5 Mar 2026"),
        ("bn", "৫ মার্চ, ২০২৬"),
        ("bn-IN", "৫ মার্চ, ২০২৬"),
        ("bn-BD", "৫ মার্চ, ২০২৬"),
        ("de", "05.03.2026"),
        ("es", "5 mar 2026"),
        ("fr", "5 mars 2026"),
    ],
)
def test_a_day_is_written_as_in_its_language(language, day):
    assert Speaker(language).day(DAY) == day


@pytest.mark.parametrize(
    ("language", "written"),
    [
        ("en", "Mar 5, 2026, 4:05 PM"),
        ("bn", "৫ মার্চ, ২০২৬, ৪:০৫ PM"),
        ("de", "05.03.2026, 16:05"),
        ("es", "5 mar 2026, 16:05"),
        ("fr", "5 mars 2026, 16:05"),
    ],
)
def test_a_moment_stays_in_its_zone(language, written):
    assert moment(datetime(2026, 3, 5, 16, 5, tzinfo=ZoneInfo("Asia/Dhaka")), language) == written


def test_one_moment_has_the_local_time_of_each_zone():
    noon = datetime(2026, 3, 5, 12, 0, 59, tzinfo=ZoneInfo("Europe/London"))
    for zone, wall in (("Europe/London", "12:00"), ("Asia/Dhaka", "18:00"), ("Asia/Kathmandu", "17:45")):
        assert moment(noon.astimezone(ZoneInfo(zone)), "en-GB").endswith(f", {wall}")


@pytest.mark.parametrize(
    ("language", "currency", "money"),
    [
        ("en", "USD", "$123,456.70"),
        ("en", "EUR", "€123,456.70"),
        ("en", "BDT", "BDT 123,456.70"),
        ("bn", "BDT", "১,২৩,৪৫৬.৭০৳"),
        ("bn-IN", "INR", "₹১,২৩,৪৫৬.৭০"),
        ("de", "EUR", "123.456,70 €"),
        ("de-AT", "EUR", "€ 123.456,70"),
        ("de-CH", "CHF", f"CHF 123{get_group_symbol('de_CH')}456.70"),
        ("es", "EUR", "123.456,70 €"),
        ("es-US", "USD", "$123,456.70"),
        ("fr", "EUR", "123 456,70 €"),
        ("fr-CA", "CAD", "123 456,70 $"),
        ("en", "", "123,456.70"),
        ("bn", "", "১,২৩,৪৫৬.৭০"),
    ],
)
def test_money_is_written_as_in_its_language(language, currency, money):
    assert Speaker(language).money(Decimal("123456.70"), currency) == money


@pytest.mark.parametrize(
    ("language", "currency", "charset", "money"),
    [
        ("bn", "BDT", "utf-8", "৫.০০৳"),
        ("en", "EUR", "cp850", "EUR 5.00"),
        ("en", "EUR", "latin-1", "EUR 5.00"),
        ("en", "EUR", "cp1252", "€5.00"),
        ("en", "GBP", "ascii", "GBP 5.00"),
        ("en", "GBP", "cp850", "£5.00"),
        ("en", "BDT", "cp850", "BDT 5.00"),
        ("en", "INR", "ascii", "INR 5.00"),
        ("de", "EUR", "ascii", "5,00 EUR"),
        ("fr", "EUR", "latin-1", "5,00 EUR"),
        ("es", "EUR", "cp850", "5,00 EUR"),
        ("en", "USD", "ascii", "$5.00"),
    ],
)
def test_a_currency_sign_that_the_charset_lacks_is_the_code(language, currency, charset, money):
    assert Speaker(language, charset=charset).money(Decimal("5.00"), currency) == money


@given(
    st.sampled_from(["en", "bn", "de", "es", "fr", "fr-CA", "en-GB"]),
    st.decimals(min_value=-(10**9), max_value=10**9, places=2),
    st.sampled_from(["USD", "EUR", "BDT", "GBP", "INR", "JPY", "XAU", ""]),
)
def test_money_has_only_ordinary_spaces(language, amount, currency):
    said = Speaker(language).money(amount, currency)
    assert not {"\xa0", "\u202f"} & set(said)


@pytest.mark.parametrize("language", ["bn", "bn-BD", "bn-IN", "bn-XX"])
def test_K1_Bengali_has_Bengali_digits_under_any_CLDR(language):
    speaker = choose([language], {}, "utf-8")
    said = (
        speaker.day(DAY),
        moment(NOW, speaker.language),
        number(1234567890, speaker.language),
        speaker.money(Decimal("1234567890.12"), "BDT"),
        speaker.say("quota_exceeded_limit", limit=12),
    )
    for text in said:
        assert re.search("[০-৯]", text)
        assert not re.search("[0-9]", text)


def test_a_number_selects_its_plural_form():
    german = Speaker("de")
    assert "von 1 Medium " in german.say("quota_exceeded_limit", limit=1)
    assert "von 2 Medien " in german.say("quota_exceeded_limit", limit=2)
    french = Speaker("fr")
    assert [french.say("copies_available", available=free, copies=1234) for free in (0, 1, 2)] == [
        "0 exemplaire disponible sur 1 234.",
        "1 exemplaire disponible sur 1 234.",
        "2 exemplaires disponibles sur 1 234.",
    ]
    assert "১২টি" in Speaker("bn").say("quota_exceeded_limit", limit=12)
    assert [ENGLISH.say("quota_exceeded_limit", limit=limit).split(" on ")[0] for limit in (1, 5)] == [
        "The limit of 1 item",
        "The limit of 5 items",
    ]


# -- a library's own texts


def test_a_library_replaces_single_texts():
    speaker = choose(["de"], {"renewed": "Gerne!", "fee_required": "{amount}, okay?"}, "utf-8")
    assert speaker.say("renewed") == "Gerne!"
    assert speaker.say("fee_required", amount="1,00 €") == "1,00 €, okay?"
    assert speaker.say("hold_placed") == "Vorgemerkt."


def test_a_librarys_text_may_be_for_one_language_only():
    own = {"renewed": "Done!", "renewed.bn": "হয়ে গেছে!"}
    assert choose(["bn-BD"], own, "utf-8").say("renewed") == "হয়ে গেছে!"
    assert choose(["en"], own, "utf-8").say("renewed") == "Done!"


@pytest.mark.parametrize(
    "own", ["{price} please", "{", "{}", "{amount.real}", "{amount[x]}", "{amount:5d}", "}"]
)
def test_a_librarys_text_with_a_fault_is_not_used(own):
    speaker = choose(["en"], {"fee_required": own}, "utf-8")
    assert speaker.say("fee_required", amount="$1.00") == "This costs $1.00. Please confirm to go on."


def test_each_fault_of_a_librarys_texts_has_a_line():
    own = {"renewed": "Done!", "rewened": "?", "fee_required.bn": "{price}", "renewed.xx": "?", "paid": "{"}
    assert [fault.split(":")[0] for fault in faults(own)] == [
        "rewened",
        "fee_required.bn",
        "renewed.xx",
        "paid",
    ]


# -- refusals


def test_a_refusal_has_the_text_of_its_code():
    """Lesson 45: the true reason is shown."""
    assert ENGLISH.why(Refused("copy_inactive")) == TEXTS["copy_inactive"]
    assert Speaker("es").why(Refused("copy_inactive")).startswith("Este ejemplar no se presta")


@pytest.mark.parametrize("language", ["en", "bn", "de", "es", "fr"])
def test_a_refusal_has_the_librarys_facts(language):
    speaker = Speaker(language)
    assert speaker.money(Decimal("2.50"), "EUR") in speaker.why(
        Refused("fee_required", facts={"amount": "2.50", "currency": "EUR", "kind": "loan"})
    )
    assert number(5, language) in speaker.why(Refused("quota_exceeded", facts={"limit": "5"}))
    assert speaker.day(DAY) in speaker.why(
        Refused("copy_not_available", facts={"available_from": "2026-03-05"})
    )


@pytest.mark.parametrize(
    ("code", "facts", "text"),
    [
        ("nobody_knows_this", {}, "refused"),
        ("fee_required", {}, "refused"),
        ("fee_required", {"amount": "two", "currency": "EUR"}, "refused"),
        ("quota_exceeded", {"limit": "some"}, "quota_exceeded"),
        ("copy_not_available", {"available_from": "soon"}, "copy_not_available"),
        ("copy_inactive", {"reason": "x", "text": "y", "self": "z"}, "copy_inactive"),
    ],
)
def test_facts_that_can_not_be_read_are_left_out(code, facts, text):
    assert ENGLISH.why(Refused(code, facts=facts)) == TEXTS[text]


def test_an_outage_and_a_lost_answer_have_their_texts():
    assert ENGLISH.why(Unavailable("")) == TEXTS["not_available"]
    assert ENGLISH.why(InDoubt("")) == TEXTS["in_doubt"]


@given(st.text(max_size=20))
def test_a_masked_card_shows_at_most_its_end(patron_id):
    shown = masked(patron_id).lstrip("*")
    assert len(shown) <= 2
    assert patron_id.endswith(shown)
    assert not shown or len(patron_id) > 3


# -- at a desk


class AtADesk(DeskCase):
    """The order of languages: request, profile, library, English."""

    library = "hillcrest"

    def refused(self, language=""):
        request = PatronStatusRequest(
            language=language, transaction_date=NOW, institution_id="", patron_identifier="M-9999"
        )
        return self.ask(request).screen_message

    def test_a_request_without_a_language_gets_the_librarys(self):
        assert self.refused() == (Speaker("bn").say("member_not_found"),)

    def test_a_request_with_a_language_gets_that_one(self):
        assert self.refused("003") == (Speaker("de").say("member_not_found"),)

    def test_an_unknown_language_code_gets_the_librarys_language(self):
        assert self.refused("999") == (Speaker("bn").say("member_not_found"),)

    def test_a_receipt_in_the_librarys_language_fits_the_printer(self):
        request = Checkout(
            sc_renewal_policy=False,
            no_block=False,
            transaction_date=NOW,
            institution_id="",
            patron_identifier="7",
            item_identifier="14",
        )
        lent = self.ask(request, print_width=16)
        assert lent.ok
        assert Speaker("bn").say("receipt_loan") in lent.print_line
        assert all(columns(line) <= 16 for line in lent.print_line)


class AtAnOldTerminal(AtADesk):
    """A terminal that has no Bengali letters."""

    profile = Profile(charset="cp850")

    def test_a_request_without_a_language_gets_the_librarys(self):
        assert self.refused() == (TEXTS["member_not_found"],)

    def test_an_unknown_language_code_gets_the_librarys_language(self):
        assert self.refused("999") == (TEXTS["member_not_found"],)

    def test_a_receipt_in_the_librarys_language_fits_the_printer(self):
        request = Checkin(
            no_block=False,
            transaction_date=NOW,
            return_date=NOW,
            current_location="",
            institution_id="",
            item_identifier="14",
        )
        back = self.ask(request, print_width=999)
        assert back.print_line[1:3] == ("Mar 1, 2026, 11:00 PM", "Returned")


class WithAFoundCard(DeskCase):
    """M-1003 is inactive, and has the password 1111."""

    def said(self, password):
        request = PatronStatusRequest(
            language="001",
            transaction_date=NOW,
            institution_id="",
            patron_identifier="M-1003",
            patron_password=Secret(password),
        )
        return self.ask(request).screen_message

    def test_a_wrong_password_hides_why_the_card_is_blocked(self):
        """Lesson 31."""
        assert self.said("9999") == (TEXTS["password_wrong"],)
        assert self.said("1111") == (TEXTS["member_inactive"],)
