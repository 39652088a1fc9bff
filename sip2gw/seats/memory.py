"""Seats of one process, kept in its memory. No method waits, so each is one transaction."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from attrs import evolve

from sip2gw.seats.choice import seat_for
from sip2gw.seats.store import Holder, Seat, Taken


class InMemory:
    """A `SeatStore` in memory. `now` returns seconds."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._seats: dict[str, dict[int, Seat]] = {}
        self._epochs: dict[tuple[str, int], int] = {}

    async def take(
        self, library: str, holder: Holder, *, most: int | None, seconds: float, first: Sequence[str] = ()
    ) -> Taken:
        """See `SeatStore.take`."""
        number, ousted = seat_for(holder, self._held(library), most, first)
        epoch = self._epochs.get((library, number), 0) + 1
        self._epochs[library, number] = epoch
        seat = Seat(library, number, epoch, holder, self._now() + seconds)
        self._seats.setdefault(library, {})[number] = seat
        return Taken(seat, ousted)

    async def renew(self, seats: Sequence[Seat], *, seconds: float) -> Sequence[Seat | None]:
        """See `SeatStore.renew`. An expired lease is renewed too, if no other session has taken the seat."""
        return [self._renewed(seat, seconds) for seat in seats]

    async def leave(self, seat: Seat) -> None:
        """See `SeatStore.leave`."""
        if self._is(seat):
            del self._seats[seat.library][seat.number]
            if not self._seats[seat.library]:
                del self._seats[seat.library]

    async def seats(self, library: str) -> Sequence[Seat]:
        """See `SeatStore.seats`."""
        return self._held(library)

    def _held(self, library: str) -> list[Seat]:
        now = self._now()
        return [seat for seat in self._seats.get(library, {}).values() if now < seat.expires]

    def _is(self, seat: Seat) -> bool:
        now = self._seats.get(seat.library, {}).get(seat.number)
        return now is not None and now.epoch == seat.epoch

    def _renewed(self, seat: Seat, seconds: float) -> Seat | None:
        if not self._is(seat):
            return None
        renewed = evolve(seat, expires=self._now() + seconds)
        self._seats[seat.library][seat.number] = renewed
        return renewed
