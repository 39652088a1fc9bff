"""Every field of SIP 2.00 once: where it stands, what it is called, how it is written.

A fixed field is known by its place in a message, a variable one by its two-letter code. Names, widths and kinds are
those of the 3M document, revision 2.12. A field with a `Secret` in it can't be shown by accident.
"""

from __future__ import annotations

from typing import Any, Generic, TypeVar

from attrs import frozen

from sip2gw.sip2 import kinds

T = TypeVar("T")

MAX_LENGTH = 255
"""The longest value of a variable field."""


@frozen(eq=False)
class Fixed(Generic[T]):
    """A field by place: exactly `width` characters, without a delimiter."""

    name: str
    width: int
    kind: kinds.Kind[T]


@frozen(eq=False)
class Variable(Generic[T]):
    """A field by code: two letters, the value, a delimiter. `length` is given where the value has only one."""

    code: str
    name: str
    kind: kinds.Kind[T]
    doc: str
    since: str = "2.00"
    repeats: bool = False
    length: int | None = None
    secret: bool = False
    """Its value is never shown, logged or traced."""


STATUS_CODE = Fixed("status_code", 1, kinds.enum("status_code", 1, "0"))
MAX_PRINT_WIDTH = Fixed("max_print_width", 3, kinds.digits("digits", 3))
PROTOCOL_VERSION = Fixed("protocol_version", 4, kinds.chars("version", 4, "2.00"))
UID_ALGORITHM = Fixed("uid_algorithm", 1, kinds.chars("char", 1, "0"))
PWD_ALGORITHM = Fixed("pwd_algorithm", 1, kinds.chars("char", 1, "0"))
LANGUAGE = Fixed("language", 3, kinds.language(3))
TRANSACTION_DATE = Fixed("transaction_date", 18, kinds.TIMESTAMP)
NB_DUE_DATE = Fixed("nb_due_date", 18, kinds.TIMESTAMP)
RETURN_DATE = Fixed("return_date", 18, kinds.TIMESTAMP)
DATE_TIME_SYNC = Fixed("date_time_sync", 18, kinds.TIME_SYNC)
SC_RENEWAL_POLICY = Fixed("sc_renewal_policy", 1, kinds.YN)
NO_BLOCK = Fixed("no_block", 1, kinds.YN)
CARD_RETAINED = Fixed("card_retained", 1, kinds.YN)
THIRD_PARTY_ALLOWED = Fixed("third_party_allowed", 1, kinds.YN)
SUMMARY = Fixed("summary", 10, kinds.SUMMARY)
HOLD_MODE = Fixed("hold_mode", 1, kinds.enum("hold_mode", 1, ""))
FEE_TYPE = Fixed("fee_type", 2, kinds.enum("fee_type", 2, "01"))
PAYMENT_TYPE = Fixed("payment_type", 2, kinds.enum("payment_type", 2, "00"))
CURRENCY_TYPE = Fixed("currency_type", 3, kinds.chars("currency", 3, ""))
PATRON_STATUS = Fixed("patron_status", 14, kinds.PATRON_STATUS)
OK = Fixed("ok", 1, kinds.ZERO_ONE)
RENEWAL_OK = Fixed("renewal_ok", 1, kinds.YN)
MAGNETIC_MEDIA = Fixed("magnetic_media", 1, kinds.YNU)
DESENSITIZE = Fixed("desensitize", 1, kinds.YNU)
RESENSITIZE = Fixed("resensitize", 1, kinds.YN)
ALERT = Fixed("alert", 1, kinds.YN)
AVAILABLE = Fixed("available", 1, kinds.YN)
ONLINE_STATUS = Fixed("online_status", 1, kinds.YN)
CHECKIN_OK = Fixed("checkin_ok", 1, kinds.YN)
CHECKOUT_OK = Fixed("checkout_ok", 1, kinds.YN)
ACS_RENEWAL_POLICY = Fixed("acs_renewal_policy", 1, kinds.YN)
STATUS_UPDATE_OK = Fixed("status_update_ok", 1, kinds.YN)
OFFLINE_OK = Fixed("offline_ok", 1, kinds.YN)
TIMEOUT_PERIOD = Fixed("timeout_period", 3, kinds.digits("digits", 3))
RETRIES_ALLOWED = Fixed("retries_allowed", 3, kinds.digits("digits", 3))
HOLD_ITEMS_COUNT = Fixed("hold_items_count", 4, kinds.COUNT)
OVERDUE_ITEMS_COUNT = Fixed("overdue_items_count", 4, kinds.COUNT)
CHARGED_ITEMS_COUNT = Fixed("charged_items_count", 4, kinds.COUNT)
FINE_ITEMS_COUNT = Fixed("fine_items_count", 4, kinds.COUNT)
RECALL_ITEMS_COUNT = Fixed("recall_items_count", 4, kinds.COUNT)
UNAVAILABLE_HOLDS_COUNT = Fixed("unavailable_holds_count", 4, kinds.COUNT)
END_SESSION = Fixed("end_session", 1, kinds.YN)
PAYMENT_ACCEPTED = Fixed("payment_accepted", 1, kinds.YN)
CIRCULATION_STATUS = Fixed("circulation_status", 2, kinds.enum("circulation_status", 2, "01"))
SECURITY_MARKER = Fixed("security_marker", 2, kinds.enum("security_marker", 2, "00"))
ITEM_PROPERTIES_OK = Fixed("item_properties_ok", 1, kinds.ZERO_ONE)
RENEWED_COUNT = Fixed("renewed_count", 4, kinds.digits("digits", 4))
UNRENEWED_COUNT = Fixed("unrenewed_count", 4, kinds.digits("digits", 4))

