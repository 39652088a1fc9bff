"""Items go out. Flags that move hardware say yes only after the library has stored the reason."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar

from sip2gw.circulation.amounts import written
from sip2gw.circulation.answers import answers
from sip2gw.circulation.desk import Desk
from sip2gw.circulation.fees import FEE_TYPES
from sip2gw.circulation.items import MAGNETIC, MEDIA_TYPES, due_text, stored
from sip2gw.circulation.offline import exceptions_noted, lending, note_conflicts
from sip2gw.circulation.passwords import with_password
from sip2gw.circulation.receipts import loan_receipt
from sip2gw.library import Charge, FeeKind, LibraryError, Loan, Refused
from sip2gw.sip2 import local
from sip2gw.sip2.messages import Checkout, CheckoutResponse, Renew, RenewResponse

R = TypeVar("R", CheckoutResponse, RenewResponse)

_OF_THE_ITEM = frozenset({"reserved_for_other"})
_OF_THE_PATRON = frozenset({"member_inactive", "member_suspended"})
"""Why a loan is not renewed, as far as there are words for it; the latter is for the patron alone."""

_THEIRS_ALREADY = frozenset({"already_booked_by_member", "not_renewable"})


class NotRenewed(Refused):
    """A renewal was refused; `code` is the true reason, so that it is the one that is told."""


def not_renewed(refused: Refused, *, third_party: bool) -> Refused:
    """The refusal by its true reason, if that is known, and if whoever stands there may know it."""
    reason = refused.facts.get("reason", "")
    tellable = _OF_THE_ITEM if third_party else _OF_THE_ITEM | _OF_THE_PATRON
    if refused.code != "not_renewable" or reason not in tellable:
        return refused
    return NotRenewed(reason, refused.reason, refused.facts, refused.item)


def told(response: R, request: Checkout | Renew, loan: Loan, desk: Desk) -> R:
    """All that 12 and 30 say alike of a loan that now exists."""
    item = loan.item
    lines = (desk.speaker().say("renewed"),) if loan.renewed else ()
    return response.but(
        ok=True,
        magnetic_media=MAGNETIC[item.medium],
        desensitize=True,
        transaction_date=local(desk.now()),
        institution_id=request.institution_id or desk.library.nickname,
        patron_identifier=request.patron_identifier,
        item_identifier=request.item_identifier or item.item_id,
        title_identifier=item.title,
        due_date=due_text(loan.due, desk),
        media_type=MEDIA_TYPES[item.medium],
        item_properties=stored(item, request.item_properties),
        transaction_id=(loan.charge.ref if loan.charge else "") or loan.ref or None,
        screen_message=lines,
        print_line=_receipt(request, loan, desk),
        **_fee(loan.charge),
    )


def _receipt(request: Checkout | Renew, loan: Loan, desk: Desk) -> tuple[str, ...]:
    """AG; nobody waits for the paper of what was done off-line."""
    if request.no_block:
        return ()
    return loan_receipt(
        desk.rules.name,
        desk.now(),
        loan.item,
        loan.due,
        desk.speaker(),
        desk.print_width,
        patron=request.patron_identifier.strip(),
    )


def not_lent(response: R, error: LibraryError) -> R:
    """The refused form of 12 and 30: the title where it is known, and what it would cost if that is the reason."""
    if not isinstance(error, Refused):
        return response
    if error.item is not None and error.item.title:
        response = response.but(title_identifier=error.item.title)
    return response.but(**_fee(_price(error)))


def _fee(charge: Charge | None) -> dict[str, Any]:
    """BT, BH and BV; left out when it costs nothing."""
    if charge is None or not charge.amount:
        return {}
    return {
        "fee_type": FEE_TYPES[charge.kind],
        "currency_type": charge.currency or None,
        "fee_amount": written(charge.amount, charge.currency),
    }


def _price(refused: Refused) -> Charge | None:
    """What the library would charge, if it waits for the patron's yes."""
    if refused.code != "fee_required":
        return None
    try:
        amount = Decimal(refused.facts["amount"])
        return Charge(amount, refused.facts.get("currency", ""), FeeKind(refused.facts.get("kind", "loan")))
    except (KeyError, ValueError, InvalidOperation):
        return None


def _not_lent(response: CheckoutResponse, error: LibraryError) -> CheckoutResponse:
    """Renewal ok says whether it is theirs already, not whether it was renewed (3M, renewal ok)."""
    theirs = isinstance(error, NotRenewed) or (isinstance(error, Refused) and error.code in _THEIRS_ALREADY)
    return not_lent(response, error).but(renewal_ok=theirs)


@answers(Checkout, declined=_not_lent)
async def checkout(request: Checkout, desk: Desk) -> CheckoutResponse:
    """11: lend, or renew what the patron has already if the terminal, its profile and the library all want that.

    With BI it undoes a return instead, and no policy stands against that. A loan that was made off-line is not a
    question of policy either: if the patron has the item already, it is theirs until the terminal's date.
    """
    patron_id, item_id = request.patron_identifier.strip(), desk.item_id(request.item_identifier)
    with exceptions_noted(request, desk):
        occasion = lending(request, desk)
        if request.cancel:
            loan = await with_password(
                request,
                patron_id,
                desk,
                lambda password: desk.library.undo_return(patron_id, item_id, occasion, password=password),
            )
        else:
            renewal = request.no_block or _renews(request, desk)
            try:
                loan = await with_password(
                    request,
                    patron_id,
                    desk,
                    lambda password: desk.library.lend(
                        patron_id, item_id, occasion, renewal=renewal, password=password
                    ),
                )
            except Refused as refused:
                raise not_renewed(refused, third_party=False) from None
    note_conflicts(request, desk, loan.ref, loan.conflicts)
    return told(CheckoutResponse(renewal_ok=loan.renewed), request, loan, desk)


def _renews(request: Checkout, desk: Desk) -> bool:
    """Whether what the patron has already may be renewed by lending it again: all three must want it."""
    return request.sc_renewal_policy and desk.place.profile.renew_by_checkout and desk.rules.renewals
