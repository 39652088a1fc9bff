"""Seats: never one too many, never lost to a ghost, and a store that fails locks nobody out for a while."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from typing import Any

import pytest
from attrs import evolve
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from store.direct import Time, direct
from twisted.internet.defer import Deferred, ensureDeferred
from twisted.internet.task import Clock

from sip2gw.seats import Full, Holder, InMemory, Lease, Seats, SeatStore, StoredSeats, free_all
from sip2gw.seats.leases import LEASE
from sip2gw.secret import Secret


def holder(session: str, terminal: str = "", since: float = 0.0) -> Holder:
    return Holder(terminal=terminal or f"terminal of {session}", session=session, since=since)


def now(coroutine: Any) -> Any:
    """What a coroutine that need not wait comes to."""
    found: list[Any] = []
    ensureDeferred(coroutine).addBoth(found.append)
    (result,) = found
    if hasattr(result, "raiseException"):
        result.raiseException()
    return result


class Flaky:
    """A store that can be gone."""

    def __init__(self, store: SeatStore) -> None:
        self.store = store
        self.gone = False

    async def take(self, *args: Any, **settings: Any) -> Any:
        self._check()
        return await self.store.take(*args, **settings)

    async def renew(self, *args: Any, **settings: Any) -> Any:
        self._check()
        return await self.store.renew(*args, **settings)

    async def leave(self, *args: Any) -> None:
        self._check()
        await self.store.leave(*args)

    async def seats(self, library: str) -> Any:
        return await self.store.seats(library)

    def _check(self) -> None:
        if self.gone:
            raise ConnectionError("no store")


class Far(Flaky):
    """A store that takes its time, before and after it has decided."""

    def __init__(self, store: SeatStore, clock: Clock) -> None:
        super().__init__(store)
        self._clock = clock
        self._delays = 0

    async def take(self, *args: Any, **settings: Any) -> Any:
        self._check()
        await self._pass()
        try:
            return await self.store.take(*args, **settings)
        finally:
            await self._pass()

    def _pass(self) -> Deferred[None]:
        self._delays = (self._delays * 7 + 3) % 11
        over: Deferred[None] = Deferred()
        self._clock.callLater(self._delays / 100, over.callback, None)
        return over


@pytest.fixture
def clock():
    return Time()


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def kept(request, clock, tmp_path):
    """A store of each kind."""
    if request.param == "memory":
        yield InMemory(clock.seconds)
        return
    at = tmp_path / "kept" if request.param == "sqlite" else Secret(request.getfixturevalue("postgresql").url)
    with direct(at) as clock.database:
        yield StoredSeats(clock.database, clock.seconds, b"key")


@pytest.fixture
def store(kept):
    return Flaky(kept)


@pytest.fixture
def seats(store, clock):
    return Seats(store, clock.seconds)


def take(seats: Seats, session: str, most: int | None = 2, **who: Any) -> tuple[Lease, str | None]:
    return now(seats.take("riverside", holder(session, **who), most))


def test_seats_are_numbered_and_free_again_after_they_were_left(seats):
    first, _ = take(seats, "a")
    second, _ = take(seats, "b")
    assert (first.seat.number, second.seat.number) == (1, 2)
    now(seats.leave(first))
    third, _ = take(seats, "c")
    assert (third.seat.number, third.seat.epoch) == (1, 2), "the same seat in other hands"


def test_F54_a_refused_terminal_is_logged_with_the_holders(seats):
    take(seats, "a")
    take(seats, "b")
    with pytest.raises(Full) as full:
        take(seats, "c")
    assert {seat.holder.session for seat in full.value.seats} == {"a", "b"}
    now(seats.take("hillcrest", holder("d"), 1))
    take(seats, "e", most=3)
    take(seats, "f", most=None)


def test_F56_a_terminal_gives_up_a_seat_of_its_own_if_none_is_free(seats):
    take(seats, "a", terminal="T", since=1.0)
    take(seats, "b", terminal="T", since=2.0)
    lease, ousted = take(seats, "c", terminal="T", since=3.0)
    assert ousted == "a", "the oldest"
    assert lease.seat.epoch == 2
    _, ousted = now(seats.take("riverside", holder("d", "T", 4.0), 2, ["c"]))
    assert ousted == "c", "the one that is said to be idle"
    with pytest.raises(Full):
        take(seats, "e", terminal="another machine with the same credential")


def test_F55_a_seat_whose_lease_is_over_is_free(store, clock):
    here, there = Seats(store, clock.seconds), Seats(store, clock.seconds)
    take(here, "a", most=1)
    clock.advance(LEASE - 1)
    with pytest.raises(Full):
        take(there, "b", most=1)
    lease, ousted = take(there, "a2", most=1, terminal="terminal of a")
    assert ousted == "a", "the same terminal need not wait for that"
    assert lease.seat.epoch == 2
    clock.advance(LEASE)
    lease, ousted = take(here, "b", most=1)
    assert (lease.seat.epoch, ousted) == (3, None)


def test_F58_a_session_that_slept_too_long_has_lost_its_seat(store, clock):
    here, there = Seats(store, clock.seconds), Seats(store, clock.seconds)
    lease, _ = take(here, "a", most=1)
    assert now(here.holds(lease))
    clock.advance(60)
    take(there, "b", most=1)
    assert not now(here.holds(lease))
    assert lease.state == "lost"
    now(here.leave(lease))
    assert [seat.holder.session for seat in now(store.seats("riverside"))] == ["b"], "and it stays b's"


def test_F58_an_expired_lease_of_a_free_seat_is_renewed(seats, clock):
    lease, _ = take(seats, "a", most=1)
    clock.advance(60)
    assert now(seats.holds(lease))
    assert lease.seat.expires == clock.seconds() + LEASE
    clock.advance(60)
    assert now(seats.renew()).lost == ()


def test_F58_a_renewal_returns_the_lost_leases(store, clock):
    here, there = Seats(store, clock.seconds), Seats(store, clock.seconds)
    lease, _ = take(here, "a", most=1)
    clock.advance(60)
    take(there, "b", most=1)
    assert now(here.renew()).lost == (lease,)
    assert now(here.renew()).lost == ()


def test_F57_racing_clients_never_get_one_seat_too_many(kept, clock):
    store = Far(kept, clock)
    nodes = [Seats(store, clock.seconds) for _ in range(8)]
    racing = [
        Deferred.fromCoroutine(nodes[number % 8].take("riverside", holder(f"s{number}"), 10))
        for number in range(40)
    ]
    most_at_once, outcomes = 0, []
    for one in racing:
        one.addBoth(outcomes.append)
    for _ in range(100):
        clock.advance(0.01)
        most_at_once = max(most_at_once, len(now(store.seats("riverside"))))
    assert most_at_once == 10
    got = [one for one in outcomes if not hasattr(one, "check")]
    assert (len(got), len(outcomes)) == (10, 40)
    assert all(one.check(Full) for one in outcomes if hasattr(one, "check"))
    assert len({lease.seat.number for lease, _ in got}) == 10


def test_F59_without_the_store_sessions_go_on_and_some_more_are_let_in(store, seats, clock):
    first, _ = take(seats, "a")
    store.gone = True
    clock.advance(LEASE + 1)
    assert now(seats.holds(first)), "whoever is in stays"
    assert now(seats.renew()).lost == ()
    second, _ = take(seats, "b")
    assert second.seat is None
    with pytest.raises(Full):
        take(seats, "c")
    _, ousted = take(seats, "b2", terminal="terminal of b")
    assert ousted == "b", "nor is a terminal locked out by its ghost"
    clock.advance(15 * 60)
    now(seats.leave(first))
    with pytest.raises(ConnectionError):
        take(seats, "d")
    store.gone = False
    take(seats, "e")
    assert seats.down_since is None


def test_F59_a_session_above_the_licences_stays_and_is_logged_once(store, clock):
    here, there = Seats(store, clock.seconds), Seats(store, clock.seconds)
    store.gone = True
    ours, _ = take(here, "a", most=1)
    store.gone = False
    theirs, _ = take(there, "b", most=1)
    assert now(here.renew()).over == (ours,)
    assert now(here.renew()).over == ()
    assert now(here.holds(ours)), "a licence is a commercial matter"
    now(there.leave(theirs))
    now(here.renew())
    assert (ours.state, ours.seat.number) == ("held", 1)


def test_F59_the_outage_of_the_store_ends_with_an_answer_that_it_is_full(store, clock):
    seats = Seats(store, clock.seconds)
    store.gone = True
    take(seats, "a", most=2)
    store.gone = False
    now(store.take("riverside", holder("x"), most=1, seconds=10_000))
    with pytest.raises(Full):
        take(seats, "b", most=1)
    assert seats.down_since is None


class Deaf(Flaky):
    """A store whose answer is lost, once, after it has given a seat."""

    deaf = True

    async def take(self, *args: Any, **settings: Any) -> Any:
        taken = await super().take(*args, **settings)
        if self.deaf:
            self.deaf = False
            raise ConnectionError("no answer")
        return taken


def test_F59_a_session_takes_over_a_seat_whose_answer_was_lost(kept, clock):
    seats = Seats(Deaf(kept), clock.seconds)
    lease, _ = take(seats, "a", most=1)
    assert lease.seat is None
    assert now(seats.renew()).lost == ()
    assert (lease.state, lease.seat.epoch) == ("held", 2)
    assert now(seats.holds(lease))


def test_F59_a_session_disconnected_as_the_store_came_back_gets_no_seat(kept, clock):
    store = Far(kept, clock)
    seats = Seats(store, clock.seconds)
    store.gone = True
    ghost, _ = take(seats, "a", most=1, terminal="T")
    store.gone = False
    renewing = Deferred.fromCoroutine(seats.renew())
    store.gone = True
    _, ousted = take(seats, "b", most=1, terminal="T")
    assert ousted == "a"
    store.gone = False
    clock.pump([0.1] * 3)
    assert renewing.called
    assert not now(seats.holds(ghost))
    assert now(store.seats("riverside")) == [], "what it got meanwhile is given back"


class Office(RuleBasedStateMachine):
    """Terminals of two nodes come, go and sleep; whatever they do, once both have renewed no seat is held twice."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = Time()
        self.store = self.made()
        self.nodes = [Seats(self.store, self.clock.seconds) for _ in range(2)]
        self.leases: list[tuple[Seats, Lease]] = []
        self.count = 0

    def made(self) -> SeatStore:
        return InMemory(self.clock.seconds)

    @rule(node=st.integers(0, 1), terminal=st.sampled_from("TUV"), most=st.integers(1, 3))
    def come(self, node: int, terminal: str, most: int) -> None:
        self.count += 1
        asking = holder(f"s{self.count}", terminal, float(self.count))
        held = now(self.store.seats("riverside"))
        try:
            lease, _ = now(self.nodes[node].take("riverside", asking, most))
        except Full:
            assert len(held) >= most
            assert terminal not in {seat.holder.terminal for seat in held}
        else:
            self.leases.append((self.nodes[node], lease))
            assert len(now(self.store.seats("riverside"))) <= max(most, len(held))

    @rule(which=st.integers(0, 30))
    def go(self, which: int) -> None:
        if self.leases:
            node, lease = self.leases.pop(which % len(self.leases))
            now(node.leave(lease))

    @rule(seconds=st.sampled_from([1, 20, 50]))
    def sleep(self, seconds: int) -> None:
        self.clock.advance(seconds)

    @invariant()
    def no_seat_has_two_who_may_write(self) -> None:
        for node in self.nodes:
            now(node.renew())
        numbers = [lease.seat.number for node, lease in self.leases if now(node.holds(lease))]
        assert len(numbers) == len(set(numbers))


