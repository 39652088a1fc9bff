"""Hold the seats of this process's sessions. While the seat store fails, sessions stay and some new ones are admitted.

Seats are licences, a commercial matter, so a failure of the store must not stop a library. For a quarter of an hour
this process admits as many sessions as the library has licences, and logs that. When the store is back, each of them
asks for a seat; a session above the number of licences is logged and stays.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from typing import Literal

from attrs import Factory, define, frozen

from sip2gw.seats.choice import to_give_up
from sip2gw.seats.store import Full, Holder, Seat, SeatStore

LEASE = 45.0
"""Seconds for which a seat is lent."""
RENEWED_EVERY = 15.0
"""Seconds between two renewals."""
GRACE = 900.0
"""Seconds without the store in which new sessions are still admitted."""


@define(eq=False)
class Lease:
    """A session's lease of its seat. `seat` is None while the store could not be asked for one."""

    library: str
    holder: Holder
    most: int | None
    seat: Seat | None
    state: Literal["held", "over", "lost"] = "held"


@frozen
class Renewal:
    """The outcome of a renewal: leases lost to other sessions, and leases beyond the number of licences."""

    lost: tuple[Lease, ...] = ()
    over: tuple[Lease, ...] = ()


@define
class _Findings:
    lost: list[Lease] = Factory(list)
    over: list[Lease] = Factory(list)


class Seats:
    """The seats that this process's sessions hold. `now` returns seconds, on the clock of the store's leases."""

    def __init__(self, store: SeatStore, now: Callable[[], float], *, lease: float = LEASE) -> None:
        self.store = store
        self.lease = lease
        self.down_since: float | None = None
        """When the store was found to fail; None while it works."""
        self._now = now
        self._grips: dict[str, set[Lease]] = {}

    async def take(
        self, library: str, holder: Holder, most: int | None, first: Sequence[str] = ()
    ) -> tuple[Lease, str | None]:
        """Return a lease, and the session that lost it. Raises `Full`; after the grace time, the store's error."""
        try:
            taken = await self.store.take(library, holder, most=most, lease=self.lease, first=first)
        except Full:
            self.down_since = None
            raise
        except Exception:  # a store may fail in any way: see SeatStore
            if self._gone_for() >= GRACE:
                raise
            ousted = self._without_store(library, holder, most, first)
            grip = Lease(library, holder, most, None)
        else:
            self.down_since = None
            ousted = taken.ousted.holder.session if taken.ousted else None
            grip = Lease(library, holder, most, taken.seat)
        self._oust(library, ousted)
        self._grips.setdefault(library, set()).add(grip)
        return grip, ousted

    async def leave(self, grip: Lease) -> None:
        """Release the seat of a session that has ended. If the store fails, the lease expires by itself."""
        self._drop(grip)
        if grip.seat is not None and grip.state != "lost":
            await self._give_back(grip.seat)

    def lose(self, grip: Lease) -> None:
        """Note that the seat of this lease has been freed by others."""
        grip.state = "lost"
        self._drop(grip)

    async def holds(self, grip: Lease) -> bool:
        """Return whether the session still has its seat. The store is asked only after the lease has expired."""
        if grip.state != "lost" and grip.seat is not None and self._now() >= grip.seat.expires:
            await self._renew([grip], _Findings())
        return grip.state != "lost"

    async def renew(self) -> Renewal:
        """Renew all leases."""
        findings = _Findings()
        await self._renew(self._all(), findings)
        for grip in [grip for grip in self._all() if grip.seat is None]:
            await self._catch_up(grip, findings)
        return Renewal(tuple(findings.lost), tuple(findings.over))

    def of(self, library: str) -> list[Lease]:
        """Return the leases of this library in this process."""
        return list(self._grips.get(library, ()))

    async def _renew(self, grips: Iterable[Lease], findings: _Findings) -> None:
        held = [(grip, grip.seat) for grip in grips if grip.seat is not None]
        if not held:
            return
        try:
            renewed = await self.store.renew([seat for _, seat in held], lease=self.lease)
        except Exception:  # a store may fail in any way: see SeatStore
            self._gone_for()
            return
        self.down_since = None
        for (grip, before), seat in zip(held, renewed, strict=True):
            if grip.seat is not before:
                continue  # it was renewed or released while the store was asked
            if seat is None:
                self.lose(grip)
                findings.lost.append(grip)
            else:
                grip.seat = seat

    async def _catch_up(self, grip: Lease, findings: _Findings) -> None:
        """Take a seat for a session that was admitted while the store failed."""
        try:
            taken = await self.store.take(grip.library, grip.holder, most=grip.most, lease=self.lease)
        except Full:
            self.down_since = None
            if grip.state != "over":
                grip.state = "over"
                findings.over.append(grip)
        except Exception:  # a store may fail in any way: see SeatStore
            self._gone_for()
        else:
            self.down_since = None
            ousted = taken.ousted.holder.session if taken.ousted else None
            if ousted != grip.holder.session:  # otherwise the store gave it a seat, and the answer was lost
                findings.lost += self._oust(grip.library, ousted)
            if grip in self._grips.get(grip.library, ()):
                grip.seat, grip.state = taken.seat, "held"
            else:  # it has ended or was disconnected meanwhile
                await self._give_back(taken.seat)

    async def _give_back(self, seat: Seat) -> None:
        try:
            await self.store.leave(seat)
        except Exception:  # a store may fail in any way: see SeatStore
            self._gone_for()

    def _oust(self, library: str, session: str | None) -> list[Lease]:
        """Take the lease from this session, if it is one of this process."""
        ousted = [grip for grip in self.of(library) if grip.holder.session == session]
        for grip in ousted:
            self.lose(grip)
        return ousted

    def _without_store(
        self, library: str, holder: Holder, most: int | None, first: Sequence[str]
    ) -> str | None:
        """Admit one more by this process's own count; return the session that loses its seat to it. Raises `Full`."""
        grips = self.of(library)
        if most is None or len(grips) < most:
            return None
        own = to_give_up((grip.holder for grip in grips), holder.terminal, first)
        if own is None:
            raise Full([grip.seat or Seat(library, 0, 0, grip.holder, 0.0) for grip in grips]) from None
        return own.session

    def _all(self) -> list[Lease]:
        return list(chain.from_iterable(self._grips.values()))

    def _drop(self, grip: Lease) -> None:
        """Forget a lease."""
        grips = self._grips.get(grip.library, set())
        grips.discard(grip)
        if not grips:
            self._grips.pop(grip.library, None)

    def _gone_for(self) -> float:
        """Return for how long the store has failed, counted from now if this is the first failure."""
        if self.down_since is None:
            self.down_since = self._now()
        return self._now() - self.down_since
