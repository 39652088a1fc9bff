"""The connection: framing, order, lines that are too long, and that nothing costs a terminal its answer."""

from __future__ import annotations

from itertools import pairwise
from ssl import MemoryBIO, SSLWantReadError, create_default_context

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.defer import Deferred, fail
from twisted.internet.error import ConnectError
from twisted.logger import capturedLogs

from sip2gw.circulation import Speaker
from sip2gw.gateway import library_requests
from sip2gw.librarika import CallLimits, Timeouts
from sip2gw.library import Listing, ListKind, Unavailable
from sip2gw.limits import Limits
from sip2gw.sip2 import lay_out
from sip2gw.tenants import Directory

from .desk import CHECKIN, CHECKOUT, DATE, LINES, LOGIN, PATRON, STATUS, Bench, told


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
        "10",
        "98",
    ]
    assert expected.count(b"\r") == len(LINES)


@pytest.mark.parametrize("ends", [b"\r", b"\n", b"\r\n", b"\n\r", b"\r\r\n", b"\r \r"])
def test_F7_any_line_end_leads_to_equal_answers(ends, expected):
    assert Bench().hear(stream(ends)) == expected


@given(st.sampled_from([b"\r", b"\n", b"\r\n"]), st.lists(st.integers(0, 600), max_size=8))
@settings(max_examples=25)
@pytest.mark.untraced
def test_F7_any_split_leads_to_equal_answers(expected, ends, places):
    data = stream(ends)
    cuts = [0, *sorted(min(place, len(data)) for place in places), len(data)]
    assert Bench().hear(*(data[a:b] for a, b in pairwise(cuts))) == expected


def test_one_byte_at_a_time(expected):
    data = stream(b"\r\n")
    assert Bench().hear(*(data[place : place + 1] for place in range(len(data)))) == expected


def test_F34_a_request_with_too_many_fields_is_refused_unasked(bench):
    bench.factory.limits = Limits(fields=5)
    bench.say(LOGIN)
    assert bench.say(CHECKOUT + "ZZ1|").startswith("121"), "five"
    assert bench.say(CHECKIN + "ZZ1|ZZ2|ZZ3|").startswith("100N")
    assert bench.counted("fields") == 1
    assert [effect["kind"] for effect in bench.sandbox.ledger("riverside")].count("return") == 0


def test_F6_the_end_of_a_long_line_is_not_a_message(bench):
    assert bench.hear(b"x" * 4094, b"xx\r" + STATUS.encode() + b"\r").startswith(b"98"), "at the limit"
    bench.connect()
    assert bench.hear(b"x" * 5000 + b"\r" + STATUS.encode() + b"\r") == b""
    assert bench.transport.aborted


@pytest.fixture
def slow(bench):
    return bench.slow_logins()


def test_F10_answers_come_in_order_and_reading_waits(bench, slow):
    lines = [line.encode() + b"\r" for line in LINES]
    assert bench.hear(*lines[:1]) == b""
    assert bench.transport.producerState == "producing", "nobody who asks one thing at a time is held back"
    assert bench.hear(*lines[1:]) == b""
    assert bench.transport.producerState == "paused"
    assert len(slow) == 1
    slow[0].callback(None)
    assert bench.transport.producerState == "producing"
    assert [lay_out(line).code for line in bench.transport.value().split(b"\r")[:-1]] == [
        "94", "98", "24", "12", "10", "98",
    ]  # fmt: skip


def test_a_terminal_that_disconnects_during_a_request_is_dropped(bench, slow):
    bench.hear(LOGIN.encode() + b"\r")
    bench.terminal.connectionLost()
    assert bench.factory.sessions == set()
    slow[0].callback(None)
    assert bench.transport.value() == b""


def test_F88_draining_answers_requests_in_progress(bench, slow):
    bench.hear(LOGIN.encode() + b"\r" + STATUS.encode() + b"\r")
    busy, transport = bench.terminal, bench.transport
    bench.connect()
    idle = bench.transport
    drained = bench.factory.drain()
    assert idle.disconnecting
    assert not transport.disconnecting
    slow[0].callback(None)
    assert transport.value() == b"941\r"
    assert transport.disconnecting
    bench.terminal.connectionLost()
    assert not drained.called
    busy.connectionLost()
    assert drained.called


def test_F88_idle_terminals_are_disconnected_one_after_the_other(bench):
    bench.factory.limits = evolve(bench.factory.limits, drain_spread=0.008)
    assert all(bench.connect() for _ in range(3))
    idle = list(bench.factory.sessions)
    drained = bench.factory.drain()
    gone = []
    for _ in range(4):
        gone.append(sum(terminal.transport.disconnecting for terminal in idle))
        bench.clock.advance(0.002)
    assert gone == [1, 2, 3, 4]
    assert not drained.called
    for terminal in idle:
        terminal.connectionLost()
    assert drained.called


