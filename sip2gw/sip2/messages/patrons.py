"""Borrowers: status, information, blocks, end of session."""

from __future__ import annotations

from decimal import Decimal

from sip2gw.secret import Secret
from sip2gw.sip2 import fields
from sip2gw.sip2.kinds import DENIED, PatronFlag, SummaryList, Timestamp
from sip2gw.sip2.message import Request, Response, fixed, message, optional, repeated, required


@message("24", since="1.00")
class PatronStatusResponse(Response):
    """Answer to 23 and to 01."""

    patron_status: frozenset[PatronFlag] = fixed(fields.PATRON_STATUS, default=DENIED)
    language: str = fixed(fields.LANGUAGE, default="000")
    transaction_date: Timestamp = fixed(fields.TRANSACTION_DATE, default=None)
    institution_id: str = required(fields.AO, default="")
    patron_identifier: str = required(fields.AA, default="")
    personal_name: str = required(fields.AE, default="")
    valid_patron: bool | None = optional(fields.BL, default=None)
    valid_patron_password: bool | None = optional(fields.CQ, default=None)
    currency_type: str | None = optional(fields.BH, default=None)
    fee_amount: Decimal | None = optional(fields.BV, default=None)
    screen_message: tuple[str, ...] = repeated(fields.AF, default=())
    print_line: tuple[str, ...] = repeated(fields.AG, default=())


@message("64")
class PatronInformationResponse(Response):
    """Answer to 63."""

    patron_status: frozenset[PatronFlag] = fixed(fields.PATRON_STATUS, default=DENIED)
    language: str = fixed(fields.LANGUAGE, default="000")
    transaction_date: Timestamp = fixed(fields.TRANSACTION_DATE, default=None)
    hold_items_count: int | None = fixed(fields.HOLD_ITEMS_COUNT, default=0)
    overdue_items_count: int | None = fixed(fields.OVERDUE_ITEMS_COUNT, default=0)
    charged_items_count: int | None = fixed(fields.CHARGED_ITEMS_COUNT, default=0)
    fine_items_count: int | None = fixed(fields.FINE_ITEMS_COUNT, default=0)
    recall_items_count: int | None = fixed(fields.RECALL_ITEMS_COUNT, default=0)
    unavailable_holds_count: int | None = fixed(fields.UNAVAILABLE_HOLDS_COUNT, default=0)
    institution_id: str = required(fields.AO, default="")
    patron_identifier: str = required(fields.AA, default="")
    personal_name: str = required(fields.AE, default="")
    hold_items_limit: int | None = optional(fields.BZ, default=None)
    overdue_items_limit: int | None = optional(fields.CA, default=None)
    charged_items_limit: int | None = optional(fields.CB, default=None)
    valid_patron: bool | None = optional(fields.BL, default=None)
    valid_patron_password: bool | None = optional(fields.CQ, default=None)
    currency_type: str | None = optional(fields.BH, default=None)
    fee_amount: Decimal | None = optional(fields.BV, default=None)
    fee_limit: Decimal | None = optional(fields.CC, default=None)
    hold_items: tuple[str, ...] = repeated(fields.AS, default=())
    overdue_items: tuple[str, ...] = repeated(fields.AT, default=())
    charged_items: tuple[str, ...] = repeated(fields.AU, default=())
    fine_items: tuple[str, ...] = repeated(fields.AV, default=())
    recall_items: tuple[str, ...] = repeated(fields.BU, default=())
    unavailable_hold_items: tuple[str, ...] = repeated(fields.CD, default=())
    home_address: str | None = optional(fields.BD, default=None)
    e_mail_address: str | None = optional(fields.BE, default=None)
    home_phone_number: str | None = optional(fields.BF, default=None)
    screen_message: tuple[str, ...] = repeated(fields.AF, default=())
    print_line: tuple[str, ...] = repeated(fields.AG, default=())


