"""Terminals may block and enable patrons only where the library and the terminal's profile both say so.

Elsewhere they are told how the patron stands, which is as before.
"""

from __future__ import annotations

from sip2gw.circulation.answers import answers
from sip2gw.circulation.desk import Desk
from sip2gw.circulation.passwords import entered, with_password
from sip2gw.circulation.patrons import Standing, standing, unknown
from sip2gw.library import Occasion, Refused
from sip2gw.sip2.kinds import Timestamp
from sip2gw.sip2.messages import (
    BlockPatron,
    PatronEnable,
    PatronEnableResponse,
    PatronStatusResponse,
)


@answers(BlockPatron, declined=unknown)
async def block(request: BlockPatron, desk: Desk) -> PatronStatusResponse:
    """01: take the patron's privileges away; AL says why. 24 shows how the patron stands then, in no language."""
    if why := _not_allowed(desk):
        return (await standing(request, desk)).told(PatronStatusResponse, request, desk, why)
    patron_id, reason = request.patron_identifier.strip(), request.blocked_card_msg.strip()
    try:
        blocked = await desk.library.block(patron_id, reason, _occasion(desk, request.transaction_date))
    except Refused as refusal:
        stands = await standing(request, desk)
        why = (desk.speaker(stands.patron.language).why(refusal),)
        return stands.told(PatronStatusResponse, request, desk, why)
    return Standing(blocked).told(PatronStatusResponse, request, desk)


@answers(PatronEnable, declined=unknown)
async def enable(request: PatronEnable, desk: Desk) -> PatronEnableResponse:
    """25: undo 01. With a password that is not right, an empty one included, nothing is done."""
    password, why = entered(request, desk), _not_allowed(desk)
    empty = desk.place.profile.patron_password and request.patron_password is not None and password is None
    if why or empty:
        return (await standing(request, desk)).told(PatronEnableResponse, request, desk, why)
    patron_id = request.patron_identifier.strip()
    occasion = _occasion(desk, request.transaction_date)
    try:
        patron = await with_password(
            request,
            patron_id,
            desk,
            lambda password: desk.library.enable(patron_id, occasion, password=password),
        )
        stands = Standing(patron, None if password is None else True)
    except Refused as refusal:
        patron = (await desk.library.patron(patron_id)).patron
        wrong = refusal.code == "password_wrong"
        stands = Standing(patron, None if password is None else not wrong, withheld=wrong)
        why = () if wrong else (desk.speaker(patron.language).why(refusal),)
    return stands.told(PatronEnableResponse, request, desk, why)


def _not_allowed(desk: Desk) -> tuple[str, ...]:
    """Why it isn't done here; nothing if it is."""
    allowed = desk.rules.patron_updates and desk.place.profile.patron_updates
    return () if allowed else (desk.speaker().say("not_offered"),)


def _occasion(desk: Desk, happened_at: Timestamp) -> Occasion:
    return Occasion(
        terminal=desk.place.terminal,
        happened_at=desk.happened(happened_at),
        key=desk.place.new_key(),
        branch=desk.branch,
    )
