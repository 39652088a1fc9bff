"""Seats: a library has one for each licence, and each live session of a terminal holds one.

`SeatStore` is their store; `InMemory` is one for a single process, and `StoredSeats` is shared by several processes and
machines. Both take the seat that `choice` names. `Seats` is what the gateway uses: it works on when the store fails.
"""

from sip2gw.seats.leases import Lease, Renewal, Seats
from sip2gw.seats.memory import InMemory
from sip2gw.seats.store import Full, Holder, Seat, SeatStore, Taken
from sip2gw.seats.stored import StoredSeats, free_all

__all__ = [
    "Full",
    "Holder",
    "InMemory",
    "Lease",
    "Renewal",
    "Seat",
    "SeatStore",
    "Seats",
    "StoredSeats",
    "Taken",
    "free_all",
]
