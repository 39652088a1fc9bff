"""The writes of the port, as the journal sees them: their arguments, what they write on, and when two are one.

Arguments and results are read from the port's own signatures.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from inspect import Parameter, signature
from typing import Any, get_type_hints

import msgspec
from attrs import field, frozen

from sip2gw.library import Block, Item, Library, Loan, Occasion, Patron, Payment, Return
from sip2gw.secret import Secret

_APART = frozenset({"self", "occasion", "password"})


@frozen
class Method:
    """One write of the port. `names` are its parameters in order; `arguments` is their shape, without password."""

    name: str
    kinds: tuple[str, ...]
    """The arguments that name what it writes on; the first that is given counts."""
    joins: bool
    """Whether a second one by the same patron on the same thing, while the first is open, means the first."""
    queues: bool
    """Whether it may be accepted while the library can't be reached."""
    names: tuple[str, ...]
    arguments: type[msgspec.Struct]
    result: Any = field(repr=False)

    def subject(self, arguments: Mapping[str, Any]) -> str:
        """Return what the call writes on. Case and outer spaces do not count, as at the library."""
        for kind in self.kinds:
            if value := str(arguments.get(kind) or "").strip().casefold():
                return f"{kind} {value}"
        return ""

    @property
    def on_item(self) -> bool:
        """Whether it writes on an item or a title."""
        return "item_id" in self.kinds


def _method(name: str, *kinds: str, joins: bool = True, queues: bool = False) -> Method:
    function = getattr(Library, name)
    hints = get_type_hints(function)
    parameters = signature(function).parameters
    shape = [
        (one, hints[one], msgspec.NODEFAULT if parameter.default is Parameter.empty else parameter.default)
        for one, parameter in parameters.items()
        if one not in _APART
    ]
    struct = msgspec.defstruct(f"Arguments_{name}", shape, kw_only=True)
    names = tuple(one for one in parameters if one != "self")
    return Method(name, kinds, joins, queues, names, struct, hints["return"])


_THING = "item_id", "title"

METHODS: Mapping[str, Method] = {
    one.name: one
    for one in (
        _method("lend", "item_id", queues=True),
        _method("undo_return", "item_id"),
        _method("take_back", "item_id", queues=True),
        _method("undo_loan", "item_id"),
        _method("renew", *_THING, queues=True),
        _method("renew_all", "patron_id"),
        _method("place_hold", *_THING, joins=False),
        _method("change_hold", *_THING, joins=False),
        _method("cancel_hold", *_THING),
        _method("pay", "transaction_id", queues=True),
        _method("block", "patron_id", queues=True),
        _method("enable", "patron_id"),
        _method("update_item", "item_id", joins=False),
    )
}


def accepted(name: str, arguments: Mapping[str, Any], occasion: Occasion) -> Any:
    """Return the result of a write that is accepted for later: only what is known without the library."""
    item = Item(str(arguments.get("item_id") or ""), "")
    match name:
        case "lend" | "renew":
            due = (occasion.due_date or occasion.happened_at).date()
            return Loan(item, due, renewed=name == "renew", accepted=True)
        case "take_back":
            return Return(item, accepted=True)
        case "pay":
            return Payment("", Decimal(0), accepted=True)
        case "block":
            return Patron(str(arguments["patron_id"]), "", blocks=frozenset({Block.INACTIVE}), accepted=True)
    raise ValueError(f"{name} is never accepted for later")


def with_password(password: Secret | None) -> dict[str, Secret]:
    """Return the argument of a method that takes a password."""
    return {} if password is None else {"password": password}
