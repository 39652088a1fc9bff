"""Who may connect: so many strangers and connections in all, from one address, and at one library."""

from __future__ import annotations

import pytest
from attrs import evolve
from twisted.logger import capturedLogs

from sip2gw.addresses import counted_network
from sip2gw.gateway.connection_limits import ConnectionLimits
from sip2gw.limits import Limits
from sip2gw.metrics import Metrics

from .desk import LOGIN, PATRON, STATUS, Bench, told

PROVISIONAL = "9300CNkiosk@riverside.example|COkiosk-secret|"


@pytest.fixture
def bench():
    bench = Bench()
    bench.terminal.connectionLost()
    yield bench
    bench.sandbox.close()


def limit(bench: Bench, **limits: int) -> None:
    bench.factory.limits = Limits(**limits)


def all_busy(bench: Bench) -> None:
    """Each connection from now on has a request in hand, so that it does not give way to another."""
    build = bench.factory.buildProtocol

    def busy(peer: object) -> object:
        terminal = build(peer)
        if terminal is not None:
            terminal.busy = True
        return terminal

    bench.factory.buildProtocol = busy


def gauges(bench: Bench) -> tuple[float, ...]:
    value = bench.factory.metrics.registry.get_sample_value
    return tuple(value("sip2gw_connections", {"state": state}) for state in ("stranger", "bound"))


def connect(bench: Bench, *addresses: str) -> list[bool]:
    return [bench.connect(address) for address in addresses]


def test_F1_F3_strangers_above_the_limit_are_rejected(bench):
    limit(bench, strangers=2)
    assert connect(bench, "192.0.2.1", "192.0.2.2", "192.0.2.3") == [True, True, True]
    assert bench.counted("strangers") == 1
    assert gauges(bench) == (2, 0), "one of them had to give way"
    bench.terminal.connectionLost()
    assert gauges(bench) == (1, 0)


def test_a_logged_in_terminal_is_not_a_stranger(bench):
    limit(bench, strangers=1, strangers_per_address=1)
    bench.connect()
    assert bench.say(LOGIN) == "941"
    assert gauges(bench) == (0, 1)
    assert bench.connect()
    assert gauges(bench) == (1, 1)


def test_a_login_that_names_no_library_leaves_a_stranger(bench):
    limit(bench, strangers=1)
    bench.connect()
    assert bench.say(PROVISIONAL) == "941"
    assert gauges(bench) == (1, 0)
    assert bench.say(PATRON).startswith("24  ")
    assert gauges(bench) == (0, 1)


def test_so_many_strangers_from_one_address(bench):
    limit(bench, strangers_per_address=2)
    assert connect(bench, *["192.0.2.1"] * 3, "192.0.2.2") == [True, True, False, True]
    assert bench.counted("strangers_per_address") == 1


def test_connections_from_one_address_are_limited(bench):
    limit(bench, connections_per_address=2)
    bench.connect()
    assert bench.say(LOGIN) == "941"
    assert connect(bench, *["192.168.1.1"] * 2, "192.0.2.2") == [True, False, True]
    assert bench.counted("connections_per_address") == 1


def test_so_many_connections_in_all(bench):
    limit(bench, connections=2)
    all_busy(bench)
    assert connect(bench, "192.0.2.1", "192.0.2.2", "192.0.2.3") == [True, True, False]
    assert bench.counted("connections") == 1


def test_F21_there_are_never_more_than_file_descriptors_allow(bench):
    bench.factory.connection_limits.ceiling = 1
    all_busy(bench)
    assert connect(bench, "192.0.2.1", "192.0.2.2") == [True, False]
    assert bench.counted("connections") == 1


def test_so_many_connections_of_one_library(bench):
    limit(bench, connections_per_library=1)
    bench.connect()
    assert bench.say(LOGIN) == "941"
    assert bench.say(LOGIN) == "941", "the same again takes no further place"
    first = bench.terminal
    bench.connect()
    with capturedLogs() as logs:
        assert bench.denied(LOGIN) == "940"
    (line,) = told(logs, "warn")
    assert line == (
        "login to riverside as k...@riverside.example refused, unavailable: "
        "it has 1 connections already: the limit is connections_per_library "
        "(terminal at 192.168.1.1)"
    )
    assert bench.counted("connections_per_library") == 1
    first.connectionLost()
    assert bench.say(LOGIN) == "941", "and it may try again on the same connection"


def test_a_limit_may_change_at_any_time(bench):
    limit(bench, strangers=1)
    all_busy(bench)
    assert connect(bench, "192.0.2.1", "192.0.2.2") == [True, False]
    bench.factory.limits = evolve(bench.factory.limits, strangers=2)
    assert bench.connect("192.0.2.2")


def test_a_terminal_that_disconnects_during_its_login_takes_no_slot(bench):
    waiting = bench.slow_logins()
    bench.connect()
    bench.say(LOGIN)
    bench.terminal.connectionLost()
    waiting[0].callback(None)
    assert gauges(bench) == (0, 0)


def test_a_slot_is_freed_once_and_a_freed_one_is_not_bound():
    connection_limits = ConnectionLimits(Limits, Metrics(), lambda: 0.0)
    stays, goes = connection_limits.admit("192.0.2.7"), connection_limits.admit("192.0.2.7")
    goes.leave()
    goes.bind("riverside")
    goes.leave()
    assert not goes.library
    value = connection_limits.metrics.registry.get_sample_value
    assert [value("sip2gw_connections", {"state": state}) for state in ("stranger", "bound")] == [1, 0]
    stays.leave()


def test_those_that_find_no_place_are_logged_sparingly(bench):
    limit(bench, strangers=1)
    all_busy(bench)
    bench.connect()
    with capturedLogs() as logs:
        for _ in range(500):
            assert not bench.connect()
        bench.clock.advance(60)
        assert not bench.connect()
    assert 1 <= len(logs) < 20
    assert logs[-1]["more"] > 400
    first, *_, last = [event["log_format"].format(**event) for event in logs]
    assert first == "rejected a connection from 192.168.1.1: the limit is strangers"
    assert last == f"{first}; {logs[-1]['more']} others not logged"
    assert bench.counted("strangers") == 501


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
    ],
)
def test_an_address_of_ipv6_is_its_network(address, network):
    assert counted_network(address) == network


def test_addresses_of_one_ipv6_network_are_counted_as_one(bench):
    limit(bench, strangers_per_address=1)
    assert connect(bench, "2001:db8::1", "2001:db8::2", "2001:db8:0:1::1") == [True, False, True]


def test_no_state_is_kept_of_closed_connections(bench):
    for host in range(20):
        bench.connect(f"192.0.2.{host}")
        bench.say(LOGIN)
        bench.terminal.connectionLost()
    connection_limits = bench.factory.connection_limits
    tallies = (connection_limits._connections, connection_limits._strangers, connection_limits._libraries)
    assert [(tally.total, len(tally._of)) for tally in tallies] == [(0, 0)] * 3
    assert bench.say(STATUS) == ""
