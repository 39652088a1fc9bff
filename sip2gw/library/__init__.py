"""The port: what the gateway may ask of a library system, and what comes back. It knows no SIP2.

`Library` is the port, and `sip2gw.librarika` the first library system behind it. Only three errors cross it: `Refused`,
`Unavailable` and `InDoubt`. Nothing here knows how a terminal speaks, or how a library system is called.
"""

from sip2gw.library.errors import InDoubt, LibraryError, PasswordMissing, Refused, Unavailable
from sip2gw.library.fees import Charge, Fee, FeeKind, Payment
from sip2gw.library.items import Item, ItemState, ItemStatus, Medium
from sip2gw.library.loans import Hold, Loan, RenewedAll, Return
from sip2gw.library.made import Made
from sip2gw.library.patrons import Block, Counts, Found, Listing, ListKind, PasswordCheck, Patron
from sip2gw.library.port import Hears, Library, MayWrite, OpenLibrary
from sip2gw.library.rules import Rules
from sip2gw.library.terminals import Credentials, Occasion

__all__ = [
    "Block",
    "Charge",
    "Counts",
    "Credentials",
    "Fee",
    "FeeKind",
    "Found",
    "Hears",
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
    "Made",
    "MayWrite",
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
    "Unavailable",
]
