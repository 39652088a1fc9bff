"""Patrons' passwords: guessed at one terminal they are not asked about for ever, and nobody is locked out elsewhere."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from attrs import evolve
from twisted.internet.defer import Deferred
from twisted.logger import capturedLogs

from sip2gw.librarika.patrons import Patrons
from sip2gw.library import PasswordCheck
from sip2gw.sandbox.data import default_data

from .desk import LOGIN, PATRON, Bench

RIGHT, WRONG = PATRON, PATRON.replace("AD1234", "AD0000")


@pytest.fixture
def bench():
    bench = Bench()
    assert bench.say(LOGIN) == "941"
    yield bench
    bench.sandbox.close()


def asked(bench: Bench) -> int:
    return bench.calls.passwords


def elsewhere(bench: Bench) -> None:
    """Another terminal of the library is in use."""
    assert bench.connect("192.0.2.99")
    assert bench.say(LOGIN) == "941"


def guess(bench: Bench, count: int) -> None:
    for _ in range(count):
        assert "CQN" in bench.say(WRONG)


def test_after_five_wrong_passwords_the_library_is_not_asked(bench):
    guess(bench, 4)
    assert "CQY" in bench.say(RIGHT), "a right one ends the row"
    guess(bench, 5)
    before = asked(bench)
    with capturedLogs() as logs:
        guess(bench, 3)
        answer = bench.say(RIGHT)
    assert "CQN" in answer
    assert "Amina" not in answer
    assert asked(bench) == before
    assert bench.counted("pins_per_terminal") == 4
    assert "M-1001" not in repr(logs)
    bench.clock.advance(900)
    assert "CQY" in bench.say(RIGHT)


def test_a_patron_is_locked_out_at_one_terminal_only(bench):
    guess(bench, 4)
    bench.clock.advance(61)  # the sandbox has a pause of its own
    guess(bench, 1)
    assert "CQN" in bench.say(RIGHT)
    assert "CQY" in bench.say(RIGHT.replace("M-1001", "M-1004").replace("AD1234", "AD2222"))
    elsewhere(bench)
    assert "CQY" in bench.say(RIGHT)


def test_a_terminal_that_reconnects_keeps_its_digest(bench):
    guess(bench, 5)
    before = asked(bench)
    bench.terminal.connectionLost()
    bench.connect()
    assert bench.say(LOGIN) == "941"
    assert "CQN" in bench.say(RIGHT)
    assert asked(bench) == before


def call_itself(bench: Bench, location: str, address: str = "192.0.2.1") -> None:
    bench.terminal.connectionLost()
    bench.clock.advance(61)  # the sandbox has a pause of its own
    assert bench.connect(address)
    assert bench.say(LOGIN.replace("CPDesk", f"CP{location}")) == "941"


def test_a_terminal_with_a_new_location_each_time_gets_tries_of_four(bench):
    before = asked(bench)
    for number in range(12):
        call_itself(bench, f"somewhere-{number}")
        guess(bench, 3)
    assert asked(bench) - before == 20
    assert "CQN" in bench.say(RIGHT)
    call_itself(bench, "Desk", "192.0.2.2")
    assert "CQY" in bench.say(RIGHT), "elsewhere the patron is not locked out"


def test_a_terminal_with_a_new_address_each_time_gets_tries_of_four(bench):
    before = asked(bench)
    for number in range(12):
        call_itself(bench, "Desk", f"2001:db8::{number + 1:x}")
        guess(bench, 3)
    assert asked(bench) - before == 20


def test_a_right_one_ends_the_row_for_all_terminals_around(bench):
    for _ in range(8):
        bench.clock.advance(61)  # the sandbox has a pause of its own
        guess(bench, 4)
        assert "CQY" in bench.say(RIGHT)


def test_a_library_that_will_not_say_makes_no_password_right(bench):
    for number in range(5):
        guess(bench, 1)
        bench.terminal.connectionLost()
        assert bench.connect(f"192.0.2.{number + 1}")
        assert bench.say(LOGIN) == "941"
    answer = bench.say(RIGHT)
    assert asked(bench) == 6, "which is too many for the library: 429"
    assert "CQY" not in answer
    assert "Amina" not in answer
    bench.clock.advance(61)
    assert "CQY" in bench.say(RIGHT), "and it was no wrong one"


def test_a_missing_or_empty_password_is_not_checked(bench):
    before = asked(bench)
    assert "AEAmina" in bench.say(PATRON.replace("AD1234|", ""))
    assert "CQN" in bench.say(PATRON.replace("AD1234|", "AD|"))
    assert asked(bench) == before


def test_a_password_check_that_was_given_up_is_not_a_wrong_password(bench, monkeypatch):
    """The answer would have come too late for the terminal: nobody knows whether the password was right."""

    async def hang(*_, **__):
        await Deferred()

    with monkeypatch.context() as patch:
        patch.setattr(Patrons, "patron", hang)
        for _ in range(6):
            bench.hear(RIGHT.encode() + b"\r")
            bench.clock.advance(60)
            assert bench.transport.value().startswith(b"24YYYY")
    assert "CQY" in bench.say(RIGHT)
    assert bench.counted("pins_per_terminal") == 0


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("001", "Too many passwords were tried"),
        ("002", "Trop d'essais de mot de passe"),
        ("003", "Zu viele Passwortversuche"),
        ("008", "Demasiados intentos"),
    ],
)
def test_K24_too_many_PINs_for_the_library_are_logged_with_that_reason(bench, language, words):
    bench.sandbox.misbehave("rate_limited", endpoint="find_member")
    answer = bench.say(RIGHT.replace("23001", f"23{language}"))
    assert "can't be reached" not in answer
    assert words in answer


def patrons(count: int) -> list[str]:
    """A request for each of so many made-up cards, with a password."""
    return [WRONG.replace("M-1001", f"X-{number}") for number in range(count)]


def members(count: int) -> dict[str, Any]:
    """The sandbox's libraries, the first with so many more members."""
    data = deepcopy(default_data())
    library = data["libraries"][0]
    library["members"] += [
        {**library["members"][0], "member_no": f"N-{number}", "password": "4711"} for number in range(count)
    ]
    for member in library["members"]:
        if member["member_no"].startswith("N-"):
            member.pop("email", None)
    return data


