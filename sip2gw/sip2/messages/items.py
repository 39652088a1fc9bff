"""Items: ask about one, or store its properties."""

from __future__ import annotations

from decimal import Decimal

from sip2gw.secret import Secret
from sip2gw.sip2 import fields
from sip2gw.sip2.kinds import Timestamp
from sip2gw.sip2.message import Request, Response, fixed, message, optional, repeated, required


@message("18")
class ItemInformationResponse(Response):
    """Answer to 17. Has no AO."""

    circulation_status: str = fixed(fields.CIRCULATION_STATUS, default="01")
    security_marker: str = fixed(fields.SECURITY_MARKER, default="01")
    fee_type: str = fixed(fields.FEE_TYPE, default="01")
    transaction_date: Timestamp = fixed(fields.TRANSACTION_DATE, default=None)
    hold_queue_length: int | None = optional(fields.CF, default=None)
    due_date: str | None = optional(fields.AH, default=None)
    recall_date: Timestamp = optional(fields.CJ, default=None)
    hold_pickup_date: Timestamp = optional(fields.CM, default=None)
    item_identifier: str = required(fields.AB, default="")
    title_identifier: str = required(fields.AJ, default="")
    owner: str | None = optional(fields.BG, default=None)
    currency_type: str | None = optional(fields.BH, default=None)
    fee_amount: Decimal | None = optional(fields.BV, default=None)
    media_type: str | None = optional(fields.CK, default=None)
    permanent_location: str | None = optional(fields.AQ, default=None)
    current_location: str | None = optional(fields.AP, default=None)
    item_properties: str | None = optional(fields.CH, default=None)
    screen_message: tuple[str, ...] = repeated(fields.AF, default=())
    print_line: tuple[str, ...] = repeated(fields.AG, default=())


@message("20")
class ItemStatusUpdateResponse(Response):
    """Answer to 19. Has no AO."""

    item_properties_ok: bool = fixed(fields.ITEM_PROPERTIES_OK, default=False)
    transaction_date: Timestamp = fixed(fields.TRANSACTION_DATE, default=None)
    item_identifier: str = required(fields.AB, default="")
    title_identifier: str | None = optional(fields.AJ, default=None)
    item_properties: str | None = optional(fields.CH, default=None)
    screen_message: tuple[str, ...] = repeated(fields.AF, default=())
    print_line: tuple[str, ...] = repeated(fields.AG, default=())


@message("17", response=ItemInformationResponse, read_only=True)
class ItemInformation(Request):
    """Ask about one item."""

    transaction_date: Timestamp = fixed(fields.TRANSACTION_DATE)
    institution_id: str = required(fields.AO)
    item_identifier: str = required(fields.AB)
    terminal_password: Secret | None = optional(fields.AC, default=None)


@message("19", response=ItemStatusUpdateResponse)
class ItemStatusUpdate(Request):
    """Store item properties without a loan."""

    transaction_date: Timestamp = fixed(fields.TRANSACTION_DATE)
    institution_id: str = required(fields.AO)
    item_identifier: str = required(fields.AB)
    terminal_password: Secret | None = optional(fields.AC, default=None)
    item_properties: str = required(fields.CH)
