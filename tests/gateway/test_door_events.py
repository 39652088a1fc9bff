"""What the door publishes: each connection, login and request, once, without a card number or a password."""

from __future__ import annotations

import pytest
from attrs import asdict
from twisted.internet.defer import fail
from twisted.internet.error import ConnectError

from sip2gw.events import Closed, Exchange, LoggedIn, LoginRefused, Opened

from .desk import CHECKIN, CHECKOUT, LOGIN, PATRON, STATUS, Bench

DAMAGED = STATUS[:-1] + "1"


@pytest.fixture
def bench():
    bench = Bench()
    bench.told = []
    bench.factory.events.subscribe(bench.told.append)
    bench.connect()
    yield bench
    bench.sandbox.close()


def exchanges(bench: Bench) -> list[Exchange]:
    return [event for event in bench.told if isinstance(event, Exchange)]


def test_a_connection_is_opened_logged_in_and_closed(bench):
    bench.say(LOGIN.replace("CPDesk", "CPNorth"))
    bench.say(STATUS)
    bench.terminal.connectionLost()
    opened, logged_in, status, closed = bench.told
    assert isinstance(opened, Opened)
    assert (opened.peer, opened.network) == ("192.168.1.1", "192.168.1.0/24")
    assert isinstance(logged_in, LoggedIn)
    assert (logged_in.library, logged_in.terminal, logged_in.form) == ("riverside", "North", "AO")
    assert (logged_in.profile, logged_in.charset, logged_in.terminator) == ("generic-kiosk", "utf-8", "cr")
    assert logged_in.account == "k...@riverside.example"
    assert (status.message, status.outcome, status.seq) == ("99", "answered", 2)
    assert isinstance(closed, Closed)
    assert (closed.by, closed.requests) == ("terminal", 2)
    assert len({event.conn for event in bench.told}) == 1


def test_a_write_has_its_calls_its_tags_and_a_ref(bench):
    bench.say(LOGIN)
    assert bench.say(CHECKOUT).startswith("121")
    [one] = exchanges(bench)
    assert (one.library, one.terminal, one.message, one.outcome) == ("riverside", "Desk", "11", "answered")
    assert one.patron.startswith("p:")
    assert one.item.startswith("i:")
    assert len(one.ref) == 4
    assert [made[:2] for made in one.api] == [("issue", 200)]
    assert one.api[0][3]
    assert one.network == "192.168.1.0/24"


def test_a_refused_write_has_the_code_and_the_status(bench):
    bench.say(LOGIN)
    bench.say(CHECKIN.replace("AB10001", "AB31337"))
    [one] = exchanges(bench)
    assert (one.outcome, one.code, one.api[0][1]) == ("refused", "copy_not_found", 404)


def test_a_refusal_shows_its_ref_on_the_screen_of_a_kiosk_alone(bench):
    bench.say(LOGIN)
    line = CHECKIN.replace("AB10001", "AB31337")
    kiosk = bench.say(line)
    assert f"({exchanges(bench)[-1].ref})|" in kiosk
    bench.settle("riverside", refs=False)
    bench.connect()
    bench.say(LOGIN)
    other = bench.say(line)
    assert other.startswith("100")
    assert f"({exchanges(bench)[-1].ref})" not in other


def test_an_answer_that_is_no_refusal_has_no_ref(bench):
    bench.say(LOGIN)
    answer = bench.say(CHECKOUT)
    assert exchanges(bench)[-1].ref not in answer


def test_a_call_without_an_answer_has_status_zero(bench, monkeypatch):
    bench.say(LOGIN)
    monkeypatch.setattr(bench.calls, "request", lambda *_, **__: fail(ConnectError()))
    bench.say(CHECKOUT)
    [one] = exchanges(bench)
    assert one.outcome == "unavailable"
    assert {made[1] for made in one.api} == {0}


def test_a_request_outside_the_profile_is_not_offered(bench):
    bench.settle("riverside", messages=frozenset({"17"}))
    bench.say(LOGIN)
    bench.say(CHECKOUT)
    assert [one.outcome for one in exchanges(bench)] == ["not_offered"]


@pytest.mark.parametrize(
    ("lines", "outcome", "code"),
    [
        ([LOGIN, CHECKOUT, CHECKOUT], "answered", "repeated"),
        ([LOGIN, STATUS, "97AZFEF5"], "answered", "resent"),
        ([LOGIN, DAMAGED], "refused", "bad_checksum"),
        ([CHECKOUT], "refused", "not_logged_in"),
        ([LOGIN, PATRON.replace("riverside", "elsewhere")], "refused", "other_library"),
        (["9300CNkiosk@riverside.example|COkiosk-secret|"], "answered", "held"),
    ],
)
def test_a_line_that_no_library_answers_has_an_event_too(bench, lines, outcome, code):
    for line in lines:
        bench.say(line)
    last = exchanges(bench)[-1]
    assert (last.outcome, last.code, last.seq) == (outcome, code, len(lines))


@pytest.mark.parametrize(
    ("line", "library", "code", "rung"),
    [
        (LOGIN.replace("kiosk-secret", "wrong"), "riverside", "invalid_credentials", "account"),
        (LOGIN.replace("AOriverside", "AOnowhere"), "nowhere", "library_not_found", "library"),
        ("9310CNkiosk|COkiosk|AOriverside|", "", "rejected", "form"),
    ],
)
def test_a_refused_login_says_the_code_and_the_rung(bench, line, library, code, rung):
    bench.denied(line)
    [one] = [event for event in bench.told if isinstance(event, LoginRefused)]
    assert (one.library, one.code, one.rung) == (library, code, rung)
    assert one.advice


def without_chance(event):
    """What an event holds, but for moments, durations and random codes, in which any five digits come up sometimes."""
    calls = [call[:2] for call in event.get("api", ())]
    return {**event, "api": calls, **dict.fromkeys(("at", "conn", "ref", "ms", "seconds"))}


def test_no_event_holds_a_card_number_a_password_or_a_name(bench):
    for line in (
        LOGIN,
        PATRON.replace("1234", "canary"),
        CHECKOUT,
        CHECKIN,
        LOGIN.replace("t|", "t-canary|"),
    ):
        bench.say(line)
    held = repr([without_chance(asdict(event)) for event in bench.told])
    for secret in ("kiosk-secret", "canary", "M-1001", "Amina", "10001", "kiosk@"):
        assert secret not in held
