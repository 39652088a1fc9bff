"""What a scanned label may stand for: spelled as the API has it, and as which types."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sip2gw.librarika.labels import Labels, normalised
from sip2gw.library import Refused


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
        identifier = Labels().named(label)["identifier"]
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
    assert Labels().named(label)["types"] == ["accession", "barcode", "isbn"][: 3 if isbn else 2]


def test_a_terminal_that_reads_no_such_labels() -> None:
    assert Labels(("barcode",)).named("9780141439587")["types"] == ["barcode"]
    with pytest.raises(Refused) as caught:
        Labels(("isbn",)).named("10001")
    assert caught.value.code == "copy_not_found"
