"""Returns: checkin (09), and where a machine must put the item. An alert means that staff must look at it.

No flag says yes by default: resensitize only if the item is checked in, alert only for a reason that the terminal's
profile has.
"""

from __future__ import annotations

from typing import Any

from attrs import frozen

from sip2gw.circulation.answers import answers
from sip2gw.circulation.desk import Desk
from sip2gw.circulation.items import MAGNETIC, MEDIA_TYPES, shelf_fields, stored
from sip2gw.circulation.named import named_item
from sip2gw.circulation.offline_transactions import note_conflicts, noting_failure, offline_occasion
from sip2gw.circulation.profile import Alert, WhenDown
from sip2gw.circulation.receipts import return_receipt
from sip2gw.circulation.sorting import Situation, sort_bin
from sip2gw.circulation.speech import masked
from sip2gw.library import InDoubt, LibraryError, Occasion, Refused, Return
from sip2gw.sip2 import local
from sip2gw.sip2.messages import Checkin, CheckinResponse

_NONE, _HOLD_HERE, _HOLD_ELSEWHERE, _TRANSIT, _OTHER = "00", "01", "02", "04", "99"
"""CV, alert types (3M SIP2 extensions). The gateway does not know interlibrary loans (03)."""

_NOT_IN_MACHINE = frozenset({"cannot_revert"})
"""Refusals of an undoing: no item is in the machine, so staff have nothing to take out."""


@frozen
class _Sorted:
    """Where an item must go, and why it raises an alert, if it does: CL, CV and other fields follow from this."""

    situation: Situation
    alert_type: str | None

    def fields(self, desk: Desk, *, ok: bool) -> tuple[tuple[str, str], ...]:
        """Return the extension fields that the profile has."""
        profile, situation = desk.place.profile, self.situation
        fields: list[tuple[str, str]] = []
        if profile.call_number and situation.item is not None:
            fields += shelf_fields(situation.item, desk, collection=True)
        if profile.destination and (situation.transit or profile.destination_always):
            fields.append(("CT", situation.destination))
        if profile.alert_type:
            quiet = _NONE if ok and profile.alert_type_on_success else ""
            fields.append(("CV", self.alert_type or quiet))
        if profile.hold_patron and (hold := situation.hold) is not None:
            fields += [("CY", masked(hold.patron_id)), ("DA", masked_name(hold.patron_name))]
        return tuple([(code, text) for code, text in fields if text])

    def bin(self, desk: Desk) -> str | None:
        """Return CL, if the profile has it."""
        return sort_bin(desk.place.bins, self.situation) if desk.place.profile.sort_bin else None


class NotTakenBack(Refused):
    """A refusal of 09, with the fields that say where the item in the machine must go."""

    def __init__(self, refused: Refused, desk: Desk) -> None:
        super().__init__(refused.code, refused.reason, refused.facts, refused.item)
        self.alert = self._alerts(refused, desk)
        situation = Situation(refused.item, desk.place.branch, alert=self.alert)
        place = _Sorted(situation, _OTHER if self.alert else None)
        self.fields = place.fields(desk, ok=False)
        self.bin = place.bin(desk)

    def _alerts(self, refused: Refused, desk: Desk) -> bool:
        """Return whether the profile has an alert for this refusal."""
        unknown = Situation(refused.item).unknown
        reasons = {Alert.REFUSED, Alert.UNKNOWN} if unknown else {Alert.REFUSED}
        return self.code not in _NOT_IN_MACHINE and bool(reasons & desk.place.profile.alerts)


def masked_name(name: str) -> str:
    """Return DA: the first letter of each name, so that only staff who know the patron recognise the name."""
    return " ".join(f"{part[0]}***" for part in name.split())


def _sorted(result: Return, desk: Desk, here: str) -> _Sorted:
    """Return where a returned item goes, and which alert the profile has for that."""
    hold, alerts = result.hold, desk.place.profile.alerts
    transit = Situation(result.item, here, hold).transit
    if hold is not None:
        raised = (_HOLD_ELSEWHERE if transit else _HOLD_HERE) if Alert.HOLD in alerts else None
    else:
        raised = _TRANSIT if transit and Alert.TRANSIT in alerts else None
    return _Sorted(Situation(result.item, here, hold, raised is not None), raised)


