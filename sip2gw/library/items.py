"""Records of items."""

from __future__ import annotations

from datetime import date
from enum import Enum
from typing import TYPE_CHECKING

from attrs import frozen

if TYPE_CHECKING:
    from sip2gw.library.loans import Hold


class Medium(Enum):
    """What an item physically is, as far as terminals need to know."""

    OTHER = "other"
    BOOK = "book"
    MAGAZINE = "magazine"
    AUDIO = "audio"
    VIDEO = "video"
    DISC = "disc"


@frozen(repr=False)
class Item:
    """One physical copy. `item_id` is the library's own label, also if the terminal has scanned another number.

    `ref` is the library system's own key.
    """

    item_id: str
    title: str
    medium: Medium = Medium.OTHER
    branch: str = ""
    location: str = ""
    call_number: str = ""
    ref: str = ""
    properties: str = ""
    """Text that terminals have stored about the item (CH)."""


class ItemState(Enum):
    """Whether an item is available, and if not, why."""

    AVAILABLE = "available"
    ON_LOAN = "on_loan"
    ON_HOLD_SHELF = "on_hold_shelf"
    OTHER = "other"
    """Not for loan: inactive, for reference, or it is not clear which item is meant."""


@frozen(repr=False)
class ItemStatus:
    """An item and where it is. `copies` and `copies_available` are for its title, if the request names a title.

    `due` is the last day of the current loan, and `pickup_by` the last day on which the hold shelf keeps the item.
    """

    item: Item
    state: ItemState
    due: date | None = None
    holds_waiting: int = 0
    pickup_by: date | None = None
    hold: Hold | None = None
    copies: int = 1
    copies_available: int = 0