@message("36")
class EndSessionResponse(Response):
    """Answer to 35."""

    end_session: bool = fixed(fields.END_SESSION, default=False)
    transaction_date: Timestamp = fixed(fields.TRANSACTION_DATE, default=None)
    institution_id: str = required(fields.AO, default="")
    patron_identifier: str = required(fields.AA, default="")
    screen_message: tuple[str, ...] = repeated(fields.AF, default=())
    print_line: tuple[str, ...] = repeated(fields.AG, default=())


@message("26")
class PatronEnableResponse(Response):
    """Answer to 25."""

    patron_status: frozenset[PatronFlag] = fixed(fields.PATRON_STATUS, default=DENIED)
    language: str = fixed(fields.LANGUAGE, default="000")
    transaction_date: Timestamp = fixed(fields.TRANSACTION_DATE, default=None)
    institution_id: str = required(fields.AO, default="")
    patron_identifier: str = required(fields.AA, default="")
    personal_name: str = required(fields.AE, default="")
    valid_patron: bool | None = optional(fields.BL, default=None)
    valid_patron_password: bool | None = optional(fields.CQ, default=None)
    screen_message: tuple[str, ...] = repeated(fields.AF, default=())
    print_line: tuple[str, ...] = repeated(fields.AG, default=())


@message("23", since="1.00", response=PatronStatusResponse, read_only=True)
class PatronStatusRequest(Request):
    """Ask for the state of one borrower."""

    language: str = fixed(fields.LANGUAGE, default="000")
    transaction_date: Timestamp = fixed(fields.TRANSACTION_DATE)
    institution_id: str = required(fields.AO)
    patron_identifier: str = required(fields.AA)
    terminal_password: Secret | None = required(fields.AC, default=None)
    patron_password: Secret | None = required(fields.AD, default=None)


@message("63", response=PatronInformationResponse, read_only=True)
class PatronInformation(Request):
    """Ask for the state of one borrower with counts and, for one category, a list."""

    language: str = fixed(fields.LANGUAGE, default="000")
    transaction_date: Timestamp = fixed(fields.TRANSACTION_DATE)
    summary: frozenset[SummaryList] = fixed(fields.SUMMARY, default=frozenset())
    institution_id: str = required(fields.AO)
    patron_identifier: str = required(fields.AA)
    terminal_password: Secret | None = optional(fields.AC, default=None)
    patron_password: Secret | None = optional(fields.AD, default=None)
    start_item: int | None = optional(fields.BP, default=None)
    end_item: int | None = optional(fields.BQ, default=None)


@message("35", response=EndSessionResponse)
class EndPatronSession(Request):
    """End the session of the borrower."""

    transaction_date: Timestamp = fixed(fields.TRANSACTION_DATE)
    institution_id: str = required(fields.AO)
    patron_identifier: str = required(fields.AA)
    terminal_password: Secret | None = optional(fields.AC, default=None)
    patron_password: Secret | None = optional(fields.AD, default=None)


@message("01", since="1.00", response=PatronStatusResponse)
class BlockPatron(Request):
    """Block a card (tampering, forgotten card)."""

    card_retained: bool = fixed(fields.CARD_RETAINED, default=False)
    transaction_date: Timestamp = fixed(fields.TRANSACTION_DATE)
    institution_id: str = required(fields.AO)
    blocked_card_msg: str = required(fields.AL, default="")
    patron_identifier: str = required(fields.AA)
    terminal_password: Secret | None = required(fields.AC, default=None)


@message("25", response=PatronEnableResponse)
class PatronEnable(Request):
    """Lift a block; meant for tests only."""

    transaction_date: Timestamp = fixed(fields.TRANSACTION_DATE)
    institution_id: str = required(fields.AO)
    patron_identifier: str = required(fields.AA)
    terminal_password: Secret | None = optional(fields.AC, default=None)
    patron_password: Secret | None = optional(fields.AD, default=None)
