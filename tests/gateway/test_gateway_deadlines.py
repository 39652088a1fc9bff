"""Deadlines that bytes do not put off: for the login, a request, the answers, silence, and the close."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.interfaces import IDelayedCall

from sip2gw.gateway.deadlines import Deadlines
from sip2gw.limits import Limits

from .desk import LOGIN, PATRON, STATUS, Bench, MovingClock

PROVISIONAL = "9300CNkiosk@riverside.example|COkiosk-secret|"


@pytest.fixture
def bench():
    bench = Bench()
    yield bench
    bench.sandbox.close()


def wait(bench: Bench, limit: str, part: float = 1.0) -> None:
    """So much of the time that this deadline has."""
    bench.clock.advance(getattr(bench.factory.limits, limit) * part)


def test_F3_a_terminal_that_does_not_log_in_is_disconnected(bench):
    wait(bench, "login_deadline", 0.99)
    assert not bench.transport.aborted
    wait(bench, "login_deadline", 0.02)
    assert bench.transport.aborted
    assert bench.counted("login_deadline") == 1


def test_F3_requests_without_a_login_do_not_extend_its_deadline(bench):
    for _ in range(10):
        bench.say(STATUS)
        bench.say(PROVISIONAL)
        bench.say("00")
        bench.say(LOGIN.replace("kiosk-secret", "wrong"))
        wait(bench, "login_deadline", 0.1)
    assert bench.transport.aborted


def test_F4_a_login_byte_by_byte_does_not_put_the_deadline_off(bench):
    login = LOGIN.encode()
    for place in range(len(login)):
        if bench.transport.aborted:
            break
        bench.hear(login[place : place + 1])
        bench.clock.advance(1.0)
    assert place == pytest.approx(bench.factory.limits.login_deadline, abs=1)
    assert bench.hear(login[place:] + b"\r") == b""


def test_a_logged_in_terminal_may_be_silent_for_ever(bench):
    assert bench.say(LOGIN) == "941"
    bench.clock.advance(86400.0)
    assert bench.say(STATUS).startswith("98")


def test_a_login_that_the_library_takes_long_over_is_answered(bench):
    waiting = bench.slow_logins()
    bench.say(LOGIN)
    wait(bench, "login_deadline", 1.1)
    waiting[0].callback(None)
    assert bench.transport.value() == b"941\r"
    wait(bench, "login_deadline", 2)
    assert bench.say(STATUS).startswith("98")


def test_a_login_that_takes_long_and_fails_was_the_last(bench):
    waiting = bench.slow_logins()
    bench.say(LOGIN.replace("kiosk-secret", "wrong"))
    wait(bench, "login_deadline", 1.1)
    waiting[0].callback(None)
    assert bench.transport.value() == b"940\r"
    assert bench.transport.disconnecting
    assert bench.counted("login_deadline") == 1


def test_F4_a_request_sent_byte_by_byte_is_disconnected(bench):
    assert bench.say(LOGIN) == "941"
    for byte in PATRON.encode():
        if bench.transport.aborted:
            break
        bench.hear(bytes([byte]))
        bench.clock.advance(2.0)
    assert bench.transport.aborted
    assert bench.counted("request_deadline") == 1


def test_each_request_has_its_own_deadline(bench):
    assert bench.say(LOGIN) == "941"
    for _ in range(5):
        bench.hear(b"99")
        wait(bench, "request_deadline", 0.9)
        assert bench.hear(b"00802.00\r").startswith(b"98")
    wait(bench, "request_deadline", 2)
    assert not bench.transport.aborted, "ends of lines alone begin no request"


def test_the_deadline_of_a_request_starts_after_the_one_before(bench):
    waiting = bench.slow_logins()
    bench.say(LOGIN)
    bench.hear(b"99")
    wait(bench, "request_deadline", 0.8)
    waiting[0].callback(None)
    wait(bench, "request_deadline", 0.8)
    assert not bench.transport.aborted
    wait(bench, "request_deadline", 0.2)
    assert bench.transport.aborted


def test_silence_ends_a_connection_if_it_is_so_set():
    bench = Bench(limits=Limits(idle_deadline=60.0))
    assert bench.say(LOGIN) == "941"
    for _ in range(3):
        wait(bench, "idle_deadline", 0.9)
        bench.hear(b"\r\n")
        assert bench.say(STATUS).startswith("98")
    for _ in range(2):
        wait(bench, "idle_deadline", 0.6)
        bench.hear(b"\r\n")
    assert bench.transport.disconnecting
    assert bench.counted("idle_deadline") == 1


def test_F9_a_terminal_that_does_not_take_its_answers_is_disconnected(bench):
    assert bench.say(LOGIN) == "941"
    bench.terminal.pauseProducing()
    assert bench.transport.producerState == "paused"
    wait(bench, "write_deadline", 0.9)
    bench.terminal.resumeProducing()
    assert bench.say(STATUS).startswith("98")
    bench.terminal.pauseProducing()
    wait(bench, "write_deadline", 0.9)
    assert not bench.transport.aborted
    wait(bench, "write_deadline", 0.2)
    assert bench.transport.aborted
    assert (bench.counted("write_queue"), bench.counted("write_deadline")) == (2, 1)


def test_F12_a_peer_that_never_closes_is_disconnected(bench):
    bench.terminal.leave()
    assert bench.transport.disconnecting
    wait(bench, "close_deadline", 0.9)
    assert not bench.transport.aborted
    wait(bench, "close_deadline", 0.2)
    assert bench.transport.aborted
    assert bench.counted("close_deadline") == 1


def test_nothing_of_a_connection_that_is_gone_is_waited_for(bench):
    waiting = bench.slow_logins()
    bench.say(LOGIN)
    bench.terminal.connectionLost()
    waiting[0].callback(None)
    assert [call for call in bench.clock.getDelayedCalls() if "Deadlines" in str(call.func)] == []


def test_requests_within_the_idle_deadline_set_no_timers():
    bench = Bench(limits=Limits(idle_deadline=600.0))
    assert bench.say(LOGIN) == "941"

    def timers() -> list[IDelayedCall]:
        return [call for call in bench.clock.getDelayedCalls() if "Deadlines" in str(call.func)]

    assert bench.say(STATUS).startswith("98")
    wait(bench, "login_deadline")  # the one timer fires for it, and is set for the next deadline
    (timer,) = timers()
    for _ in range(5):
        bench.clock.advance(10)
        assert bench.say(STATUS).startswith("98")
    assert timers() == [timer]
    bench.clock.advance(599.0)
    assert not bench.transport.disconnecting
    bench.clock.advance(2.0)
    assert bench.transport.disconnecting
    bench.sandbox.close()


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["login_deadline", "idle_deadline", "request_deadline", "write_deadline"]),
            st.sampled_from(["start", "stop", "advance"]),
            st.sampled_from([0.5, 7.0, 29.0, 61.0, 400.0]),
        ),
        max_size=30,
    )
)
def test_deadlines_end_as_if_each_had_a_timer(steps):
    clock, limits, over = MovingClock(), Limits(idle_deadline=300.0), []
    deadlines = Deadlines(clock, lambda: limits, lambda limit: over.append((limit, clock.seconds())))
    due: dict[str, float] = {}
    for limit, step, seconds in steps:
        if step == "start":
            deadlines.start(limit)
            due.setdefault(limit, clock.seconds() + getattr(limits, limit))
        elif step == "stop":
            deadlines.stop(limit)
            due.pop(limit, None)
        else:
            clock.advance(seconds)
            ended = sorted((when, name) for name, when in due.items() if when <= clock.seconds())
            assert sorted(name for name, _ in over) == sorted(name for _, name in ended)
            over.clear()
            due = {name: when for name, when in due.items() if when > clock.seconds()}
    deadlines.stop_all()
    assert clock.getDelayedCalls() == []
    deadlines.start("login_deadline")
    assert clock.getDelayedCalls() == []


def test_answers_that_terminals_wait_for_share_one_timer(bench):
    terminals = []
    for _ in range(3):
        bench.connect()
        assert bench.say(LOGIN) == "941"
        terminals.append((bench.terminal, bench.transport))
    waiting = bench.slow_answers()
    for terminal, transport in terminals:
        transport.clear()
        terminal.dataReceived(PATRON.encode() + b"\r")
    assert len(waiting) == 3
    timers = [str(call.func) for call in bench.clock.getDelayedCalls()]
    assert sum("Alarm" in timer for timer in timers) == 1
    assert not [timer for timer in timers if "addTimeout" in timer]
    wait_for_answers = bench.directory.policy.answer_time
    bench.clock.advance(wait_for_answers - 1)
    assert [transport.value() for _, transport in terminals] == [b""] * 3
    bench.clock.advance(1)
    assert [transport.value()[:2] for _, transport in terminals] == [b"24"] * 3
    assert "Alarm" not in str([call.func for call in bench.clock.getDelayedCalls()])
