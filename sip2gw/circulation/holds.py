"""Somebody waits for an item: placed, changed, given up. What is said of a hold is what the library says of it then."""

from __future__ import annotations

from datetime import date

from attrs import frozen

from sip2gw.circulation.answers import answers
from sip2gw.circulation.desk import Desk
from sip2gw.circulation.items import end_of
from sip2gw.circulation.passwords import with_password
from sip2gw.library import Hold, Occasion, Refused
from sip2gw.sip2 import Secret, local
from sip2gw.sip2.kinds import Timestamp
from sip2gw.sip2.messages import Hold as HoldRequest
from sip2gw.sip2.messages import HoldResponse

_THIS_COPY = "3"
"""BY: the one copy that is named; all other types mean any copy of its title."""

_SAID = {"+": "hold_placed", "-": "hold_cancelled", "*": "hold_changed"}


@frozen
class _Wanted:
    """Whom and what a hold is for. An item counts more than a title."""

    patron_id: str
    item_id: str | None
    title: str | None


@answers(HoldRequest)
async def hold(request: HoldRequest, desk: Desk) -> HoldResponse:
    """15: place (`+`), cancel (`-`) or change (`*`) a hold of an item (AB), or of any copy of a title (AJ)."""
    wanted = _wanted(request, desk)
    place = _MODES.get(request.hold_mode)
    if place is None:
        raise Refused("not_offered", f"there is no hold mode {request.hold_mode!r}")
    kept = await with_password(
        request, wanted.patron_id, desk, lambda password: place(request, wanted, desk, password)
    )
    return _told(request, kept, desk)


async def _place(request: HoldRequest, wanted: _Wanted, desk: Desk, password: Secret | None) -> Hold:
    """Any copy at one branch (type 4) is what is collected there, as any hold without a branch is collected here."""
    this_copy = (request.hold_type or "").strip() == _THIS_COPY
    if this_copy and wanted.item_id is None:
        raise Refused("nothing_named", "a hold of one given copy, and AB does not say which")
    return await desk.library.place_hold(
        wanted.patron_id,
        wanted.item_id,
        wanted.title,
        _occasion(request, desk),
        pickup=_branch(request.pickup_location, desk) or desk.branch,
        expires=_day(request.expiration_date, desk),
        this_copy=this_copy,
        password=password,
    )


async def _cancel(request: HoldRequest, wanted: _Wanted, desk: Desk, password: Secret | None) -> Hold:
    return await desk.library.cancel_hold(
        wanted.patron_id, wanted.item_id, wanted.title, _occasion(request, desk), password=password
    )


async def _change(request: HoldRequest, wanted: _Wanted, desk: Desk, password: Secret | None) -> Hold:
    return await desk.library.change_hold(
        wanted.patron_id,
        wanted.item_id,
        wanted.title,
        _occasion(request, desk),
        pickup=_branch(request.pickup_location, desk),
        expires=_day(request.expiration_date, desk),
        password=password,
    )


_MODES = {"+": _place, "-": _cancel, "*": _change}


def _wanted(request: HoldRequest, desk: Desk) -> _Wanted:
    item_id = desk.item_id(request.item_identifier or "")
    title = (request.title_identifier or "").strip()
    if not (item_id or title):
        raise Refused("nothing_named", "neither AB nor AJ")
    return _Wanted(request.patron_identifier.strip(), item_id or None, None if item_id else title)


def _occasion(request: HoldRequest, desk: Desk) -> Occasion:
    return Occasion(
        terminal=desk.place.terminal,
        happened_at=desk.now(),
        key=desk.place.new_key(),
        branch=desk.branch,
        fee_acknowledged=bool(request.fee_acknowledged),
    )


def _branch(said: str | None, desk: Desk) -> str:
    """BS as the library spells it; one that it has not got is left to the library to refuse."""
    name = (said or "").strip()
    return next((branch for branch in desk.rules.branches if branch.casefold() == name.casefold()), name)


def _day(moment: Timestamp, desk: Desk) -> date | None:
    """BW: the last day on which the patron still wants it, by the library's calendar."""
    if moment is None:
        return None
    return (moment if moment.tzinfo is None else moment.astimezone(desk.rules.zone)).date()


def _told(request: HoldRequest, kept: Hold, desk: Desk) -> HoldResponse:
    """Of a hold that is given up nothing is left to tell: no place in the queue, no date, nothing on the shelf."""
    stands = request.hold_mode != "-"
    item = kept.item
    return HoldResponse(
        ok=True,
        available=stands and kept.ready,
        transaction_date=local(desk.now()),
        expiration_date=end_of(kept.expires) if stands and kept.expires else None,
        queue_position=kept.position if stands else None,
        pickup_location=(kept.branch or None) if stands else None,
        institution_id=request.institution_id or desk.library.nickname,
        patron_identifier=request.patron_identifier,
        item_identifier=request.item_identifier or (item.item_id if item else None) or None,
        title_identifier=kept.title or (item.title if item else "") or request.title_identifier or None,
        screen_message=(desk.speaker().say(_SAID[request.hold_mode]),),
    )
