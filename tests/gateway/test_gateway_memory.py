"""When memory runs short strangers go, then nobody logs in; what is in hand goes on."""

from __future__ import annotations

import os

import pytest
from twisted.logger import capturedLogs

from sip2gw.limits import Limits
from sip2gw.process import memory

from .desk import CHECKOUT, LOGIN, STATUS, Bench


class Pressed(Bench):
    """A gateway that may have 100 MiB, and has `mebibytes`."""

    def __init__(self) -> None:
        super().__init__(limits=Limits(memory=100))
        self.mebibytes = 50
        self.watch = memory.MemoryWatch(self.factory, self.clock, resident=lambda: self.mebibytes * 2**20)
        self.watch.startService()

    def has(self, mebibytes: int) -> None:
        self.mebibytes = mebibytes
        self.clock.advance(memory.INTERVAL)


@pytest.fixture
def bench():
    bench = Pressed()
    yield bench
    bench.watch.stopService()
    bench.sandbox.close()


def test_F22_when_memory_is_short_strangers_are_closed_and_rejected(bench):
    assert bench.say(LOGIN) == "941"
    bound, answered = bench.terminal, bench.transport
    bench.connect()
    stranger = bench.transport
    bench.has(91)
    assert stranger.aborted
    assert not bench.connect()
    assert bench.counted("memory") == 2
    bound.dataReceived(CHECKOUT.encode() + b"\r")
    assert answered.value().endswith(b"AY1AZ\r") or b"\r121" in answered.value()
    assert not answered.aborted
    bench.has(89)
    assert bench.connect()


def test_F22_a_login_in_progress_goes_on_while_memory_is_short(bench):
    waiting = bench.slow_logins()
    bench.say(LOGIN)
    bench.has(91)
    waiting[0].callback(None)
    assert bench.transport.value() == b"941\r"
    assert not bench.transport.aborted


def test_F22_when_memory_is_full_logins_fail(bench):
    waiting = bench.slow_logins()
    bench.say(STATUS)
    bench.factory.connection_limits.full = True
    assert bench.denied(LOGIN) == "940"
    assert not waiting, "the library was not asked"
    bench.factory.connection_limits.full = False
    bench.say(LOGIN)
    waiting[0].callback(None)
    bench.has(101)
    assert bench.factory.connection_limits.full
    assert bench.say(STATUS).startswith("98"), "who is in stays in"
    assert bench.say(CHECKOUT).startswith("121")


def test_F22_each_change_is_logged_once(bench):
    with capturedLogs() as logs:
        for mebibytes in (91, 92, 101, 102, 50, 51):
            bench.has(mebibytes)
    told = [event["log_format"].format(**event) for event in logs if "memory is" in event["log_format"]]
    assert told == [
        "memory is short: no new connections; 91 of 100 MiB",
        "memory is full: no terminal can log in; 101 of 100 MiB",
        "memory is enough again; 50 of 100 MiB",
    ]


def test_F22_the_memory_that_the_process_really_has_decides(bench):
    has = memory.resident()
    # 32 MiB below the point at which it is short, however much the tests before have taken.
    bench.factory.limits = Limits(memory=int((has / memory.SHORT) / 2**20) + 36)
    watch = memory.MemoryWatch(bench.factory, bench.clock)
    assert bench.say(LOGIN) == "941"
    bound = bench.terminal
    assert bench.connect()
    stranger = bench.transport
    watch.look()
    assert not stranger.aborted
    ballast = bytearray(b"x") * (64 * 2**20)
    watch.look()
    assert stranger.aborted
    assert not bench.connect()
    assert not bound.transport.aborted
    del ballast
    watch.look()
    assert bench.connect()


def test_without_a_limit_nothing_is_short(bench):
    bench.factory.limits = Limits()
    bench.has(10_000)
    assert bench.connect()


def test_the_memory_of_this_process():
    assert 2**20 < memory.resident() < os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
