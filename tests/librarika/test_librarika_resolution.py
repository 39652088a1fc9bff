"""The table of `resolution`: which copy a scanned AB means, for checkout and checkin, row by row."""

from __future__ import annotations

import string
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sip2gw.librarika.records import Copy, CurrentBooking, Media, MemberLabel, Reservation
from sip2gw.librarika.resolution import matches, normalised, to_lend, to_take_back, wanted
from sip2gw.library import Refused

ME, YOU, THIRD = MemberLabel(1, "M-1"), MemberLabel(2, "M-2"), MemberLabel(3, "M-3")
EMMA, MIDDLEMARCH = Media(100, "Emma"), Media(200, "Middlemarch")


def lent(member: MemberLabel, due: str | None = "2026-12-01") -> CurrentBooking:
    return CurrentBooking(member.id * 10, member, date.fromisoformat(due) if due else None)


def held(member: MemberLabel) -> Reservation:
    return Reservation(member.id * 10, member)


def copy(number: int, **more: Any) -> Copy:
    settings = {
        "active": True,
        "circulation": True,
        "branch": "Main",
        "matched_by": "isbn",
        "copy_no": number,
    } | more
    return Copy(id=number, accession_no=str(10000 + number), **{"media": EMMA, **settings})


@pytest.mark.parametrize(
    ("label", "identifier"),
    [
        ("10001", "10001"),
        (" 10 001\t\r\n", "10001"),
        ("*10001*", "10001"),
        ("*", "*"),
        ("**", ""),
        ("10*01", "10*01"),
        ("\u0661\u0660\u0660\u0660\u0661", "10001"),
        ("\u09e7\u09e6", "10"),
        ("\uff11\u00a0\u200b2\ufeff\x00", "12"),
        ("AV-0005", "AV-0005"),
        ("A14", "A14"),
        ("²", "²"),
        ("", ""),
    ],
)
def test_normalised(label: str, identifier: str) -> None:
    assert normalised(label) == identifier


@given(st.text())
def test_normalised_once_is_enough(label: str) -> None:
    text = normalised(label)
    assert normalised(text) in (text, text[1:-1])
    assert not any(character.isspace() for character in text)


@given(st.text(string.printable, min_size=1))
def test_any_label_is_asked_for_or_refused(label: str) -> None:
    try:
        identifier = wanted(label).identifier
    except Refused:
        assert not normalised(label)
    else:
        assert identifier


@pytest.mark.parametrize(
    ("label", "isbn"),
    [
        ("9780141439587", True),
        ("978-0-14-143958-7", True),
        ("0141439580", True),
        ("0-19-852663-6", True),
        ("080442957X", True),
        ("340013818", True),
        ("9780141439588", False),
        ("0141439581", False),
        ("4006381333931", False),
        ("10001", False),
        ("AV-0005", False),
    ],
)
def test_isbn_only_with_a_check_digit_that_holds(label: str, isbn: bool) -> None:
    assert wanted(label).types == ("accession", "barcode", "isbn")[: 3 if isbn else 2]


def test_the_first_type_that_matches_decides() -> None:
    by_accession, by_barcode, by_isbn = (
        copy(n, matched_by=kind) for n, kind in enumerate(("accession", "barcode", "isbn"))
    )
    assert matches([by_isbn, by_barcode, by_accession]) == [by_accession]
    assert matches([by_isbn, by_barcode]) == [by_barcode]
    assert matches([by_isbn, by_isbn]) == [by_isbn]
    for none in ([], [copy(1, matched_by="shelf mark")]):
        with pytest.raises(Refused) as caught:
            matches(none)
        assert caught.value.code == "copy_not_found"


