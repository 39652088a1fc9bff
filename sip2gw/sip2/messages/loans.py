"""Loans: checkout, checkin and renewal."""

from __future__ import annotations

from decimal import Decimal

from sip2gw.secret import Secret
from sip2gw.sip2 import fields
from sip2gw.sip2.kinds import Timestamp
from sip2gw.sip2.message import Request, Response, fixed, message, optional, repeated, required


@message("12", since="1.00")
class CheckoutResponse(Response):
    """Answer to 11."""

    ok: bool = fixed(fields.OK, default=False)
    renewal_ok: bool = fixed(fields.RENEWAL_OK, default=False)
    magnetic_media: bool | None = fixed(fields.MAGNETIC_MEDIA, default=None)
    desensitize: bool | None = fixed(fields.DESENSITIZE, default=False)
    transaction_date: Timestamp = fixed(fields.TRANSACTION_DATE, default=None)
    institution_id: str = required(fields.AO, default="")
    patron_identifier: str = required(fields.AA, default="")
    item_identifier: str = required(fields.AB, default="")
    title_identifier: str = required(fields.AJ, default="")
    due_date: str = required(fields.AH, default="")
    fee_type: str | None = optional(fields.BT, default=None)
    security_inhibit: bool | None = optional(fields.CI, default=None)
    currency_type: str | None = optional(fields.BH, default=None)
    fee_amount: Decimal | None = optional(fields.BV, default=None)
    media_type: str | None = optional(fields.CK, default=None)
    item_properties: str | None = optional(fields.CH, default=None)
    transaction_id: str | None = optional(fields.BK, default=None)
    screen_message: tuple[str, ...] = repeated(fields.AF, default=())
    print_line: tuple[str, ...] = repeated(fields.AG, default=())


@message("10", since="1.00")
class CheckinResponse(Response):
    """Answer to 09."""

    ok: bool = fixed(fields.OK, default=False)
    resensitize: bool = fixed(fields.RESENSITIZE, default=False)
    magnetic_media: bool | None = fixed(fields.MAGNETIC_MEDIA, default=None)
    alert: bool = fixed(fields.ALERT, default=False)
    transaction_date: Timestamp = fixed(fields.TRANSACTION_DATE, default=None)
    institution_id: str = required(fields.AO, default="")
    item_identifier: str = required(fields.AB, default="")
    permanent_location: str = required(fields.AQ, default="")
    title_identifier: str | None = optional(fields.AJ, default=None)
    sort_bin: str | None = optional(fields.CL, default=None)
    patron_identifier: str | None = optional(fields.AA, default=None, since="2.00")
    media_type: str | None = optional(fields.CK, default=None)
    item_properties: str | None = optional(fields.CH, default=None)
    screen_message: tuple[str, ...] = repeated(fields.AF, default=())
    print_line: tuple[str, ...] = repeated(fields.AG, default=())


@message("30")
class RenewResponse(Response):
    """Answer to 29."""

    ok: bool = fixed(fields.OK, default=False)
    renewal_ok: bool = fixed(fields.RENEWAL_OK, default=False)
    magnetic_media: bool | None = fixed(fields.MAGNETIC_MEDIA, default=None)
    desensitize: bool | None = fixed(fields.DESENSITIZE, default=False)
    transaction_date: Timestamp = fixed(fields.TRANSACTION_DATE, default=None)
    institution_id: str = required(fields.AO, default="")
    patron_identifier: str = required(fields.AA, default="")
    item_identifier: str = required(fields.AB, default="")
    title_identifier: str = required(fields.AJ, default="")
    due_date: str = required(fields.AH, default="")
    fee_type: str | None = optional(fields.BT, default=None)
    security_inhibit: bool | None = optional(fields.CI, default=None)
    currency_type: str | None = optional(fields.BH, default=None)
    fee_amount: Decimal | None = optional(fields.BV, default=None)
    media_type: str | None = optional(fields.CK, default=None)
    item_properties: str | None = optional(fields.CH, default=None)
    transaction_id: str | None = optional(fields.BK, default=None)
    screen_message: tuple[str, ...] = repeated(fields.AF, default=())
    print_line: tuple[str, ...] = repeated(fields.AG, default=())


