"""What a terminal that is logged in can cause to be logged has an end, and what is left out is counted."""

from __future__ import annotations

import pytest
from twisted.logger import capturedLogs

from sip2gw.gateway.sparing import LINES_OF_A_TERMINAL

from .desk import CHECKIN, LOGIN, PATRON, Bench

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
        for _ in range(times):
            bench.say(line)
    return [
        event["log_format"].format(**event)
        for event in logs
        if event["log_namespace"].startswith("sip2gw.gateway")
    ]


def test_R13_refused_returns_of_one_terminal_do_not_fill_the_log(bench):
    assert bench.say(LOGIN) == "941"
    lines = logged(bench, UNKNOWN, LINES_OF_A_TERMINAL + 50)
    assert len(lines) == LINES_OF_A_TERMINAL
    assert left_out(bench) == 50
    bench.clock.advance(60)
    [line] = logged(bench, UNKNOWN, 1)
    assert line.endswith("; 50 others not logged")


def test_R13_a_new_connection_gives_the_terminal_no_more_lines(bench):
    for _ in range(3):
        bench.connect()
        bench.say(LOGIN)
        logged(bench, UNKNOWN, LINES_OF_A_TERMINAL - 100)
    assert left_out(bench) == 2 * LINES_OF_A_TERMINAL - 300


def test_R13_another_terminal_of_the_library_has_lines_of_its_own(bench):
    bench.say(LOGIN)
    logged(bench, UNKNOWN, LINES_OF_A_TERMINAL + 1)
    bench.connect("192.168.1.2")
    bench.say(LOGIN)
    assert len(logged(bench, UNKNOWN, 1)) == 1


def test_R13_requests_for_another_library_over_many_connections_are_told_of_sparingly(bench):
    with capturedLogs() as logs:
        for _ in range(LINES_OF_A_TERMINAL):
            bench.connect()
            bench.say(LOGIN)
            for _ in range(2):
                bench.say(OTHER)
            bench.terminal.connectionLost()
    refused = [event for event in logs if "refused: {code}" in event["log_format"]]
    assert len(refused) == LINES_OF_A_TERMINAL
    assert left_out(bench) == LINES_OF_A_TERMINAL
