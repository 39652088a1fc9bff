"""What is said twice is done once: a damaged line, 97, and the same bytes again, at whatever moment they come."""

from __future__ import annotations

import pytest
from twisted.logger import capturedLogs

from sip2gw.addresses import Peer
from sip2gw.gateway import TerminalFactory, answering
from sip2gw.gateway.answering import CONFIRMING
from sip2gw.library.terminals import DATED
from sip2gw.process.memory import MemoryWatch
from sip2gw.session import KeptAnswers, Newest
from sip2gw.sip2 import lay_out

from .desk import CHECKIN, CHECKOUT, DATE, LOGIN, PATRON, STATUS, Bench, told

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
    with capturedLogs() as logs:
        assert bench.say(DAMAGED) == "96AZFEF6"
    assert bench.transport.disconnecting
    [line] = told(logs, "warn")
    assert line.startswith("riverside/Desk 3 lines in a row whose checksum does not fit; look for noise")
    assert line.endswith(" (terminal at 192.168.1.0/24)")
    assert "loan" not in written(bench)


def test_F27_97_before_any_answer(bench):
    assert bench.say("97AZFEF5") == "96AZFEF6"


def test_F28_97_after_an_answer(bench):
    bench.say(LOGIN)
    answer = bench.say(PATRON)
    assert [bench.say("97"), bench.say("97AZFEF5")] == [answer, answer]


def test_F29_97_during_a_request_is_answered_by_its_answer(bench, waiting):
    bench.say(LOGIN)
    assert bench.hear(CHECKOUT.encode() + b"\r") == b""
    assert bench.hear(b"97\r", b"97AZFEF5\r\n", PATRON.encode() + b"\r") == b""
    waiting.pop(0).callback(None)
    assert codes(bench.transport.value()) == ["12"]
    assert len(waiting) == 1, "it is the patron who is asked about now"
    waiting.pop(0).callback(None)
    assert codes(bench.transport.value()) == ["12", "24"]
    assert written(bench).count("loan") == 1


def test_F29_a_request_repeated_while_in_progress_is_answered_once(bench, waiting):
    bench.say(LOGIN)
    assert bench.hear(*[CHECKOUT.encode() + b"\r"] * 3) == b""
    waiting.pop(0).callback(None)
    assert codes(bench.transport.value()) == ["12"]
    assert not waiting
    assert bench.say(CHECKOUT) == ""
    waiting.pop(0).callback(None)
    assert bench.transport.value().startswith(b"121"), "after its answer it is asked for once more, and given"
    assert written(bench).count("loan") == 1


@pytest.mark.parametrize("again", ["97", CHECKOUT])
def test_F29_a_repeat_in_the_piece_of_its_request_is_answered_once(bench, again):
    bench.say(LOGIN)
    assert codes(bench.hear(f"{CHECKOUT}\r{again}\r{STATUS}\r".encode())) == ["12", "98"]


def test_97_after_an_unanswered_line_is_answered(bench):
    bench.say(LOGIN)
    assert bench.hear(b"00garbage\r97\r") == b"941\r"


def test_F30_a_repeated_line_gets_its_answer_again_and_is_done_once(bench):
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


OTHER = LOGIN.replace("CPDesk", "CPHall")


def reconnected(
    bench: Bench, address: str = "192.168.1.1", login: str = LOGIN, certificate: str = ""
) -> None:
    """The terminal is there again, while its old connection still looks alive."""
    assert bench.connect(address)
    bench.terminal._terminal.peer = Peer(address, certificate)
    assert bench.say(login) == "941"


@pytest.mark.parametrize("ghost", [True, False])
def test_F31_a_write_repeated_on_a_new_connection_is_done_once(bench, ghost):
    bench.say(LOGIN)
    answer = bench.say(CHECKOUT)
    if not ghost:
        bench.terminal.connectionLost()
    for _ in range(3):
        reconnected(bench)
        assert bench.say(CHECKOUT) == answer
    assert bench.say("97") == answer
    assert written(bench) == ["loan"]