@message("66")
class RenewAllResponse(Response):
    """Answer to 65. Has no AA."""

    ok: bool = fixed(fields.OK, default=False)
    renewed_count: int | None = fixed(fields.RENEWED_COUNT, default=0)
    unrenewed_count: int | None = fixed(fields.UNRENEWED_COUNT, default=0)
    transaction_date: Timestamp = fixed(fields.TRANSACTION_DATE, default=None)
    institution_id: str = required(fields.AO, default="")
    renewed_items: tuple[str, ...] = repeated(fields.BM, default=())
    unrenewed_items: tuple[str, ...] = repeated(fields.BN, default=())
    screen_message: tuple[str, ...] = repeated(fields.AF, default=())
    print_line: tuple[str, ...] = repeated(fields.AG, default=())


@message("11", since="1.00", response=CheckoutResponse)
class Checkout(Request):
    """Lend an item, or (BI=Y) undo a checkin that failed at the terminal."""

    sc_renewal_policy: bool = fixed(fields.SC_RENEWAL_POLICY, default=False)
    no_block: bool = fixed(fields.NO_BLOCK, default=False)
    transaction_date: Timestamp = fixed(fields.TRANSACTION_DATE)
    nb_due_date: Timestamp = fixed(fields.NB_DUE_DATE, default=None)
    institution_id: str = required(fields.AO)
    patron_identifier: str = required(fields.AA)
    item_identifier: str = required(fields.AB)
    terminal_password: Secret | None = required(fields.AC, default=None)
    item_properties: str | None = optional(fields.CH, default=None)
    patron_password: Secret | None = optional(fields.AD, default=None, since="2.00")
    fee_acknowledged: bool | None = optional(fields.BO, default=None)
    cancel: bool | None = optional(fields.BI, default=None)


@message("09", since="1.00", response=CheckinResponse)
class Checkin(Request):
    """Take an item back, or (BI=Y) undo a checkout that failed at the terminal."""

    no_block: bool = fixed(fields.NO_BLOCK, default=False)
    transaction_date: Timestamp = fixed(fields.TRANSACTION_DATE)
    return_date: Timestamp = fixed(fields.RETURN_DATE, default=None)
    current_location: str = required(fields.AP, default="")
    institution_id: str = required(fields.AO)
    item_identifier: str = required(fields.AB)
    terminal_password: Secret | None = required(fields.AC, default=None)
    item_properties: str | None = optional(fields.CH, default=None)
    cancel: bool | None = optional(fields.BI, default=None)


@message("29", response=RenewResponse)
class Renew(Request):
    """Renew one loan. AB or AJ (or both) must be present to be useful."""

    third_party_allowed: bool = fixed(fields.THIRD_PARTY_ALLOWED, default=False)
    no_block: bool = fixed(fields.NO_BLOCK, default=False)
    transaction_date: Timestamp = fixed(fields.TRANSACTION_DATE)
    nb_due_date: Timestamp = fixed(fields.NB_DUE_DATE, default=None)
    institution_id: str = required(fields.AO)
    patron_identifier: str = required(fields.AA)
    patron_password: Secret | None = optional(fields.AD, default=None)
    item_identifier: str | None = optional(fields.AB, default=None)
    title_identifier: str | None = optional(fields.AJ, default=None)
    terminal_password: Secret | None = optional(fields.AC, default=None)
    item_properties: str | None = optional(fields.CH, default=None)
    fee_acknowledged: bool | None = optional(fields.BO, default=None)


@message("65", response=RenewAllResponse)
class RenewAll(Request):
    """Renew every loan of the borrower."""

    transaction_date: Timestamp = fixed(fields.TRANSACTION_DATE)
    institution_id: str = required(fields.AO)
    patron_identifier: str = required(fields.AA)
    patron_password: Secret | None = optional(fields.AD, default=None)
    terminal_password: Secret | None = optional(fields.AC, default=None)
    fee_acknowledged: bool | None = optional(fields.BO, default=None)
