"""A terminal's seat, from its login to its end: who is let in, who has to go, and who is told of it."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve
from twisted.internet.defer import Deferred
from twisted.logger import capturedLogs

from sip2gw.addresses import Peer
from sip2gw.gateway import TerminalFactory
from sip2gw.gateway.seating import Occupancy
from sip2gw.seats import InMemory
from sip2gw.seats.leases import RENEWED_EVERY

from .desk import CHECKOUT, LOGIN, PATRON, STATUS, Bench

HILL = "9300CN|CO|CP{}|AOhillcrest|ACkiosk@hillcrest.example:hill-secret|"
ACCOUNT = "kiosk@hillcrest.example"


class Gone(InMemory):
    """A store that can be gone."""

    gone = False

    async def take(self, *args: Any, **settings: Any) -> Any:
        if self.gone:
            raise ConnectionError("no store")
        return await super().take(*args, **settings)


@pytest.fixture
def bench():
    bench = Bench()
    yield bench
    bench.sandbox.close()


def terminal(bench: Bench, address: str, location: str = "Hall", certificate: str = "") -> Any:
    """A terminal that asks for one of the seats of a library that has one; what it hears, and its connection."""
    assert bench.connect(address)
    if certificate:
        bench.terminal._terminal.peer = Peer(address, certificate)
    bench.hear(HILL.format(location).encode() + b"\r")
    if not bench.transport.value():
        bench.clock.advance(2)
    return bench.transport.value().decode().rstrip("\r"), bench.terminal, bench.transport


def licences(bench: Bench, count: int) -> None:
    bench.sandbox.change_library("hillcrest", sip2={"terminals_licensed": count})


def told(logs: Any) -> list[str]:
    return [event["log_format"].format(**event) for event in logs if event["log_level"].name == "warn"]


def seats(bench: Bench, state: str) -> float | None:
    labels = {"library": "hillcrest", "state": state}
    return bench.factory.metrics.registry.get_sample_value("sip2gw_seats", labels)


def test_F54_without_a_free_seat_a_login_is_refused_and_holders_are_logged(bench):
    _, first, _ = terminal(bench, "192.0.2.1", "Children's | desk")
    with capturedLogs() as logs:
        answer, _, transport = terminal(bench, "192.0.2.2")
    assert answer == "940"
    (line,) = told(logs)
    assert "terminal_limit_reached: 1 of 1 licences are in use, by terminal at 192.0.2.1" in line
    assert "since 2026-03-01 17:00:00Z" in line
    assert ACCOUNT not in line
    assert (seats(bench, "used"), seats(bench, "licensed")) == (1, 1)
    assert not transport.disconnecting
    first.connectionLost()
    assert seats(bench, "used") == 0
    assert bench.say(HILL.format("Hall")) == "941", "on the same connection"


def test_F54_a_request_that_logs_in_by_itself_is_refused_in_its_own_form(bench):
    terminal(bench, "192.0.2.1")
    bench.connect("192.0.2.2")
    request = PATRON.replace("riverside|AAM-1001|AC", f"hillcrest|AA7|AC{ACCOUNT}:hill-secret")
    assert bench.denied(request).startswith("24YYYY")
    bench.connect("192.0.2.1")
    bench.hear(request.encode() + b"\r")
    bench.clock.advance(2)


def test_F56_while_seats_are_free_each_session_of_a_terminal_has_one(bench):
    licences(bench, 3)
    heard = [terminal(bench, "192.0.2.1") for _ in range(3)]
    assert [answer for answer, _, _ in heard] == ["941"] * 3
    assert not any(transport.disconnecting for _, _, transport in heard)
    assert seats(bench, "used") == 3


def test_F56_without_a_free_seat_the_longest_silent_own_seat_is_taken_over(bench):
    licences(bench, 2)
    _, first, old = terminal(bench, "192.0.2.1")
    bench.clock.advance(10)
    _, _, quiet = terminal(bench, "192.0.2.1")
    bench.clock.advance(10)
    first.dataReceived(STATUS.encode() + b"\r")
    with capturedLogs() as logs:
        answer, _, _ = terminal(bench, "192.0.2.1")
    assert answer == "941"
    assert quiet.disconnecting
    assert not old.disconnecting
    assert (
        "disconnected: another connection with the same account and location took its seat" in told(logs)[0]
    )
    assert bench.factory.metrics.registry.get_sample_value("sip2gw_seats_taken_over_total") == 1
    assert seats(bench, "used") == 2


def test_F55_F56_a_ghost_never_locks_its_own_terminal_out(bench):
    for _ in range(4):
        answer, _, transport = terminal(bench, "192.0.2.1")
        assert answer == "941"
        assert not transport.disconnecting


@pytest.mark.parametrize(("address", "location"), [("192.0.2.2", "Hall"), ("192.0.2.1", "Attic")])
def test_F56_a_credential_on_a_second_machine_takes_a_second_seat(bench, address, location):
    terminal(bench, "192.0.2.1", "Hall")
    assert terminal(bench, address, location)[0] == "940"
    licences(bench, 2)
    bench.clock.advance(301)  # the rules are kept for minutes
    terminal(bench, address, location)
    assert terminal(bench, address, location)[0] == "941"


def test_F56_a_client_certificate_identifies_a_terminal_at_any_location(bench):
    terminal(bench, "192.0.2.1", "Hall", certificate="kiosk-7")
    assert terminal(bench, "198.51.100.9", "Attic", certificate="kiosk-7")[0] == "941"
    assert terminal(bench, "198.51.100.9", "Attic", certificate="kiosk-8")[0] == "940"
    assert terminal(bench, "192.0.2.1", "Hall")[0] == "940"


def test_a_second_login_takes_no_second_seat(bench):
    terminal(bench, "192.0.2.1")
    for _ in range(3):
        assert bench.say(HILL.format("Hall")) == "941"
    assert seats(bench, "used") == 1
    assert not bench.transport.disconnecting


def test_F58_a_session_whose_seat_is_in_other_hands_writes_nothing_more(bench):
    store = bench.factory.logins.seating.seats.store
    assert bench.say(LOGIN) == "941"
    visit = next(iter(bench.factory.logins.seating._terminals.values()))
    # As after a long sleep: the lease is over, and another process has the seat.
    visit.lease.seat = evolve(visit.lease.seat, expires=bench.clock.seconds() - 1)
    store._epochs["riverside", 1] += 1
    store._seats["riverside"][1] = evolve(visit.lease.seat, epoch=2)
    before = bench.sandbox.requests("riverside"), bench.sandbox.ledger("riverside")
    assert bench.say(CHECKOUT).startswith("120")
    assert bench.transport.disconnecting
    assert (bench.sandbox.requests("riverside"), bench.sandbox.ledger("riverside")) == before


def test_F58_a_session_without_its_seat_ends_at_the_next_renewal(bench):
    store = bench.factory.logins.seating.seats.store
    assert bench.say(LOGIN) == "941"
    store._seats["riverside"][1] = evolve(store._seats["riverside"][1], epoch=2)
    bench.clock.advance(RENEWED_EVERY)
    assert bench.transport.disconnecting


def test_a_lease_is_renewed_only_while_its_session_lives(bench):
    assert bench.say(LOGIN) == "941"
    for _ in range(20):
        bench.clock.advance(RENEWED_EVERY)
    assert bench.say(PATRON).startswith("24 ")
    bench.terminal.connectionLost()
    bench.clock.advance(0)
    assert bench.clock.getDelayedCalls() == []


class Slow(InMemory):
    """A store that renews when it is told to."""

    def __init__(self, *how: Any) -> None:
        super().__init__(*how)
        self.waiting: list[Deferred[None]] = []

    async def renew(self, *args: Any, **settings: Any) -> Any:
        gate: Deferred[None] = Deferred()
        self.waiting.append(gate)
        await gate
        return await super().renew(*args, **settings)


def test_F55_leases_are_renewed_once_at_a_time_as_sessions_come_and_go(bench):
    store = Slow(bench.clock.seconds)
    bench.factory = TerminalFactory(bench.directory, reactor=bench.clock, seats=store)
    terminal(bench, "192.0.2.1")
    bench.clock.advance(RENEWED_EVERY)
    bench.terminal.connectionLost()
    terminal(bench, "192.0.2.1")
    assert len(store.waiting) == 1
    for _ in range(4):
        store.waiting.pop().callback(None)
        bench.clock.advance(RENEWED_EVERY)
        assert len(store.waiting) == 1
    bench.terminal.connectionLost()
    store.waiting.pop().callback(None)
    assert bench.clock.getDelayedCalls() == []


def test_F59_without_the_store_terminals_are_let_in_for_a_while(bench):
    store = Gone(bench.clock.seconds)
    bench.factory = TerminalFactory(bench.directory, reactor=bench.clock, seats=store)
    store.gone = True
    with capturedLogs() as logs:
        answer, first, _ = terminal(bench, "192.0.2.1")
    assert answer == "941"
    assert "logged in without the seat store" in told(logs)[0]
    assert bench.factory.logins.seating.seen()[0].state == "without a seat"
    assert terminal(bench, "192.0.2.2")[0] == "940"
    first.connectionLost()
    bench.clock.advance(15 * 60)
    assert terminal(bench, "192.0.2.2")[0] == "940"
    store.gone = False
    bench.clock.advance(1)
    assert terminal(bench, "192.0.2.2")[0] == "941"


def test_a_terminal_that_leaves_while_it_logs_in_takes_no_seat_with_it(bench):
    waiting = bench.slow_logins()
    bench.hear(HILL.format("Hall").encode() + b"\r")
    bench.terminal.connectionLost()
    waiting[0].callback(None)
    assert bench.factory.logins.seating.occupancy() == ()


def test_F54_the_operator_sees_the_holders_of_the_seats(bench):
    licences(bench, 3)
    terminal(bench, "192.0.2.1", "Hall")
    terminal(bench, "192.0.2.2", "Attic", certificate="kiosk-7")
    bench.clock.advance(90)
    seating = bench.factory.logins.seating
    assert [
        (one.library, one.address, one.location, one.certificate, round(one.idle)) for one in seating.seen()
    ] == [
        ("hillcrest", "192.0.2.1", "Hall", "", 90),
        ("hillcrest", "192.0.2.2", "Attic", "kiosk-7", 90),
    ]
    assert seating.occupancy() == (Occupancy("hillcrest", 2, 3),)
    assert ACCOUNT not in repr(seating.seen())


def begun(bench: Bench, address: str, line: str) -> Any:
    """A login from there that waits; where its answer will be."""
    assert bench.connect(address)
    assert bench.say(line) == ""
    return bench.transport


def test_F54_of_two_that_ask_for_the_last_seat_at_once_one_gets_it(bench):
    waiting = bench.slow_logins()
    heard = [begun(bench, address, HILL.format("Hall")) for address in ("192.0.2.1", "192.0.2.2")]
    for login in reversed(waiting):
        login.callback(None)
    bench.clock.advance(2)
    assert [transport.value() for transport in heard] == [b"940\r", b"941\r"]
    assert seats(bench, "used") == 1


def test_a_terminal_that_disconnects_during_its_login_takes_no_seat(bench):
    waiting = bench.slow_logins()
    begun(bench, "192.0.2.1", HILL.format("Hall"))
    bench.terminal.connectionLost()
    waiting.pop().callback(None)
    assert not seats(bench, "used")
    assert bench.factory.logins.seating.seen() == ()
    bench.clock.advance(20)
    assert bench.clock.getDelayedCalls() == []


def test_F53_a_wrong_password_beside_a_right_one_shares_nothing_with_it(bench):
    waiting = bench.slow_logins()
    right = HILL.format("Hall")
    heard = [begun(bench, f"192.0.2.{place}", line) for place, line in enumerate(
        (right, right.replace("hill-secret", "not-it"), right.replace("hill-secret", "")))]  # fmt: skip
    for login in waiting:
        login.callback(None)
    bench.clock.advance(2)
    assert [transport.value() for transport in heard] == [b"941\r", b"940\r", b"940\r"]


def test_F31_F56_an_unsent_write_of_a_lost_seat_is_left_to_the_successor(bench):
    terminal(bench, "192.0.2.1")
    ghost, waiting = bench.transport, bench.slow_answers()
    line = CHECKOUT.replace("riverside|AAM-1001", "hillcrest|AA7")
    assert bench.say(line) == ""
    assert terminal(bench, "192.0.2.1")[0] == "941"
    assert bench.say(line) == ""
    bench.factory.drain()
    assert not ghost.disconnecting
    assert not bench.transport.disconnecting
    waiting.pop(0).callback(None)
    assert ghost.value().startswith(b"120"), "it may not write any more"
    assert bench.sandbox.ledger("hillcrest") == []
    waiting.pop(0).callback(None)
    assert bench.transport.value().startswith(b"121")
    assert ghost.disconnecting
    assert bench.transport.disconnecting
    assert not waiting


def test_F31_F56_a_write_sent_before_a_lost_seat_answers_the_successor(bench):
    terminal(bench, "192.0.2.1")
    ghost = bench.transport
    line = CHECKOUT.replace("riverside|AAM-1001", "hillcrest|AA7")
    bench.calls.held = {"/loans"}
    assert bench.say(line) == ""
    bench.calls.held = set()
    assert terminal(bench, "192.0.2.1")[0] == "941"
    assert bench.say(line) == ""
    bench.calls.let_go()
    assert ghost.value() == bench.transport.value()
    assert ghost.value().startswith(b"121")
    assert ghost.disconnecting
    assert len(bench.sandbox.ledger("hillcrest")) == 1