def test_F31_a_terminal_is_known_by_its_certificate_wherever_it_comes_from(bench):
    reconnected(bench, certificate="kiosk-7")
    answer = bench.say(CHECKOUT)
    reconnected(bench, "198.51.100.9", OTHER, "kiosk-7")
    assert bench.say(CHECKOUT) == answer
    assert written(bench) == ["loan"]


@pytest.mark.parametrize(
    "who",
    [
        {"address": "192.168.1.2"},
        {"login": OTHER},
        {"certificate": "kiosk-8"},
    ],
)
def test_F31_no_terminal_gets_the_answer_of_another_terminal(bench, who):
    bench.say(LOGIN)
    bench.say(CHECKOUT)
    reconnected(bench, **who)
    bench.say(CHECKOUT)
    assert written(bench) == ["loan", "renewal"]


def test_F31_no_terminal_gets_the_answer_of_another_library(bench):
    line = CHECKOUT.replace("AOriverside", "AO")
    reconnected(bench, certificate="kiosk-7")
    answer = bench.say(line)
    login = LOGIN.replace("AOriverside", "AOhillcrest")
    reconnected(bench, login=login.replace("riverside", "hillcrest").replace("kiosk-secret", "hill-secret"),
                certificate="kiosk-7")  # fmt: skip
    assert bench.say(line) != answer
    assert written(bench) == ["loan"]


def test_F31_a_repeated_line_with_its_account_gets_its_answer_again(bench):
    line = CHECKOUT.replace("|AC|", "|ACkiosk@riverside.example:kiosk-secret|")
    answer = bench.say(line)
    bench.connect()
    assert bench.say(line) == answer
    assert written(bench) == ["loan"]


def test_F31_a_repeat_after_a_newer_write_or_minutes_is_a_new_write(bench):
    bench.say(LOGIN)
    bench.say(CHECKIN)
    bench.say(CHECKOUT)
    reconnected(bench, "192.168.1.2", OTHER)
    bench.say(CHECKIN)
    reconnected(bench)
    assert bench.say(CHECKOUT)[:3] == "121"
    bench.clock.advance(DATED)
    reconnected(bench)
    bench.say(CHECKOUT)
    assert [kind for kind in written(bench) if kind != "return"] == ["loan", "loan", "renewal"]


@pytest.mark.parametrize("ghost", [True, False])
def test_F31_a_second_try_waits_for_the_answer_of_the_first(bench, waiting, ghost):
    bench.say(LOGIN)
    first, heard = bench.terminal, bench.transport
    assert bench.say(CHECKOUT) == ""
    if not ghost:
        first.connectionLost()
    others = []
    for _ in range(2):
        reconnected(bench)
        assert bench.say(CHECKOUT) == ""
        others.append(bench.transport)
    waiting.pop().callback(None)
    assert not waiting
    answers = {transport.value()[:3] for transport in [heard, *others][not ghost :]}
    assert answers == {b"121"}
    assert written(bench) == ["loan"]


def test_F31_if_the_first_came_to_nothing_the_second_is_done(bench, waiting):
    bench.say(LOGIN)
    bench.say(CHECKOUT)
    heard = [bench.transport]
    for _ in range(2):
        reconnected(bench)
        bench.say(CHECKOUT)
        heard.append(bench.transport)
    waiting.pop().errback(ValueError("a bug, so that nothing is decided"))
    assert [transport.value()[:3] for transport in heard] == [b"120", b"", b""]
    waiting.pop().callback(None)
    assert not waiting
    assert [transport.value()[:3] for transport in heard] == [b"120", b"121", b"121"]
    assert written(bench) == ["loan"]


def test_F31_a_second_try_that_disconnects_sends_nothing(bench, waiting):
    bench.say(LOGIN)
    bench.say(CHECKOUT)
    reconnected(bench)
    bench.say(CHECKOUT)
    bench.terminal.connectionLost()
    waiting.pop().errback(ValueError("a bug, so that nothing is decided"))
    assert not waiting
    assert written(bench) == []


def test_F31_a_bug_in_the_conversation_keeps_no_second_try_waiting(bench, waiting):
    bench.say(LOGIN)
    bench.terminal._terminal.session.reply = None
    bench.say(CHECKOUT)
    reconnected(bench)
    bench.say(CHECKOUT)
    waiting.pop(0).callback(None)
    waiting.pop(0).callback(None)
    assert bench.transport.value()[:2] == b"12"


