"""Decide which seat a terminal's session takes, and which session of the same terminal loses its own for that."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import count

from sip2gw.seats.store import Full, Holder, Seat


def to_give_up(held: Iterable[Holder], terminal: str, first: Sequence[str]) -> Holder | None:
    """Return the holder that loses its seat to its own terminal: the first found in `first`, else the oldest."""
    order = {session: place for place, session in enumerate(first)}
    own = [holder for holder in held if holder.terminal == terminal]
    return min(own, key=lambda one: (order.get(one.session, len(order)), one.since), default=None)


def seat_for(
    holder: Holder, held: Iterable[Seat], most: int | None, first: Sequence[str]
) -> tuple[int, Seat | None]:
    """Return the number of the seat that a session takes, and the seat as it was, if another session loses it.

    `held` are the library's seats with a holder, and the other arguments are as in `SeatStore.take`. Raises `Full`.
    """
    seats = {seat.number: seat for seat in held}
    if most is None or len(seats) < most:
        return next(number for number in count(1) if number not in seats), None
    by_holder = {seat.holder: seat for seat in seats.values()}
    own = to_give_up(by_holder, holder.terminal, first)
    if own is None:
        raise Full(list(seats.values()))
    return by_holder[own].number, by_holder[own]
