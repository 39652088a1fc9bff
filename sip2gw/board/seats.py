"""The seats of a library on its page: who holds each, and how an operator frees one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import quote

from sip2gw.board import audit
from sip2gw.board.source import Asked, Done, NotPossible, Record
from sip2gw.seats import Seat, SeatStore
from sip2gw.seats.leases import LEASE
from sip2gw.store.port import Store, StoreFailed


class SeatPages:
    """The seats of `seats`, on whose clock `now` is. `record` knows the connections, `store` has the audit.

    `machine_of` returns the name of the other machine that has a session; "" if none is known.
    """

    def __init__(
        self,
        record: Record,
        store: Store,
        seats: SeatStore,
        now: Callable[[], float],
        machine_of: Callable[[str], str],
    ) -> None:
        self._record = record
        self._store = store
        self._seats = seats
        self._now = now
        self._machine_of = machine_of

    async def of(self, library: str, connected: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]] | None:
        """Return the seats that are taken; None if the store can't be asked.

        `connected` are the library's terminals at this gateway. A seat without one is held by a terminal of another
        machine, or by a process that has died: then it is not renewed.
        """
        try:
            held = await self._seats.seats(library)
        except StoreFailed:
            return None
        here = {one.get("session"): one for one in connected}
        return [self._row(seat, here.get(seat.holder.session)) for seat in held]

    async def free(self, asked: Asked) -> Done:
        """Free a seat at once, whether its terminal is still there or not, and disconnect that."""
        library, number = asked.path
        held = await self._seats.seats(library)
        known = str(number), asked.value("epoch")
        seat = next((one for one in held if (str(one.number), str(one.epoch)) == known), None)
        if seat is None:
            raise NotPossible("the seat is free by now, or another terminal has it: load the page again")
        who, subject = asked.visitor.name, f"{library} seat {number} {seat.holder.location}".rstrip()
        await self._store.change(lambda tx: audit.enter(tx, who, "seat freed", subject, asked.value("why")))
        await self._seats.leave(seat)
        await self._record.ask("free", {"session": seat.holder.session})
        return Done(f"/board/libraries/{quote(library)}", f"Seat {number} is free.")

    def _row(self, seat: Seat, connected: Mapping[str, Any] | None) -> dict[str, Any]:
        holder = seat.holder
        return {
            "number": seat.number,
            "epoch": seat.epoch,
            "location": holder.location,
            "address": holder.address,
            "certificate": holder.certificate,
            "since": holder.since,
            "conn": connected["conn"] if connected else "",
            "machine": "" if connected else self._machine_of(holder.session),
            "renewed": max(LEASE - (seat.expires - self._now()), 0.0),
        }
