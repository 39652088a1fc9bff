"""A number that the library does not have: which other spellings are tried, and when."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sip2gw.circulation.other_spellings import other_spellings


@pytest.mark.parametrize(
    ("number", "other", "how"),
    [
        ("A10002", "10002", "without the prefix A"),
        ("LIB-10002", "10002", "without the prefix LIB-"),
        ("A10002B", "10002", "without the start and stop characters A and B"),
        ("m-1001", "M-1001", "in capitals"),
        ("M-1001", "m-1001", "in small letters"),
        ("0007", "7", "without its 3 leading zeros"),
        ("42", "0042", "with 2 leading zeros more"),
        ("M-42", "M-042", "with 1 leading zero more"),
    ],
)
def test_a_number_has_these_other_spellings(number, other, how):
    assert (other, how) in [(one.number, one.how) for one in other_spellings(number)]


@given(st.text(max_size=40))
def test_other_spellings_are_few_and_never_the_number_itself(number):
    found = [one.number for one in other_spellings(number)]
    assert len(found) <= 9
    assert number not in found


@pytest.mark.untraced
@pytest.mark.parametrize("number", ["0" * 500_000 + "x", "A" + "0" * 500_000 + "x", "A0" * 250_000 + "x"])
def test_a_long_number_is_read_in_one_go(number):
    """A search that begins again at each zero needs hours."""
    assert "with" not in [one.how.split()[0] for one in other_spellings(number)]


@given(st.from_regex("[0-9]{4}[1-9][0-9]{7}", fullmatch=True))
def test_no_text_of_a_spelling_has_the_number(number):
    for one in other_spellings(number):
        assert one.number.lstrip("0") not in repr(one) + one.how + one.fix
