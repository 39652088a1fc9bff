"""Seats: a library has as many as it has licences, and each live session of a terminal holds one.

`SeatStore` is where they are kept; `InMemory` keeps them for one process, and another may share them among several.
`Seats` is what the gateway uses: it goes on when the store does not.
"""

from sip2gw.seats.memory import InMemory
from sip2gw.seats.seats import Lease, Renewal, Seats
from sip2gw.seats.store import Full, Holder, Seat, SeatStore, Taken

__all__ = ["Full", "Holder", "InMemory", "Lease", "Renewal", "Seat", "SeatStore", "Seats", "Taken"]
