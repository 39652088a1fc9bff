"""Two gateways that share a store of seats: a session whose seat the other one has given away writes nothing more."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from store.direct import Time, direct
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.logger import capturedLogs

from sip2gw.gateway import TerminalFactory
from sip2gw.seats import StoredSeats

from .desk import LOGIN, Bench, told
from .test_binding import LINES

WRITES = {code: LINES[code].format(ao="AOriverside|", ac="") for code in ("09", "11", "15", "29", "37", "65")}
LEASE = 5.0
TOKENS = {"/auth/tokens/refresh", "/auth/tokens"}


@pytest.fixture(params=["in memory", "in a file"])
def shared(request, tmp_path):
    """A clock and a store of seats for it; None for the gateway's own."""
    if request.param == "in memory":
        yield Clock(), None
        return
    with direct(tmp_path / "kept") as database:
        clock = Time()
        clock.database = database
        yield clock, StoredSeats(database, clock.seconds, b"key")


@pytest.fixture
def bench(shared):
    """Its terminal has the only seat of its library, for a short time unless it asks again."""
    clock, store = shared
    bench = Bench(clock=clock, seats=store)
    bench.sandbox.change_library("riverside", sip2={"terminals_licensed": 1})
    seats = bench.factory.logins.seating.seats
    seats.lease_seconds = LEASE
    bench.other = TerminalFactory(bench.directory, reactor=bench.clock, seats=seats.store)
    bench.connect()
    yield bench
    bench.sandbox.close()


def at_the_other(bench: Bench, address: str = "192.0.2.7") -> str:
    """What a terminal hears that logs in at the other gateway."""
    bench.factory, mine = bench.other, (bench.factory, bench.terminal, bench.transport)
    bench.connect(address)
    heard = bench.say(LOGIN)
    bench.factory, bench.terminal, bench.transport = mine
    return heard


def ready_for(bench: Bench, code: str) -> list[object]:
    """Log in, and have on loan what is returned or renewed; what was done for that."""
    assert bench.say(LOGIN) == "941"
    if code in ("09", "29"):
        assert bench.say(WRITES["11"]).startswith("121")
    return bench.sandbox.ledger("riverside")


def interrupted(
    bench: Bench, line: str, while_waiting: Callable[[], object], *, answered: bool = True
) -> list[str]:
    """The calls that are made for a request after something has happened while it waited for a new token."""
    bench.sandbox.change_user("riverside", "kiosk@riverside.example", password="kiosk-secret")
    bench.calls.held = TOKENS
    bench.calls.made.clear()
    assert bench.say(line) == ""
    assert bench.calls.made[-1] in TOKENS
    bench.calls.held = set()
    while_waiting()
    bench.calls.made.clear()
    bench.calls.let_go()
    assert bool(bench.transport.value()) is answered
    return bench.calls.made


@pytest.mark.parametrize("code", WRITES)
def test_F55_F58_a_seat_lost_before_a_write_has_its_token_ends_the_session(bench, code):
    def lose() -> None:
        bench.clock.advance(LEASE + 1)
        assert at_the_other(bench) == "941"

    before = ready_for(bench, code)
    with capturedLogs() as logs:
        assert set(interrupted(bench, WRITES[code], lose)) <= TOKENS
    assert [line for line in told(logs, "warn") if "disconnected: its seat has been given" in line]
    assert bench.transport.disconnecting
    assert bench.sandbox.ledger("riverside") == before


@pytest.mark.parametrize("code", WRITES)
def test_F55_an_expired_lease_of_a_free_seat_is_renewed_before_a_write(bench, code):
    ready_for(bench, code)
    assert set(interrupted(bench, WRITES[code], lambda: bench.clock.advance(LEASE + 1))) - TOKENS
    assert not bench.transport.disconnecting
    assert at_the_other(bench) == ""


def test_F58_a_write_behind_a_slow_login_is_not_done_after_a_lost_seat(bench):
    """A 93 is in hand when the seat is lost, and the write behind it is not done."""
    assert bench.say(LOGIN) == "941"
    waiting = bench.slow_logins()
    bench.hear(LOGIN.encode() + b"\r" + WRITES["11"].encode() + b"\r")
    bench.clock.advance(LEASE + 1)
    (mine,) = waiting
    assert at_the_other(bench) == ""
    waiting.pop().callback(None)
    mine.callback(None)
    assert bench.transport.value().startswith(b"941\r120")
    assert bench.transport.disconnecting
    assert bench.sandbox.ledger("riverside") == []


def test_F58_a_write_that_waits_too_long_for_the_seat_store_is_not_sent(bench):
    """The terminal has been told that it was not done."""
    ready_for(bench, "11")
    seats, asked = bench.factory.logins.seating.seats, []

    async def hang(*_: object, **__: object) -> None:
        asked.append(Deferred())
        await asked[-1]

    def stall() -> None:
        bench.clock.advance(LEASE + 1)
        seats.store.renew = hang

    assert set(interrupted(bench, WRITES["11"], stall, answered=False)) <= TOKENS
    bench.clock.pump([1.0] * 30)
    assert bench.transport.value().startswith(b"120")
    assert set(bench.calls.made) <= TOKENS
