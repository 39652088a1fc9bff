"""Items come back, and a machine is told where to put them. Alert means that somebody has to look at the item.

Nothing depends on a default: resensitize is yes only when the item is checked in, alert only for a reason that the
terminal's profile names.
"""

from __future__ import annotations

from attrs import evolve, frozen

from sip2gw.circulation.answers import answers
from sip2gw.circulation.desk import Desk
from sip2gw.circulation.items import MAGNETIC, MEDIA_TYPES, shelf_fields, stored
from sip2gw.circulation.offline import exceptions_noted, note_conflicts, occasion
from sip2gw.circulation.profile import Alert
from sip2gw.circulation.receipts import return_receipt
from sip2gw.circulation.sorting import Situation, sort_bin
from sip2gw.circulation.speech import masked
from sip2gw.library import InDoubt, LibraryError, Refused, Return
from sip2gw.sip2 import local
from sip2gw.sip2.messages import Checkin, CheckinResponse

_NONE, _HOLD_HERE, _HOLD_ELSEWHERE, _TRANSIT, _OTHER = "00", "01", "02", "04", "99"
"""CV, alert types (3M SIP2 extensions; 03, interlibrary loan, is not known here)."""

_NOTHING_LIES_THERE = frozenset({"cannot_revert"})
"""Refusals of an undoing: no machine holds an item that somebody would have to take out."""


@frozen
class _Place:
    """What a machine is told of an item beside whose it is: CV, CL and the rest follow from this."""

    situation: Situation
    alert_type: str | None

    def fields(self, desk: Desk, *, ok: bool) -> tuple[tuple[str, str], ...]:
        """The extension fields, as far as this profile wants them."""
        profile, situation = desk.place.profile, self.situation
        fields: list[tuple[str, str]] = []
        if situation.item is not None:
            fields += shelf_fields(situation.item, desk, collection=True)
        if profile.destination and (situation.transit or profile.destination_always):
            fields.append(("CT", situation.destination))
        quiet = _NONE if ok and profile.alert_type_on_success else ""
        if profile.alert_type:
            fields.append(("CV", self.alert_type or quiet))
        if profile.hold_patron and (hold := situation.hold) is not None:
            fields += [("CY", masked(hold.patron_id)), ("DA", masked_name(hold.patron_name))]
        return tuple((code, text) for code, text in fields if text)

    def bin(self, desk: Desk) -> str | None:
        """CL, for machines that are told a bin."""
        return sort_bin(desk.place.bins, self.situation) if desk.place.profile.sort_bin else None


class NotTakenBack(Refused):
    """A refusal of 09 that knows its terminal: the item lies there all the same, and must go somewhere."""

    def __init__(self, refused: Refused, desk: Desk) -> None:
        super().__init__(refused.code, refused.reason, refused.facts, refused.item)
        situation = Situation(refused.item, desk.branch)
        self.alert = self._alerts(situation, desk)
        place = _Place(evolve(situation, alert=self.alert), _OTHER if self.alert else None)
        self.fields = place.fields(desk, ok=False)
        self.bin = place.bin(desk)

    def _alerts(self, situation: Situation, desk: Desk) -> bool:
        reasons = {Alert.REFUSED, Alert.UNKNOWN} if situation.unknown else {Alert.REFUSED}
        return self.code not in _NOTHING_LIES_THERE and bool(reasons & desk.place.profile.alerts)


def masked_name(name: str) -> str:
    """DA: the first letter of each name, so that staff recognise whom they know and nobody else learns one."""
    return " ".join(f"{part[0]}***" for part in name.split())


def _placed(result: Return, desk: Desk, here: str) -> _Place:
    """Where an item that was taken back goes, and what of that raises the alert."""
    situation = Situation(result.item, here, result.hold)
    reasons = {
        Alert.HOLD: (_HOLD_ELSEWHERE if situation.transit else _HOLD_HERE) if result.hold else None,
        Alert.TRANSIT: _TRANSIT if situation.transit and not result.hold else None,
    }
    raised = next((kind for why, kind in reasons.items() if kind and why in desk.place.profile.alerts), None)
    return _Place(evolve(situation, alert=raised is not None), raised)