@pytest.fixture
def crowd():
    bench = Bench(data=members(200))
    assert bench.say(LOGIN) == "941"
    yield bench
    bench.sandbox.close()


def test_R4_one_account_tries_120_wrong_PINs_of_all_patrons_in_an_hour(crowd):
    before = asked(crowd)
    for number in range(200):
        assert "CQN" in crowd.say(WRONG.replace("M-1001", f"N-{number}"))
    assert asked(crowd) - before == 120
    assert crowd.counted("pins_per_account") == 80
    assert "CQN" in crowd.say(RIGHT), "a right one that was never right before tells nothing"
    crowd.clock.advance(3600)
    assert "CQY" in crowd.say(RIGHT)


@pytest.mark.untraced
def test_R4_above_the_cap_a_PIN_that_was_right_before_is_right(crowd):
    assert "CQY" in crowd.say(RIGHT)
    for number in range(200):
        crowd.say(WRONG.replace("M-1001", f"N-{number}"))
    assert "CQY" in crowd.say(RIGHT)
    assert "CQN" in crowd.say(WRONG)
    assert "CQY" in crowd.say(RIGHT)


@pytest.mark.untraced
def test_R4_right_PINs_use_no_try_of_the_account(crowd):
    for number in range(200):
        assert "CQY" in crowd.say(PATRON.replace("M-1001", f"N-{number}").replace("AD1234", "AD4711"))
    assert crowd.counted("pins_per_account") == 0


@pytest.mark.untraced
def test_R4_the_cap_is_the_accounts_wherever_it_logs_in(crowd):
    for number in range(100):
        crowd.say(WRONG.replace("M-1001", f"N-{number}"))
    call_itself(crowd, "Elsewhere", "203.0.113.9")
    before = asked(crowd)
    for number in range(100, 200):
        crowd.say(WRONG.replace("M-1001", f"N-{number}"))
    assert asked(crowd) - before == 20


def test_R4_unknown_patrons_count_as_wrong_PINs(bench):
    for line in patrons(120):
        assert "BLN" in bench.say(line)
    before = asked(bench)
    assert "CQN" in bench.say(RIGHT)
    assert asked(bench) == before
    assert bench.counted("pins_per_account") == 1


@pytest.mark.untraced
def test_R4_a_changed_PIN_is_not_right_above_the_cap(crowd, monkeypatch):
    assert "CQY" in crowd.say(RIGHT)

    found = Patrons.patron

    async def never(self, patron_id, *, password=None, listing=None):
        return evolve(await found(self, patron_id, listing=listing), password=PasswordCheck.WRONG)

    monkeypatch.setattr(Patrons, "patron", never)
    for line in patrons(120):
        crowd.say(line)
    assert "CQN" in crowd.say(RIGHT)
    monkeypatch.undo()
    before = asked(crowd)
    assert "CQN" in crowd.say(RIGHT)
    assert asked(crowd) == before