class StoredOffice(Office):
    """The same with a database."""

    def made(self) -> SeatStore:
        self.folder = TemporaryDirectory()
        self.opened = direct(Path(self.folder.name) / "kept")
        self.clock.database = self.opened.__enter__()
        return StoredSeats(self.clock.database, self.clock.seconds, b"key")

    def teardown(self) -> None:
        self.opened.__exit__(None, None, None)
        self.folder.cleanup()


TestOffice, TestStoredOffice = Office.TestCase, StoredOffice.TestCase
TestOffice.settings = settings(max_examples=15, stateful_step_count=15, deadline=None)
TestStoredOffice.settings = settings(max_examples=5, stateful_step_count=10, deadline=None)


def test_the_repr_of_a_holder_shows_no_account():
    assert "account" not in repr(evolve(holder("a"), location="Hall"))


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_renewal_of_many_seats_returns_each_in_its_place(kind, request, tmp_path):
    at = tmp_path / "kept" if kind == "sqlite" else Secret(request.getfixturevalue("postgresql").url)
    with direct(at) as database:
        kept = StoredSeats(database, lambda: 0.0, b"key")
        taken = [now(kept.take("riverside", holder(f"s{n}"), most=None, seconds=45)).seat for n in range(130)]
        now(kept.leave(taken[7]))
        now(kept.leave(taken[120]))
        renewed = now(kept.renew(taken, seconds=60))
    lost = [n for n, seat in enumerate(renewed) if seat is None]
    assert lost == [7, 120]
    assert [seat.number for seat in renewed if seat] == [n + 1 for n in range(130) if n not in lost]
    assert {seat.expires for seat in renewed if seat} == {60.0}


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_the_seats_of_a_dead_process_are_free_and_no_others(kind, request, tmp_path):
    at = tmp_path / "kept" if kind == "sqlite" else Secret(request.getfixturevalue("postgresql").url)
    with direct(at) as database:
        kept = StoredSeats(database, lambda: 0.0, b"key")
        sessions = "ab12.1", "ab12.2", "ab1.3", "xab12.4", "ab12"
        taken = [now(kept.take("riverside", holder(one), most=None, seconds=45)).seat for one in sessions]
        now(kept.free("ab12"))
        held = [seat.holder.session for seat in now(kept.seats("riverside"))]
        assert held == ["ab1.3", "xab12.4", "ab12"]
        assert [seat is None for seat in now(kept.renew(taken, seconds=45))] == [
            True,
            True,
            False,
            False,
            False,
        ]
        assert now(kept.take("riverside", holder("new"), most=4, seconds=45)).seat.epoch == 2
        now(database.change(free_all))
        assert now(kept.seats("riverside")) == []