def _left(result: Return, desk: Desk) -> _Place:
    """Where an item goes that was not on loan, at a terminal for which that is no return. It raises no alert."""
    return _Place(Situation(result.item, desk.branch, result.hold), None)


def _said(result: Return, situation: Situation, desk: Desk) -> tuple[str, ...]:
    speaker = desk.speaker()
    lines = [] if result.was_on_loan else [speaker.say("was_not_on_loan")]
    if (hold := result.hold) is not None:
        text = "reserved_at" if hold.branch else "reserved"
        lines.append(speaker.say(text, patron=masked(hold.patron_id), branch=hold.branch))
    elif situation.transit:
        lines.append(speaker.say("send_to_branch", branch=situation.destination))
    return tuple(lines)


def _not_taken_back(response: CheckinResponse, error: LibraryError) -> CheckinResponse:
    """Not known whether it was taken back: somebody must look at it, whatever the profile says."""
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


@answers(Checkin, declined=_not_taken_back)
async def checkin(request: Checkin, desk: Desk) -> CheckinResponse:
    """09: take back, on the day that the terminal names; with BI, undo the loan instead.

    What was not on loan is welcome, if the profile says so, or if it was taken back off-line: that has happened.
    """
    item_id = desk.item_id(request.item_identifier)
    try:
        with exceptions_noted(request, desk):
            when = occasion(request, desk, request.return_date or request.transaction_date)
            if request.cancel:
                return _undone(request, await desk.library.undo_loan(item_id, when), desk)
            result = await desk.library.take_back(item_id, when, reader=desk.reader)
    except Refused as refused:
        raise NotTakenBack(refused, desk) from None
    note_conflicts(request, desk, result.item.ref, result.conflicts)
    ok = result.was_on_loan or desk.place.profile.not_on_loan_ok or request.no_block
    place = _placed(result, desk, _here(request, desk)) if ok else _left(result, desk)
    return _told(request, result, desk).but(
        ok=ok,
        resensitize=ok,
        alert=place.situation.alert,
        sort_bin=place.bin(desk),
        screen_message=_said(result, place.situation, desk),
        print_line=_receipt(result, desk) if ok and not request.no_block else (),
        extensions=place.fields(desk, ok=ok),
    )


def _undone(request: Checkin, result: Return, desk: Desk) -> CheckinResponse:
    """The loan has never been: the item is the terminal's again, and nobody has to look at it."""
    return _told(request, result, desk).but(ok=True, resensitize=True)


def _told(request: Checkin, result: Return, desk: Desk) -> CheckinResponse:
    """What is said of the item in any case; no flag says yes here."""
    item = result.item
    return CheckinResponse(
        magnetic_media=MAGNETIC[item.medium],
        transaction_date=local(desk.now()),
        institution_id=request.institution_id or desk.library.nickname,
        item_identifier=request.item_identifier,
        permanent_location=item.branch,
        title_identifier=item.title or None,
        patron_identifier=result.patron_id or None,
        media_type=MEDIA_TYPES[item.medium],
        item_properties=stored(item, request.item_properties),
    )


def _receipt(result: Return, desk: Desk) -> tuple[str, ...]:
    """AG; nobody waits for the paper of what was done off-line."""
    return return_receipt(desk.rules.name, desk.now(), result.item, desk.speaker(), desk.print_width)


def _here(request: Checkin, desk: Desk) -> str:
    """The branch that the item lies in: the terminal's, else AP, where that names one."""
    said = request.current_location.strip().casefold()
    return desk.branch or next((one for one in desk.rules.branches if one.casefold() == said), "")
