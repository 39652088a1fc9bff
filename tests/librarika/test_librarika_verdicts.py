"""Whatever a server sends, with whatever status: an answer, or one of the port's errors, and nothing of its bytes."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.web.http_headers import Headers
from wire_server import BOOKING

from sip2gw.librarika.http.call import Answer, Call, Failed, Unauthorized
from sip2gw.librarika.http.outcome import answer, parsed
from sip2gw.librarika.http.structuring import Misshapen, structured
from sip2gw.librarika.movements import Booking
from sip2gw.librarika.records import Copies, Member, Settings
from sip2gw.library import InDoubt, Refused, Unavailable

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
BODIES = st.binary() | JSON.map(lambda value: json.dumps(value).encode())
KINDS = st.sampled_from(["application/json", "application/problem+json", "text/html", ""])


def call(writes: bool) -> Call:
    return Call(
        "operation", "POST", "http://localhost/", Headers({b"Authorization": [b"Bearer t"]}), b"{}", writes
    )


@given(st.booleans(), st.integers(100, 999), KINDS, BODIES)
def test_any_answer_is_a_verdict(writes: bool, status: int, kind: str, body: bytes) -> None:
    asked, failed = call(writes), None
    try:
        result = answer(asked, status, Headers({b"Content-Type": [kind.encode()]}), body)
        asked.record(result, Booking)
    except Failed as caught:
        failed = caught
    except Refused:
        assert 400 <= status < 500
    except Unavailable:
        assert not writes or status in (408, 421, 425, 429)
    except InDoubt:
        assert writes
        assert not 400 <= status < 500
    except Unauthorized:
        assert status == 401
    else:
        assert 200 <= status < 300
    if failed is not None:
        assert isinstance(asked.error(failed), InDoubt if writes and failed.sent else Unavailable)
        assert failed.sent or status in (408, 421, 425, 429) or (400 <= status < 500 and not writes)


@given(JSON)
def test_any_json_is_a_record_or_misshapen(value: object) -> None:
    for kind in (Member, Copies, Booking, Settings):
        names = ("items", "id", "return_date", "timezone", "name", "nickname", "member_no")
        try:
            record = structured(dict.fromkeys(names, value), kind)
        except Misshapen:
            continue
        assert record == Copies(())


@pytest.mark.parametrize(
    "change", [{"id": "21"}, {"id": 21.0}, {"id": True}, {"id": None}, {"return_date": "20261215"}]
)
def test_nothing_is_bent_to_fit(change: dict[str, object]) -> None:
    good = {**BOOKING, "a later field": {"of": "the API"}}
    assert structured(good, Booking).id == 21
    with pytest.raises(Misshapen):
        structured({**good, **change}, Booking)


def test_half_a_character_becomes_a_question_mark() -> None:
    document = parsed(
        b'{"id": 1, "member_no": "7", "name": "A\\ud800B", "status": "Active", "suspended": false,'
        b' "self_service_allowed": true, "counts": {}, "balance": "-0.50"}'
    )
    assert structured(document, Member).name == "A?B"


def test_304_answers_a_condition() -> None:
    asked = Call("get_library", "GET", "http://localhost/", Headers({b"If-None-Match": [b'"v1"']}))
    assert answer(asked, 304, Headers(), b"") == Answer(304, Headers())


def test_facts_of_known_names_and_forms_only() -> None:
    problem = {
        "code": "quota_exceeded",
        "quota": 5,
        "available_from": "tomorrow",
        "reason": "Amina owes 5",
        "balance": "5.00",
    }
    kind = Headers({b"Content-Type": [b"application/problem+json"]})
    with pytest.raises(Refused) as caught:
        answer(call(True), 409, kind, json.dumps(problem).encode())
    assert caught.value.facts == {"limit": "5"}
    assert str(caught.value) == "quota_exceeded: operation: status 409"
