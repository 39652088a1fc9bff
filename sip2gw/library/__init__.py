"""The library knows no SIP2: this is all that the gateway may ask of a library system, and all that may come back.

`Library` is the port, and `sip2gw.librarika` the first library system behind it. Three errors cross it, and no others:
`Refused`, `Unavailable` and `InDoubt`. Nothing here knows how a terminal speaks, nor how a library system is reached.
"""

from sip2gw.library.errors import InDoubt, LibraryError, PasswordMissing, Refused, Unavailable
from sip2gw.library.port import Library, OpenLibrary, Still
from sip2gw.library.records import (
    Block,
    Charge,
    Counts,
    Credentials,
    Fee,
    FeeKind,
    Found,
    Hold,
    Item,
    ItemState,
    ItemStatus,
    Listing,
    ListKind,
    Loan,
    Medium,
    Occasion,
    PasswordCheck,
    Patron,
    Payment,
    RenewedAll,
    Return,
    Rules,
)

__all__ = [
    "Block",
    "Charge",
    "Counts",
    "Credentials",
    "Fee",
    "FeeKind",
    "Found",
    "Hold",
    "InDoubt",
    "Item",
    "ItemState",
    "ItemStatus",
    "Library",
    "LibraryError",
    "ListKind",
    "Listing",
    "Loan",
    "Medium",
    "Occasion",
    "OpenLibrary",
    "PasswordCheck",
    "PasswordMissing",
    "Patron",
    "Payment",
    "Refused",
    "RenewedAll",
    "Return",
    "Rules",
    "Still",
    "Unavailable",
]