def test_F88_a_terminal_that_sends_during_the_stop_is_disconnected(bench):
    bench.connect()
    bench.connect()
    bench.factory.limits = evolve(bench.factory.limits, drain_spread=3600)
    bench.factory.drain()
    waiting = [terminal for terminal in bench.factory.sessions if not terminal.transport.disconnecting]
    assert len(waiting) == 2
    waiting[0].dataReceived(STATUS.encode() + b"\r")
    assert waiting[0].transport.disconnecting
    assert waiting[0].transport.value() == b""
    assert not waiting[1].transport.disconnecting


def test_F88_a_connection_that_arrives_during_the_stop_is_rejected(bench):
    drained = bench.factory.drain()
    assert not bench.connect()
    bench.terminal.connectionLost()
    assert drained.called


def test_logins_that_fail_say_why_in_the_log(bench):
    with capturedLogs() as logs:
        assert bench.denied(LOGIN.replace("kiosk@", "desk@").replace("kiosk-secret", "desk-secret")) == "940"
    assert told(logs, "warn") == [
        "login to riverside as d...@riverside.example refused, sip2_not_activated: "
        "the account is not activated for SIP2: ask Librarika's support to activate it "
        "(terminal at 192.168.1.1)"
    ]


def test_a_bug_in_a_login_costs_no_terminal_its_answer(bench, monkeypatch):
    async def broken(*_: object) -> None:
        raise KeyError("canary")

    with monkeypatch.context() as patched, capturedLogs() as logs:
        patched.setattr(Directory, "log_in", broken)
        assert bench.denied(LOGIN) == "940"
        assert bench.denied(CHECKOUT.replace("AC|", "ACkiosk:secret|")).startswith("120NUN")
    assert len([event for event in logs if "log_failure" in event]) == 2
    assert bench.say(LOGIN) == "941"


def test_a_password_in_the_library_field_is_not_logged(bench):
    with capturedLogs() as logs:
        assert bench.denied("9300CN|CO|AOkiosk@riverside.example:kiosk-secret|") == "940"
    [line] = told(logs, "warn")
    assert "library_not_found" in line
    assert "kiosk" not in line


def test_the_log_holds_no_secret_and_no_patron(bench):
    with capturedLogs() as logs:
        for line in (*LINES, PATRON.replace("1234", "canary"), LOGIN.replace("kiosk-secret", "canary")):
            bench.say(line)
    # How long something took has digits of all kinds.
    written = repr([[value for value in event.values() if not isinstance(value, float)] for event in logs])
    for secret in ("kiosk-secret", "canary", "1234", "M-1001", "Amina", "Emma", "10001", "kiosk@"):
        assert secret not in written


@pytest.mark.parametrize(
    "account", ["", "kiosk", ":", "::", "a:b:c", "a\0:b", ":secret", "x" * 3000, "é:é", "a:"]
)
def test_F49_an_account_of_any_form_is_a_login_that_fails(bench, account):
    with capturedLogs() as logs:
        for line in (f"9300CN|CO|AOriverside|AC{account}|", f"9300CNriverside|CO{account}|AOriverside|"):
            assert bench.denied(line) == "940"
    assert not [event for event in logs if "log_failure" in event]
    assert bench.say(LOGIN) == "941"


def test_sessions_share_nothing(bench):
    assert bench.say(LOGIN) == "941"
    bench.say(PATRON)
    bench.connect()
    assert bench.say("97AZFEF5") == "96AZFEF6"
    assert bench.say(PATRON).startswith("24YYYY")


def test_F9_a_terminal_that_does_not_read_is_not_listened_to(bench):
    bench.terminal.pauseProducing()
    assert bench.transport.producerState == "paused"
    assert bench.hear(STATUS.encode() + b"\r") == b""
    bench.terminal.resumeProducing()
    assert bench.transport.value().startswith(b"98")
    assert bench.transport.producerState == "producing"


def test_a_flood_of_rubbish_is_logged_once(bench):
    assert bench.say(LOGIN) == "941"
    with capturedLogs() as logs:
        for _ in range(40):
            bench.hear(b"00\r" * 5)
            bench.clock.advance(0)
        bench.terminal.connectionLost()
    first, last = told(logs, "warn")
    assert first.startswith("riverside/Desk a line was ignored: unknown message code 00")
    assert last.startswith("riverside/Desk 200 lines were not requests")


def test_a_terminal_that_asks_again_too_early_is_told_so_and_speaks_sip2(bench):
    assert bench.say(LOGIN) == "941"
    with capturedLogs() as logs:
        bench.hear(f"{STATUS}\r97\r97\r".encode())
        bench.clock.advance(2)
        bench.terminal.connectionLost()
    text = "\n".join(told(logs, "warn"))
    assert text.count("it asked again before the answer was sent") == 1
    assert "set its time-out to the one in 98 or longer" in text
    assert "speaks SIP2" not in text
    assert "not requests" not in text


def test_an_outage_is_not_remembered(bench, monkeypatch):
    assert bench.say(LOGIN) == "941"
    with monkeypatch.context() as patched:
        patched.setattr(bench.calls, "request", lambda *_, **__: fail(ConnectError()))
        assert bench.say(CHECKOUT).startswith("120")
    assert bench.say(CHECKOUT).startswith("121"), "the same line, once all is well again"


