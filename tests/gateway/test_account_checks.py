"""An account that is revoked ends its terminals' sessions within minutes; an outage ends none."""

from __future__ import annotations

import pytest
from attrs import evolve
from twisted.internet.defer import Deferred
from twisted.logger import capturedLogs

from sip2gw.gateway import library_requests

from .desk import LOGIN, PATRON, Bench

KIOSK = "kiosk@riverside.example"


@pytest.fixture
def bench():
    bench = Bench()
    yield bench
    bench.sandbox.close()


def logged_in(bench: Bench, count: int = 1) -> list:
    transports = []
    for _ in range(count):
        assert bench.connect()
        assert bench.say(LOGIN) == "941"
        transports.append(bench.transport)
    return transports


def checks(bench: Bench, outcome: str) -> float:
    sample = bench.factory.metrics.registry.get_sample_value(
        "sip2gw_account_checks_total", {"outcome": outcome}
    )
    return sample or 0


def pass_minutes(bench: Bench, minutes: float) -> None:
    for _ in range(int(minutes * 4)):
        bench.clock.advance(15)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"status": "Inactive"}, "account_inactive"),
        ({"sip2_activated": False}, "sip2_not_activated"),
        ({"groups": ["Library Member"]}, "permission_missing"),
        ({"password": "changed"}, "invalid_credentials"),
    ],
)
def test_F52_a_revoked_account_ends_its_sessions_within_five_minutes(bench, change, code):
    transports = logged_in(bench, 3)
    bench.clock.advance(60)
    bench.sandbox.change_user("riverside", KIOSK, **change)
    with capturedLogs() as logs:
        pass_minutes(bench, 5)
    assert all(transport.disconnecting for transport in transports)
    told = [
        event["log_format"].format(**event) for event in logs if "were disconnected" in event["log_format"]
    ]
    assert len(told) == 1
    assert told[0].startswith(f"riverside: 3 terminals were disconnected, {code}: ")
    assert KIOSK not in told[0]
    bench.connect()
    assert bench.denied(LOGIN) == "940", "what was verified before counts no longer"


def test_F52_switched_off_sip2_disconnects_like_a_revoked_account(bench):
    (transport,) = logged_in(bench)
    bench.sandbox.change_library("riverside", sip2={"enabled": False})
    pass_minutes(bench, 5)
    assert transport.disconnecting


def test_F52_a_restored_account_may_log_in_again_at_once(bench):
    logged_in(bench)
    bench.sandbox.change_user("riverside", KIOSK, status="Inactive")
    pass_minutes(bench, 5)
    for _ in range(30):  # a terminal that goes on trying
        bench.connect()
        assert bench.denied(LOGIN) == "940"
        bench.terminal.connectionLost()
        bench.clock.advance(10)
    bench.sandbox.change_user("riverside", KIOSK, status="Active")
    bench.clock.advance(5)
    bench.connect()
    assert bench.say(LOGIN) == "941"
    assert bench.say(PATRON).startswith("24 ")


def test_F52_the_request_in_progress_is_answered_before_the_end(bench, monkeypatch):
    (transport,) = logged_in(bench)
    gate: Deferred[None] = Deferred()
    answer = library_requests.answer

    async def slowly(*what):
        await gate
        return await answer(*what)

    bench.factory.directory.policy = evolve(bench.factory.directory.policy, timeout=3600.0)
    monkeypatch.setattr(library_requests, "answer", slowly)
    bench.sandbox.change_user("riverside", KIOSK, status="Inactive")
    assert bench.say(PATRON) == ""
    pass_minutes(bench, 5)
    assert not transport.disconnecting
    gate.callback(None)
    assert transport.value().startswith(b"24")
    assert transport.disconnecting


def test_F52_an_outage_disconnects_no_terminal(bench):
    (transport,) = logged_in(bench)
    bench.sandbox.misbehave("error")
    pass_minutes(bench, 30)
    assert not transport.disconnecting
    assert checks(bench, "unavailable") >= 6
    bench.sandbox.behave()
    bench.clock.advance(60)
    assert bench.say(PATRON).startswith("24 ")


def test_F52_an_account_is_checked_once_for_all_its_terminals(bench):
    logged_in(bench, 5)
    pass_minutes(bench, 20)
    assert 4 <= checks(bench, "ok") <= 5
    for protocol in list(bench.factory.sessions):
        protocol.connectionLost()
    assert bench.clock.getDelayedCalls() == []


def test_the_time_between_checks_is_a_setting(bench):
    bench.factory.limits = evolve(bench.factory.limits, account_check=30.0)
    logged_in(bench)
    pass_minutes(bench, 5)
    assert 10 <= checks(bench, "ok") <= 13


NEW_LOGIN = LOGIN.replace("kiosk-secret", "changed")


def test_F52_F53_an_old_password_is_found_while_the_new_one_is_in_use(bench):
    old = logged_in(bench, 2)
    bench.sandbox.change_user("riverside", KIOSK, password="changed")
    bench.connect("192.168.1.9")
    assert bench.say(NEW_LOGIN) == "941"
    new = bench.terminal, bench.transport
    bench.connect()
    assert bench.denied(LOGIN) == "940", "it was verified before, and counts no longer"
    pass_minutes(bench, 5)
    assert all(transport.disconnecting for transport in old)
    bench.terminal, bench.transport = new
    assert not bench.transport.disconnecting
    assert bench.say(PATRON).startswith("24 ")


def test_F52_a_terminal_that_logged_in_with_the_new_password_stays(bench):
    logged_in(bench)
    bench.sandbox.change_user("riverside", KIOSK, password="changed")
    assert bench.say(NEW_LOGIN) == "941"
    pass_minutes(bench, 10)
    assert not bench.transport.disconnecting
    assert bench.say(PATRON).startswith("24 ")
    assert checks(bench, "refused") == 0
    bench.terminal.connectionLost()
    assert not [call for call in bench.clock.getDelayedCalls() if "AccountChecks" in str(call.func)]
