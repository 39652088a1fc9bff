"""Holds: items to be kept for a borrower."""

from __future__ import annotations

from sip2gw.secret import Secret
from sip2gw.sip2 import fields
from sip2gw.sip2.kinds import Timestamp
from sip2gw.sip2.message import Request, Response, fixed, message, optional, repeated, required


@message("16")
class HoldResponse(Response):
    """Answer to 15."""

    ok: bool = fixed(fields.OK, default=False)
    available: bool = fixed(fields.AVAILABLE, default=False)
    transaction_date: Timestamp = fixed(fields.TRANSACTION_DATE, default=None)
    expiration_date: Timestamp = optional(fields.BW, default=None)
    queue_position: int | None = optional(fields.BR, default=None)
    pickup_location: str | None = optional(fields.BS, default=None)
    institution_id: str = required(fields.AO, default="")
    patron_identifier: str = required(fields.AA, default="")
    item_identifier: str | None = optional(fields.AB, default=None)
    title_identifier: str | None = optional(fields.AJ, default=None)
    screen_message: tuple[str, ...] = repeated(fields.AF, default=())
    print_line: tuple[str, ...] = repeated(fields.AG, default=())


@message("15", response=HoldResponse)
class Hold(Request):
    """Create, delete or change a hold. AB or AJ (or both) must be present to be useful."""

    hold_mode: str = fixed(fields.HOLD_MODE)
    transaction_date: Timestamp = fixed(fields.TRANSACTION_DATE)
    expiration_date: Timestamp = optional(fields.BW, default=None)
    pickup_location: str | None = optional(fields.BS, default=None)
    hold_type: str | None = optional(fields.BY, default=None)
    institution_id: str = required(fields.AO)
    patron_identifier: str = required(fields.AA)
    patron_password: Secret | None = optional(fields.AD, default=None)
    item_identifier: str | None = optional(fields.AB, default=None)
    title_identifier: str | None = optional(fields.AJ, default=None)
    terminal_password: Secret | None = optional(fields.AC, default=None)
    fee_acknowledged: bool | None = optional(fields.BO, default=None)