@pytest.mark.parametrize(
    "lost", ["DELETE FROM seats", "UPDATE seats SET epoch = 1, session = 'x', expires = 0"]
)
def test_a_seat_that_the_store_has_lost_is_written_again(lost, tmp_path):
    with direct(tmp_path / "kept") as database:
        kept = StoredSeats(database, lambda: 0.0, b"key")
        for _ in range(3):  # the seat has changed hands before
            seat = now(kept.take("riverside", holder("a", "T"), most=1, seconds=45)).seat
        now(database.change(lambda tx: tx.rows(lost)))
        assert now(kept.renew([seat], seconds=45)) == [seat]
        (held,) = now(kept.seats("riverside"))
        assert (held.epoch, held.holder.session) == (3, "a")
        with pytest.raises(Full):
            now(kept.take("riverside", holder("b"), most=1, seconds=45))


def test_the_store_has_only_a_keyed_digest_of_a_terminal(tmp_path):
    found = []
    for key in (b"one", b"other"):
        with direct(tmp_path / key.decode()) as database:
            kept = StoredSeats(database, lambda: 0.0, key)
            now(kept.take("riverside", holder("a", "the terminal"), most=1, seconds=45))
            (row,) = now(database.read(lambda tx: tx.rows("SELECT terminal FROM seats")))
            found.append(row["terminal"])
    assert "the terminal" not in found
    assert found[0] != found[1]


