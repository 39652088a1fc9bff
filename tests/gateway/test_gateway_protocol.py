"""The connection: framing, order, lines that are too long, and that nothing costs a terminal its answer."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from treq.testing import StubTreq
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.logger import capturedLogs

from sip2gw.gateway import TerminalFactory, protocol
from sip2gw.librarika import Librarika
from sip2gw.sandbox import Sandbox
from sip2gw.sip2 import RESPONSES, lay_out
from sip2gw.tenants import Directory

START = datetime(2026, 3, 1, 17, 0, tzinfo=UTC)
DATE = "20260301    101500"
LOGIN = "9300CN|CO|CPDesk|AOriverside|ACkiosk@riverside.example:kiosk-secret|"
STATUS = "9900802.00AY1AZFCA0"
PATRON = f"23001{DATE}AOriverside|AAM-1001|AC|AD1234|"
CHECKOUT = f"11YN{DATE}{DATE}AOriverside|AAM-1001|AB10001|AC|"
CHECKIN = f"09N{DATE}{DATE}AP|AOriverside|AB10001|AC|"
LINES = [LOGIN, STATUS, PATRON, CHECKOUT, "97", CHECKIN, STATUS]


class Transport(StringTransport):
    """Remembers how it was closed."""

    aborted = False

    def abortConnection(self) -> None:
        self.aborted = True


class Bench:
    """A gateway over the sandbox, in which everything answers at once and time stands still."""

    def __init__(self, **settings: Any) -> None:
        self.clock = Clock()
        self.clock.advance(START.timestamp())
        self.sandbox = Sandbox(clock=self.clock)
        self.librarika = Librarika(
            self.clock, "http://localhost/{library}/api/v1", http=StubTreq(self.sandbox.resource)
        )
        directory = Directory(self.librarika, clock=lambda: datetime.fromtimestamp(self.clock.seconds(), UTC))
        self.factory = TerminalFactory(directory, reactor=self.clock, **settings)
        self.connect()

    def connect(self) -> None:
        self.transport = Transport()
        self.terminal = self.factory.buildProtocol(None)
        self.terminal.makeConnection(self.transport)

    def hear(self, *pieces: bytes) -> bytes:
        """What the gateway says to these pieces of bytes."""
        self.transport.clear()
        for piece in pieces:
            self.terminal.dataReceived(piece)
        return self.transport.value()

    def say(self, line: str) -> str:
        return self.hear(line.encode() + b"\r").decode().rstrip("\r")


@pytest.fixture
def bench():
    bench = Bench()
    yield bench
    bench.sandbox.close()


def stream(ends: bytes) -> bytes:
    return b"".join(line.encode() + ends for line in LINES)


@pytest.fixture(scope="module")
def expected():
    return Bench().hear(stream(b"\r"))


def test_a_conversation(expected):
    assert [lay_out(line).code for line in expected.split(b"\r")[:-1]] == [
        "94",
        "98",
        "24",
        "12",
        "12",
        "10",
        "98",
    ]
    assert expected.count(b"\r") == len(LINES)


@pytest.mark.parametrize("ends", [b"\r", b"\n", b"\r\n", b"\n\r", b"\r\r\n", b"\r \r"])
def test_any_end_of_line_gives_the_same_answers(ends, expected):
    assert Bench().hear(stream(ends)) == expected


@given(st.sampled_from([b"\r", b"\n", b"\r\n"]), st.lists(st.integers(0, 600), max_size=8))
@settings(max_examples=25)
def test_any_split_gives_the_same_answers(expected, ends, places):
    data = stream(ends)
    cuts = [0, *sorted(min(place, len(data)) for place in places), len(data)]
    assert Bench().hear(*(data[a:b] for a, b in pairwise(cuts))) == expected


def test_one_byte_at_a_time(expected):
    data = stream(b"\r\n")
    assert Bench().hear(*(data[place : place + 1] for place in range(len(data)))) == expected


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
def test_any_bytes_give_responses_and_never_an_exception(lines):
    bench = Bench()
    with capturedLogs() as logs:
        answers = bench.hear(b"\r".join([LOGIN.encode(), *lines, b""]))
    assert not [event for event in logs if "log_failure" in event]
    assert all(answer[:2].decode() in RESPONSES for answer in answers.split(b"\r")[:-1])


def test_a_line_that_is_too_long_cuts_the_connection(bench):
    assert bench.hear(b"23" + b"x" * 5000) == b""
    assert bench.transport.aborted
    assert bench.hear(b"\r" + STATUS.encode() + b"\r") == b"", "no part of it is taken for a message"


def test_the_end_of_a_long_line_is_no_message(bench):
    assert bench.hear(b"x" * 4094, b"xx\r" + STATUS.encode() + b"\r").startswith(b"98"), "at the limit"
    bench.connect()
    assert bench.hear(b"x" * 5000 + b"\r" + STATUS.encode() + b"\r") == b""
    assert bench.transport.aborted


class Slow:
    """A directory whose logins wait until they are told to go on."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        self.waiting: list[Deferred[None]] = []
        self.policy, self.clock, self.desk = directory.policy, directory.clock, directory.desk

    async def log_in(self, *who: Any) -> Any:
        gate: Deferred[None] = Deferred()
        self.waiting.append(gate)
        await gate
        return await self._directory.log_in(*who)


