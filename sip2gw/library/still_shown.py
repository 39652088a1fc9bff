"""Whether a library still shows what a write has done: staff may have ended a loan at the desk since then."""

from __future__ import annotations

from sip2gw.library.errors import LibraryError
from sip2gw.library.items import ItemState
from sip2gw.library.patrons import Listing, ListKind
from sip2gw.library.port import Library

_PAGE = 200
"""Loans of a patron that are looked at."""


async def still_shown(
    library: Library, method: str, item_id: str, patron_id: str, *, third_party: bool = False
) -> bool:
    """Return whether the item of a write is where that has put it. `method` is the port's method that wrote.

    After a loan or a renewal it is on loan to this patron; with `third_party`, perhaps to another one.

    True if it is not known: the library can't be asked, the item has several copies, no item is named, or the write is
    no loan, renewal or return.
    """
    if method not in ("lend", "take_back", "renew") or not item_id:
        return True
    try:
        return await _is_shown(library, method, item_id, "" if third_party else patron_id)
    except LibraryError:
        return True


async def _is_shown(library: Library, method: str, item_id: str, patron_id: str) -> bool:
    status = await library.item(item_id)
    if status.copies > 1:
        return True
    on_loan = status.state is ItemState.ON_LOAN
    if method == "take_back":
        return not on_loan
    if not (on_loan and patron_id):
        return on_loan
    loans = (await library.patron(patron_id, listing=Listing(ListKind.LOANS, 0, _PAGE))).loans
    return len(loans) == _PAGE or status.item.item_id in {loan.item.item_id for loan in loans}
