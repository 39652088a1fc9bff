"""Whether the library still shows what a write has done: a loan may have ended at the desk since it was answered."""

from __future__ import annotations

from sip2gw.circulation.desk import Desk
from sip2gw.library import ItemState, LibraryError, Listing, ListKind
from sip2gw.sip2 import Request
from sip2gw.sip2.messages import Checkin, Checkout, Renew

_PAGE = 200
"""Loans that are looked at."""


async def still_so(request: Request, desk: Desk) -> bool:
    """Whether the item of a loan, a renewal or a return that was carried out is where that has put it.

    True where nobody can tell: the library can't be asked, or the request names a title of several copies.
    """
    if not isinstance(request, Checkout | Checkin | Renew):
        return True
    try:
        return await _is_so(request, desk)
    except LibraryError:
        return True


async def _is_so(request: Checkout | Checkin | Renew, desk: Desk) -> bool:
    item_id = desk.item_id(request.item_identifier or "")
    if not item_id:
        return True
    status = await desk.library.item(item_id)
    if status.copies > 1:
        return True
    on_loan = status.state is ItemState.ON_LOAN
    if isinstance(request, Checkin):
        return not on_loan
    if not on_loan or isinstance(request, Renew):
        return on_loan
    listing = Listing(ListKind.LOANS, 0, _PAGE)
    loans = (await desk.library.patron(request.patron_identifier.strip(), listing=listing)).loans
    return len(loans) == _PAGE or status.item.item_id in {loan.item.item_id for loan in loans}