def test_nothing_of_a_holder_is_kept_after_its_seat_is_free(tmp_path):
    with direct(tmp_path / "kept") as database:
        kept = StoredSeats(database, lambda: 0.0, b"key")
        who = evolve(holder("a"), address="192.0.2.7", location="Hall", certificate="kiosk-1")
        seat = now(kept.take("riverside", who, most=1, seconds=45)).seat
        now(kept.leave(seat))
        (row,) = now(database.read(lambda tx: tx.rows("SELECT * FROM seats")))
    assert {row[name] for name in ("terminal", "session", "address", "location", "certificate")} == {""}
    assert row["epoch"] == seat.epoch


def test_two_processes_get_no_seat_too_many_from_one_database(postgresql):
    with direct(Secret(postgresql.url)) as here, direct(Secret(postgresql.url)) as there:
        both = [StoredSeats(one, lambda: 0.0, b"key") for one in (here, there)]
        outcomes: list[str] = []

        def come(store: StoredSeats, node: int) -> None:
            for n in range(20):
                try:
                    now(store.take("riverside", holder(f"{node}-{n}"), most=10, seconds=45))
                    outcomes.append("taken")
                except Full:
                    outcomes.append("full")

        coming = [Thread(target=come, args=(store, node)) for node, store in enumerate(both)]
        for one in coming:
            one.start()
        for one in coming:
            one.join()
        held = now(both[0].seats("riverside"))
    assert (outcomes.count("taken"), outcomes.count("full")) == (10, 30)
    assert sorted(seat.number for seat in held) == list(range(1, 11))
