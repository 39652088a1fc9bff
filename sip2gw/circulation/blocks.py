"""Terminals may block and enable patrons only where the library and the terminal's profile both say so.

Elsewhere they are told how the patron stands, which is as before.
"""

from __future__ import annotations

from sip2gw.circulation.desk import Desk
from sip2gw.circulation.meanings import answers
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
    stands = await standing(request, desk)
    why = _not_allowed(desk)
    if not why:
        try:
            reason = request.blocked_card_msg.strip()
            occasion = _occasion(desk, request.transaction_date)
            stands = Standing(await desk.library.block(stands.patron, reason, occasion))
        except Refused as refusal:
            why = (desk.speaker(stands.patron.language).why(refusal),)
    return stands.told(PatronStatusResponse, request, desk, why)


@answers(PatronEnable, declined=unknown)
async def enable(request: PatronEnable, desk: Desk) -> PatronEnableResponse:
    """25: undo 01. With a password that is not right, nothing is done."""
    stands = await standing(request, desk)
    why = _not_allowed(desk)
    if not why and stands.password is not False:
        try:
            occasion = _occasion(desk, request.transaction_date)
            stands = Standing(await desk.library.enable(stands.patron, occasion), stands.password)
        except Refused as refusal:
            why = (desk.speaker(stands.patron.language).why(refusal),)
    return stands.told(PatronEnableResponse, request, desk, why)


def _not_allowed(desk: Desk) -> tuple[str, ...]:
    """Why it isn't done here; nothing if it is."""
    allowed = desk.rules.patron_updates and desk.profile.patron_updates
    return () if allowed else (desk.speaker().say("not_offered"),)


def _occasion(desk: Desk, happened_at: Timestamp) -> Occasion:
    return Occasion(
        terminal=desk.terminal,
        happened_at=desk.happened(happened_at),
        key=desk.new_key(),
        branch=desk.branch,
    )
