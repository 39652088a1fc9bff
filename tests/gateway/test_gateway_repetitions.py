"""What is said twice is done once: a damaged line, 97, and the same bytes again, at whatever moment they come."""

from __future__ import annotations

import pytest

from sip2gw.sip2 import lay_out

from .desk import CHECKIN, CHECKOUT, LOGIN, PATRON, STATUS, Bench

LINE = LOGIN.encode() + b"\r"
DAMAGED = CHECKOUT + "AY3AZ0000"


@pytest.fixture
def bench():
    bench = Bench()
    yield bench
    bench.sandbox.close()


def codes(answers: bytes) -> list[str]:
    return [lay_out(line).code for line in answers.split(b"\r")[:-1]]


def written(bench: Bench) -> list[str]:
    """What the library has written down."""
    return [effect["kind"] for effect in bench.sandbox.ledger("riverside") if effect["kind"] != "token"]


@pytest.fixture
def waiting(bench):
    """What requests wait for, from now on: each call of the API waits until it is told to go on."""
    return bench.slow_answers()


def test_F26_a_damaged_line_is_asked_for_again_and_nothing_is_done(bench):
    assert bench.say(LOGIN) == "941"
    for _ in range(2):
        assert bench.say(DAMAGED) == "96AZFEF6"
    assert bench.say(STATUS).startswith("98")
    for _ in range(2):
        assert bench.say(DAMAGED) == "96AZFEF6"
    assert not bench.transport.disconnecting
    assert bench.say(DAMAGED) == "96AZFEF6"
    assert bench.transport.disconnecting
    assert "loan" not in written(bench)


def test_F27_97_before_any_answer(bench):
    assert bench.say("97AZFEF5") == "96AZFEF6"


def test_F28_97_after_an_answer(bench):
    bench.say(LOGIN)
    answer = bench.say(PATRON)
    assert [bench.say("97"), bench.say("97AZFEF5")] == [answer, answer]


def test_F29_97_while_the_request_is_in_hand_is_answered_by_its_answer(bench, waiting):
    bench.say(LOGIN)
    assert bench.hear(CHECKOUT.encode() + b"\r") == b""
    assert bench.hear(b"97\r", b"97AZFEF5\r\n", PATRON.encode() + b"\r") == b""
    waiting.pop(0).callback(None)
    assert codes(bench.transport.value()) == ["12"]
    assert len(waiting) == 1, "it is the patron who is asked about now"
    waiting.pop(0).callback(None)
    assert codes(bench.transport.value()) == ["12", "24"]
    assert written(bench).count("loan") == 1


def test_F29_the_same_request_while_it_is_in_hand_is_answered_once(bench, waiting):
    bench.say(LOGIN)
    assert bench.hear(*[CHECKOUT.encode() + b"\r"] * 3) == b""
    waiting.pop(0).callback(None)
    assert codes(bench.transport.value()) == ["12"]
    assert not waiting
    assert bench.say(CHECKOUT).startswith("121"), "after its answer it is asked for once more, and given"
    assert written(bench).count("loan") == 1


@pytest.mark.parametrize("again", ["97", CHECKOUT])
def test_F29_nor_if_both_come_in_one_piece(bench, again):
    bench.say(LOGIN)
    assert codes(bench.hear(f"{CHECKOUT}\r{again}\r{STATUS}\r".encode())) == ["12", "98"]


def test_97_after_a_line_that_got_no_answer_gets_one(bench):
    bench.say(LOGIN)
    assert bench.hear(b"00garbage\r97\r") == b"941\r"


def test_F30_the_same_bytes_again_are_answered_the_same_and_done_once(bench):
    bench.say(LOGIN)
    line = CHECKOUT + "AY4AZ"
    assert bench.say(line) == bench.say(line)
    assert bench.say(line).startswith("121")
    assert written(bench).count("loan") == 1
    assert bench.say(CHECKIN).startswith("101")
    assert bench.say(CHECKIN).startswith("101")
    assert written(bench).count("return") == 1


def checked(line: str) -> str:
    """With a sequence number, as terminals have it that never count on, and a checksum."""
    body = f"{line}AY1AZ"
    return f"{body}{-sum(body.encode()) & 0xFFFF:04X}"


def test_F32_two_items_of_one_checksum_in_one_second_are_two_returns(bench):
    bench.say(LOGIN)
    lines = [checked(CHECKIN.replace("AB10001", f"AB{item}")) for item in ("10201", "10210")]
    assert lines[0][-4:] == lines[1][-4:]
    assert [bench.say(line)[:3] for line in lines] == ["101", "101"]
    assert written(bench) == ["return", "return"]


def test_F33_a_return_is_a_new_one_after_a_loan_at_another_terminal(bench):
    """The clock of the first stands still, so that it says the very same bytes."""
    for line in (LOGIN, CHECKOUT):
        bench.say(line)
    first = bench.terminal, bench.transport
    answer = bench.say(CHECKIN)
    assert bench.say(CHECKIN) == answer
    assert written(bench) == ["loan", "return"]
    bench.connect()
    for line in (LOGIN, CHECKOUT):
        bench.say(line)
    bench.terminal, bench.transport = first
    assert bench.say(CHECKIN)[:3] == "101"
    assert written(bench) == ["loan", "return", "loan", "return"]