NOW = "20260301    120000"
PAYMENT = f"37{NOW}0100USDBV1.00|AOriverside|AAM-1009|AC|"


def numbered(line: str, number: int) -> str:
    body = f"{line}AY{number}AZ"
    return f"{body}{-sum(body.encode()) & 0xFFFF:04X}"


def test_R3_a_till_whose_clock_stands_still_books_each_sequence_number(bench):
    bench.say(LOGIN)
    for number in (1, 2, 3):
        assert bench.say(numbered(PAYMENT, number)).startswith("38Y")
    assert written(bench) == ["payment"] * 3


@pytest.mark.parametrize("line", [PAYMENT, numbered(PAYMENT, 1)])
def test_R3_a_repeated_payment_is_booked_once(bench, line):
    bench.say(LOGIN)
    answer = bench.say(line)
    assert answer.startswith("38Y")
    assert bench.say(line) == answer
    reconnected(bench)
    assert bench.say(line) == answer
    assert written(bench) == ["payment"]


def test_R3_a_payment_repeated_after_another_write_is_a_new_payment(bench):
    bench.say(LOGIN)
    for _ in range(2):
        assert bench.say(numbered(PAYMENT, 1)).startswith("38Y")
        assert bench.say(numbered(PAYMENT, 2)).startswith("38Y")
    assert written(bench) == ["payment"] * 4


def test_R3_a_stopped_clock_makes_no_repeat_of_a_later_payment(bench):
    bench.say(LOGIN)
    for _ in range(2):
        assert bench.say(PAYMENT).startswith("38Y")
        bench.clock.advance(DATED + 1)
    assert written(bench) == ["payment"] * 2


def test_R3_a_payment_from_another_till_is_a_new_payment(bench):
    bench.say(LOGIN)
    assert bench.say(PAYMENT).startswith("38Y")
    reconnected(bench, "192.168.1.2")
    assert bench.say(PAYMENT).startswith("38Y")
    assert written(bench) == ["payment"] * 2


def test_R3_a_payment_repeated_after_a_restart_is_booked_once(bench):
    bench.say(LOGIN)
    assert bench.say(numbered(PAYMENT, 1)).startswith("38Y")
    bench.factory.answers = KeptAnswers(bench.clock.seconds)
    reconnected(bench)
    assert bench.say(numbered(PAYMENT, 1)).startswith("38Y")
    assert written(bench) == ["payment"]


RENEWALS = f"65{NOW}AOriverside|AAM-1001|AC|"


def test_R3_a_write_on_an_account_is_new_after_a_newer_one_on_it(bench):
    bench.say(LOGIN)
    assert "BM10007" in bench.say(RENEWALS) or "BN10007" in bench.say(RENEWALS)
    first = bench.terminal, bench.transport
    calls = len(bench.calls.made)
    bench.say(RENEWALS)
    assert len(bench.calls.made) == calls, "nobody has written on the account since"
    reconnected(bench, "192.168.1.2")
    assert bench.say(f"11YN{NOW}{NOW}AOriverside|AAM-1001|AB10001|AC|").startswith("121")
    bench.terminal, bench.transport = first
    calls = len(bench.calls.made)
    bench.say(RENEWALS)
    assert len(bench.calls.made) > calls


LOAN = CHECKOUT.replace(DATE, NOW)
RETURN = CHECKIN.replace(DATE, NOW)


def at_the_desk(bench: Bench, line: str) -> str:
    """Somebody does it in the library's own system: this gateway hears nothing of it."""
    other = TerminalFactory(bench.directory, reactor=bench.clock)
    ours, bench.factory = bench.factory, other
    kept = bench.terminal, bench.transport
    bench.connect("192.168.1.9")
    bench.say(OTHER)
    answer = bench.say(line)
    bench.factory, (bench.terminal, bench.transport) = ours, kept
    return answer


@pytest.mark.parametrize("reconnects", [False, True])
def test_R3_a_repeated_loan_of_an_item_returned_at_the_desk_is_done(bench, reconnects):
    bench.say(LOGIN)
    assert bench.say(LOAN).startswith("121")
    assert at_the_desk(bench, RETURN).startswith("101")
    if reconnects:
        reconnected(bench)
    assert bench.say(LOAN).startswith("121")
    assert written(bench) == ["loan", "return", "loan"]


