"""Items go out and come back. Flags that move hardware say yes only after the library has stored the reason."""

from __future__ import annotations

from datetime import date, datetime

from attrs import evolve

from sip2gw.circulation import texts
from sip2gw.circulation.desk import Desk
from sip2gw.circulation.meanings import answers
from sip2gw.library import InDoubt, LibraryError, Medium, Occasion, Refused, Return
from sip2gw.sip2 import local
from sip2gw.sip2.messages import Checkin, CheckinResponse, Checkout, CheckoutResponse

_MEDIA_TYPES = {
    Medium.BOOK: "001",
    Medium.MAGAZINE: "002",
    Medium.AUDIO: "004",
    Medium.VIDEO: "005",
    Medium.DISC: "006",
    Medium.OTHER: "000",
}
_MAGNETIC = {
    Medium.BOOK: False,
    Medium.MAGAZINE: False,
    Medium.DISC: False,
    Medium.AUDIO: True,
    Medium.VIDEO: True,
    Medium.OTHER: None,
}
"""Whether a strong magnet would harm it; None: not known."""

_THEIRS_ALREADY = frozenset({"already_on_loan", "already_booked_by_member", "not_renewable"})


def due_text(due: date) -> str:
    """AH: a loan lasts until the end of its last day, in the library's zone."""
    return f"{due:%Y%m%d}    235900"


def _occasion(request: Checkout | Checkin, desk: Desk, happened_at: datetime | None) -> Occasion:
    """What is true of the transaction beside who and what. Without no-block the terminal's clock means nothing."""
    return Occasion(
        terminal=desk.terminal,
        happened_at=desk.happened(happened_at)
        if request.no_block or isinstance(request, Checkin)
        else desk.now(),
        key=desk.new_key(),
        branch=desk.branch,
        no_block=request.no_block,
        cancel=bool(request.cancel),
    )


def _not_lent(response: CheckoutResponse, error: LibraryError) -> CheckoutResponse:
    if not isinstance(error, Refused):
        return response
    return response.but(
        renewal_ok=error.code in _THEIRS_ALREADY,
        title_identifier=error.item.title if error.item else "",
    )


@answers(Checkout, declined=_not_lent)
async def checkout(request: Checkout, desk: Desk) -> CheckoutResponse:
    """11: lend, or renew what the patron has already if both the terminal's policy and the library's say so."""
    due = request.nb_due_date if request.no_block else None
    occasion = evolve(
        _occasion(request, desk, request.transaction_date),
        due_date=due.replace(tzinfo=due.tzinfo or desk.rules.zone) if due else None,
        fee_acknowledged=bool(request.fee_acknowledged),
    )
    loan = await desk.library.lend(
        request.patron_identifier.strip(),
        request.item_identifier,
        occasion,
        renewal=request.sc_renewal_policy and desk.rules.renewals,
    )
    return CheckoutResponse(
        ok=True,
        renewal_ok=loan.renewed,
        magnetic_media=_MAGNETIC[loan.item.medium],
        desensitize=True,
        transaction_date=local(desk.now()),
        institution_id=request.institution_id or desk.library.nickname,
        patron_identifier=request.patron_identifier,
        item_identifier=request.item_identifier,
        title_identifier=loan.item.title,
        due_date=due_text(loan.due),
        media_type=_MEDIA_TYPES[loan.item.medium],
        screen_message=(texts.RENEWED,) if loan.renewed else (),
    )


def _not_taken_back(response: CheckinResponse, error: LibraryError) -> CheckinResponse:
    """Alert: the item lies there now, and somebody has to look at it."""
    item = error.item if isinstance(error, Refused) else None
    return response.but(
        alert=isinstance(error, Refused | InDoubt),
        title_identifier=item.title if item else None,
        permanent_location=item.branch if item else "",
    )


def _said_of(result: Return) -> tuple[str, ...]:
    lines = [] if result.was_on_loan else [texts.WAS_NOT_ON_LOAN]
    if result.hold is not None:
        lines.append(texts.reserved(result.hold.patron_id, result.hold.branch))
    return tuple(lines)


@answers(Checkin, declined=_not_taken_back)
async def checkin(request: Checkin, desk: Desk) -> CheckinResponse:
    """09: take back; an item that was not on loan is welcome too. Alert when somebody else waits for it."""
    occasion = _occasion(request, desk, request.return_date or request.transaction_date)
    result = await desk.library.take_back(request.item_identifier, occasion, reader=desk.reader)
    item = result.item
    return CheckinResponse(
        ok=True,
        resensitize=True,
        magnetic_media=_MAGNETIC[item.medium],
        alert=result.hold is not None,
        transaction_date=local(desk.now()),
        institution_id=request.institution_id or desk.library.nickname,
        item_identifier=request.item_identifier,
        permanent_location=item.branch,
        title_identifier=item.title or None,
        media_type=_MEDIA_TYPES[item.medium],
        screen_message=_said_of(result),
    )
