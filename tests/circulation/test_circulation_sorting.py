"""Bin rules: the first rule that matches decides, and call numbers are compared as on the shelf."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sip2gw.circulation.call_numbers import key, within
from sip2gw.circulation.sorting import BinRule, Situation, deciding_rule, sort_bin
from sip2gw.library import Hold, Item, Medium

RULES = (
    BinRule("99", unknown=True),
    BinRule("8", hold=True, transit=False),
    BinRule("7", transit=True, branch="North"),
    BinRule("6", transit=True),
    BinRule("5", alert=True),
    BinRule("4", medium=Medium.AUDIO),
    BinRule("3", location="Fiction", call_numbers=("800", "899.99")),
    BinRule("2", branch="Main", call_numbers=("500", "599")),
    BinRule("1", branch="Main"),
)


def book(**more: object) -> Item:
    return Item(**{"item_id": "1", "title": "Emma", "medium": Medium.BOOK, "branch": "Main", **more})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("situation", "number", "bin_"),
    [
        (Situation(None, "Main", alert=True), 1, "99"),
        (Situation(book(item_id=""), "Main"), 1, "99"),
        (Situation(book(), "Main", Hold("7", "Main"), alert=True), 2, "8"),
        (Situation(book(), "Main", Hold("7", ""), alert=True), 2, "8"),
        (Situation(book(), "Main", Hold("7", "North"), alert=True), 3, "7"),
        (Situation(book(branch="north"), "Main"), 3, "7"),
        (Situation(book(branch="South"), "Main"), 4, "6"),
        (Situation(book(branch="South"), "Main", Hold("7", "Main")), 2, "8"),
        (Situation(book(branch="South"), ""), None, None),
        (Situation(book(), "Main", alert=True), 5, "5"),
        (Situation(book(medium=Medium.AUDIO), "Main"), 6, "4"),
        (Situation(book(location="fiction", call_number="823.7 AUS"), "Main"), 7, "3"),
        (Situation(book(location="Fiction", call_number="900"), "Main"), 9, "1"),
        (Situation(book(location="Science", call_number="599.2"), "Main"), 8, "2"),
        (Situation(book(location="Science"), "Main"), 9, "1"),
    ],
)
def test_the_first_rule_that_matches_decides(
    situation: Situation, number: int | None, bin_: str | None
) -> None:
    decided = deciding_rule(RULES, situation)
    assert (decided and decided[0]) == number
    assert sort_bin(RULES, situation) == bin_


def test_a_rule_without_conditions_always_matches() -> None:
    for situation in (Situation(None), Situation(book()), Situation(book(), "Main", Hold("7", "North"))):
        assert sort_bin((BinRule("0"),), situation) == "0"


def test_an_empty_table_has_no_bin() -> None:
    assert sort_bin((), Situation(book())) is None
    assert deciding_rule((), Situation(book())) is None


def test_false_is_a_condition_and_none_is_not_one() -> None:
    rules = (BinRule("1", hold=False, transit=False, unknown=False, alert=False), BinRule("2"))
    assert sort_bin(rules, Situation(book(), "Main")) == "1"
    assert sort_bin(rules, Situation(book(), "Main", alert=True)) == "2"
    assert sort_bin(rules, Situation(None)) == "2"


@pytest.mark.parametrize(
    ("call_number", "first", "last", "inside"),
    [
        ("823.7 AUS", "800", "899.99", True),
        ("899.99 ZZZ", "800", "899.99", True),
        ("899.995", "800", "899.99", True),
        ("899.5", "800", "899", True),
        ("900", "800", "899.99", False),
        ("800", "800", "899.99", True),
        ("799.999 ZZZ", "800", "899.99", False),
        ("80", "800", "899.99", False),
        ("8000", "800", "899.99", False),
        ("823.91", "823.7", "823.8", False),
        ("823.75", "823.7", "823.8", True),
        ("823.70", "823.7", "823.7", True),
        ("FIC MAR", "FIC A", "FIC M", True),
        ("FIC NAB", "FIC A", "FIC M", False),
        ("fic mar", "FIC A", "FIC M", True),
        ("QA76.9 .D35", "QA76", "QA77", True),
        ("QA123", "QA76", "QA77", False),
        ("QA9", "QA76", "QA77", False),
        ("QA76.9 .D35", "QA76.9 .D3", "QA76.9 .D4", True),
        ("QA76.9 .D45", "QA76.9 .D3", "QA76.9 .D35", False),
        ("\u09ee\u09e8\u09e9.\u09ed", "800", "899", True),  # 823.7 in Bengali digits
        ("", "000", "999", False),
        ("...", "", "999", False),
        ("823", "", "", False),
    ],
)
def test_a_call_number_is_in_a_range_or_not(call_number: str, first: str, last: str, inside: bool) -> None:
    assert within(call_number, first, last) is inside


def test_call_numbers_sort_as_on_the_shelf() -> None:
    shelf = [
        "8",
        "80",
        "799.99",
        "800",
        "823",
        "823 AUS",
        "823.5",
        "823.7 AUS",
        "823.7 BRO",
        "823.75",
        "8000",
    ]
    shelf += ["FIC AUS", "FIC BRO", "QA9", "QA76", "QA76.9 D35", "QA76.9 D4", "QA123"]
    assert sorted(shelf, key=key) == shelf


@given(st.text(), st.text(), st.text())
def test_any_texts_have_one_order(one: str, other: str, third: str) -> None:
    assert within(one, one, one) is bool(key(one))
    first, last = sorted((other, third), key=key)
    if key(first) <= key(one) <= key(last) and key(one):
        assert within(one, first, last)
