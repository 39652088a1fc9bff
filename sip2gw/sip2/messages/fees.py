"""Fees that were paid."""

from __future__ import annotations

from decimal import Decimal

from sip2gw.secret import Secret
from sip2gw.sip2 import fields
from sip2gw.sip2.kinds import Timestamp
from sip2gw.sip2.message import Request, Response, fixed, message, optional, repeated, required


@message("38")
class FeePaidResponse(Response):
    """Answer to 37."""

    payment_accepted: bool = fixed(fields.PAYMENT_ACCEPTED, default=False)
    transaction_date: Timestamp = fixed(fields.TRANSACTION_DATE, default=None)
    institution_id: str = required(fields.AO, default="")
    patron_identifier: str = required(fields.AA, default="")
    transaction_id: str | None = optional(fields.BK, default=None)
    screen_message: tuple[str, ...] = repeated(fields.AF, default=())
    print_line: tuple[str, ...] = repeated(fields.AG, default=())


@message("37", response=FeePaidResponse)
class FeePaid(Request):
    """Report a fee that was collected."""

    transaction_date: Timestamp = fixed(fields.TRANSACTION_DATE)
    fee_type: str = fixed(fields.FEE_TYPE, default="01")
    payment_type: str = fixed(fields.PAYMENT_TYPE, default="00")
    currency_type: str = fixed(fields.CURRENCY_TYPE)
    fee_amount: Decimal | None = required(fields.BV)
    institution_id: str = required(fields.AO)
    patron_identifier: str = required(fields.AA)
    terminal_password: Secret | None = optional(fields.AC, default=None)
    patron_password: Secret | None = optional(fields.AD, default=None)
    fee_identifier: str | None = optional(fields.CG, default=None)
    transaction_id: str | None = optional(fields.BK, default=None)
