"""A licence is a commercial matter: when the store of seats is gone, those who are in stay, and some more are let in.

For a quarter of an hour this process lets in as many as the library has licences, and says so; when the store is back,
each of them asks for a seat, and whoever is one too many is logged and stays.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from typing import Literal

from attrs import Factory, define, frozen

from sip2gw.seats.store import Full, Holder, Seat, SeatStore, to_give_up

LEASE = 45.0
"""Seconds for which a seat is lent."""
RENEWED_EVERY = 15.0
"""Seconds."""
GRACE = 900.0
"""Seconds without the store in which sessions are still let in."""


@define(eq=False)
class Lease:
    """What a session has of its seat. `seat` is None as long as the store could not be asked for one."""

    library: str
    holder: Holder
    most: int | None
    seat: Seat | None
    state: Literal["held", "over", "lost"] = "held"


@frozen
class Renewal:
    """What came of renewing: whose seat somebody else has, and who is one too many since the store is back."""

    lost: tuple[Lease, ...] = ()
    over: tuple[Lease, ...] = ()


@define
class _Findings:
    lost: list[Lease] = Factory(list)
    over: list[Lease] = Factory(list)


class Seats:
    """The seats that this process's sessions hold. `now` counts seconds, on the clock of the store's leases."""

    def __init__(self, store: SeatStore, now: Callable[[], float], *, lease: float = LEASE) -> None:
        self.store = store
        self.lease = lease
        self.down_since: float | None = None
        """When the store was found gone; None while it is there."""
        self._now = now
        self._grips: dict[str, set[Lease]] = {}

    async def take(
        self, library: str, holder: Holder, most: int | None, first: Sequence[str] = ()
    ) -> tuple[Lease, str | None]:
        """A seat, and the session that has lost it by that. Raises `Full`, and what the store does after the grace."""
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
        """The session has ended. Without the store the lease does it."""
        self._drop(grip)
        if grip.seat is not None and grip.state != "lost":
            await self._give_back(grip.seat)

    async def holds(self, grip: Lease) -> bool:
        """Whether the session still has its seat. Only one whose lease is over has to be asked about."""
        if grip.state != "lost" and grip.seat is not None and self._now() >= grip.seat.expires:
            await self._renew([grip], _Findings())
        return grip.state != "lost"

    async def renew(self) -> Renewal:
        """Renew all that are held."""
        findings = _Findings()
        await self._renew(self._all(), findings)
        for grip in [grip for grip in self._all() if grip.seat is None]:
            await self._catch_up(grip, findings)
        return Renewal(tuple(findings.lost), tuple(findings.over))

    def of(self, library: str) -> list[Lease]:
        """What sessions of this process have of this library's seats."""
        return list(self._grips.get(library, ()))

    async def _renew(self, grips: Iterable[Lease], findings: _Findings) -> None:
        held = [(grip, grip.seat) for grip in grips if grip.seat is not None]
        if not held:
            return
        try:
            renewed = await self.store.renew([seat for _, seat in held], lease=self.lease)
        except Exception:  # as above
            self._gone_for()
            return
        self.down_since = None
        for (grip, before), seat in zip(held, renewed, strict=True):
            if grip.seat is not before:
                continue  # it was renewed, or given up, while the store was asked
            if seat is None:
                grip.state = "lost"
                self._drop(grip)
                findings.lost.append(grip)
            else:
                grip.seat = seat

    async def _catch_up(self, grip: Lease, findings: _Findings) -> None:
        """A session was let in while the store was gone: it is to have a seat like others."""
        try:
            taken = await self.store.take(grip.library, grip.holder, most=grip.most, lease=self.lease)
        except Full:
            self.down_since = None
            if grip.state != "over":
                grip.state = "over"
                findings.over.append(grip)
        except Exception:  # as above
            self._gone_for()
        else:
            self.down_since = None
            ousted = taken.ousted.holder.session if taken.ousted else None
            if ousted != grip.holder.session:  # else the store had given it a seat, and the answer was lost
                findings.lost += self._oust(grip.library, ousted)
            if grip in self._grips.get(grip.library, ()):
                grip.seat, grip.state = taken.seat, "held"
            else:  # it has ended meanwhile, or has been sent away
                await self._give_back(taken.seat)

    async def _give_back(self, seat: Seat) -> None:
        try:
            await self.store.leave(seat)
        except Exception:  # as above
            self._gone_for()

    def _oust(self, library: str, session: str | None) -> list[Lease]:
        """This session has lost its seat, if it is one of this process."""
        ousted = [grip for grip in self.of(library) if grip.holder.session == session]
        for grip in ousted:
            grip.state = "lost"
            self._drop(grip)
        return ousted

    def _without_store(
        self, library: str, holder: Holder, most: int | None, first: Sequence[str]
    ) -> str | None:
        """Whether one more can be let in by what this process knows; who has to go for it. Raises `Full`."""
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
        """It is no session's any more."""
        grips = self._grips.get(grip.library, set())
        grips.discard(grip)
        if not grips:
            self._grips.pop(grip.library, None)

    def _gone_for(self) -> float:
        """How long the store has been gone, as has just been found out."""
        if self.down_since is None:
            self.down_since = self._now()
        return self._now() - self.down_since
