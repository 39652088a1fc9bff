"""A library with a patron who has loans, holds and fees, so that every list has pages."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

from sip2gw.sandbox.data import default_data

BUSY = "M-2001"
"""Has 7 items on loan, 2 of them overdue; 3 holds ready, 2 waiting and 1 requested; 4 open fees and 2 that are paid."""
LOANS = tuple(f"2000{number}" for number in range(1, 8))
OVERDUE = LOANS[:2]
READY = ("20011", "20012", "20013")
WAITING = ("20021", "A title on its way", "A title asked for")
FEES = ("3.00", "1.25", "10.00", "0.05")


def busy(**preferences: Any) -> dict[str, Any]:
    """Return the package's libraries, where riverside has `BUSY`, too, and these preferences."""
    data = deepcopy(default_data())
    library = next(one for one in data["libraries"] if one["nickname"] == "riverside")
    library["preferences"] |= {"booking_quota": 20, "fee_limit": "100.00", **preferences}
    library["members"] += [
        {
            "member_no": BUSY,
            "name": "Ada Example",
            "password": "1234",
            "address": "Sample Street 1",
            "email": "ada@riverside.example",
            "phone": "555-0199",
        },
        {"member_no": "M-2002", "name": "Quiet Reader", "password": "1234"},
        {"member_no": "M-2003", "name": "First In Line"},
        {"member_no": "M-2004", "name": "In Credit"},
    ]
    numbers = (*LOANS, *READY, WAITING[0])
    library["media"] += [
        {"title": f"Title {number}", "copies": [{"accession_no": number}]} for number in numbers
    ]
    library["media"] += [
        {"title": WAITING[1], "copies": [{"accession_no": "20022"}]},
        {"title": WAITING[2], "copies": [{"accession_no": "20023"}]},
    ]
    library["bookings"] += [
        *(_booking(number, "Issued", return_date="-3d" if number in OVERDUE else "+9d") for number in LOANS),
        *(_booking(number, "Reserved") for number in READY),
        {"member_no": "M-2003", "accession_no": "20021", "status": "Issued", "return_date": "+9d"},
        {"member_no": "M-2003", "accession_no": "20022", "status": "Issued", "return_date": "+9d"},
        _booking(WAITING[0], "Reserved"),
        {"member_no": BUSY, "title": WAITING[1], "status": "Reserved", "booking_date": "+0d"},
        {"member_no": BUSY, "title": WAITING[2], "status": "Pending", "booking_date": "+0d"},
    ]
    library["transactions"] += [
        {"member_no": BUSY, "type": "overdue", "amount": "9.00", "paid": "9.00"},
        {"member_no": BUSY, "type": "overdue", "amount": "4.50", "paid": "1.50", "accession_no": LOANS[0]},
        {"member_no": BUSY, "type": "lost", "amount": "1.25"},
        {"member_no": BUSY, "type": "damage", "amount": "2.00", "paid": "2.00"},
        {"member_no": BUSY, "type": "borrowing", "amount": "10.00"},
        {"member_no": BUSY, "type": "misc", "amount": "0.05"},
        {"member_no": "M-2004", "type": "payment", "amount": "-5.00"},
    ]
    return json.loads(json.dumps(data))


def _booking(number: str, status: str, **more: str) -> dict[str, str]:
    return {"member_no": BUSY, "accession_no": number, "status": status, "booking_date": "-10d", **more}
