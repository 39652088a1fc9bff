"""What a store of seats promises: never more seats than licences, however many ask it at the same moment.

A seat is lent for a time, the lease, and must be renewed before that is over; then it may be lent to somebody else.
Each time it changes hands its epoch rises, so that whoever held it before, and slept, can tell.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from attrs import frozen


@frozen
class Holder:
    """A terminal's session, as others may see it; never its account.

    `terminal` is the same text for the same terminal, and says nothing else. `session` names one connection of it among
    all. `since` is when it began, in seconds of the epoch.
    """

    terminal: str
    session: str
    since: float
    address: str = ""
    location: str = ""
    certificate: str = ""


@frozen
class Seat:
    """One seat of a library, while it is held. `expires` is in seconds of the store's clock."""

    library: str
    number: int
    epoch: int
    holder: Holder
    expires: float


@frozen
class Taken:
    """A seat, and who had to leave it: an earlier session of the same terminal."""

    seat: Seat
    ousted: Seat | None = None


class Full(Exception):
    """All seats are held, and none of them by this terminal."""

    def __init__(self, seats: Sequence[Seat]) -> None:
        super().__init__(f"{len(seats)} seats are held")
        self.seats = tuple(seats)


def to_give_up(held: Iterable[Holder], terminal: str, first: Sequence[str]) -> Holder | None:
    """Whose seat a terminal takes over from itself: of those in `first` in their order, else of the oldest."""
    order = {session: place for place, session in enumerate(first)}
    own = [holder for holder in held if holder.terminal == terminal]
    return min(own, key=lambda one: (order.get(one.session, len(order)), one.since), default=None)


class SeatStore(Protocol):
    """Where seats are kept. Every method may fail with any exception when the store can't be reached.

    It has to within a second or two: terminals wait for it, and nobody else sets it a time.
    """

    async def take(
        self, library: str, holder: Holder, *, most: int | None, lease: float, first: Sequence[str] = ()
    ) -> Taken:
        """A seat for a session, of `most` (None: no limit); to be done as one transaction.

        With none free, the seat of an earlier session of the same terminal: of those in `first` in their order, else of
        the oldest. Raises `Full` when there is none.
        """
        ...

    async def renew(self, seats: Sequence[Seat], *, lease: float) -> Sequence[Seat | None]:
        """The same seats for another lease, in this order; None for each that has changed hands."""
        ...

    async def leave(self, seat: Seat) -> None:
        """It is free, unless somebody else has it by now."""
        ...

    async def seats(self, library: str) -> Sequence[Seat]:
        """Those that are held at this moment."""
        ...
