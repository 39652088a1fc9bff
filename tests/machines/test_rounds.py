"""The rounds of a gateway: its row is written and deleted, and no failure of the store makes others look dead."""

from __future__ import annotations

from typing import Any

import pytest
from store.direct import Direct, direct
from twisted.internet.defer import Deferred, fail
from twisted.internet.task import Clock

from sip2gw.machines import Rounds, table
from sip2gw.machines.rounds import EVERY
from sip2gw.record import Machine, Summary
from sip2gw.record.other_machines import SILENT
from sip2gw.seats import InMemory
from sip2gw.store import StoreFailed

OWN = Machine("1", "gw1", "192.0.2.1:6009")
OTHER = Machine("2", "gw2", "192.0.2.2:6009")


class Record:
    """Says how the gateway is, once it may."""

    waits: Deferred[None] | None = None

    async def ask(self, what: str, about: Any) -> Any:
        assert what == "machine"
        if self.waits is not None:
            await self.waits
        return Summary(terminals=3)


class Gone:
    """A store that can be taken away."""

    def __init__(self, inner: Direct, *, shared: bool = True) -> None:
        self.inner = inner
        self.shared = shared
        self.failure: StoreFailed | None = None

    def change(self, work: Any, *, patient: bool = False) -> Any:
        return fail(self.failure) if self.failure else self.inner.change(work)

    def read(self, work: Any) -> Any:
        return fail(self.failure) if self.failure else self.inner.read(work)


class Room:
    def __init__(self, inner: Direct, **how: bool) -> None:
        self.clock, self.record, self.store = Clock(), Record(), Gone(inner, **how)
        self.state = "serving"
        self.rounds = Rounds(
            self.store,
            self.clock,
            self.record,
            InMemory(self.clock.seconds),
            lambda: self.state,
            lambda: ["aa"],
        )

    def rows(self) -> list[tuple[str, str]]:
        found: list[Any] = []
        self.store.inner.change(table.seen).addCallback(found.append)
        return [(row.id, row.state) for row in found[0].rows]

    def stop(self) -> list[None]:
        ended: list[None] = []
        Deferred.fromCoroutine(self.rounds.stop()).addCallback(ended.append)
        return ended

    def other(self, silent_for: float = 0.0) -> None:
        """Another gateway has written its row so long ago."""
        self.store.inner.change(lambda tx: table.keep(tx, OTHER, "serving", table.encoded(Summary())))
        self.store.inner.change(
            lambda tx: tx.changed("UPDATE machines SET seen = seen - :ago WHERE id = '2'", ago=silent_for)
        )


@pytest.fixture
def room(tmp_path):
    with direct(tmp_path / "kept") as inner:
        yield Room(inner)


def test_a_row_is_there_from_the_start_to_the_stop(room):
    room.rounds.start(OWN)
    assert room.rows() == [("1", "serving")]
    assert room.rounds.known.here == "gw1"
    assert room.rounds.known.all[0].summary == Summary(terminals=3, processes=("aa",))
    assert room.stop() == [None]
    assert room.rows() == []
    room.clock.advance(10 * EVERY)
    assert room.rows() == []


def test_a_change_of_state_is_written_at_once(room):
    room.rounds.start(OWN)
    room.state = "draining"
    room.rounds.hurry()
    assert room.rows() == [("1", "draining")]


def test_a_change_of_state_amid_a_round_is_written_after_it(room):
    room.record.waits = Deferred()
    room.rounds.start(OWN)
    room.rounds.hurry()
    waited, room.record.waits = room.record.waits, None
    waited.callback(None)
    room.state = "draining"
    room.clock.advance(0)
    assert room.rows() == [("1", "draining")]


def test_a_stop_amid_a_round_leaves_no_row(room):
    room.record.waits = Deferred()
    room.rounds.start(OWN)
    ended = room.stop()
    assert ended == []
    room.record.waits.callback(None)
    assert ended == [None]
    assert room.rows() == []


def test_nothing_is_written_into_a_store_of_this_machine_alone(tmp_path):
    with direct(tmp_path / "kept") as inner:
        room = Room(inner, shared=False)
        room.rounds.start(OWN)
        room.rounds.hurry()
        assert room.rows() == []
        assert room.stop() == [None]


def test_a_row_that_was_deleted_comes_back(room):
    room.rounds.start(OWN)
    room.store.inner.change(lambda tx: table.leave(tx, OWN))
    room.clock.advance(EVERY)
    assert room.rows() == [("1", "serving")]


def test_a_machine_that_is_silent_at_the_start_is_seen_at_once(room):
    room.other(silent_for=SILENT + 1)
    room.rounds.start(OWN)
    assert [one.name for one in room.rounds.known.others if one.silent] == ["gw2"]


def test_a_store_that_fails_makes_no_other_machine_silent(room):
    room.other()
    room.rounds.start(OWN)
    room.store.failure = StoreFailed("gone", "the server can't be reached")
    room.clock.advance(EVERY)
    assert room.rounds.known.failed
    assert [one.name for one in room.rounds.known.others] == ["gw2"]
    room.store.failure = None
    room.other(silent_for=SILENT + 40)  # it could not write for as long as this one
    room.clock.advance(EVERY)
    assert not room.rounds.known.failed
    assert not room.rounds.known.others[0].silent


def test_a_gateway_that_stops_without_the_store_stops(room):
    room.rounds.start(OWN)
    room.store.failure = StoreFailed("gone", "the server can't be reached")
    assert room.stop() == [None]


def test_a_silent_machine_is_forgotten_and_a_live_one_is_not(room):
    noted: list[str] = []

    def forget() -> str:
        done: list[str] = []
        asked = room.rounds.forget("2", lambda _, name: noted.append(name))
        Deferred.fromCoroutine(asked).addCallback(done.append)
        return done[0]

    room.other()
    room.rounds.start(OWN)
    assert (forget(), noted) == ("", [])
    room.other(silent_for=SILENT + 1)
    assert (forget(), noted) == ("gw2", ["gw2"])
    assert room.rows() == [("1", "serving")]
    assert room.rounds.known.others == ()
    assert (forget(), noted) == ("", ["gw2"])
