"""Holds (15): placed, changed and cancelled. The answer has the hold as the library has it afterwards."""

from __future__ import annotations

from datetime import date
from functools import partial

from attrs import frozen

from sip2gw.circulation.answers import answers
from sip2gw.circulation.desk import Desk
from sip2gw.circulation.items import end_of
from sip2gw.circulation.named import named_card, read_label
from sip2gw.circulation.passwords import with_password
from sip2gw.library import Hold, Occasion, Refused
from sip2gw.sip2 import Secret, local
from sip2gw.sip2.kinds import Timestamp
from sip2gw.sip2.messages import Hold as HoldRequest
from sip2gw.sip2.messages import HoldResponse

_THIS_COPY = "3"
"""BY: this one copy. All other types mean any copy of the title."""

_TEXTS = {"+": "hold_placed", "-": "hold_cancelled", "*": "hold_changed"}


@frozen
class _Wanted:
    """Who wants what. An item counts before a title."""

    patron_id: str
    item_id: str | None
    title: str | None


@answers(HoldRequest)
async def hold(request: HoldRequest, desk: Desk) -> HoldResponse:
    """Answer 15: place (`+`), cancel (`-`) or change (`*`) a hold of an item (AB), or of any copy of a title (AJ)."""
    wanted = _wanted(request, desk)
    mode = _MODES.get(request.hold_mode)
    if mode is None:
        raise Refused("not_offered", f"there is no hold mode {request.hold_mode!r}")
    kept = await with_password(request, wanted.patron_id, desk, partial(mode, request, wanted, desk))
    return _response(request, kept, desk)


async def _place(request: HoldRequest, wanted: _Wanted, desk: Desk, password: Secret | None) -> Hold:
    """Place a hold.

    A copy of one branch (type 4) is collected at that branch. Without a branch it is collected at the terminal's.
    """
    this_copy = (request.hold_type or "").strip() == _THIS_COPY
    if this_copy and wanted.item_id is None:
        raise Refused("nothing_named", "a hold of one copy, and AB is empty")
    return await desk.library.place_hold(
        wanted.patron_id,
        wanted.item_id,
        wanted.title,
        _occasion(request, desk),
        pickup=_branch(request.pickup_location, desk) or desk.place.branch,
        expires=_day(request.expiration_date, desk),
        this_copy=this_copy,
        password=password,
    )


async def _cancel(request: HoldRequest, wanted: _Wanted, desk: Desk, password: Secret | None) -> Hold:
    """Cancel a hold."""
    return await desk.library.cancel_hold(
        wanted.patron_id, wanted.item_id, wanted.title, _occasion(request, desk), password=password
    )


async def _change(request: HoldRequest, wanted: _Wanted, desk: Desk, password: Secret | None) -> Hold:
    """Change a hold."""
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
    """Return who wants what. `Refused("nothing_named")` if the request has neither AB nor AJ."""
    item_id = read_label(request.item_identifier, desk)
    title = (request.title_identifier or "").strip()
    if not (item_id or title):
        raise Refused("nothing_named", "neither AB nor AJ")
    return _Wanted(named_card(request), item_id or None, None if item_id else title)


def _occasion(request: HoldRequest, desk: Desk) -> Occasion:
    return desk.occasion(fee_acknowledged=bool(request.fee_acknowledged))


def _branch(sent: str | None, desk: Desk) -> str:
    """Return BS as the library spells it; an unknown branch as it was sent, for the library to refuse."""
    name = (sent or "").strip()
    return next(
        (branch for branch in desk.place.rules.branches if branch.casefold() == name.casefold()), name
    )


def _day(moment: Timestamp, desk: Desk) -> date | None:
    """Return BW: the last day on which the patron wants the item, in the library's zone."""
    if moment is None:
        return None
    return (moment if moment.tzinfo is None else moment.astimezone(desk.place.rules.zone)).date()


def _response(request: HoldRequest, kept: Hold, desk: Desk) -> HoldResponse:
    """Return 16 for a hold. A cancelled one has no place in the queue, no date and no item on the shelf."""
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
        screen_message=(desk.speaker().say(_TEXTS[request.hold_mode]),),
    )
