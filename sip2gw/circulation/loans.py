"""Loans: checkout (11), the fields that 12 shares with 30, and whether the library still shows a loan.

Flags that move hardware say yes only after the library has stored the loan.
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from functools import partial
from typing import TypeVar

from sip2gw.circulation.answers import answers
from sip2gw.circulation.desk import Desk
from sip2gw.circulation.fees import charged
from sip2gw.circulation.items import MAGNETIC, MEDIA_TYPES, due_text, stored
from sip2gw.circulation.named import named_card, named_item, read_label
from sip2gw.circulation.offline_transactions import note_conflicts, noting_failure, offline_occasion
from sip2gw.circulation.passwords import with_password
from sip2gw.circulation.receipts import loan_receipt
from sip2gw.library import (
    Charge,
    FeeKind,
    LibraryError,
    Loan,
    Occasion,
    Refused,
)
from sip2gw.library.still_shown import still_shown
from sip2gw.sip2 import Request, local
from sip2gw.sip2.messages import Checkin, Checkout, CheckoutResponse, Renew, RenewResponse

R = TypeVar("R", CheckoutResponse, RenewResponse)

_OF_THE_ITEM = frozenset({"reserved_for_other"})
_OF_THE_PATRON = frozenset({"member_inactive", "member_suspended"})
"""Reasons why a loan is not renewed, of those that have a text. The second kind is for the patron only."""

_METHODS = {Checkout: "lend", Renew: "renew", Checkin: "take_back"}
"""The port's methods that do these requests."""
_THEIRS_ALREADY = frozenset({"already_booked_by_member", "not_renewable"})


class NotRenewed(Refused):
    """A renewal was refused. `code` is the true reason, which the screen then shows."""


def with_true_reason(refused: Refused, *, third_party: bool) -> Refused:
    """Return the refusal with its true reason, if it is known and the person at the terminal may know it."""
    reason = refused.facts.get("reason", "")
    shown = _OF_THE_ITEM if third_party else _OF_THE_ITEM | _OF_THE_PATRON
    if refused.code != "not_renewable" or reason not in shown:
        return refused
    return NotRenewed(reason, refused.reason, refused.facts, refused.item)


def loan_occasion(request: Checkout | Renew, desk: Desk) -> Occasion:
    """Return the occasion of a loan: now, unless it was made offline. The terminal's clock does not count."""
    if request.no_block:
        return offline_occasion(request, desk, request.transaction_date, request.nb_due_date)
    cancel = isinstance(request, Checkout) and bool(request.cancel)
    return desk.occasion(cancel=cancel, fee_acknowledged=bool(request.fee_acknowledged))


def loan_response(kind: type[R], request: Checkout | Renew, loan: Loan, desk: Desk, *, renewal_ok: bool) -> R:
    """Return 12 or 30 for a loan that now exists."""
    item, now = loan.item, desk.now()
    receipt: tuple[str, ...] = ()
    if not request.no_block:  # no patron waits for the receipt of an offline loan
        patron = request.patron_identifier.strip()
        receipt = loan_receipt(
            desk.place.rules.name, now, item, loan.due, desk.speaker(), desk.print_width, patron=patron
        )
    return kind(
        ok=True,
        renewal_ok=renewal_ok,
        magnetic_media=MAGNETIC[item.medium],
        desensitize=True,
        transaction_date=local(now),
        institution_id=request.institution_id or desk.library.nickname,
        patron_identifier=request.patron_identifier,
        item_identifier=request.item_identifier or item.item_id,
        title_identifier=item.title,
        # Of a loan that is accepted for later only the terminal's own date is known.
        due_date=due_text(loan.due, desk) if request.nb_due_date or not loan.accepted else "",
        media_type=MEDIA_TYPES[item.medium],
        item_properties=stored(item, request.item_properties),
        transaction_id=(loan.charge.ref if loan.charge else "") or loan.ref or None,
        screen_message=(desk.speaker().say("renewed"),) if loan.renewed else (),
        print_line=receipt,
        **(charged(loan.charge) if loan.charge else {}),
    )


def loan_refusal(response: R, error: LibraryError) -> R:
    """Add to the refusal in 12 or 30: the title if it is known, and the price if the patron must accept one."""
    if not isinstance(error, Refused):
        return response
    if error.item is not None and error.item.title:
        response = response.but(title_identifier=error.item.title)
    return response.but(**charged(_price(error)))


def _price(refused: Refused) -> Charge | None:
    """Return what the library would charge, if the patron must accept it first."""
    if refused.code != "fee_required":
        return None
    try:
        amount = Decimal(refused.facts["amount"])
        return Charge(amount, refused.facts.get("currency", ""), FeeKind(refused.facts.get("kind", "loan")))
    except (KeyError, ValueError, InvalidOperation):
        return None


def _checkout_refusal(response: CheckoutResponse, error: LibraryError) -> CheckoutResponse:
    """Set renewal ok in the refusal of 11: whether the patron has the item already (3M, renewal ok)."""
    theirs = isinstance(error, NotRenewed) or (isinstance(error, Refused) and error.code in _THEIRS_ALREADY)
    return loan_refusal(response, error).but(renewal_ok=theirs)


@answers(Checkout, declined=_checkout_refusal)
async def checkout(request: Checkout, desk: Desk) -> CheckoutResponse:
    """Answer 11: lend an item, or renew a loan that the patron has already.

    With BI it undoes a return, which no rule forbids.
    """
    loan = await noting_failure(request, desk, _lend(request, desk))
    note_conflicts(request, desk, loan.ref, loan.conflicts)
    return loan_response(CheckoutResponse, request, loan, desk, renewal_ok=loan.renewed)


async def _lend(request: Checkout, desk: Desk) -> Loan:
    """Return the loan after it is stored. Raises what the port raises, and `NotRenewed`."""
    patron_id, item_id = named_card(request), named_item(request, desk)
    occasion = loan_occasion(request, desk)
    if request.cancel:
        undo = partial(desk.library.undo_return, patron_id, item_id, occasion)
        return await with_password(request, patron_id, desk, undo)
    lend = partial(desk.library.lend, patron_id, item_id, occasion, renewal=_renews(request, desk))
    try:
        return await with_password(request, patron_id, desk, lend)
    except Refused as refused:
        raise with_true_reason(refused, third_party=False) from None


def _renews(request: Checkout, desk: Desk) -> bool:
    """Return whether a loan that the patron has already is renewed: if terminal, profile and library all want it.

    An offline loan has happened already, so no rule is asked: the patron keeps the item until the terminal's date.
    """
    if request.no_block:
        return True
    return request.sc_renewal_policy and desk.place.profile.renew_by_checkout and desk.place.rules.renewals


async def is_still_shown(request: Request, desk: Desk) -> bool:
    """Return whether the library still shows a loan, renewal or return that it has stored: see `still_shown`."""
    if not isinstance(request, Checkout | Checkin | Renew):
        return True
    patron_id = "" if isinstance(request, Checkin) else request.patron_identifier.strip()
    item_id = read_label(request.item_identifier, desk)
    third_party = isinstance(request, Renew) and request.third_party_allowed
    return await still_shown(
        desk.library, _METHODS[type(request)], item_id, patron_id, third_party=third_party
    )
