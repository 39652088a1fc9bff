"""What a terminal that is logged in can cause to be logged has an end, and what is left out is counted."""

from __future__ import annotations

import pytest
from twisted.logger import capturedLogs

from sip2gw.log.sparing import LINES_OF_A_SOURCE

from .desk import CHECKIN, LOGIN, PATRON, Bench, told

pytestmark = pytest.mark.untraced

UNKNOWN = CHECKIN.replace("AB10001", "AB31337")
OTHER = PATRON.replace("riverside", "elsewhere")


@pytest.fixture
def bench():
    bench = Bench()
    yield bench
    bench.sandbox.close()


def left_out(bench: Bench) -> float:
    return bench.factory.metrics.registry.get_sample_value("sip2gw_log_lines_left_out_total") or 0.0


def logged(bench: Bench, line: str, times: int) -> list[str]:
    with capturedLogs() as logs:
        for number in range(times):
            if number % 100 == 99:
                bench.clock.advance(1)  # or it would be held back for its pace
            bench.say(line)
    return told(logs, "info", "warn")


def test_R13_refused_returns_of_one_terminal_do_not_fill_the_log(bench):
    assert bench.say(LOGIN) == "941"
    lines = logged(bench, UNKNOWN, LINES_OF_A_SOURCE + 50)
    assert len(lines) == LINES_OF_A_SOURCE
    assert left_out(bench) == 50
    terminal, transport = bench.terminal, bench.transport
    bench.connect("192.168.1.2")
    assert bench.say(LOGIN) == "941"
    assert len(logged(bench, UNKNOWN, 1)) == 1, "a terminal at another address has lines of its own"
    bench.terminal, bench.transport = terminal, transport
    bench.clock.advance(60)
    [line] = logged(bench, UNKNOWN, 1)
    assert line.endswith("; 50 others not logged")


def test_R13_new_connections_and_locations_give_an_account_no_more_lines(bench):
    for number in range(3):
        bench.connect()
        bench.say(LOGIN.replace("CPDesk", f"CPDesk {number}"))
        logged(bench, UNKNOWN, LINES_OF_A_SOURCE // 2)
    assert left_out(bench) == LINES_OF_A_SOURCE // 2


def test_R13_logins_over_many_connections_do_not_fill_the_log(bench):
    with capturedLogs() as logs:
        for number in range(LINES_OF_A_SOURCE + 10):
            if number % 100 == 99:
                bench.clock.advance(5)  # or strangers from there would be held back for their pace
            bench.connect()
            bench.say(LOGIN)
            bench.say(OTHER)
            bench.terminal.connectionLost()
    lines = told(logs, "info")
    for text in ("refused other_library", "logged in", "closed by the terminal"):
        assert sum(text in line for line in lines) == LINES_OF_A_SOURCE
