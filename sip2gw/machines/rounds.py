"""Write this gateway's row every few seconds, and read those of the others: no page waits for the store."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from functools import partial
from typing import Any, Protocol

from attrs import evolve
from twisted.internet.defer import Deferred
from twisted.logger import Logger

from sip2gw.machines import table
from sip2gw.record import Machine, Machines, Summary, terminal_elsewhere
from sip2gw.seats import SeatStore
from sip2gw.store.port import Store, StoreFailed, Transaction

EVERY = 5.0
"""Seconds between two rounds."""


class Asked(Protocol):
    """The record of this gateway."""

    async def ask(self, what: str, about: Mapping[str, str]) -> Any:
        """Return its answer to a question."""
        ...


class Rounds:
    """The row of `own` in `store`, and what was read of the others last.

    `state` returns the gateway's state in a word, `processes` the names of its processes. `seats` are those of all
    machines. Nothing is done while the store is not shared with other machines.
    """

    log = Logger()

    def __init__(
        self,
        store: Store,
        reactor: Any,
        record: Asked,
        seats: SeatStore,
        state: Callable[[], str],
        processes: Callable[[], Iterable[str]],
    ) -> None:
        self.known = Machines()
        self._store = store
        self._reactor = reactor
        self._record = record
        self._seats = seats
        self._state = state
        self._processes = processes
        self._own: Machine | None = None
        self._entered = False
        self._timer: Any = None
        self._round: Deferred[None] | None = None
        self._again = False
        self._back = 0.0
        """When the store was found to work again, by its clock."""

    def start(self, own: Machine) -> None:
        """Begin, unless this gateway is alone."""
        if self._store.shared:
            self._own = own
            self._begin()

    def hurry(self) -> None:
        """Write the row at once, because the state has changed."""
        if self._round is not None:
            self._again = True
        elif self._timer is not None:
            self._timer.cancel()
            self._begin()

    async def stop(self) -> None:
        """Delete the row: the gateway has stopped in order."""
        own, self._own = self._own, None
        if own is None:
            return
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._round is not None:
            await self._round
        with suppress(StoreFailed):  # then the others see that it is silent
            await self._store.change(partial(table.leave, own=own))

    def machine_of(self, session: str) -> str:
        """Return the other machine that has a terminal with this session; "" if none is known."""
        return self.known.of_session(session)

    async def forget(self, id_: str, note: Callable[[Transaction, str], None]) -> str:
        """Delete the row of a silent machine, and return its name; "" if it is not silent, or not there.

        `note` is called in the same transaction with the name. Raises `StoreFailed`.
        """
        name = next((one.name for one in self.known.others if one.id == id_), "")

        def work(tx: Transaction) -> bool:
            gone = bool(name) and table.forget(tx, id_)
            if gone:
                note(tx, name)
            return gone

        if not await self._store.change(work):
            return ""
        self.known = evolve(self.known, all=tuple(one for one in self.known.all if one.id != id_))
        return name

    async def terminals(self, library: str) -> list[dict[str, Any]]:
        """Return the terminals of a library at other machines, by their seats; none if the store can't be asked."""
        if not self.known.others:
            return []
        try:
            held = await self._seats.seats(library)
        except StoreFailed:
            return []
        named = ((self.machine_of(seat.holder.session), seat.holder) for seat in held)
        return [
            terminal_elsewhere(name, library, one.location, one.address, one.since)
            for name, one in named
            if name
        ]

    def _begin(self) -> None:
        self._timer, self._again = None, False
        self._round = Deferred()
        Deferred.fromCoroutine(self._one()).addBoth(self._end)

    def _end(self, _: object) -> None:
        over, self._round = self._round, None
        if self._own is not None:
            self._timer = self._reactor.callLater(0.0 if self._again else EVERY, self._begin)
        if over is not None:
            over.callback(None)

    async def _one(self) -> None:
        own = self._own
        assert own is not None  # noqa: S101 (a round is begun only with one)
        try:
            summary = await self._record.ask("machine", {}) or Summary()
            text = table.encoded(evolve(summary, processes=tuple(self._processes())))
            if not self._entered:
                await self._store.change(partial(table.enter, own=own))
                self._entered = True
            await self._store.change(
                partial(table.keep, own=own, state=self._state(), summary=text), patient=True
            )
            seen = await self._store.read(table.seen)
        except StoreFailed:  # the store has logged it
            self.known = evolve(self.known, failed=True)
        except Exception:  # a bug here must not end the rounds
            self.log.failure("the row of this machine could not be written because of a bug")
        else:
            if self.known.failed:
                self._back = seen.at
            self.known = Machines.read(own.id, seen.at, seen.rows, self._back)
