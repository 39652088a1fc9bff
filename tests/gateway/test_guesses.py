"""Guessing: what it costs whoever guesses, at the default limits, and what it costs nobody else."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from attrs import evolve
from twisted.logger import capturedLogs

from sip2gw.gateway.login_throttle import SLOWEST
from sip2gw.gateway.logins import JITTER
from sip2gw.library import Credentials
from sip2gw.sandbox.data import default_data

from .desk import LOGIN, PATRON, Bench, MovingClock, told
from .test_logins import guess, guessing, sign_ins, tried

ACCOUNTS = 80


def many_accounts() -> dict[str, Any]:
    """The sandbox's libraries, the first with many accounts and no limit of terminals to speak of."""
    data = deepcopy(default_data())
    library = data["libraries"][0]
    library["sip2"]["terminals_licensed"] = 1000
    kiosk = library["users"][0]
    library["users"] += [
        {**kiosk, "username": f"kiosk-{number}@riverside.example"} for number in range(ACCOUNTS)
    ]
    return data


@pytest.fixture
def bench():
    bench = Bench(many_accounts())
    yield bench
    bench.sandbox.close()


def accounts(count: int) -> list[str]:
    """The logins of so many accounts."""
    return [LOGIN.replace("kiosk@", f"kiosk-{number}@") for number in range(count)]


def test_R10_80_right_logins_from_one_address_are_all_let_in(bench):
    for login in accounts(80):
        assert bench.connect()
        assert bench.say(login) == "941"


@pytest.mark.untraced
def test_R10_80_accounts_that_log_in_at_once_are_all_admitted(bench):
    bench.factory.limits = type(bench.factory.limits)(strangers_per_address=200)
    bench.calls.held = {"/auth/tokens"}
    transports = []
    for login in accounts(80):
        assert bench.connect()
        assert bench.say(login) == ""
        transports.append(bench.transport)
    bench.calls.held = set()
    while not all(transport.value() for transport in transports):
        bench.calls.let_go()
        bench.calls.flush()
    assert {transport.value() for transport in transports} == {b"941\r"}


@pytest.mark.untraced
@pytest.mark.parametrize("tries", [1, 5])
@pytest.mark.parametrize("outage", ["error", "garbage", "refuse"])
def test_R10_after_an_outage_40_machines_are_let_in_at_once(bench, outage, tries):
    logins = accounts(40)
    bench.sandbox.misbehave(outage)
    for login in logins * tries:
        assert bench.connect()
        bench.denied(login)
        bench.terminal.connectionLost()
    bench.sandbox.behave()
    bench.clock.advance(120)
    for login in logins:
        assert bench.connect()
        assert bench.say(login) == "941"
    assert bench.counted("logins_per_address") == 0


def test_R10_a_right_login_after_many_right_ones_is_not_a_guess():
    guesses = guessing(MovingClock())
    for number in range(500):
        guesses.check("riverside", Credentials(f"kiosk-{number}", "right"), "192.0.2.1").right()
    assert tried(guesses, Credentials("kiosk", "right"), "192.0.2.1")


def test_R10_a_try_that_was_not_judged_is_not_a_guess():
    guesses = guessing(MovingClock())
    for _ in range(500):
        guesses.check("riverside", Credentials("kiosk", "right"), "192.0.2.1").forgive()
    assert tried(guesses, Credentials("kiosk", "right"), "192.0.2.1")


def test_R4_all_networks_together_try_60_passwords_of_an_account_an_hour(bench):
    before = sign_ins(bench)
    for number in range(300):
        guess(bench, number, f"10.{number // 250}.{number % 250}.7")
    assert sign_ins(bench) - before == 60
    assert bench.counted("logins_per_account_anywhere") == 240
    bench.clock.advance(3600)
    assert bench.connect("203.0.113.5")
    assert bench.say(LOGIN) == "941"


def test_R4_a_known_network_is_not_held_to_what_all_others_tried(bench):
    assert bench.say(LOGIN) == "941"
    bench.terminal.connectionLost()
    bench.clock.advance(601)
    for number in range(200):
        guess(bench, number, f"10.0.{number % 250}.7")
    assert bench.connect("192.168.1.44")
    assert bench.say(LOGIN) == "941"


def test_R4_the_budget_of_an_account_grows_with_its_networks(bench):
    bench.factory.directory._open.verified.life = 0
    for number in range(20):
        assert bench.connect(f"172.16.{number}.1")
        assert bench.say(LOGIN) == "941"
        bench.terminal.connectionLost()
    before = sign_ins(bench)
    for number in range(200):
        guess(bench, number, f"10.0.{number % 250}.7")
    assert sign_ins(bench) - before == 80


def test_R4_networks_of_one_48_of_IPv6_are_one_network(bench):
    before = sign_ins(bench)
    for number in range(100):
        guess(bench, number, f"2001:db8:7:{number:x}::1")
        bench.clock.advance(2)
    assert sign_ins(bench) - before == 10