CHECKOUT = {
    "one copy, whatever its state": ([copy(1, active=False, current_booking=lent(YOU))], 1),
    "the member has one": ([copy(1), copy(2, current_booking=lent(ME))], 2),
    "the member has two: due first": (
        [copy(1, current_booking=lent(ME, "2026-12-09")), copy(2, current_booking=lent(ME, "2026-12-02"))],
        2,
    ),
    "reserved for the member, before the branch": (
        [copy(1), copy(2, branch="North", next_reservation=held(ME))],
        2,
    ),
    "the terminal's branch, before a lower number": ([copy(1, branch="North"), copy(2)], 2),
    "the lowest copy number": ([copy(3), copy(2), copy(5)], 2),
    "one without a number last": ([copy(1, copy_no=None), copy(2)], 2),
    "not one that is reserved for another": ([copy(1, next_reservation=held(YOU)), copy(2)], 2),
    "not one on loan": ([copy(1, current_booking=lent(YOU)), copy(2)], 2),
    "not an inactive one": ([copy(1, active=False), copy(2)], 2),
    "not a reference copy": ([copy(1, circulation=False), copy(2)], 2),
}


@pytest.mark.parametrize("row", CHECKOUT)
def test_checkout(row: str) -> None:
    copies, chosen = CHECKOUT[row]
    assert to_lend(copies, ME.id, "Main").id == chosen


def test_checkout_when_none_is_free() -> None:
    later, sooner = (
        copy(1, current_booking=lent(YOU, "2026-12-09")),
        copy(2, current_booking=lent(YOU, "2026-12-02")),
    )
    reference = copy(3, circulation=False, current_booking=lent(YOU, "2026-12-01"))
    with pytest.raises(Refused) as caught:
        to_lend([later, sooner, reference], ME.id, "Main")
    assert (caught.value.code, caught.value.facts) == ("copy_not_available", {"available_from": "2026-12-02"})
    with pytest.raises(Refused) as caught:
        to_lend(
            [copy(1, next_reservation=held(YOU)), copy(2, current_booking=lent(YOU, None))], ME.id, "Main"
        )
    assert (caught.value.code, caught.value.facts) == ("copy_not_available", {})


def test_checkout_never_guesses_the_title() -> None:
    with pytest.raises(Refused) as caught:
        to_lend([copy(1), copy(2, media=MIDDLEMARCH, current_booking=lent(ME))], ME.id, "Main")
    assert caught.value.code == "item_ambiguous"


CHECKIN = {
    "one copy": ([copy(1)], None, 1),
    "one of them is on loan": ([copy(1), copy(2, current_booking=lent(YOU))], None, 2),
    "the reader's, of several": (
        [copy(1, current_booking=lent(YOU)), copy(2, current_booking=lent(ME))],
        "M-1",
        2,
    ),
    "one of several titles is on loan": (
        [copy(1), copy(2, media=MIDDLEMARCH, current_booking=lent(YOU))],
        "M-1",
        2,
    ),
    "none on loan: the lowest number": ([copy(2), copy(1)], None, 1),
    "none on loan: one that somebody waits for": ([copy(1), copy(2, next_reservation=held(YOU))], None, 2),
}


@pytest.mark.parametrize("row", CHECKIN)
def test_checkin(row: str) -> None:
    copies, reader, chosen = CHECKIN[row]
    assert to_take_back(copies, reader).id == chosen


TWO = [copy(1, current_booking=lent(YOU)), copy(2, current_booking=lent(ME))]
REFUSED = {
    "several on loan, no reader": (TWO, None, "isbn_checkin_ambiguous"),
    "several on loan, no number of a reader": (TWO, "", "isbn_checkin_ambiguous"),
    "several on loan, none the reader's": (TWO, "M-3", "isbn_checkin_ambiguous"),
    "several on loan, two the reader's": (
        [copy(1, current_booking=lent(ME)), copy(2, current_booking=lent(ME))],
        "M-1",
        "isbn_checkin_ambiguous",
    ),
    "several titles, none on loan": ([copy(1), copy(2, media=MIDDLEMARCH)], "M-1", "item_ambiguous"),
    "several titles, two on loan": (
        [copy(1, current_booking=lent(ME)), copy(2, media=MIDDLEMARCH, current_booking=lent(YOU))],
        "M-1",
        "item_ambiguous",
    ),
}


@pytest.mark.parametrize("row", REFUSED)
def test_checkin_refused(row: str) -> None:
    copies, reader, code = REFUSED[row]
    with pytest.raises(Refused) as caught:
        to_take_back(copies, reader)
    assert caught.value.code == code
    assert "M-" not in str(caught.value)