def _screen(result: Return, situation: Situation, desk: Desk) -> tuple[str, ...]:
    """Return lines for the screen: where the item must go, and whether it was on loan."""
    hold = result.hold
    if result.was_on_loan and hold is None and not situation.transit:
        return ()
    speaker = desk.speaker()
    lines = [] if result.was_on_loan else [speaker.say("was_not_on_loan")]
    if hold is not None:
        text = "reserved_at" if hold.branch else "reserved"
        lines.append(speaker.say(text, patron=masked(hold.patron_id), branch=hold.branch))
    elif situation.transit:
        lines.append(speaker.say("send_to_branch", branch=situation.destination))
    return tuple(lines)


def _checkin_refusal(response: CheckinResponse, error: LibraryError) -> CheckinResponse:
    """Add to the refusal of 09 where the item goes. If it is not known whether it was returned, staff must look."""
    if isinstance(error, InDoubt):
        return response.but(alert=True)
    if not isinstance(error, NotTakenBack):
        return response
    return response.but(
        alert=error.alert,
        sort_bin=error.bin,
        title_identifier=error.item.title or None if error.item else None,
        permanent_location=error.item.branch if error.item else "",
        media_type=MEDIA_TYPES[error.item.medium] if error.item else None,
        extensions=error.fields,
    )


@answers(Checkin, declined=_checkin_refusal)
async def checkin(request: Checkin, desk: Desk) -> CheckinResponse:
    """Answer 09: take an item back on the terminal's date; with BI, undo its loan instead.

    An item that was not on loan is accepted if the profile says so, or if the return was offline.
    """
    try:
        result = await noting_failure(request, desk, _take_back(request, desk))
    except Refused as refused:
        raise NotTakenBack(refused, desk) from None
    if request.cancel:  # the loan is undone: the terminal keeps the item, and staff need not look at it
        return _response(request, result, desk, ok=True)
    note_conflicts(request, desk, result.item.ref, result.conflicts)
    ok = result.was_on_loan or desk.place.profile.not_on_loan_ok or request.no_block
    # An item that is not accepted raises no alert, and may be in any branch.
    place = (
        _sorted(result, desk, _here(request, desk))
        if ok
        else _Sorted(Situation(result.item, desk.place.branch, result.hold), None)
    )
    return _response(
        request,
        result,
        desk,
        ok=ok,
        receipt=ok and not request.no_block and not result.accepted,
        alert=place.situation.alert,
        sort_bin=place.bin(desk),
        screen_message=_screen(result, place.situation, desk),
        extensions=place.fields(desk, ok=ok),
    )


async def _take_back(request: Checkin, desk: Desk) -> Return:
    """Return what the library says after the item is taken back, or its loan undone. Raises what the port raises."""
    item_id = named_item(request, desk)
    occasion = _occasion(request, desk)
    if request.cancel:
        return await desk.library.undo_loan(item_id, occasion)
    return await desk.library.take_back(item_id, occasion, reader=desk.reader)


def _occasion(request: Checkin, desk: Desk) -> Occasion:
    """Return the occasion of a return, by the terminal's date."""
    happened = request.return_date or request.transaction_date
    if request.no_block:
        return offline_occasion(request, desk, happened)
    later = desk.place.profile.checkin_when_down is WhenDown.JOURNAL
    return desk.occasion(happened, cancel=bool(request.cancel), when_down=later)


def _response(
    request: Checkin, result: Return, desk: Desk, *, ok: bool, receipt: bool = False, **more: Any
) -> CheckinResponse:
    """Return 10 for an item that was in the machine."""
    item, now = result.item, desk.now()
    paper: tuple[str, ...] = ()
    if receipt:
        paper = return_receipt(desk.place.rules.name, now, item, desk.speaker(), desk.print_width)
    return CheckinResponse(
        ok=ok,
        resensitize=ok,
        magnetic_media=MAGNETIC[item.medium],
        transaction_date=local(now),
        institution_id=request.institution_id or desk.library.nickname,
        item_identifier=request.item_identifier,
        permanent_location=item.branch,
        title_identifier=item.title or None,
        patron_identifier=result.patron_id or None,
        media_type=MEDIA_TYPES[item.medium],
        item_properties=stored(item, request.item_properties),
        print_line=paper,
        **more,
    )


def _here(request: Checkin, desk: Desk) -> str:
    """Return the branch where the item is: the terminal's, else the one in AP."""
    place = desk.place
    if place.branch:
        return place.branch
    sent = request.current_location.strip().casefold()
    return next((branch for branch in place.rules.branches if branch.casefold() == sent), "")
