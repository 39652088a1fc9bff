"""Receipts: complete, in the patron's language, and never wider than the paper."""

# ruff: noqa: RUF001 - Bengali digits and Swiss apostrophes are what is tested

from datetime import date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sip2gw.circulation.receipts import (
    clusters,
    columns,
    loan_receipt,
    payment_receipt,
    return_receipt,
    wrapped,
)
from sip2gw.circulation.speech import ENGLISH, Speaker
from sip2gw.library import Item

NOW = datetime(2026, 3, 5, 16, 5)
DUE = date(2026, 3, 19)
NIGHT = Item("10001", "The Left Hand of Darkness")
POTHER_PANCHALI = Item("20001", "পথের পাঁচালী ও অপরাজিত: বিভূতিভূষণ বন্দ্যোপাধ্যায়")


def lent(speaker, width, item=NIGHT):
    return loan_receipt("Riverside Public Library", NOW, item, DUE, speaker, width, patron="M-100123")


def test_a_loan_receipt_has_item_and_due_date():
    assert lent(ENGLISH, None) == (
        "Riverside Public Library",
        "Mar 5, 2026, 4:05 PM",
        "Borrowed",
        "The Left Hand of Darkness",
        "Item: 10001",
        "Due back: Mar 19, 2026",
        "Card: ******23",
    )


def test_a_return_receipt_names_no_patron():
    assert return_receipt("Riverside Public Library", NOW, NIGHT, Speaker("de"), 32) == (
        "Riverside Public Library",
        "05.03.2026, 16:05",
        "Rückgabe",
        "The Left Hand of Darkness",
        "Medium: 10001",
    )


def test_a_payment_receipt_has_the_balance():
    assert payment_receipt(
        "Riverside", NOW, Decimal("5.00"), "EUR", Decimal("1.50"), "77", Speaker("fr"), 40
    ) == (
        "Riverside",
        "5 mars 2026, 16:05",
        "Paiement",
        "Montant : 5,00 €",
        "Reste dû : 1,50 €",  # codespell:ignore
        "Numéro de reçu : 77",
    )


def test_a_payment_receipt_has_the_credit():
    lines = payment_receipt(
        "", NOW, Decimal("5.00"), "BDT", Decimal("-2.00"), "", Speaker("bn"), 0, patron="M-100123"
    )
    assert lines == (
        "৫ মার্চ, ২০২৬, ৪:০৫ PM",
        "পরিশোধ",
        "পরিমাণ: ৫.০০৳",
        "জমা আছে: ২.০০৳",
        "কার্ড: ******23",
    )


@pytest.mark.parametrize("width", [None, 0, 999])
def test_a_receipt_without_a_width_is_not_wrapped(width):
    assert lent(ENGLISH, width, Item("1", "word " * 40))[3] == ("word " * 40).strip()


@pytest.mark.parametrize("language", ["en", "bn", "de", "es", "fr"])
@pytest.mark.parametrize("width", [12, 20, 40, 80])
@pytest.mark.parametrize("item", [NIGHT, POTHER_PANCHALI])
def test_a_receipt_line_is_never_wider_than_the_paper(language, width, item):
    assert all(0 < columns(line) <= width for line in lent(Speaker(language), width, item))


def test_a_line_is_wrapped_after_transliteration():
    lines = return_receipt("", NOW, Item("1", "Straße ßßßßßß"), Speaker("de", charset="ascii"), 10)
    assert lines[-4:-1] == ("Strasse", "ssssssssss", "ss")


def test_a_title_with_a_line_break_stays_one_line():
    assert "Due back: never" not in lent(ENGLISH, None, Item("1", "A\rDue back: never"))


def test_a_word_is_broken_only_if_it_is_wider_than_the_paper():
    assert wrapped("to be or not to be", 6) == ("to be", "or not", "to be")
    assert wrapped("extraordinary", 5) == ("extra", "ordin", "ary")
    assert wrapped("an extraordinary", 5) == ("an", "extra", "ordin", "ary")
    assert wrapped("", 5) == ()


def test_an_East_Asian_character_takes_two_columns():
    assert columns("図書館 a") == 8
    assert wrapped("吾輩は猫である", 6) == ("吾輩は", "猫であ", "る")


def test_a_cluster_is_one_character_as_people_see_it():
    assert list(clusters("বন্দ্যোপাধ্যায়")) == ["ব", "ন্দ্যো", "পা", "ধ্যা", "য়"]
    assert list(clusters("e\u0301a")) == ["e\u0301", "a"]


TITLES = st.text(st.sampled_from("abc ßé图書\u0301\u200d\u09cdকখগাি\n"), max_size=40) | st.text(max_size=40)


@given(TITLES, st.integers(1, 20))
def test_wrapping_keeps_all_clusters_whole(text, width):
    lines = wrapped(text, width)
    assert "".join("".join(lines).split()) == "".join(text.split())
    assert all(columns(line) <= width or len(list(clusters(line))) == 1 for line in lines)
    whole = [cluster for word in text.split() for cluster in clusters(word)]
    assert [cluster for line in lines for word in line.split() for cluster in clusters(word)] == whole
