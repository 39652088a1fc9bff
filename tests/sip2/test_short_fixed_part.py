"""A fixed part that lacks fields: the variable ones are read as they stand, and none is taken for a date."""

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sip2gw.sip2 import Displaced, Secret, format, lay_out, parse

from .strategies import CLASSES, clean, of_class

DATE = "20260301    101500"
WITH_FIXED_PART = [cls for cls in CLASSES if cls.width]


def heard(text):
    return parse(text.encode())[0]


@pytest.mark.parametrize(
    "line",
    [
        "65AOfernhill|AAP1|AD1234|BON|",
        "65AOsixteen-letters-|AAP1|AD1234|BON|",
        "65aofernhill|aap1|ad1234|bon|",
        "35AOfernhill|AAP1|AD1234|",
        f"11YN{DATE}AOfernhill|AAP1|AB1|AC|AD1234|",
        f"11YN{DATE}{DATE}AOfernhill|AAP1|AB1|AC|AD1234|",
        f"11{DATE}{DATE}AOfernhill|AAP1|AB1|AC|AD1234|",
        "11YNAOfernhill|AAP1|AB1|AC|AD1234|",
        "11AOfernhill|AAP1|AB1|AC|AD1234|",
        f"29NN{DATE}AOfernhill|AAP1|AD1234|AB1|",
        "23AAP1|AOfernhill|AC|AD1234|",
        "23001AOfernhill|AAP1|AC|AD1234|",
        f"23{DATE}AOfernhill|AAP1|AC|AD1234|",
        f"63{DATE}AOfernhill|AAP1|AC|AD1234|",
        f"63001{DATE}AOfernhill|AAP1|AC|AD1234|",
        f"37{DATE}0100AOfernhill|AAP1|BV1.00|AD1234|",
        f"37{DATE}0100AORIVERSIDE|AAP1|BV1.00|AD1234|",
        f"15{DATE}AOfernhill|AAP1|AD1234|AB1|",
        "25AOfernhill|AAP1|AC|AD1234|",
        "65 AOfernhill|AAP1|AD1234|",
        "6520260301AOfernhill|AAP1|AD1234|",
        "3520260301101500AOfernhill|AAP1|AD1234|",
        "2300120260301101500AOfernhill|AAP1|AC|AD1234|",
        f"6320260301{'Y':10}AOfernhill|AAP1|AC|AD1234|",
        "11NN AOfernhill|AAP1|AB1|AC|AD1234|",
        "11YN2026030110150020260315101500AOfernhill|AAP1|AB1|AC|AD1234|",
        f"11YN20260301101500{' ':18}AOfernhill|AAP1|AB1|AC|AD1234|",
        "15+20260301101500AOfernhill|AAP1|AD1234|AB1|",
        "3720260301101500USDAOfernhill|AAP1|AD1234|BV1.00|",
    ],
)
def test_K5_a_short_fixed_part_leaves_every_field_in_its_place(line):
    request = heard(line)
    assert request.institution_id.lower() in {"fernhill", "sixteen-letters-", "riverside"}
    assert request.patron_identifier.upper() == "P1"
    assert request.patron_password == Secret("1234")
    assert getattr(request, "no_block", False) is False
    assert getattr(request, "language", "000") in {"000", "001"}


def test_K5_of_two_dates_the_second_is_the_one_that_is_missing():
    request = heard(f"09N{DATE}APWest|AOfernhill|AB1|AC|")
    assert request.transaction_date is not None
    assert request.return_date is None
    assert request.current_location == "West"


def test_K5_a_date_without_its_blanks_is_that_date():
    request = heard("09N2026030110150020260228235959APWest|AOfernhill|AB1|AC|")
    assert request.transaction_date == datetime(2026, 3, 1, 10, 15)
    assert request.return_date == datetime(2026, 2, 28, 23, 59, 59)
    assert request.current_location == "West"


@pytest.mark.parametrize(
    "line", ["93CNk@t2lib.example|COpw|", "930CNk@t2lib.example|COpw|", "93AOx|ACa:b|CNk@t2lib.example|COpw|"]
)
def test_K5_a_login_without_algorithms_is_not_encrypted(line):
    login = heard(line)
    assert (login.uid_algorithm, login.pwd_algorithm) == ("0", "0")
    assert (login.login_user_id, login.login_password) == (Secret("k@t2lib.example"), Secret("pw"))


@pytest.mark.parametrize("currency", ["AOA", "MGA", "BDT", "EUR"])
@pytest.mark.parametrize("field", ["BV1.00|AOx|", "AOx|BV1.00|"])
def test_K5_a_currency_that_looks_like_a_field_is_a_currency(currency, field):
    request = heard(f"37{DATE}0100{currency}{field}AAy|")
    assert (request.currency_type, request.institution_id, request.patron_identifier) == (currency, "x", "y")


@pytest.mark.parametrize(
    "line",
    [
        f"11Y{DATE}{DATE}AOx|AAy|AB1|AC|",
        f"11YN{DATE[:-1]}AOx|AAy|AB1|AC|",
        f"11YN{DATE}{DATE[1:]}AOx|AAy|AB1|AC|",
        f"09N{DATE[1:]}{DATE}AOx|AB1|AC|",
        f"65{DATE[1:]}AOx|AAy|",
        f"37{DATE}010BDTAOx|AAy|BV1|",
    ],
)
def test_K5_a_write_with_an_ambiguous_fixed_part_is_refused(line):
    with pytest.raises(Displaced):
        heard(line)


def test_K24_an_unreadable_request_is_named_with_its_reason():
    with pytest.raises(Displaced) as displaced:
        heard(f"11YN{DATE[:-1]}AOx|AAy|AB1|ADcanary|")
    assert str(displaced.value) == "message 11: a field begins inside its fixed part"
    with pytest.raises(Displaced) as displaced:
        heard(f"11Y?{DATE}{DATE}AOx|AAy|AB1|ADcanary|")
    assert str(displaced.value) == "message 11: no_block is neither Y nor N"


@pytest.mark.untraced
@pytest.mark.parametrize("cls", WITH_FIXED_PART, ids=lambda cls: cls.__name__)
@given(data=st.data())
def test_K5_any_message_cut_at_a_fixed_field_has_the_same_fields(cls, data):
    """The first variable field must be one that SIP 2.00 knows: an unknown code can't be told from a fixed field."""
    message = data.draw(of_class(cls, text=clean(), extensions=False))
    line = format(message).removesuffix(b"\r")
    whole = lay_out(line)
    if not whole.fields:
        return
    start = data.draw(st.sampled_from([start for _, start, _ in cls.places]))
    cut = lay_out(line[: 2 + start] + line[2 + cls.width :])
    if whole.fields != cut.fields:
        # Three capitals of a value before a field: a currency, as far as anybody can see.
        assert cls.code == "37"
        assert start == cls.width - 3
        return
    assert cut.fields == whole.fields
    assert [value for _, value in cut.fixed] == [
        value if stop <= start else ""
        for (_, value), (_, _, stop) in zip(whole.fixed, cls.places, strict=True)
    ]
    assert not cut.swallowed


@pytest.mark.untraced
@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
@given(data=st.data())
def test_K5_a_whole_fixed_part_is_read_at_its_places(cls, data):
    line = format(data.draw(of_class(cls, text=clean()))).removesuffix(b"\r")
    layout = lay_out(line)
    assert [value for _, value in layout.fixed] == [
        line[2 + start : 2 + stop].decode() for _, start, stop in cls.places
    ]
    assert not layout.displaced
