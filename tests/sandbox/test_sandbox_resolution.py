"""The tables of `resolution`: which copy an identifier means, for each operation, row by row."""

from __future__ import annotations

from typing import Any

import pytest

from sip2gw.sandbox.problem import Problem
from sip2gw.sandbox.resolution import Candidate, to_extend, to_issue, to_return, to_show

ME, YOU = (1, "M-1"), (2, "M-2")
EMMA, MIDDLEMARCH = 100, 200


def lent(member: tuple[int, str], due: str = "2026-12-01") -> dict[str, Any]:
    return {"member_id": member[0], "member_no": member[1], "return_date": due}


def held(member: tuple[int, str]) -> dict[str, Any]:
    return {"member_id": member[0], "member_no": member[1]}


def copy(number: int, media: int = EMMA, **more: Any) -> Candidate:
    loan, waits = more.pop("current_booking", None), more.pop("next_reservation", None)
    row = {
        "id": number,
        "copy_no": number,
        "media_id": media,
        "branch": "Main",
        "active": True,
        "media_active": True,
        "circulation": True,
        "media_circulation": True,
    } | more
    return Candidate(row, "isbn", loan, waits)  # type: ignore[arg-type]  # rows of the database, read by name


CHECKOUT = {
    "one copy, in any state": ([copy(1, active=False, current_booking=lent(YOU))], 1),
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
    "not one that is reserved for another": ([copy(1, next_reservation=held(YOU)), copy(2)], 2),
    "not one on loan": ([copy(1, current_booking=lent(YOU)), copy(2)], 2),
    "not an inactive one": ([copy(1, active=False), copy(2)], 2),
    "not a reference copy": ([copy(1, circulation=False), copy(2)], 2),
}


@pytest.mark.parametrize("row", CHECKOUT)
def test_a_checkout_takes_the_copy_of_the_table(row: str) -> None:
    copies, chosen = CHECKOUT[row]
    assert to_issue(copies, 1, "Main").copy["id"] == chosen


def test_a_checkout_is_refused_when_no_copy_is_free() -> None:
    later, sooner = (
        copy(1, current_booking=lent(YOU, "2026-12-09")),
        copy(2, current_booking=lent(YOU, "2026-12-02")),
    )
    reference = copy(3, circulation=False, current_booking=lent(YOU, "2026-12-01"))
    with pytest.raises(Problem) as caught:
        to_issue([later, sooner, reference], 1, "Main")
    assert (caught.value.code, caught.value.facts) == ("copy_not_available", {"available_from": "2026-12-02"})
    with pytest.raises(Problem) as caught:
        to_issue(
            [copy(1, next_reservation=held(YOU)), copy(2, circulation=0, current_booking=lent(YOU))],
            1,
            "Main",
        )
    assert (caught.value.code, caught.value.facts) == ("copy_not_available", {})


def test_checkout_never_guesses_the_title() -> None:
    with pytest.raises(Problem) as caught:
        to_issue([copy(1), copy(2, media=MIDDLEMARCH, current_booking=lent(ME))], 1, "Main")
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
    "none on loan: one that a member waits for": ([copy(1), copy(2, next_reservation=held(YOU))], None, 2),
}


@pytest.mark.parametrize("row", CHECKIN)
def test_a_checkin_takes_the_copy_of_the_table(row: str) -> None:
    copies, reader, chosen = CHECKIN[row]
    assert to_return(copies, reader).copy["id"] == chosen


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
def test_an_ambiguous_checkin_is_refused(row: str) -> None:
    copies, reader, code = REFUSED[row]
    with pytest.raises(Problem) as caught:
        to_return(copies, reader)
    assert caught.value.code == code
    assert "M-" not in str(caught.value)


EXTENSION = {
    "the member's": ([copy(1, current_booking=lent(YOU)), copy(2, current_booking=lent(ME))], False, 2),
    "the member's that is due first": (
        [copy(1, current_booking=lent(ME, "2026-12-09")), copy(2, current_booking=lent(ME, "2026-12-02"))],
        False,
        2,
    ),
    "another's for a third party": ([copy(1), copy(2, current_booking=lent(YOU))], True, 2),
    "none on loan": ([copy(1), copy(2)], True, "not_on_loan"),
    "another's": ([copy(1, current_booking=lent(YOU))], False, "on_loan_to_other"),
    "several of another's": (
        [copy(1, current_booking=lent(YOU)), copy(2, current_booking=lent(YOU))],
        True,
        "item_ambiguous",
    ),
    "two titles of the member's": (
        [copy(1, current_booking=lent(ME)), copy(2, media=MIDDLEMARCH, current_booking=lent(ME))],
        False,
        "item_ambiguous",
    ),
}


@pytest.mark.parametrize("row", EXTENSION)
def test_a_renewal_takes_the_copy_of_the_table(row: str) -> None:
    copies, third_party, expected = EXTENSION[row]
    try:
        chosen: object = to_extend(copies, 1, third_party=third_party).copy["id"]
    except Problem as problem:
        chosen = problem.code
    assert chosen == expected


SHOWN = {
    "one that can be had": ([copy(1, current_booking=lent(YOU)), copy(2)], 2),
    "the one that comes back first": (
        [copy(1, current_booking=lent(YOU, "2026-12-09")), copy(2, current_booking=lent(ME, "2026-12-02"))],
        2,
    ),
    "one that is lent rather than one for reference": (
        [copy(1, circulation=False), copy(2, current_booking=lent(YOU))],
        2,
    ),
}


@pytest.mark.parametrize("row", SHOWN)
def test_the_copy_of_the_table_is_shown(row: str) -> None:
    copies, chosen = SHOWN[row]
    assert to_show(copies).copy["id"] == chosen
