"""JSON is read as the standard library reads it, but for doubled members, and no value is bent to fit a record."""

from __future__ import annotations

import json
from typing import Any, get_origin, get_type_hints

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from wire_server import BOOKING, MEMBER

from sip2gw.librarika import records
from sip2gw.librarika.http.call import encoded
from sip2gw.librarika.http.structuring import LONGEST_TEXT, Misshapen, parsed, structured
from sip2gw.librarika.records import Booking, Member, Page, Settings, Transaction

TEXTS = st.text(max_size=8) | st.text(alphabet='":\\u03aA', max_size=12)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
)
FEE = {
    "id": 1,
    "type": "misc",
    "outstanding": "1.00",
    "currency": "USD",
    "created_at": "2026-11-01T10:00:00+06:00",
}


@given(st.dictionaries(TEXTS, VALUES, max_size=4), st.booleans(), st.sampled_from([None, 1]))
def test_a_body_is_read_as_the_standard_library_reads_it(
    document: dict[str, Any], ascii_only: bool, indent: int | None
) -> None:
    text = json.dumps(document, ensure_ascii=ascii_only, indent=indent)
    assert parsed(text.encode("utf-8", "replace")) == json.loads(text.encode("utf-8", "replace"))


@given(TEXTS, VALUES, VALUES, st.booleans(), st.sampled_from(["", " ", "\n"]))
def test_a_member_that_is_there_twice_is_refused_at_any_depth(
    name: str, one: Any, other: Any, inner: bool, blank: str
) -> None:
    key = json.dumps(name)
    spelled = '"' + "".join(f"\\u{ord(letter):04x}" for letter in name if ord(letter) < 0x10000) + '"'
    for second in {key} | ({spelled} if json.loads(spelled) == name else set()):
        pair = f"{{{key}{blank}:{json.dumps(one)},{blank}{second}:{json.dumps(other)}}}"
        with pytest.raises(Misshapen):
            parsed((f'{{"a": [{pair}]}}' if inner else pair).encode())


@pytest.mark.parametrize(
    "value", [2.5, 2, "NaN", "Infinity", "1e3", "1_0", " 1", "٣.00", "1" * 16, "", True, None]
)
def test_an_amount_in_another_form_than_the_contracts_is_refused(value: object) -> None:
    with pytest.raises(Misshapen):
        structured({**MEMBER, "balance": value}, Member)
    with pytest.raises(Misshapen):
        structured({**FEE, "outstanding": value}, Transaction)


@pytest.mark.parametrize("value", ["2026-11-01T10:00:00", "2026-11-01", 1793500000, None])
def test_a_moment_without_a_zone_is_refused(value: object) -> None:
    assert structured(FEE, Transaction).created_at.utcoffset() is not None
    with pytest.raises(Misshapen):
        structured({**FEE, "created_at": value}, Transaction)


def test_a_null_counts_as_absent_where_a_member_may_be_absent() -> None:
    said = {
        **BOOKING,
        "conflicts": None,
        "ready": None,
        "renewed": None,
        "member": {"member_no": "7", "name": None},
    }
    read = structured(said, Booking)
    assert (read.conflicts, read.ready, read.renewed, read.member.name) == ((), False, False, "")
    assert structured({**MEMBER, "counts": {"issued": 2, "overdue": None}}, Member).counts.overdue == 0
    assert structured({"bookings": [said], "fees": None}, Page).bookings == (read,)
    settings = {
        "nickname": "a",
        "name": "A",
        "timezone": "UTC",
        "branches": None,
        "preferences": {"renewals": None},
    }
    assert structured(settings, Settings).preferences.renewals is None, "here null means no limit"
    for needed in ("id", "status", "member"):
        with pytest.raises(Misshapen):
            structured({**said, needed: None}, Booking)
    assert said["conflicts"] is None, "the document itself is not changed"


@pytest.mark.parametrize(
    ("said", "code"),
    [("USD", "USD"), ("usd", "USD"), (" Eur ", "EUR"), ("\u20ac", ""), ("Euro", ""), ("", ""), ("EU|", "")],
)
def test_a_currency_is_its_code_or_nothing(said: str, code: str) -> None:
    assert structured({**MEMBER, "currency": said}, Member).currency == code
    assert structured({**FEE, "currency": said}, Transaction).currency == code
    assert structured({**MEMBER, "currency": None}, Member).currency is None
    with pytest.raises(Misshapen):
        structured({**FEE, "currency": 840}, Transaction)


def test_a_text_at_any_depth_is_cut_to_what_a_message_carries() -> None:
    document = parsed(
        json.dumps({**BOOKING, "media": {"id": 1, "title": "x" * 9000}, "a": [["y" * 9000]]}).encode()
    )
    assert len(structured(document, Booking).media.title) == len(document["a"][0][0]) == LONGEST_TEXT


def test_every_list_of_a_record_is_bounded() -> None:
    for kind in filter(attrs.has, vars(records).values()):
        for name, hint in get_type_hints(kind, include_extras=True).items():
            assert get_origin(hint) is not tuple, f"{kind.__name__}.{name}"


def test_what_is_wrong_with_an_answer_is_told_without_its_content() -> None:
    with pytest.raises(Misshapen) as caught:
        structured({**MEMBER, "status": 5, "name": "Amina", "balance": "secret"}, Member)
    assert str(caught.value) == "the body is not a Member (ValidationError)"


@given(st.dictionaries(TEXTS, VALUES, max_size=4), st.sampled_from(["", "\ud800", "é", "জ"]))
def test_a_body_that_is_sent_reads_as_it_was_meant_with_halves_of_characters_too(
    body: dict[str, Any], text: str
) -> None:
    assert json.loads(encoded({**body, "text": text})) == {**body, "text": text}
