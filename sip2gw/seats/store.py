"""The contract of a store of seats: never more seats than licences, however many sessions ask at one moment.

A seat is lent for a time, the lease, and must be renewed before that ends; after that it may be lent to another
session. Its epoch rises with each change of hands, so that a former holder that slept finds out.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from attrs import frozen


@frozen
class Holder:
    """A terminal's session, as others may see it; never its account.

    `terminal` is the same text for the same terminal, and shows nothing else. `session` names one of its connections
    among all; it begins with the name of its process and a dot. `since` is its start, in seconds of the epoch.
    """

    terminal: str
    session: str
    since: float
    address: str = ""
    location: str = ""
    certificate: str = ""


@frozen
class Seat:
    """One seat of a library that is held. `expires` is in seconds of the store's clock."""

    library: str
    number: int
    epoch: int
    holder: Holder
    expires: float


@frozen
class Taken:
    """A seat, and the earlier session of the same terminal that lost it, if any."""

    seat: Seat
    ousted: Seat | None = None


class Full(Exception):
    """All seats are held, and none of them by this terminal."""

    def __init__(self, seats: Sequence[Seat]) -> None:
        super().__init__(f"{len(seats)} seats are held")
        self.seats = tuple(seats)


class SeatStore(Protocol):
    """The store of seats. Each method may raise any exception if the store can't be reached.

    It has to answer or fail within a second or two: terminals wait for it, and the caller sets no deadline.
    """

    async def take(
        self, library: str, holder: Holder, *, most: int | None, seconds: float, first: Sequence[str] = ()
    ) -> Taken:
        """Take a seat for a session for so many `seconds`, of `most` (None: no limit), as one transaction.

        If none is free, take the seat of an earlier session of the same terminal: the first found in `first`, else
        the oldest. Raises `Full` if there is none.
        """
        ...

    async def renew(self, seats: Sequence[Seat], *, seconds: float) -> Sequence[Seat | None]:
        """Return the same seats with a new lease of so many `seconds`, in this order.

        None stands for each seat that another session took.
        """
        ...

    async def leave(self, seat: Seat) -> None:
        """Release this seat, unless another session has taken it."""
        ...

    async def seats(self, library: str) -> Sequence[Seat]:
        """Return the seats that are held now."""
        ...
