"""All writes that a terminal can ask for: the message of each, and what the library's ledger has afterwards."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

from sip2gw.sip2 import PatronFlag, Request, messages

from .writes import Kind, Write


def _of(kind: type[Request], **more: Any) -> Callable[[Write, datetime], Request]:
    def made(write: Write, moment: datetime) -> Request:
        fields: dict[str, Any] = {"transaction_date": moment, "institution_id": write.library}
        fields |= {name: value(write) if callable(value) else value for name, value in more.items()}
        return kind(**fields)

    return made


def _patron(write: Write) -> str:
    return write.patron


def _item(write: Write) -> str:
    return write.item


def _one(kind: str, *, of_item: bool = True) -> Callable[[Write], Counter[tuple[str, str]]]:
    return lambda write: Counter({(kind, write.item if of_item else ""): 1})


def _both_renewed(write: Write) -> Counter[tuple[str, str]]:
    return Counter({("renewal", write.item): 1, ("renewal", write.second): 1})


def _ok(answer: Any) -> bool:
    return bool(answer.ok)


_LENDING = {"patron_identifier": _patron, "item_identifier": _item}
_LENT, _WAITED_FOR, _OWES = {"lent": True}, {"others": True}, {"owes": True}
_PAYING = {"patron_identifier": _patron, "currency_type": "USD", "fee_amount": Decimal("2.50")}
_HOLDING = {"patron_identifier": _patron, "item_identifier": _item}


def _till(write: Write) -> str:
    return f"till-{write.n}"


_CHECKOUT = Kind("checkout", _of(messages.Checkout, **_LENDING), _ok, _one("loan"))
_CHECKIN = Kind("checkin", _of(messages.Checkin, item_identifier=_item), _ok, _one("return"), _LENT)

KINDS = (
    _CHECKOUT,
    Kind("checkout, policy Y", _of(messages.Checkout, **_LENDING, sc_renewal_policy=True), _ok, _one("loan")),
    Kind("checkout, no block", _of(messages.Checkout, **_LENDING, no_block=True), _ok, _one("loan")),
    _CHECKIN,
    Kind(
        "checkin, no block",
        _of(messages.Checkin, item_identifier=_item, no_block=True),
        _ok,
        _one("return"),
        _LENT,
    ),
    Kind("renew", _of(messages.Renew, **_LENDING), _ok, _one("renewal"), _LENT),
    Kind(
        "renew all",
        _of(messages.RenewAll, patron_identifier=_patron),
        lambda answer: answer.ok and answer.renewed_count == 2,
        _both_renewed,
        {"lent": True, "two": True},
    ),
    Kind(
        "payment with BK",
        _of(messages.FeePaid, **_PAYING, transaction_id=_till),
        lambda answer: bool(answer.payment_accepted),
        _one("payment", of_item=False),
        _OWES,
    ),
    Kind(
        "payment",
        _of(messages.FeePaid, **_PAYING),
        lambda answer: bool(answer.payment_accepted),
        _one("payment", of_item=False),
        _OWES,
    ),
    Kind(
        "hold",
        _of(messages.Hold, **_HOLDING, hold_mode="+"),
        _ok,
        _one("reservation", of_item=False),
        _WAITED_FOR,
    ),
    Kind(
        "cancel hold",
        _of(messages.Hold, **_HOLDING, hold_mode="-"),
        _ok,
        _one("cancellation", of_item=False),
        {"others": True, "reserved": True},
    ),
    Kind(
        "undo loan",
        _of(messages.Checkin, item_identifier=_item, cancel=True),
        _ok,
        lambda write: Counter({("loan", write.item): 1, ("reversal", write.item): 1}),
        first=_CHECKOUT,
    ),
    Kind(
        "undo return",
        _of(messages.Checkout, **_LENDING, cancel=True),
        _ok,
        lambda write: Counter({("return", write.item): 1, ("reversal", write.item): 1}),
        _LENT,
        first=_CHECKIN,
    ),
    Kind(
        "block",
        _of(messages.BlockPatron, patron_identifier=_patron, blocked_card_msg="kept", card_retained=True),
        lambda answer: PatronFlag.CHARGE_PRIVILEGES_DENIED in answer.patron_status and answer.valid_patron,
        _one("member_update", of_item=False),
        state=True,
    ),
    Kind(
        "item properties",
        _of(messages.ItemStatusUpdate, item_identifier=_item, item_properties="size 4"),
        lambda answer: bool(answer.item_properties_ok),
        _one("copy_update"),
        state=True,
    ),
)
"""All writes that a terminal can ask for."""

BY_NAME = {kind.name: kind for kind in KINDS}
