"""What is read of a peer: so much and no more, in order, and no peer is read at the cost of another."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.logger import capturedLogs

from sip2gw.gateway import line_reader as reading
from sip2gw.limits import Limits
from sip2gw.sip2 import RESPONSES, lay_out
from sip2gw.sip2.error_detection import checksum

from .desk import CHECKOUT, LINES, LOGIN, PATRON, STATUS, Bench, told

STATUS_LINE = STATUS.encode() + b"\r"
SEGMENT = 65536
"""As much as one read of a socket brings."""


@pytest.fixture
def bench():
    bench = Bench()
    yield bench
    bench.sandbox.close()


@pytest.fixture(scope="module")
def one_for_all():
    """A gateway for tests that need no other for each example, but only another terminal."""
    bench = Bench()
    bench.terminal.connectionLost()
    yield bench
    bench.sandbox.close()


def held(bench: Bench) -> int:
    return len(bench.terminal._framer)


def test_F5_a_line_without_an_end_is_disconnected_at_once(bench):
    bench.hear(b"x" * SEGMENT)
    assert bench.transport.aborted
    assert bench.counted("line") == 1
    before = held(bench)
    for _ in range(100):
        bench.hear(b"x" * SEGMENT)
    assert held(bench) == before <= SEGMENT


def test_F5_during_a_request_no_more_than_one_read_is_held(bench):
    bench.slow_logins()
    bench.say(LOGIN)
    sent = 0
    while bench.transport.producerState == "producing":
        bench.hear(b"x" * 1000)
        sent += 1000
    assert held(bench) == sent <= bench.factory.limits.line + 1000


@settings(max_examples=20)
@given(st.lists(st.integers(1, 9000), max_size=5))
def test_F6_a_line_that_is_too_long_is_disconnected_unread(one_for_all, places):
    bench = one_for_all
    bench.connect()
    line = b"99" + b"x" * 4998 + b"\r" + STATUS_LINE
    cuts = [0, *sorted(places), len(line)]
    said = [bench.hear(line[a:b]) for a, b in pairwise(cuts)]
    assert b"".join(said) == b""
    assert bench.transport.aborted
    bench.terminal.connectionLost()


def test_F7_every_line_end_is_accepted(bench):
    for end in (b"\r", b"\n", b"\r\n", b"\n\r", b"\r\0", b"\r\n\0"):
        assert bench.hear(*[STATUS.encode() + end] * 2).count(b"\r") == 2
    assert bench.factory.metrics.registry.get_sample_value("sip2gw_limit_strikes_total", {}) is None
    bench.terminal.connectionLost()
    assert bench.terminal._ignored == 0


@given(
    st.lists(
        st.binary(max_size=60)
        | st.sampled_from([line.encode() for line in LINES])
        | st.builds(
            lambda code, rest: code + rest,
            st.sampled_from([b"09", b"37", b"63", b"15"]),
            st.binary(max_size=90),
        ),
        max_size=6,
    )
)
@settings(max_examples=60)
def test_F8_any_bytes_give_responses_and_never_an_exception(one_for_all, lines):
    bench = one_for_all
    bench.connect()
    with capturedLogs() as logs:
        answers = bench.hear(b"\r".join([LOGIN.encode(), *lines, b""]))
        while bench.clock.getDelayedCalls() and bench.terminal._resting:
            bench.clock.advance(0)
    assert not [event for event in logs if "log_failure" in event]
    assert all(answer[:2].decode() in RESPONSES for answer in answers.split(b"\r")[:-1])
    if not (bench.transport.disconnecting or bench.transport.aborted):  # as after three damaged lines
        assert bench.say(STATUS).startswith("98"), "the session stays"
    bench.terminal.connectionLost()


@pytest.mark.parametrize("bad", [b"\x00", b"\x07\x1b[31m", b"\xff\xfe", b"\xc3\x28", "ß".encode("latin-1")])
def test_F8_bytes_that_are_not_text_end_no_session(bench, bad):
    assert bench.say(LOGIN) == "941"
    answer = bench.hear(PATRON.encode().replace(b"M-1001", b"M-1" + bad) + b"\r")
    assert answer.startswith(b"24")
    assert not set(answer[:-1]) & set(range(0x20))
    assert bench.say(STATUS).startswith("98")


def numbered(number: int) -> bytes:
    line = b"9900802.00AY%dAZ" % (number % 10)
    return line + checksum(line) + b"\r"


@pytest.mark.untraced
def test_F10_ten_thousand_requests_at_once_are_answered_in_order(bench):
    segments = [b"".join(map(numbered, range(start, start + 100))) for start in range(0, 10_000, 100)]
    answers, most = b"", 0
    assert bench.say(LOGIN) == "941"
    bench.transport.clear()
    while answers.count(b"\r") < 10_000:
        if segments and bench.transport.producerState == "producing":
            bench.terminal.dataReceived(segments.pop(0))
            most = max(most, held(bench))
        answers += bench.transport.value()
        bench.transport.clear()
        bench.clock.advance(1)  # it has to wait for its answers
    sequence = [int(answer[-7:-6]) for answer in answers.split(b"\r")[:-1]]
    assert sequence == [number % 10 for number in range(10_000)]
    assert most <= 100 * len(numbered(0))
    assert bench.counted("requests_waiting") == 100


def test_F10_reading_waits_once_so_many_requests_do(bench):
    bench.slow_logins()
    bench.say(LOGIN)
    for _ in range(bench.factory.limits.requests_waiting - 1):
        bench.hear(STATUS_LINE)
        assert bench.transport.producerState == "producing"
    bench.hear(STATUS_LINE)
    assert bench.transport.producerState == "paused"
    assert bench.counted("requests_waiting") == 1


def test_F10_a_flooding_terminal_gets_one_share_of_each_turn(bench):
    flooding, transport = bench.terminal, bench.transport
    assert bench.say(LOGIN) == "941"
    transport.clear()
    flooding.dataReceived(STATUS_LINE * 100)
    assert transport.value().count(b"\r") == reading.TURN
    bench.connect()
    assert bench.say(STATUS).startswith("98"), "before the next of the flood"
    bench.clock.advance(0)
    assert transport.value().count(b"\r") == 100


def test_a_flood_of_ends_of_lines_costs_no_time():
    bench = Bench(limits=Limits(idle_deadline=5.0))
    assert bench.say(LOGIN) == "941"
    for _ in range(100):
        assert bench.hear(b"\r\n\0" * (SEGMENT // 3)) == b""
        assert held(bench) == 0
        assert bench.transport.producerState == "producing"
    assert bench.say(STATUS).startswith("98")


def test_answers_come_in_order_also_when_the_first_takes_its_time(bench):
    waiting = bench.slow_logins()
    assert bench.hear(b"\r".join(line.encode() for line in LINES) + b"\r") == b""
    waiting[0].callback(None)
    codes = [lay_out(line).code for line in bench.transport.value().split(b"\r")[:-1]]
    assert codes == ["94", "98", "24", "12", "10", "98"]


def test_log_lines_of_strangers_are_limited_and_those_of_terminals_not(bench):
    foreign = CHECKOUT.replace("riverside", "elsewhere")
    with capturedLogs() as logs:
        for _ in range(100):
            bench.connect()
            bench.hear(b"\r".join([CHECKOUT.encode(), b"rubbish", b"00"] * 10) + b"\r")
            bench.hear(b"x" * 5000)
            bench.terminal.connectionLost()
    assert 10 < len(told(logs, "info", "warn")) < 40
    bench.clock.advance(60)
    bench.connect()
    with capturedLogs() as logs:
        bench.say(CHECKOUT)
        assert bench.say(LOGIN) == "941"
        for _ in range(2):
            bench.say(foreign)
    lines = [line for line in told(logs, "info") if "checkout" in line]
    assert re.match(r"checkout refused not_logged_in [0-9]+ ms p:", lines[0])
    assert lines[0].endswith("others not logged")
    refused = re.compile(r"riverside/Desk checkout refused other_library [0-9]+ ms ")
    assert [bool(refused.match(line)) for line in lines[1:]] == [True, True]


def test_K24_an_unreadable_request_is_logged_with_message_and_reason(bench):
    bench.connect()
    assert bench.say(LOGIN) == "941"
    with capturedLogs() as logs:
        assert bench.say("11Y?" + " " * 36 + "AOriverside|AAcanary|ABcanary|ADcanary|").startswith("120")
    [line] = told(logs, "info")
    said = r"riverside/Desk checkout refused unreadable: message 11: no_block is neither Y nor N \d+ ms "
    assert re.match(said, line)
