"""Seats in the gateway's store, so that all its processes and machines lend the same ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from hashlib import blake2b

from attrs import evolve

from sip2gw.seats.choice import seat_for
from sip2gw.seats.store import Holder, Seat, Taken
from sip2gw.store.port import Row, Store, Transaction, Value

_CHUNK = 100
"""Seats that one statement renews."""
_HOLDER = ("terminal", "session", "since", "address", "location", "certificate")


class StoredSeats:
    """A `SeatStore` over a `Store`. `now` returns seconds of this process, on whose clock `Seat.expires` is given.

    `key`, of at most 64 bytes, is the same in all processes: the store has keyed digests of terminals.

    The store's own clock decides when a lease is over. A lease ends for this process no later than in the store.
    """

    def __init__(self, store: Store, now: Callable[[], float], key: bytes) -> None:
        self._store = store
        self._key = key
        self._now = now

    async def take(
        self, library: str, holder: Holder, *, most: int | None, seconds: float, first: Sequence[str] = ()
    ) -> Taken:
        """See `SeatStore.take`."""
        here = self._now()
        stored = self._stored(holder)
        taken = await self._store.change(lambda tx: _take(tx, library, stored, most, seconds, first, here))
        return evolve(taken, seat=evolve(taken.seat, holder=holder))

    async def renew(self, seats: Sequence[Seat], *, seconds: float) -> Sequence[Seat | None]:
        """See `SeatStore.renew`. An expired lease is renewed too, if no other session has taken the seat."""
        expires = self._now() + seconds
        stored = [evolve(seat, holder=self._stored(seat.holder)) for seat in seats]
        alive = await self._store.change(lambda tx: _renew(tx, stored, seconds))
        return [evolve(seat, expires=expires) if _key(seat) in alive else None for seat in seats]

    async def leave(self, seat: Seat) -> None:
        """See `SeatStore.leave`."""
        await self._store.change(lambda tx: _leave(tx, seat))

    async def free(self, process: str) -> None:
        """Release all seats of a process that has ended. Otherwise they are held until the end of their leases."""
        await self._store.change(lambda tx: _free(tx, f"{process}."))

    async def seats(self, library: str) -> Sequence[Seat]:
        """See `SeatStore.seats`."""
        here = self._now()
        return await self._store.read(lambda tx: _held(tx, library, here))

    def _stored(self, holder: Holder) -> Holder:
        """Return a holder as the store has it: the account can't be guessed from it."""
        return evolve(
            holder, terminal=blake2b(holder.terminal.encode(), key=self._key, digest_size=16).hexdigest()
        )


def _take(
    tx: Transaction,
    library: str,
    holder: Holder,
    most: int | None,
    seconds: float,
    first: Sequence[str],
    here: float,
) -> Taken:
    tx.lock(f"seats {library}")
    number, ousted = seat_for(holder, _held(tx, library, here), most, first)
    (row,) = _put(tx, Seat(library, number, 1, holder, 0.0), seconds)
    return Taken(Seat(library, number, row["epoch"], holder, here + seconds), ousted)


def _put(tx: Transaction, seat: Seat, seconds: float, *, lost: bool = False) -> list[Row]:
    """Write the seat in the hands of its holder; return its epoch, which rises if the seat has a row.

    `lost`: only if the store has lost this seat. Its epoch stays, and nothing is returned otherwise.
    """
    epoch = "excluded.epoch" if lost else "seats.epoch + 1"
    where = " WHERE seats.epoch < excluded.epoch AND seats.expires <= :now" if lost else ""
    return tx.rows(
        "INSERT INTO seats (library, number, epoch, expires, terminal, session, since, address, location, certificate)"  # noqa: S608 (names)
        " VALUES (:library, :number, :epoch, :expires, :terminal, :session, :since, :address, :location, :certificate)"
        f" ON CONFLICT (library, number) DO UPDATE SET epoch = {epoch}, expires = excluded.expires,"
        " terminal = excluded.terminal, session = excluded.session, since = excluded.since,"
        f" address = excluded.address, location = excluded.location, certificate = excluded.certificate{where}"
        " RETURNING epoch",
        library=seat.library,
        number=seat.number,
        epoch=seat.epoch,
        expires=tx.now + seconds,
        **({"now": tx.now} if lost else {}),
        **{name: getattr(seat.holder, name) for name in _HOLDER},
    )


def _renew(tx: Transaction, seats: Sequence[Seat], seconds: float) -> set[tuple[str, int, int]]:
    """Renew these seats, and return which of them were still their holders'.

    Rows are never deleted, so one that is missing, or of an older epoch, was lost by the store: it is written again.
    """
    alive = set()
    for chunk in _chunks(seats):
        named: dict[str, Value] = {}
        for at, seat in enumerate(chunk):
            named |= {f"l{at}": seat.library, f"n{at}": seat.number, f"e{at}": seat.epoch}
        rows = tx.rows(_renewal(len(chunk)), expires=tx.now + seconds, **named)
        alive |= {(row["library"], row["number"], row["epoch"]) for row in rows}
    return alive | {
        _key(seat) for seat in seats if _key(seat) not in alive and _put(tx, seat, seconds, lost=True)
    }


def _chunks(seats: Sequence[Seat]) -> Iterator[Sequence[Seat]]:
    """Yield the seats in chunks of two sizes, so that there are two statements in all."""
    whole = len(seats) - len(seats) % _CHUNK
    for at in range(0, whole, _CHUNK):
        yield seats[at : at + _CHUNK]
    for seat in seats[whole:]:
        yield [seat]


@cache
def _renewal(size: int) -> str:
    """Return the statement that renews so many seats."""
    these = ", ".join(f"(:l{at}, :n{at}, :e{at})" for at in range(size))
    return (
        "UPDATE seats SET expires = :expires"  # noqa: S608 (names of parameters)
        f" WHERE (library, number, epoch) IN (VALUES {these}) AND session <> '' RETURNING library, number, epoch"
    )


_FREE = (
    "UPDATE seats SET expires = 0, terminal = '', session = '', address = '', location = '', certificate = ''"
    " WHERE "
)
"""The row of a seat stays with its epoch; what is known of the holder goes."""


def free_all(tx: Transaction) -> None:
    """Free all seats: no process that holds one runs any longer."""
    tx.rows(_FREE + "session <> ''")


def _free(tx: Transaction, prefix: str) -> None:
    """Free the seats whose session begins so."""
    tx.rows(_FREE + "substr(session, 1, :length) = :prefix", length=len(prefix), prefix=prefix)


def _leave(tx: Transaction, seat: Seat) -> None:
    """Free the seat."""
    tx.rows(
        _FREE + "library = :library AND number = :number AND epoch = :epoch",
        library=seat.library,
        number=seat.number,
        epoch=seat.epoch,
    )


def _held(tx: Transaction, library: str, here: float) -> list[Seat]:
    """Return the seats whose lease is not over, with its end on the clock of this process."""
    rows = tx.rows(
        "SELECT * FROM seats WHERE library = :library AND expires > :now ORDER BY number",
        library=library,
        now=tx.now,
    )
    return [_seat(row, here - tx.now) for row in rows]


def _seat(row: Row, ahead: float) -> Seat:
    holder = Holder(**{name: row[name] for name in _HOLDER})
    return Seat(row["library"], row["number"], row["epoch"], holder, row["expires"] + ahead)


def _key(seat: Seat) -> tuple[str, int, int]:
    return seat.library, seat.number, seat.epoch
