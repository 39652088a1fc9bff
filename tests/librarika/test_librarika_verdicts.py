"""Whatever a server sends, with whatever status: an answer, or one of the port's errors, and nothing of its bytes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from wire_server import BOOKING

from sip2gw.librarika.http.call import Answer, Call, Failed, Unauthorized
from sip2gw.librarika.http.codes import CODES, UNKNOWN_OPERATION
from sip2gw.librarika.http.outcome import outcome
from sip2gw.librarika.http.structuring import Misshapen, parsed, structured
from sip2gw.librarika.records import Booking, CopyFound, Member, Settings
from sip2gw.library import InDoubt, Refused, Unavailable

CONTRACT = Path(__file__).parents[2] / "docs/librarika-api.yaml"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
BODIES = st.binary() | JSON.map(lambda value: json.dumps(value).encode())
PROBLEMS = st.fixed_dictionaries(
    {"code": st.sampled_from(["copy_inactive", "rate_limited", "someone_elses"]) | st.integers()},
    optional={"not_processed": st.booleans() | st.just("true")},
).map(lambda value: json.dumps(value).encode())
KINDS = st.sampled_from(["application/json", "application/problem+json", "text/html", ""])


def call(writes: bool, shape: type | None = Booking) -> Call:
    headers = {b"Authorization": b"Bearer t"}
    return Call("operation", "POST", "http://localhost/", headers, b"{}", shape, writes=writes)


def test_every_code_of_the_contract_is_known() -> None:
    contract = yaml.safe_load(CONTRACT.read_text())
    assert set(contract["components"]["schemas"]["Code"]["enum"]) <= CODES


@pytest.mark.parametrize("writes", [False, True])
@pytest.mark.parametrize("code", sorted(UNKNOWN_OPERATION))
def test_an_api_that_does_not_know_the_operation_has_refused_nothing(code: str, writes: bool) -> None:
    body = json.dumps({"code": code}).encode()
    result = outcome(call(writes), 404, {b"content-type": b"application/problem+json"}, body)
    assert isinstance(result, Failed)
    assert not result.sent


@given(st.booleans(), st.integers(100, 999), KINDS, BODIES | PROBLEMS)
def test_R1_only_the_contracts_document_says_that_a_write_was_not_done(
    writes: bool, status: int, kind: str, body: bytes
) -> None:
    asked = call(writes)
    result = outcome(asked, status, {b"content-type": kind.encode()}, body)
    document = _document(body) if kind == "application/problem+json" else {}
    known = document.get("code") in CODES if isinstance(document.get("code"), str) else False
    if isinstance(result, Answer):
        assert 200 <= status < 300
    elif isinstance(result, Unauthorized):
        assert status == 401
        assert result.proved == known
    elif isinstance(result, Refused):
        assert known
        assert 400 <= status < 500
        undecided = status in (408, 413, 421, 425, 429)
        assert not (writes and undecided) or document.get("not_processed") is True
    else:
        assert isinstance(result, Failed)
        assert result.sent or (known and document.get("not_processed") is True)
        assert asked.in_doubt(result) == (writes and result.sent)
        error = asked.error(result, doubt=asked.in_doubt(result))
        assert isinstance(error, InDoubt if writes and result.sent else Unavailable)


def _document(body: bytes) -> dict[str, object]:
    try:
        return parsed(body)
    except Misshapen:
        return {}


@given(JSON)
def test_any_json_is_a_record_or_misshapen(value: object) -> None:
    for kind in (Member, CopyFound, Booking, Settings):
        names = ("items", "id", "return_date", "timezone", "name", "nickname", "member_no")
        with pytest.raises(Misshapen):
            structured(dict.fromkeys(names, value), kind)


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
        b' "self_service_allowed": true, "counts": {}, "refused": {}, "balance": "-0.50"}'
    )
    assert structured(document, Member).name == "A?B"


def test_304_answers_a_condition() -> None:
    asked = Call("get_library", "GET", "http://localhost/", {b"If-None-Match": b'"v1"'})
    assert outcome(asked, 304, {}, b"") == Answer(304, {})


def test_facts_of_known_names_and_forms_only() -> None:
    problem = {
        "code": "quota_exceeded",
        "quota": 5,
        "available_from": "tomorrow",
        "reason": "Amina owes 5",
        "balance": "5.00",
    }
    kind = {b"content-type": b"application/problem+json"}
    refusal = outcome(call(True), 409, kind, json.dumps(problem).encode())
    assert isinstance(refusal, Refused)
    assert refusal.facts == {"limit": "5"}
    assert str(refusal) == "quota_exceeded: operation: status 409"


@pytest.mark.parametrize(
    ("said", "code"), [("USD", "USD"), ("usd", "USD"), (" Eur ", "EUR"), ("\u20ac", None)]
)
def test_the_currency_of_a_refusal_is_read_as_in_an_answer(said: str, code: str | None) -> None:
    body = json.dumps({"code": "fee_required", "amount": "1.50", "currency": said}).encode()
    refusal = outcome(call(True), 409, {b"content-type": b"application/problem+json"}, body)
    assert isinstance(refusal, Refused)
    assert (refusal.facts["amount"], refusal.facts.get("currency")) == ("1.50", code)
