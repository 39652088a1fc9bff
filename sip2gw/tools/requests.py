"""Every request by the name that people say: which fields are given in which order, and what else may be added.

What may be added is read off the message declarations: each field that a request has and that the terminal itself does
not know is an option of its command. Here stand only the names, and the order of what is always given.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time
from typing import Any

from attrs import frozen

from sip2gw.sip2 import Request, Secret, SummaryList, messages
from sip2gw.tools.identity import Terminal


@frozen
class Ask:
    """One request as a command."""

    name: str
    kind: type[Request]
    does: str
    """What it asks for, as the first line of the help."""
    given: tuple[str, ...] = ()
    """Fields that are always given, by place. One with `?` may be left out, one with `*` comes as often as one likes,
    and each time is a request of its own."""

    @property
    def heading(self) -> str:
        """With the message code, as people look it up."""
        return f"{self.does.removesuffix('.')}, {self.kind.code}."

    @property
    def options(self) -> tuple[str, ...]:
        """The fields that may be added."""
        given = {field.rstrip("?*") for field in self.given}
        return tuple(name for name in self.kind.members if name not in given | _KNOWN)


_KNOWN = frozenset({"institution_id", "terminal_password"})
"""Fields that the terminal fills in from its own settings."""

ASKS = {
    ask.name: ask
    for ask in (
        Ask("status", messages.SCStatus, "Ask how things stand."),
        Ask("patron", messages.PatronStatusRequest, "Ask about a patron.", ("patron_identifier",)),
        Ask(
            "patron-info",
            messages.PatronInformation,
            "Ask about a patron, with counts and a list.",
            ("patron_identifier",),
        ),
        Ask("checkout", messages.Checkout, "Lend items.", ("patron_identifier", "item_identifier*")),
        Ask("checkin", messages.Checkin, "Take items back.", ("item_identifier*",)),
        Ask("renew", messages.Renew, "Renew a loan.", ("patron_identifier", "item_identifier?")),
        Ask("renew-all", messages.RenewAll, "Renew all loans of a patron.", ("patron_identifier",)),
        Ask(
            "hold",
            messages.Hold,
            "Reserve something, or change or give up a reservation.",
            ("patron_identifier", "item_identifier?"),
        ),
        Ask("item", messages.ItemInformation, "Ask about items.", ("item_identifier*",)),
        Ask(
            "item-update",
            messages.ItemStatusUpdate,
            "Store what a terminal knows of an item.",
            ("item_identifier", "item_properties"),
        ),
        Ask(
            "fee-paid",
            messages.FeePaid,
            "Say that a patron has paid.",
            ("patron_identifier", "fee_amount", "currency_type"),
        ),
        Ask("end-session", messages.EndPatronSession, "Say that a patron is done.", ("patron_identifier",)),
        Ask("block", messages.BlockPatron, "Block a card.", ("patron_identifier", "blocked_card_msg?")),
        Ask("enable", messages.PatronEnable, "Lift a block.", ("patron_identifier",)),
    )
}
"""All requests but 93 and 97, which are about the conversation itself."""

OPTIONS = {
    "blocked_card_msg": "--reason",
    "cancel": "--cancel",
    "card_retained": "--card-retained",
    "current_location": "--place",
    "end_item": "--end",
    "expiration_date": "--expires",
    "fee_acknowledged": "--fee-ok",
    "fee_identifier": "--fee",
    "fee_type": "--fee-type",
    "hold_type": "--hold-type",
    "item_identifier": "--item",
    "item_properties": "--properties",
    "language": "--language",
    "max_print_width": "--print-width",
    "nb_due_date": "--due",
    "no_block": "--no-block",
    "patron_password": "--pin",
    "payment_type": "--payment-type",
    "pickup_location": "--pickup",
    "protocol_version": "--protocol",
    "return_date": "--returned",
    "sc_renewal_policy": "--may-renew/--no-renew",
    "start_item": "--start",
    "status_code": "--status-code",
    "summary": "--list",
    "third_party_allowed": "--third-party",
    "title_identifier": "--title",
    "transaction_date": "--at",
    "transaction_id": "--transaction",
}
"""The option of each field. A hold's mode has three: --add, --cancel and --change."""

HELP = {
    "cancel": "undo it: the terminal could not finish what was answered",
    "item_properties": "what the terminal knows of the item",
    "language": "three digits, 001 is English",
    "nb_due_date": "the due date that the terminal gave while it was off-line",
    "no_block": "it happened already, while the terminal was off-line",
    "return_date": "when the item came back; now, if it is not said",
    "sc_renewal_policy": "whether a loan of the patron's own is renewed",
    "summary": "the one list that is wanted",
    "third_party_allowed": "the item may be on loan to somebody else",
    "transaction_date": "when it happened; now, if it is not said",
    "transaction_id": "number of the payment: the same again pays once",
}
"""What an option means, where its name does not say it."""

HOLD_MODES = {"--add": "+", "--cancel": "-", "--change": "*"}
LISTS = {place.name.lower().removesuffix("_items").replace("_", "-"): place for place in SummaryList}
"""What --list takes, to the place of its Y."""

_END_OF_DAY = time(23, 59)


def request(terminal: Terminal, ask: Ask, values: Mapping[str, Any]) -> Request:
    """The request, from values by field: text, and where the field is no text, its value; None was not said.

    Raises ValueError, in words, for a text that its field can't hold.
    """
    read = {name: _read(ask, name, value) for name, value in values.items() if value is not None}
    return terminal.says(ask.kind, **{**_usual(terminal, ask, read), **read})


def _usual(terminal: Terminal, ask: Ask, read: Mapping[str, Any]) -> dict[str, Any]:
    """What a terminal says of its own accord in fields that need not be given."""
    happened = read.get("transaction_date") or terminal.now()
    usual = {
        "current_location": terminal.location,
        "return_date": happened,
        "sc_renewal_policy": True,
        "max_print_width": 40,
        "hold_mode": "+",
    }
    return {name: value for name, value in usual.items() if name in ask.kind.members}


def _read(ask: Ask, name: str, value: Any) -> Any:
    """A value as the message wants it."""
    if name == "patron_password":
        return Secret(value)
    if name == "summary":
        return frozenset({LISTS[value]})
    if isinstance(value, datetime):
        # A day without a time is meant to its end.
        whole = name in ("nb_due_date", "expiration_date") and value.time() == time()
        return datetime.combine(value, _END_OF_DAY) if whole else value
    if not isinstance(value, str):
        return value
    read = ask.kind.members[name].field.kind.parse(value)
    if read is None and value:
        raise ValueError(f"{value!r} is no {name.replace('_', ' ')}")
    return read
