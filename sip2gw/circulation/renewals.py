"""Renewals: one loan (29), or all loans of a patron (65) as far as the time allows."""

from __future__ import annotations

from functools import partial

from sip2gw.circulation.answers import answers
from sip2gw.circulation.desk import Desk
from sip2gw.circulation.loans import loan_occasion, loan_refusal, loan_response, with_true_reason
from sip2gw.circulation.named import named_card, read_label
from sip2gw.circulation.offline_transactions import note_conflicts, noting_failure
from sip2gw.circulation.passwords import with_password
from sip2gw.circulation.speech import Speaker
from sip2gw.library import Loan, Refused
from sip2gw.sip2 import local
from sip2gw.sip2.messages import Renew, RenewAll, RenewAllResponse, RenewResponse


@answers(Renew, declined=loan_refusal)
async def renew(request: Renew, desk: Desk) -> RenewResponse:
    """Answer 29: renew the loan of an item (AB), or the patron's only loan of a title (AJ). AB counts before AJ."""
    item_id = read_label(request.item_identifier, desk)
    title = (request.title_identifier or "").strip()
    if not (item_id or title):
        raise Refused("nothing_named", "neither AB nor AJ")
    writing = _renew(request, item_id or None, None if item_id else title, desk)
    loan = await noting_failure(request, desk, writing)
    note_conflicts(request, desk, loan.ref, loan.conflicts)
    return loan_response(RenewResponse, request, loan, desk, renewal_ok=True)


async def _renew(request: Renew, item_id: str | None, title: str | None, desk: Desk) -> Loan:
    """Return the loan after it is renewed. Raises what the port raises, and `NotRenewed`."""
    patron_id, third_party = named_card(request), request.third_party_allowed
    occasion = loan_occasion(request, desk)
    write = partial(desk.library.renew, patron_id, item_id, title, occasion, third_party=third_party)
    try:
        return await with_password(request, patron_id, desk, write)
    except Refused as refused:
        raise with_true_reason(refused, third_party=third_party) from None


@answers(RenewAll)
async def renew_all(request: RenewAll, desk: Desk) -> RenewAllResponse:
    """Answer 65: ok after the loans were tried. Each is in BM, or in BN with the reason why it is not renewed."""
    patron_id = named_card(request)
    write = partial(
        desk.library.renew_all,
        patron_id,
        desk.occasion(fee_acknowledged=bool(request.fee_acknowledged)),
        limit=desk.place.profile.list_limit,
    )
    outcome = await with_password(request, patron_id, desk, write)
    speaker = desk.speaker()
    renewed = tuple(loan.item.item_id for loan in outcome.renewed)
    unrenewed = tuple(f"{item.item_id} {_reason(code, speaker)}" for item, code in outcome.refused)
    return RenewAllResponse(
        ok=True,
        renewed_count=len(renewed),
        unrenewed_count=len(unrenewed) + outcome.more,
        transaction_date=local(desk.now()),
        institution_id=request.institution_id or desk.library.nickname,
        renewed_items=renewed,
        unrenewed_items=unrenewed,
    )


def _reason(code: str, speaker: Speaker) -> str:
    """Return why one loan of several was not renewed. 66 can't ask for a fee, so the fee is the reason."""
    return speaker.say("fee_loan") if code == "fee_required" else speaker.why(Refused(code))
