"""Items: what AB means, what is known of an item (17), and its properties (19).

An item that the library does not know gets a status in 18, and never an error.
"""

from __future__ import annotations

from datetime import date, datetime, time

from sip2gw.circulation.answers import answers
from sip2gw.circulation.desk import Desk
from sip2gw.circulation.named import named_item
from sip2gw.circulation.profile import DueDateForm
from sip2gw.library import Item, ItemState, ItemStatus, LibraryError, Medium, Refused
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
"""Whether a strong magnet damages an item; None: not known."""

_STATUSES = {
    ItemState.AVAILABLE: "03",
    ItemState.ON_LOAN: "04",
    ItemState.ON_HOLD_SHELF: "08",
    ItemState.OTHER: "01",
}
_END_OF_DAY = time(23, 59)


def end_of(day: date) -> datetime:
    """Return the last minute of a day, as local time of the library."""
    return datetime.combine(day, _END_OF_DAY)


def due_text(due: date, desk: Desk) -> str:
    """Return AH as the profile writes it. A loan lasts until the end of its last day."""
    match desk.place.profile.due_date:
        case DueDateForm.ISO:
            return due.isoformat()
        case DueDateForm.LOCAL:
            return desk.speaker().day(due)
        case _:
            return f"{due.year:04d}{due.month:02d}{due.day:02d}    235900"


def shelf_fields(item: Item, desk: Desk, *, collection: bool = False) -> tuple[tuple[str, str], ...]:
    """Return CS and, with `collection`, CR, if the profile has them."""
    if not desk.place.profile.call_number:
        return ()
    fields = (("CR", item.location if collection else ""), ("CS", item.call_number))
    return tuple((code, text) for code, text in fields if text)


def stored(item: Item, sent: str | None) -> str | None:
    """Return CH of an answer: that of the request, if the library has stored the same."""
    return sent if sent and sent == item.properties else None


def _item_refusal(response: ItemInformationResponse, error: LibraryError) -> ItemInformationResponse:
    """Add the title to the refusal of 17, if it is known."""
    item = error.item if isinstance(error, Refused) else None
    return response.but(title_identifier=item.title) if item else response


@answers(ItemInformation, declined=_item_refusal)
async def item_information(request: ItemInformation, desk: Desk) -> ItemInformationResponse:
    """Answer 17: where the item is. Nothing says who has it or who waits for it."""
    status = await desk.library.item(named_item(request, desk))
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
        owner=desk.place.rules.name or None,
        media_type=MEDIA_TYPES[item.medium],
        permanent_location=item.branch or None,
        current_location=item.location or None,
        item_properties=item.properties or None,
        screen_message=_copies(status, desk),
        extensions=shelf_fields(item, desk),
    )


def _copies(status: ItemStatus, desk: Desk) -> tuple[str, ...]:
    """Return the line that says how many copies of the title are available, if there are several."""
    if status.copies < 2:
        return ()
    available, copies = status.copies_available, status.copies
    return (desk.speaker().say("copies_available", available=available, copies=copies),)


@answers(ItemStatusUpdate)
async def item_status_update(request: ItemStatusUpdate, desk: Desk) -> ItemStatusUpdateResponse:
    """Answer 19: store CH, if both the library and the profile allow it."""
    if not (desk.place.rules.item_updates and desk.place.profile.item_updates):
        raise Refused("not_offered", "properties of items are not stored for this terminal")
    item = await desk.library.update_item(named_item(request, desk), request.item_properties, desk.occasion())
    return ItemStatusUpdateResponse(
        item_properties_ok=True,
        transaction_date=local(desk.now()),
        item_identifier=request.item_identifier,
        title_identifier=item.title or None,
        item_properties=item.properties or None,
    )
