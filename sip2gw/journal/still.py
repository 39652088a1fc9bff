"""Whether the library still shows what a write has done: a loan may have ended at the desk since it was stored."""

from __future__ import annotations

from sip2gw.journal.codec import Call
from sip2gw.library import ItemState, Library, LibraryError, Listing, ListKind

_PAGE = 200
"""Loans that are looked at."""


async def still_so(library: Library, call: Call) -> bool:
    """Return whether the item of a loan, a renewal or a return is where that has put it.

    True if it is not known: the library can't be asked, or the call names a title of several copies.
    """
    if call.method.name not in ("lend", "take_back", "renew") or not call.arguments.get("item_id"):
        return True
    try:
        return await _is_so(library, call)
    except LibraryError:
        return True


async def _is_so(library: Library, call: Call) -> bool:
    status = await library.item(call.arguments["item_id"])
    if status.copies > 1:
        return True
    on_loan = status.state is ItemState.ON_LOAN
    if call.method.name == "take_back":
        return not on_loan
    if not on_loan or call.method.name == "renew":
        return on_loan
    listing = Listing(ListKind.LOANS, 0, _PAGE)
    loans = (await library.patron(call.arguments["patron_id"], listing=listing)).loans
    return len(loans) == _PAGE or status.item.item_id in {loan.item.item_id for loan in loans}
