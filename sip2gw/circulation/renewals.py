"""What a patron has stays out longer: one loan, or all of them as far as the terminal's patience reaches."""

from __future__ import annotations

from sip2gw.circulation.answers import answers
from sip2gw.circulation.desk import Desk
from sip2gw.circulation.loans import not_lent, not_renewed, told
from sip2gw.circulation.offline import exceptions_noted, lending, note_conflicts
from sip2gw.circulation.offline import occasion as occasion_of
from sip2gw.circulation.passwords import with_password
from sip2gw.circulation.speech import Speaker
from sip2gw.library import Refused
from sip2gw.sip2 import local
from sip2gw.sip2.messages import Renew, RenewAll, RenewAllResponse, RenewResponse


@answers(Renew, declined=not_lent)
async def renew(request: Renew, desk: Desk) -> RenewResponse:
    """29: renew the loan of an item (AB) or of the only one of a title (AJ); AB counts where both are named."""
    item_id = desk.item_id(request.item_identifier or "")
    title = (request.title_identifier or "").strip()
    if not (item_id or title):
        raise Refused("nothing_named", "neither AB nor AJ")
    with exceptions_noted(request, desk):
        occasion, third_party = lending(request, desk), request.third_party_allowed
        patron_id, of_title = request.patron_identifier.strip(), None if item_id else title
        try:
            loan = await with_password(
                request,
                patron_id,
                desk,
                lambda password: desk.library.renew(
                    patron_id,
                    item_id or None,
                    of_title,
                    occasion,
                    third_party=third_party,
                    password=password,
                ),
            )
        except Refused as refused:
            raise not_renewed(refused, third_party=third_party) from None
    note_conflicts(request, desk, loan.ref, loan.conflicts)
    return told(RenewResponse(renewal_ok=True), request, loan, desk)


@answers(RenewAll)
async def renew_all(request: RenewAll, desk: Desk) -> RenewAllResponse:
    """65: ok as soon as the run was made, whatever came of it; each loan stands in BM, or in BN with the reason."""
    patron_id, occasion = request.patron_identifier.strip(), occasion_of(request, desk, None)
    outcome = await with_password(
        request,
        patron_id,
        desk,
        lambda password: desk.library.renew_all(
            patron_id, occasion, limit=desk.place.profile.list_limit, password=password
        ),
    )
    speaker = desk.speaker()
    renewed = tuple(loan.item.item_id for loan in outcome.renewed)
    unrenewed = tuple(f"{item.item_id} {_reason(code, speaker)}" for item, code in outcome.refused)
    return RenewAllResponse(
        ok=True,
        renewed_count=len(renewed),
        unrenewed_count=len(unrenewed),
        transaction_date=local(desk.now()),
        institution_id=request.institution_id or desk.library.nickname,
        renewed_items=renewed,
        unrenewed_items=unrenewed,
    )


def _reason(code: str, speaker: Speaker) -> str:
    """Why one of many was not renewed. There is no room to ask for a fee here, only to name it as the reason."""
    return speaker.say("fee_loan") if code == "fee_required" else speaker.why(Refused(code))
