"""Those who ask without a pause wait; honest terminals do not notice them."""

from __future__ import annotations

import pytest

from sip2gw.gateway.pace import LIBRARY, SHARE, STRANGER, STRANGERS, TERMINAL, Pace, SharedPace, Turns

from .desk import LOGIN, STATUS, Bench, MovingClock

LINE = STATUS.encode() + b"\r"


@pytest.fixture
def bench():
    bench = Bench()
    bench.terminal.connectionLost()
    yield bench
    bench.sandbox.close()


def test_R8_terminals_are_served_before_strangers_and_libraries_in_turn():
    clock, served = MovingClock(), []
    turns = Turns(clock)

    def ask(group: str) -> None:
        if turns.take(group):
            served.append(group)
        else:
            turns.wait(group, lambda: ask(group))

    for _ in range(3 * SHARE):
        ask(STRANGERS)
    for _ in range(2 * SHARE):
        ask("riverside")
    ask("hillcrest")
    assert served.count("hillcrest") == 1, "at once"
    served.clear()
    clock.advance(0)  # several turns
    assert served == ["riverside"] * SHARE + [STRANGERS] * 2 * SHARE


def test_R8_a_flooding_stranger_waits_and_a_terminal_does_not(bench):
    bench.connect("198.51.100.7")
    for _ in range(int(STRANGER.holds)):
        assert bench.say(STATUS).startswith("98")
    assert bench.say(STATUS) == "", "it has to wait"
    assert bench.counted("pace") == 1
    flooding = bench.transport
    bench.connect("192.0.2.1")
    assert bench.say(LOGIN) == "941"
    assert bench.say(STATUS).startswith("98")
    bench.clock.advance(1)
    assert flooding.value().count(b"\r") == 1, "it is answered all the same"


def test_R8_the_wait_grows_while_there_is_no_pause(bench):
    pace = Pace(SharedPace(bench.clock.seconds))
    while not (first := pace.wait("riverside", "")):
        pass
    waits = [first, *(pace.wait("riverside", "") for _ in range(9))]
    assert waits == sorted(waits)
    assert waits[-1] == 1.0 > waits[0]
    bench.clock.advance(TERMINAL.holds / TERMINAL.rate)
    assert pace.wait("riverside", "") == 0


@pytest.mark.untraced
def test_R8_a_flooded_library_still_serves_its_honest_terminal_at_once(bench):
    shared = SharedPace(bench.clock.seconds)
    honest, flood = Pace(shared), [Pace(shared) for _ in range(200)]
    assert not honest.wait("riverside", "")
    served = sum(not one.wait("riverside", "") for _ in range(300) for one in flood)
    assert served < LIBRARY.holds + 200 * 10
    for _ in range(30):
        assert not honest.wait("riverside", "")
        bench.clock.advance(1)
        for one in flood:
            while not one.wait("riverside", ""):
                pass
    assert not Pace(shared).wait("hillcrest", "")


def test_R8_new_connections_from_one_address_get_no_new_flood(bench):
    served = 0
    for _ in range(100):
        bench.connect("198.51.100.7")
        for _ in range(20):
            served += bench.say(STATUS).startswith("98")
        bench.terminal.connectionLost()
    assert served < 256 + 100 * 10
    assert [call for call in bench.clock.getDelayedCalls() if "rested" in str(call.func)] == []