@pytest.mark.untraced
def test_R4_one_48_of_IPv6_tries_no_more_accounts_than_four_addresses(bench):
    before = sign_ins(bench)
    for number in range(400):
        bench.connect(f"2001:db8:7:{number:x}::1")
        bench.denied(LOGIN.replace("kiosk@", f"made-up-{number}@"))
        bench.terminal.connectionLost()
    assert sign_ins(bench) - before <= 240


def answered_after(bench: Bench, line: str, address: str = "192.0.2.1") -> float:
    bench.factory.logins.chance = lambda: 0.0
    assert bench.connect(address)
    bench.hear(line.encode() + b"\r")
    for tenth in range(100):
        if bench.transport.value():
            bench.terminal.connectionLost()
            return tenth / 10
        bench.clock.advance(0.1)
    raise AssertionError("never")


@pytest.mark.parametrize("same", [True, False])
def test_R4_the_answer_to_throttled_logins_comes_later_each_time(bench, same):
    times = [
        answered_after(bench, LOGIN.replace("kiosk-secret", "wrong" if same else f"wrong-{number}"))
        for number in range(80 if same else 40)
    ]
    assert times == sorted(times)
    assert times[:4] == [pytest.approx(1.0, abs=0.11)] * 4
    assert times[-1] == pytest.approx(SLOWEST, abs=0.11)
    assert max(times) * (1 + JITTER) < bench.factory.limits.login_deadline


def test_R4_the_time_of_the_answer_does_not_tell_which_login_was_throttled(bench):
    for number in range(40):
        answered_after(bench, LOGIN.replace("kiosk-secret", f"wrong-{number}"))
    judged = LOGIN.replace("AOriverside", "AOhilltop")
    assert answered_after(bench, judged) == answered_after(bench, LOGIN.replace("kiosk-secret", "wrong"))


def test_R4_a_right_login_is_answered_at_once_after_wrong_neighbours(bench):
    assert bench.say(LOGIN) == "941"
    for number in range(40):
        answered_after(bench, LOGIN.replace("kiosk-secret", f"wrong-{number}"), "192.168.1.1")
    assert answered_after(bench, LOGIN, "192.168.1.1") == 0


def test_K24_a_throttled_login_is_logged_with_what_is_true_of_it(bench):
    with capturedLogs() as logs:
        for number in range(12):
            guess(bench, number, "192.0.2.1")
    line = [line for line in told(logs, "warn") if "refused" in line][-1]
    assert "too many logins to this account from its network were wrong" in line
    assert "(logins_per_account), again in" in line


def test_many_right_logins_at_once_are_not_called_wrong(bench):
    limits = evolve(bench.factory.limits, strangers_per_address=1000, logins_per_address=5)
    bench.factory.limits = limits
    bench.calls.held = {"/auth/tokens"}
    with capturedLogs() as logs:
        for number in range(4 * limits.logins_per_address):
            if number % 20 == 19:
                bench.clock.advance(0.2)
            assert bench.connect("192.0.2.1")
            bench.say(LOGIN.replace("kiosk@", f"kiosk-{number}@"))
        bench.clock.advance(10)
    lines = [line for line in told(logs, "warn") if "throttled" in line]
    assert lines
    assert all("many logins from its address are in progress at once" in line for line in lines)
    assert not any("wrong" in line for line in lines)
    let_all_go(bench)


def let_all_go(bench: Bench) -> None:
    """End the calls that wait, or they end in the middle of another test."""
    bench.calls.held = set()
    for _ in range(300):
        bench.calls.let_go()
        bench.calls.flush()


def test_R5_logins_of_strangers_leave_places_for_a_librarys_terminals(bench):
    assert bench.say(LOGIN) == "941"
    terminal, transport = bench.terminal, bench.transport
    bench.calls.held = {"/auth/tokens"}
    bench.calls.made.clear()
    for number in range(100):
        assert bench.connect(f"10.0.{number}.7")
        bench.say(LOGIN.replace("kiosk@", f"stranger-{number}@"))
    assert bench.calls.made.count("/auth/tokens") == 4, "of 16 places"
    bench.terminal, bench.transport = terminal, transport
    assert bench.say(PATRON.replace("AD1234|", "")).startswith("24")
    assert "AEAmina" in bench.say(PATRON.replace("AD1234|", ""))
    let_all_go(bench)


def test_R5_a_login_that_was_right_before_is_not_a_stranger(bench):
    bench.factory.directory._open.verified.life = 0
    assert bench.say(LOGIN) == "941"
    bench.calls.held = {"/auth/tokens"}
    bench.calls.made.clear()
    for number in range(20):
        assert bench.connect(f"10.0.{number}.7")
        bench.say(LOGIN.replace("kiosk@", f"stranger-{number}@"))
    assert bench.connect()
    bench.say(LOGIN)
    assert bench.calls.made.count("/auth/tokens") == 5
    let_all_go(bench)
