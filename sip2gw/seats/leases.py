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

    def __init__(self, store: SeatStore, now: Callable[[], float], *, lease_seconds: float = LEASE) -> None:
        self.store = store
        self.lease_seconds = lease_seconds
        self.down_since: float | None = None
        """When the store was found to fail; None while it works."""
        self._now = now
        self._leases: dict[str, set[Lease]] = {}

    async def take(
        self, library: str, holder: Holder, most: int | None, first: Sequence[str] = ()
    ) -> tuple[Lease, str | None]:
        """Return a lease, and the session that lost it. Raises `Full`; after the grace time, the store's error."""
        try:
            taken = await self.store.take(library, holder, most=most, seconds=self.lease_seconds, first=first)
        except Full:
            self.down_since = None
            raise
        except Exception:  # a store may fail in any way: see SeatStore
            if self._gone_for() >= GRACE:
                raise
            ousted = self._without_store(library, holder, most, first)
            lease = Lease(library, holder, most, None)
        else:
            self.down_since = None
            ousted = taken.ousted.holder.session if taken.ousted else None
            lease = Lease(library, holder, most, taken.seat)
        self._oust(library, ousted)
        self._leases.setdefault(library, set()).add(lease)
        return lease, ousted

    async def leave(self, lease: Lease) -> None:
        """Release the seat of a session that has ended. If the store fails, the lease expires by itself."""
        self._drop(lease)
        if lease.seat is not None and lease.state != "lost":
            await self._give_back(lease.seat)

    def lose(self, lease: Lease) -> None:
        """Note that the seat of this lease has been freed by others."""
        lease.state = "lost"
        self._drop(lease)

    async def holds(self, lease: Lease) -> bool:
        """Return whether the session still has its seat. The store is asked only after the lease has expired."""
        if lease.state != "lost" and lease.seat is not None and self._now() >= lease.seat.expires:
            await self._renew([lease], _Findings())
        return lease.state != "lost"

    async def renew(self) -> Renewal:
        """Renew all leases."""
        findings = _Findings()
        await self._renew(self._all(), findings)
        for lease in [lease for lease in self._all() if lease.seat is None]:
            await self._catch_up(lease, findings)
        return Renewal(tuple(findings.lost), tuple(findings.over))

    def of(self, library: str) -> list[Lease]:
        """Return the leases of this library in this process."""
        return list(self._leases.get(library, ()))

    async def _renew(self, leases: Iterable[Lease], findings: _Findings) -> None:
        held = [(lease, lease.seat) for lease in leases if lease.seat is not None]
        if not held:
            return
        try:
            renewed = await self.store.renew([seat for _, seat in held], seconds=self.lease_seconds)
        except Exception:  # a store may fail in any way: see SeatStore
            self._gone_for()
            return
        self.down_since = None
        for (lease, before), seat in zip(held, renewed, strict=True):
            if lease.seat is not before:
                continue  # it was renewed or released while the store was asked
            if seat is None:
                self.lose(lease)
                findings.lost.append(lease)
            else:
                lease.seat = seat

    async def _catch_up(self, lease: Lease, findings: _Findings) -> None:
        """Take a seat for a session that was admitted while the store failed."""
        try:
            taken = await self.store.take(
                lease.library, lease.holder, most=lease.most, seconds=self.lease_seconds
            )
        except Full:
            self.down_since = None
            if lease.state != "over":
                lease.state = "over"
                findings.over.append(lease)
        except Exception:  # a store may fail in any way: see SeatStore
            self._gone_for()
        else:
            self.down_since = None
            ousted = taken.ousted.holder.session if taken.ousted else None
            if ousted != lease.holder.session:  # otherwise the store gave it a seat, and the answer was lost
                findings.lost += self._oust(lease.library, ousted)
            if lease in self._leases.get(lease.library, ()):
                lease.seat, lease.state = taken.seat, "held"
            else:  # it has ended or was disconnected meanwhile
                await self._give_back(taken.seat)

    async def _give_back(self, seat: Seat) -> None:
        try:
            await self.store.leave(seat)
        except Exception:  # a store may fail in any way: see SeatStore
            self._gone_for()

    def _oust(self, library: str, session: str | None) -> list[Lease]:
        """Take the lease from this session, if it is one of this process."""
        ousted = [lease for lease in self.of(library) if lease.holder.session == session]
        for lease in ousted:
            self.lose(lease)
        return ousted

    def _without_store(
        self, library: str, holder: Holder, most: int | None, first: Sequence[str]
    ) -> str | None:
        """Admit one more by this process's own count; return the session that loses its seat to it. Raises `Full`."""
        leases = self.of(library)
        if most is None or len(leases) < most:
            return None
        own = to_give_up((lease.holder for lease in leases), holder.terminal, first)
        if own is None:
            raise Full([lease.seat or Seat(library, 0, 0, lease.holder, 0.0) for lease in leases]) from None
        return own.session

    def _all(self) -> list[Lease]:
        return list(chain.from_iterable(self._leases.values()))

    def _drop(self, lease: Lease) -> None:
        """Forget a lease."""
        leases = self._leases.get(lease.library, set())
        leases.discard(lease)
        if not leases:
            self._leases.pop(lease.library, None)

    def _gone_for(self) -> float:
        """Return for how long the store has failed, counted from now if this is the first failure."""
        if self.down_since is None:
            self.down_since = self._now()
        return self._now() - self.down_since
