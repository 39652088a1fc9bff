"""When places for strangers are full, the silent of the largest crowd give way to newcomers."""

from __future__ import annotations

import pytest
from twisted.internet.address import IPv4Address

from sip2gw.limits import Limits
from sip2gw.tls.contexts import TLSFiles
from sip2gw.tls.handshake import TLSFactory
from sip2gw.tls.server import ServerTLS

from .authority import Authority
from .desk import LOGIN, STATUS, Bench, Transport

PLAIN_SIP2 = STATUS.encode()


@pytest.fixture
def bench():
    bench = Bench()
    bench.terminal.connectionLost()
    yield bench
    bench.sandbox.close()


def connect(bench: Bench, address: str):
    """The transport of a new connection."""
    assert bench.connect(address)
    return bench.transport


def aborted(transports: list) -> list[int]:
    return [number for number, transport in enumerate(transports) if transport.aborted]


def test_R7_a_newcomer_replaces_the_longest_silent_of_the_largest_crowd(bench):
    bench.factory.limits = Limits(strangers=6, strangers_per_address=4)
    honest = connect(bench, "192.0.2.1")
    crowd = [connect(bench, "198.51.100.7") for _ in range(3)]
    others = [connect(bench, "203.0.113.9") for _ in range(2)]
    newcomers = [connect(bench, f"192.0.2.{number}") for number in (50, 51)]
    assert aborted(crowd) == [0, 1]
    assert not aborted([honest, *others, *newcomers])
    assert bench.counted("strangers") == 2


def test_R7_sixteen_silent_addresses_keep_no_honest_terminal_out(bench):
    bench.factory.limits = Limits()
    silent = [connect(bench, f"198.51.100.{n}") for n in range(16) for _ in range(32)]
    for number in range(15):
        connect(bench, f"192.0.2.{number}")
        assert bench.say(LOGIN) == "941"
        for closed in aborted(silent):
            silent[closed] = connect(bench, f"198.51.100.{closed // 32}")
    assert bench.factory.metrics.registry.get_sample_value("sip2gw_connections", {"state": "bound"}) == 15


def test_R7_the_longest_silent_stranger_gives_way(bench):
    bench.factory.limits = Limits(strangers=2)
    talker, terminal = connect(bench, "198.51.100.7"), bench.terminal
    silent = connect(bench, "198.51.100.7")
    terminal.dataReceived(STATUS.encode() + b"\r")
    connect(bench, "192.0.2.1")
    assert (talker.aborted, silent.aborted) == (False, True)


def test_R7_known_networks_have_a_share_of_their_own_for_a_day(bench):
    bench.factory.limits = Limits(strangers=2)
    connect(bench, "192.0.2.1")
    assert bench.say(LOGIN) == "941"
    bench.terminal.connectionLost()
    there = [connect(bench, "198.51.100.7") for _ in range(2)]
    known = [connect(bench, "192.0.2.1") for _ in range(2)]
    assert not aborted([*there, *known])
    connect(bench, "203.0.113.9")
    assert (aborted(there), aborted(known)) == ([0], []), "a stranger's stranger makes room"
    bench.clock.advance(86_400)
    connect(bench, "192.0.2.1")
    assert aborted(there) == [0, 1]


def test_R7_a_request_in_progress_is_not_ended_for_a_newcomer(bench):
    bench.factory.limits = Limits(strangers=1)
    waiting = bench.slow_logins()
    busy = connect(bench, "192.0.2.1")
    bench.say(LOGIN)
    assert not bench.connect("192.0.2.2")
    assert not busy.aborted
    waiting[0].callback(None)


def test_R7_a_48_of_ipv6_is_held_to_four_times_what_an_address_may(bench):
    bench.factory.limits = Limits(strangers_per_address=2)
    came = [bench.connect(f"2001:db8:1:{number:x}::1") for number in range(9)]
    assert came == [True] * 8 + [False]
    assert bench.connect("2001:db8:2::1")
    bench.factory.limits = Limits(strangers=9, strangers_per_address=3)
    first = connect(bench, "2001:db8:3::1")
    assert not first.aborted


def test_R7_few_descriptors_are_not_all_held_by_strangers(bench):
    bench.factory.connection_limits.ceiling = 2
    there = [connect(bench, "198.51.100.7") for _ in range(2)]
    connect(bench, "192.0.2.1")
    assert aborted(there) == [0]


def test_a_stranger_that_is_cut_off_at_its_deadline_gives_no_way_besides(bench):
    bench.factory.limits = Limits(strangers=1, login_deadline=60)
    late = connect(bench, "192.0.2.1")
    bench.clock.advance(60)
    assert late.aborted
    connect(bench, "192.0.2.2")  # before the loop has told that the other is gone
    assert (bench.counted("login_deadline"), bench.counted("strangers")) == (1, 0)


@pytest.mark.parametrize("first", [b"", PLAIN_SIP2], ids=["silent", "no TLS, and does not take the alert"])
def test_a_stranger_that_is_cut_off_at_its_handshake_gives_no_way_besides(bench, tmp_path, first):
    Authority().write_pair(tmp_path / "tls.pem", "localhost")
    metrics = bench.factory.metrics
    tls = ServerTLS(TLSFiles(tmp_path / "tls.pem"), metrics=metrics)
    bench.factory.limits = Limits(strangers=1, handshake_deadline=10)
    door = TLSFactory(tls, bench.factory, bench.clock, lambda: bench.factory.limits, metrics)
    late = Transport(peerAddress=IPv4Address("TCP", "192.0.2.1", 54321))
    connection = door.buildProtocol(late.getPeer())
    connection.makeConnection(late)
    if first:
        connection.dataReceived(first)
    assert gauge(bench) == 1
    bench.clock.advance(10)
    assert late.aborted
    assert gauge(bench) == 0
    assert door.buildProtocol(IPv4Address("TCP", "192.0.2.2", 54321))
    assert bench.counted("strangers") == 0
    assert bench.counted("handshake_deadline") == (not first)


def gauge(bench: Bench) -> float:
    """How many strangers there are."""
    return bench.factory.metrics.registry.get_sample_value("sip2gw_connections", {"state": "stranger"})