def test_R3_a_repeated_loan_is_not_confirmed_after_another_loan(bench):
    bench.say(LOGIN)
    assert bench.say(LOAN).startswith("121")
    at_the_desk(bench, RETURN)
    assert at_the_desk(bench, LOAN.replace("M-1001", "M-1005")).startswith("121")
    assert bench.say(LOAN).startswith("120")


def test_R3_a_repeated_return_of_an_item_lent_at_the_desk_is_done(bench):
    bench.say(LOGIN)
    at_the_desk(bench, LOAN)
    assert bench.say(RETURN).startswith("101")
    at_the_desk(bench, LOAN)
    assert bench.say(RETURN).startswith("101")
    assert written(bench) == ["loan", "return"] * 2


def test_R3_a_repeat_is_answered_though_the_library_is_silent(bench):
    bench.say(LOGIN)
    answer = bench.say(LOAN)
    bench.calls.held = {"/copies/find"}
    assert bench.say(LOAN) == ""
    bench.clock.advance(CONFIRMING)
    assert bench.transport.value().decode().rstrip("\r") == answer


def test_R3_a_bug_behind_the_confirmation_costs_no_terminal_its_answer(bench, monkeypatch):
    bench.say(LOGIN)
    answer = bench.say(LOAN)
    monkeypatch.setattr(answering, "is_still_shown", None)
    assert bench.say(LOAN) == answer
    assert not bench.transport.aborted


def test_R3_a_loan_by_a_title_of_several_copies_is_lent_once(bench):
    bench.say(LOGIN)
    line = LOAN.replace("AB10001", "AB9780385474542")
    answer = bench.say(line)
    assert answer.startswith("121")
    assert bench.say(line) == answer
    assert written(bench) == ["loan"]


@pytest.mark.parametrize(
    "line",
    [
        CHECKOUT.replace("AB10001", "AB31337"),
        f"37{NOW}0100USDBVx|AOriverside|AAM-1009|AC|",
        f"37{NOW}0100XXXBV1.00|AOriverside|AAM-1009|AC|",
        f"19{NOW}AOriverside|AB10001|AC|CHx|",
    ],
)
def test_R6_a_refusal_by_the_gateway_is_not_remembered(bench, line):
    bench.say(LOGIN)
    assert bench.say(line)[2] in "0N"
    assert len(bench.factory.answers) == 0
    assert codes(bench.hear(f"{line}\r".encode() * 2)) == [bench.say(line)[:2]], (
        "and yet early ones get one answer"
    )


def test_R6_a_terminal_that_writes_fast_drops_no_answer_of_another_library(bench):
    bench.factory.answers = KeptAnswers(
        bench.clock.seconds, most=4, newest=Newest(bench.clock.seconds, most=6)
    )
    hill = LOGIN.replace("riverside", "hillcrest").replace("kiosk-secret", "hill-secret")
    reconnected(bench, login=hill)
    lent = f"11YN{NOW}{NOW}AOhillcrest|AA7|AB14|AC|"
    answer = bench.say(lent)
    for number in range(12):
        reconnected(bench, "192.168.1.2", LOGIN.replace("CPDesk", f"CPDesk {number}"))
        assert bench.say(CHECKIN.replace("AB10001", f"AB{10203 + number}")).startswith("101")
        bench.terminal.connectionLost()
    reconnected(bench, login=hill)
    calls = bench.calls.made.count("POST")
    assert bench.say(lent) == answer
    assert bench.calls.made.count("POST") == calls


def test_F31_the_gateway_keeps_no_answer_for_longer_than_it_is_given(bench):
    watch = MemoryWatch(bench.factory, bench.clock)
    bench.say(LOGIN)
    bench.say(CHECKOUT)
    bench.terminal.connectionLost()
    bench.clock.advance(DATED - 1)
    watch.look()
    assert len(bench.factory.answers) == 1
    bench.clock.advance(1)
    watch.look()
    assert len(bench.factory.answers) == 0
