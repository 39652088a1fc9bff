"""Requests as commands: the name of each, its arguments in their order, and its options.

The options follow from the declarations of the messages: each field of a request is an option of its command, unless
it is an argument or the terminal fills it in itself. This file has only the names, and the order of the arguments.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time
from typing import Any

from attrs import frozen

from sip2gw.sip2 import Request, Secret, SummaryList, messages
from sip2gw.tools.identity import Terminal


@frozen
class RequestCommand:
    """One request as a command."""

    name: str
    kind: type[Request]
    does: str
    """The first line of the help."""
    given: tuple[str, ...] = ()
    """The fields that are arguments, in their order. One with `?` may be left out. One with `*` may be repeated, and
    each of its values is sent in its own request."""

    @property
    def heading(self) -> str:
        """The first line of the help, with the message code."""
        return f"{self.does.removesuffix('.')}, {self.kind.code}."

    @property
    def options(self) -> tuple[str, ...]:
        """The fields that are options."""
        given = {field.rstrip("?*") for field in self.given}
        return tuple(name for name in self.kind.members if name not in given | _KNOWN)


_KNOWN = frozenset({"institution_id", "terminal_password"})
"""Fields that the terminal fills in from its own settings."""

REQUEST_COMMANDS = {
    ask.name: ask
    for ask in (
        RequestCommand("status", messages.SCStatus, "Ask for the status of the gateway."),
        RequestCommand("patron", messages.PatronStatusRequest, "Ask about a patron.", ("patron_identifier",)),
        RequestCommand(
            "patron-info",
            messages.PatronInformation,
            "Ask about a patron, with counts and a list.",
            ("patron_identifier",),
        ),
        RequestCommand(
            "checkout", messages.Checkout, "Lend items.", ("patron_identifier", "item_identifier*")
        ),
        RequestCommand("checkin", messages.Checkin, "Take items back.", ("item_identifier*",)),
        RequestCommand("renew", messages.Renew, "Renew a loan.", ("patron_identifier", "item_identifier?")),
        RequestCommand(
            "renew-all", messages.RenewAll, "Renew all loans of a patron.", ("patron_identifier",)
        ),
        RequestCommand(
            "hold",
            messages.Hold,
            "Make, change or cancel a reservation.",
            ("patron_identifier", "item_identifier?"),
        ),
        RequestCommand("item", messages.ItemInformation, "Ask about items.", ("item_identifier*",)),
        RequestCommand(
            "item-update",
            messages.ItemStatusUpdate,
            "Store what a terminal knows of an item.",
            ("item_identifier", "item_properties"),
        ),
        RequestCommand(
            "fee-paid",
            messages.FeePaid,
            "Report a payment of a patron.",
            ("patron_identifier", "fee_amount", "currency_type"),
        ),
        RequestCommand(
            "end-session", messages.EndPatronSession, "End the session of a patron.", ("patron_identifier",)
        ),
        RequestCommand(
            "block", messages.BlockPatron, "Block a card.", ("patron_identifier", "blocked_card_msg?")
        ),
        RequestCommand("enable", messages.PatronEnable, "Lift a block.", ("patron_identifier",)),
    )
}
"""All requests except 93 and 97, which belong to the session itself."""

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
"""The option of each field. The mode of a hold has three: --add, --cancel and --change."""

HELP = {
    "cancel": "undo it, because the terminal could not finish the transaction",
    "item_properties": "item properties, as the terminal has them",
    "language": "three digits, 001 is English",
    "nb_due_date": "the due date that the terminal gave while it was offline",
    "no_block": "it has happened already, while the terminal was offline",
    "return_date": "when the item was returned; by default now",
    "sc_renewal_policy": "whether to renew the loan, if the patron already has the item",
    "summary": "the list to ask for",
    "third_party_allowed": "the item may be on loan to another patron",
    "transaction_date": "when it happened; by default now",
    "transaction_id": "number of the payment; a repeated number pays once",
}
"""The meaning of an option, if its name does not say it."""

HOLD_MODES = {"--add": "+", "--cancel": "-", "--change": "*"}
LISTS = {place.name.lower().removesuffix("_items").replace("_", "-"): place for place in SummaryList}
"""The values of --list, and the position of the Y for each."""

_END_OF_DAY = time(23, 59)


def request(terminal: Terminal, ask: RequestCommand, values: Mapping[str, Any]) -> Request:
    """Make a request from values by field. A value is text or what the field holds; None means that it was not given.

    Raises ValueError, in words, for a text that the field can't hold.
    """
    read = {name: _read(ask, name, value) for name, value in values.items() if value is not None}
    return terminal.request(ask.kind, **{**_usual(terminal, ask, read), **read})


def _usual(terminal: Terminal, ask: RequestCommand, read: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values that a terminal sends in fields that were not given."""
    happened = read.get("transaction_date") or terminal.now()
    usual = {
        "current_location": terminal.location,
        "return_date": happened,
        "sc_renewal_policy": True,
        "max_print_width": 40,
        "hold_mode": "+",
    }
    return {name: value for name, value in usual.items() if name in ask.kind.members}


def _read(ask: RequestCommand, name: str, value: Any) -> Any:
    """Convert a value to the type of its field."""
    if name == "patron_password":
        return Secret(value)
    if name == "summary":
        return frozenset({LISTS[value]})
    if isinstance(value, datetime):
        # A day without a time means its end.
        whole = name in ("nb_due_date", "expiration_date") and value.time() == time()
        return datetime.combine(value, _END_OF_DAY) if whole else value
    if not isinstance(value, str):
        return value
    read = ask.kind.members[name].field.kind.parse(value)
    if read is None and value:
        raise ValueError(f"{value!r} is not a valid {name.replace('_', ' ')}")
    return read
