"""One item: what is known of it, and what a terminal wants stored. What nobody knows is a status, never an error."""

from __future__ import annotations

from datetime import date, datetime, time

from sip2gw.circulation.answers import answers
from sip2gw.circulation.desk import Desk
from sip2gw.circulation.profile import DueDateForm
from sip2gw.library import Item, ItemState, ItemStatus, LibraryError, Medium, Occasion, Refused
from sip2gw.sip2 import local
from sip2gw.sip2.messages import (
    ItemInformation,
    ItemInformationResponse,
    ItemStatusUpdate,
    ItemStatusUpdateResponse,
)

MEDIA_TYPES = {
    Medium.BOOK: "001",
    Medium.MAGAZINE: "002",
    Medium.AUDIO: "004",
    Medium.VIDEO: "005",
    Medium.DISC: "006",
    Medium.OTHER: "000",
}
"""SIP2's code for each medium (CK; 3M, media type)."""

MAGNETIC = {
    Medium.BOOK: False,
    Medium.MAGAZINE: False,
    Medium.DISC: False,
    Medium.AUDIO: True,
    Medium.VIDEO: True,
    Medium.OTHER: None,
}
"""Whether a strong magnet would harm it; None: not known."""

_STATUSES = {
    ItemState.AVAILABLE: "03",
    ItemState.ON_LOAN: "04",
    ItemState.ON_HOLD_SHELF: "08",
    ItemState.OTHER: "01",
}
_END_OF_DAY = time(23, 59)


def end_of(day: date) -> datetime:
    """The moment at which a day of the library is over, by its clock."""
    return datetime.combine(day, _END_OF_DAY)


def due_text(due: date, desk: Desk) -> str:
    """AH: a loan lasts until the end of its last day. Written as this terminal wants it."""
    match desk.place.profile.due_date:
        case DueDateForm.ISO:
            return due.isoformat()
        case DueDateForm.LOCAL:
            return desk.speaker().day(due)
        case _:
            return f"{due.year:04d}{due.month:02d}{due.day:02d}    235900"


def shelf_fields(item: Item, desk: Desk, *, collection: bool = False) -> tuple[tuple[str, str], ...]:
    """CS and, with `collection`, CR, where the terminal sorts by them."""
    if not desk.place.profile.call_number:
        return ()
    fields = (("CR", item.location if collection else ""), ("CS", item.call_number))
    return tuple((code, text) for code, text in fields if text)


def stored(item: Item, said: str | None) -> str | None:
    """CH in an answer: what the request said of the item, if that is what the library has of it."""
    return said if said and said == item.properties else None


def _unknown(response: ItemInformationResponse, error: LibraryError) -> ItemInformationResponse:
    """Status 01, and the title where it is known all the same."""
    item = error.item if isinstance(error, Refused) else None
    return response.but(title_identifier=item.title) if item else response


@answers(ItemInformation, declined=_unknown)
async def item_information(request: ItemInformation, desk: Desk) -> ItemInformationResponse:
    """17: where the item is in its circulation. Nothing of who has it, or who waits."""
    status = await desk.library.item(desk.item_id(request.item_identifier))
    item = status.item
    return ItemInformationResponse(
        circulation_status=_STATUSES[status.state],
        security_marker="00",
        fee_type="01",
        transaction_date=local(desk.now()),
        hold_queue_length=status.holds_waiting,
        due_date=due_text(status.due, desk) if status.due else None,
        hold_pickup_date=end_of(status.pickup_by) if status.pickup_by else None,
        item_identifier=request.item_identifier,
        title_identifier=item.title,
        owner=desk.rules.name or None,
        media_type=MEDIA_TYPES[item.medium],
        permanent_location=item.branch or None,
        current_location=item.location or None,
        item_properties=item.properties or None,
        screen_message=_copies(status, desk),
        extensions=shelf_fields(item, desk),
    )


def _copies(status: ItemStatus, desk: Desk) -> tuple[str, ...]:
    if status.copies < 2:
        return ()
    available, copies = status.copies_available, status.copies
    return (desk.speaker().say("copies_available", available=available, copies=copies),)


@answers(ItemStatusUpdate)
async def item_status_update(request: ItemStatusUpdate, desk: Desk) -> ItemStatusUpdateResponse:
    """19: store CH, where both the library and this terminal's profile allow it."""
    if not (desk.rules.item_updates and desk.place.profile.item_updates):
        raise Refused("not_offered", "properties of items are not stored for this terminal")
    occasion = Occasion(desk.place.terminal, desk.now(), desk.place.new_key(), desk.branch)
    item = await desk.library.update_item(
        desk.item_id(request.item_identifier), request.item_properties, occasion
    )
    return ItemStatusUpdateResponse(
        item_properties_ok=True,
        transaction_date=local(desk.now()),
        item_identifier=request.item_identifier,
        title_identifier=item.title or None,
        item_properties=item.properties or None,
    )