AA = Variable(
    "AA", "patron_identifier", kinds.TEXT,
    "What the terminal read as the borrower id (card barcode, RFID id, user name).",
    since="1.00",
)  # fmt: skip
AB = Variable(
    "AB", "item_identifier", kinds.TEXT,
    "Barcode of the copy; the terminal compares the echoed value with the one it scanned.",
    since="1.00",
)  # fmt: skip
AC = Variable(
    "AC", "terminal_password", kinds.PASSWORD,
    "Password of the terminal itself; zero length where the message requires it but the library does not use it.",
    since="1.00", secret=True,
)  # fmt: skip
AD = Variable(
    "AD", "patron_password", kinds.PASSWORD,
    "PIN or password typed by the borrower; zero length where required but unused.",
    since="1.00", secret=True,
)  # fmt: skip
AE = Variable(
    "AE", "personal_name", kinds.TEXT,
    "Borrower name for display; no inner structure is defined.",
    since="1.00",
)  # fmt: skip
AF = Variable(
    "AF", "screen_message", kinds.DISPLAY,
    "Text for the screen; one field per line; printable characters only; the terminal cuts what does not fit.",
    since="1.00", repeats=True,
)  # fmt: skip
AG = Variable(
    "AG", "print_line", kinds.DISPLAY,
    "Text for the receipt printer; one field per line; width announced by max_print_width in 99.",
    since="1.00", repeats=True,
)  # fmt: skip
AH = Variable(
    "AH", "due_date", kinds.TEXT,
    "Due date in any form the server likes (not necessarily the 18-character form).",
    since="1.00",
)  # fmt: skip
AJ = Variable("AJ", "title_identifier", kinds.TEXT, "Title string or bibliographic number.", since="1.00")
AL = Variable("AL", "blocked_card_msg", kinds.TEXT, "Reason why the card is blocked.", since="1.00")
AM = Variable("AM", "library_name", kinds.TEXT, "Name of the library.", since="1.00")
AN = Variable(
    "AN", "terminal_location", kinds.TEXT, "Where the terminal stands, as the server knows it.", since="1.00"
)
AO = Variable("AO", "institution_id", kinds.TEXT, "Institution id; may be empty.", since="1.00")
AP = Variable(
    "AP", "current_location", kinds.TEXT,
    "Present location of the item; in a checkin a terminal may send its own location.",
    since="1.00",
)  # fmt: skip
AQ = Variable(
    "AQ", "permanent_location", kinds.TEXT, "Where the item is shelved after checkin.", since="1.00"
)
AS = Variable("AS", "hold_items", kinds.TEXT, "One field per hold listed.", repeats=True)
AT = Variable("AT", "overdue_items", kinds.TEXT, "One field per overdue item listed.", repeats=True)
AU = Variable("AU", "charged_items", kinds.TEXT, "One field per item on loan listed.", repeats=True)
AV = Variable("AV", "fine_items", kinds.TEXT, "One field per fine listed.", repeats=True)
BD = Variable("BD", "home_address", kinds.TEXT, "Postal address in one field.")
BE = Variable("BE", "e_mail_address", kinds.TEXT, "E-mail address.")
BF = Variable("BF", "home_phone_number", kinds.TEXT, "Telephone number.")
BG = Variable("BG", "owner", kinds.TEXT, "Institution or library that owns the item.")
BH = Variable(
    "BH", "currency_type", kinds.chars("currency", 3, ""),
    "ISO 4217 alphabetic code for the amounts of the same message; positional in 37.",
    length=3,
)  # fmt: skip
BI = Variable(
    "BI", "cancel", kinds.YN,
    "Y: this checkout undoes a checkin that failed at the terminal, or the reverse.",
    length=1,
)  # fmt: skip
BK = Variable(
    "BK", "transaction_id", kinds.TEXT,
    "Audit number of a payment, given by server or payment device.",
)  # fmt: skip
BL = Variable(
    "BL", "valid_patron", kinds.YN,
    "Y: the borrower id exists in the database (says nothing about privileges).",
    length=1,
)  # fmt: skip
BM = Variable("BM", "renewed_items", kinds.TEXT, "One field per renewed item.", repeats=True)
BN = Variable(
    "BN", "unrenewed_items", kinds.TEXT,
    "One field per item not renewed; a reason may follow.",
    repeats=True,
)  # fmt: skip
BO = Variable(
    "BO", "fee_acknowledged", kinds.YN,
    "Y: the borrower has accepted the fee; do not refuse because of it.",
    length=1,
)  # fmt: skip
BP = Variable("BP", "start_item", kinds.NUMBER, "First list entry wanted, counted from 1.")
BQ = Variable("BQ", "end_item", kinds.NUMBER, "Last list entry wanted (inclusive), counted from 1.")
BR = Variable("BR", "queue_position", kinds.NUMBER, "Place of the borrower in the hold queue.")
BS = Variable("BS", "pickup_location", kinds.TEXT, "Where the held item is to be collected.")
BT = Variable(
    "BT", "fee_type", kinds.enum("fee_type", 2, "01"),
    "Kind of fee; positional in 18 and 37.",
    length=2,
)  # fmt: skip
BU = Variable("BU", "recall_items", kinds.TEXT, "One field per recalled item.", repeats=True)
BV = Variable(
    "BV", "fee_amount", kinds.MONEY,
    "Amount; point as decimal sign by example; currency in BH (37: positional).",
)  # fmt: skip
BW = Variable("BW", "expiration_date", kinds.TIMESTAMP, "Date on which the hold expires, if any.", length=18)
BX = Variable("BX", "supported_messages", kinds.SUPPORTED, "One Y or N for each of the 16 message pairs.")
BY = Variable("BY", "hold_type", kinds.enum("hold_type", 1, "2"), "Kind of hold, 1 to 9.", length=1)
BZ = Variable("BZ", "hold_items_limit", kinds.COUNT, "Largest number of holds, 0000 to 9999.", length=4)
CA = Variable(
    "CA", "overdue_items_limit", kinds.COUNT,
    "Largest number of overdue items, 0000 to 9999.",
    length=4,
)  # fmt: skip
CB = Variable("CB", "charged_items_limit", kinds.COUNT, "Largest number of loans, 0000 to 9999.", length=4)
CC = Variable("CC", "fee_limit", kinds.MONEY, "Amount of fees and fines at which the borrower is stopped.")
CD = Variable(
    "CD", "unavailable_hold_items", kinds.TEXT,
    "One field per hold that is not available yet.",
    repeats=True,
)  # fmt: skip
CF = Variable("CF", "hold_queue_length", kinds.NUMBER, "Number of borrowers waiting for the item.")
CG = Variable("CG", "fee_identifier", kinds.TEXT, "Names one fee to pay, maybe together with the fee type.")
CH = Variable(
    "CH", "item_properties", kinds.TEXT,
    "Free data about the item (weight, size, marker); servers are asked to store it.",
)  # fmt: skip
CI = Variable(
    "CI", "security_inhibit", kinds.YN,
    "Y: the terminal ignores the security state of the item.",
    length=1,
)  # fmt: skip
CJ = Variable("CJ", "recall_date", kinds.TIMESTAMP, "Date on which the recall was issued.", length=18)
CK = Variable("CK", "media_type", kinds.enum("media_type", 3, "000"), "Kind of material.", length=3)
CL = Variable("CL", "sort_bin", kinds.TEXT, "Bin for the sorter; many digits allowed.")
CM = Variable(
    "CM", "hold_pickup_date", kinds.TIMESTAMP,
    "Date on which the hold on the shelf expires.",
    length=18,
)  # fmt: skip
CN = Variable("CN", "login_user_id", kinds.USER, "Account of the terminal.", secret=True)
CO = Variable("CO", "login_password", kinds.PASSWORD, "Password of that account.", secret=True)
CP = Variable("CP", "location_code", kinds.TEXT, "Location of the terminal, set on the terminal.")
CQ = Variable(
    "CQ", "valid_patron_password", kinds.YN,
    "Y: the password in AD was right; N: it was wrong.",
    length=1,
)  # fmt: skip

VOCABULARY: dict[str, Variable[Any]] = {
    field.code: field for field in list(globals().values()) if isinstance(field, Variable)
}
"""Every variable field by its code. AY and AZ are not fields: they are the trailer."""