@pytest.mark.parametrize(
    ("line", "answer", "again"), [(CHECKOUT, "120", "121"), (PATRON, "24YYYY", "24    ")]
)
def test_no_answer_comes_later_than_the_terminal_waits(bench, line, answer, again, monkeypatch):
    assert bench.say(LOGIN) == "941"

    async def never(*_: object) -> None:
        await Deferred()

    with monkeypatch.context() as patched:
        patched.setattr(library_requests, "answer", never)
        assert bench.say(line) == ""
        bench.clock.advance(bench.factory.directory.policy.answer_time)
    assert bench.transport.value().startswith(answer.encode())
    assert bench.say(STATUS).startswith("98")
    assert bench.say(line).startswith(again), "the library, or its journal, is asked again"


def done(asking):
    """What comes of it, when everything answers at once."""
    return Deferred.fromCoroutine(asking).result


def wait(bench, seconds):
    """Let time pass for the gateway and for the sandbox, whose answers then arrive."""
    bench.clock.advance(seconds)
    bench.calls.flush()


def test_F61_nothing_is_written_once_it_is_too_late_to_settle_it(bench):
    assert bench.say(LOGIN) == "941"
    found = done(
        bench.terminal._terminal.tenant.library.patron("M-1009", listing=Listing(ListKind.FEES, 0, 9))
    )
    bench.sandbox.misbehave("slow", endpoint="find_member", seconds=9, times=1)
    bench.sandbox.change_user("riverside", "kiosk@riverside.example", password="kiosk-secret")
    for slow in ("refresh_token", "create_token"):
        bench.sandbox.misbehave("slow", endpoint=slow, seconds=9, times=1)
    bench.sandbox.misbehave("hang_after_commit", endpoint="pay")
    assert bench.say(f"37{DATE}0401USDBV0.25|AOriverside|AAM-1009|AC|CG04{found.fees[0].ref}|BKT-1|") == ""
    for seconds in (9, 9, 9, 1):
        wait(bench, seconds)
    assert bench.transport.value().startswith(b"38N")
    assert Speaker("fr").why(Unavailable()).encode() in bench.transport.value()
    assert bench.sandbox.ledger() == []


def test_a_login_is_answered_before_the_terminal_gives_up(bench):
    bench.librarika.reconfigure(Timeouts(headers=40.0, call=40.0), CallLimits())
    bench.sandbox.misbehave("hang", endpoint="create_token")
    assert bench.say(LOGIN) == ""
    wait(bench, bench.directory.policy.call_time - 0.1)
    assert bench.transport.value() == b""
    wait(bench, 0.2)
    assert bench.transport.value().startswith(b"940")


def test_each_reader_is_spoken_to_in_their_own_language(bench):
    assert bench.say(LOGIN) == "941"
    unknown = CHECKOUT.replace("AB10001", "AB31337")
    assert Speaker("de").say("copy_not_found") in bench.say(unknown.replace("M-1001", "M-1010")), "at once"
    assert "BLY" in bench.say(PATRON.replace("M-1001", "M-1008").replace("AD1234", ""))
    returned = CHECKIN.replace("AB10001", "AB31337")
    assert Speaker("es").say("copy_not_found") in bench.say(returned), "09 names nobody: who stands there"
    assert Speaker("en").say("copy_not_found") in bench.say(unknown), "who is named, not who stands there"
    bench.say(f"35{DATE}AOriverside|AAM-1008|")
    assert Speaker("en").say("copy_not_found") in bench.say(returned.replace("31337", "31338"))


@pytest.mark.parametrize(
    "header",
    [b"PROXY TCP4 192.0.2.7 198.51.100.1 1 2\r\n", b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c" + bytes(12)],
)
@pytest.mark.parametrize("size", [1, 5, 100])
def test_F25_a_proxy_header_without_listed_balancers_disconnects(bench, header, size):
    said = header + STATUS.encode() + b"\r"
    with capturedLogs() as logs:
        assert bench.hear(*(said[place : place + size] for place in range(0, len(said), size))) == b""
    assert bench.transport.aborted
    [line] = told(logs, "warn")
    assert line.startswith(
        "it speaks PROXY, which this port does not expect; list the balancer in proxy_from"
    )
    assert line.endswith(" (terminal at 192.168.1.1)")
    counted = bench.factory.metrics.registry.get_sample_value
    assert counted("sip2gw_proxy_headers_total", {"outcome": "unexpected"}) == 1


def test_tls_on_the_port_of_plain_sip2_is_named_in_the_log(bench):
    hello = MemoryBIO()
    with pytest.raises(SSLWantReadError):
        create_default_context().wrap_bio(MemoryBIO(), hello, server_hostname="localhost").do_handshake()
    with capturedLogs() as logs:
        assert bench.hear(hello.read()) == b""
    assert bench.transport.aborted
    counted = bench.factory.metrics.registry.get_sample_value
    assert counted("sip2gw_handshakes_total", {"outcome": "unexpected"}) == 1
    assert told(logs, "warn") == [
        "it speaks TLS to the port of plain SIP2; connect to the TLS port, or switch TLS off at the terminal "
        "(terminal at 192.168.1.1)"
    ]