@pytest.fixture
def slow(bench):
    directory = Slow(bench.factory._directory)
    bench.factory._directory = directory
    bench.terminal.connectionLost()
    bench.connect()
    return directory


def test_answers_come_in_order_and_reading_waits(bench, slow):
    assert bench.hear(stream(b"\r")) == b""
    assert bench.transport.producerState == "paused"
    assert len(slow.waiting) == 1
    slow.waiting[0].callback(None)
    assert bench.transport.producerState == "producing"
    assert [lay_out(line).code for line in bench.transport.value().split(b"\r")[:-1]] == [
        "94", "98", "24", "12", "12", "10", "98",
    ]  # fmt: skip


def test_a_terminal_that_hangs_up_in_the_middle(bench, slow):
    bench.hear(LOGIN.encode() + b"\r")
    bench.terminal.connectionLost()
    assert bench.factory.sessions == set()
    slow.waiting[0].callback(None)
    assert bench.transport.value() == b""


def test_draining_answers_what_is_in_hand(bench, slow):
    bench.hear(LOGIN.encode() + b"\r" + STATUS.encode() + b"\r")
    busy, transport = bench.terminal, bench.transport
    bench.connect()
    idle = bench.transport
    drained = bench.factory.drain()
    assert idle.disconnecting
    assert not transport.disconnecting
    slow.waiting[0].callback(None)
    assert transport.value() == b"941\r"
    assert transport.disconnecting
    bench.terminal.connectionLost()
    assert not drained.called
    busy.connectionLost()
    assert drained.called


def test_a_peer_that_never_closes_is_cut(bench):
    bench.terminal.leave()
    assert not bench.transport.aborted
    bench.clock.advance(protocol.CLOSE_GRACE)
    assert bench.transport.aborted


def test_a_bug_behind_one_request_costs_nobody_an_answer(bench, monkeypatch):
    assert bench.say(LOGIN) == "941"

    async def broken(*_: object) -> None:
        raise KeyError("canary-M-1001")

    with monkeypatch.context() as patched, capturedLogs() as logs:
        patched.setattr(protocol, "answer", broken)
        refused = bench.say(CHECKOUT)
    assert refused.startswith("120NUN")
    assert "canary" not in refused
    assert len([event for event in logs if "log_failure" in event]) == 1
    assert bench.say(PATRON).startswith("24  ")


def test_logins_that_fail_say_why_in_the_log(bench):
    with capturedLogs() as logs:
        assert bench.say(LOGIN.replace("kiosk@", "desk@").replace("kiosk-secret", "desk-secret")) == "940"
    told = [
        event["log_format"].format(**event)
        for event in logs
        if event["log_namespace"].endswith("protocol.TerminalProtocol")
    ]
    assert told == [
        "login to 'riverside' refused, sip2_not_activated: "
        "the account is not activated for SIP2: ask Librarika's support to activate it"
    ]


def test_the_log_holds_no_secret_and_no_patron(bench):
    with capturedLogs() as logs:
        for line in (*LINES, PATRON.replace("1234", "canary"), LOGIN.replace("kiosk-secret", "canary")):
            bench.say(line)
    written = repr(logs)
    for secret in ("kiosk-secret", "canary", "1234", "M-1001", "Amina", "Emma", "10001", "kiosk@"):
        assert secret not in written


def test_sessions_share_nothing(bench):
    assert bench.say(LOGIN) == "941"
    bench.say(PATRON)
    bench.connect()
    assert bench.say("97AZFEF5") == "96AZFEF6"
    assert bench.say(PATRON).startswith("24YYYY")
