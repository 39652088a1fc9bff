"""Blocking (01) and enabling (25) patrons, where both the library and the terminal's profile allow it.

Elsewhere nothing is done, and the answer has the patron's state.
"""

from __future__ import annotations

from functools import partial

from sip2gw.circulation.answers import answers
from sip2gw.circulation.desk import Desk
from sip2gw.circulation.named import named_card
from sip2gw.circulation.passwords import entered, with_password
from sip2gw.circulation.patrons import PatronState, patron_refusal, patron_state
from sip2gw.library import Refused
from sip2gw.sip2.messages import BlockPatron, PatronEnable, PatronEnableResponse, PatronStatusResponse


@answers(BlockPatron, declined=patron_refusal)
async def block(request: BlockPatron, desk: Desk) -> PatronStatusResponse:
    """Answer 01: block the patron, for the reason in AL. The answer (24) has the patron's state afterwards."""
    if why := _not_allowed(desk):
        return (await patron_state(request, desk)).respond(PatronStatusResponse, request, desk, why)
    patron_id, reason = named_card(request), request.blocked_card_msg.strip()
    try:
        blocked = await desk.library.block(
            patron_id, reason, desk.occasion(request.transaction_date, when_down=True)
        )
    except Refused as refusal:
        state, desk.refused = await patron_state(request, desk), refusal.code
        why = (desk.speaker(state.patron.language).why(refusal),)
        return state.respond(PatronStatusResponse, request, desk, why)
    return PatronState(blocked).respond(PatronStatusResponse, request, desk)


@answers(PatronEnable, declined=patron_refusal)
async def enable(request: PatronEnable, desk: Desk) -> PatronEnableResponse:
    """Answer 25: undo 01. With a password that is wrong or empty nothing is done."""
    password, why = entered(request, desk), _not_allowed(desk)
    empty = desk.place.profile.patron_password and request.patron_password is not None and password is None
    if why or empty:
        return (await patron_state(request, desk)).respond(PatronEnableResponse, request, desk, why)
    patron_id = named_card(request)
    write = partial(desk.library.enable, patron_id, desk.occasion(request.transaction_date))
    try:
        patron = await with_password(request, patron_id, desk, write)
        state = PatronState(patron, None if password is None else True)
    except Refused as refusal:
        patron = (await desk.library.patron(patron_id)).patron
        desk.refused = refusal.code
        wrong = refusal.code == "password_wrong"
        state = PatronState(patron, None if password is None else not wrong, withheld=wrong)
        why = () if wrong else (desk.speaker(patron.language).why(refusal),)
    return state.respond(PatronEnableResponse, request, desk, why)


def _not_allowed(desk: Desk) -> tuple[str, ...]:
    """Return the reason why this is not done here; empty if it is done."""
    if desk.place.rules.patron_updates and desk.place.profile.patron_updates:
        return ()
    desk.refused = "not_offered"
    return (desk.speaker().say("not_offered"),)
