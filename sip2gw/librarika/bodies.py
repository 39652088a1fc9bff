"""What calls say alike: who it is and with which password, where and when it was. What is None is not said."""

from __future__ import annotations

import re
from typing import Any

from sip2gw.library import Occasion, Refused, Rules
from sip2gw.secret import Secret

_LONGEST = 255
_HALF = re.compile("[\ud800-\udfff]")
"""A lone half of a character, which no charset can hold."""


def member(patron_id: str, password: Secret | None = None, *, writes: bool = True) -> dict[str, Any]:
    """Whose call it is. A write says that there was a password, because a call that is sent again leaves it out.

    `Refused("member_not_found")` for what can't be a number.
    """
    if not 0 < len(patron_id) <= _LONGEST or _HALF.search(patron_id):
        raise Refused("member_not_found", "the patron identifier is empty, too long, or half a character")
    said = {"member_no": patron_id, "password": password.reveal() if password else None}
    return said | ({"password_entered": True} if password and writes else {})


def place(occasion: Occasion) -> dict[str, Any]:
    """Where it happened."""
    return {"branch": occasion.branch or None, "terminal": occasion.terminal or None}


def offline(occasion: Occasion) -> dict[str, Any]:
    """When it has happened already: the library then asks for no policy."""
    return {"offline_at": occasion.happened_at.isoformat() if occasion.no_block else None}


def due(occasion: Occasion, rules: Rules) -> dict[str, Any]:
    """The due date that the terminal has given out already; else the library decides."""
    if not occasion.no_block or occasion.due_date is None:
        return {}
    return {"return_date": occasion.due_date.astimezone(rules.zone).date().isoformat()}


def fee(occasion: Occasion) -> dict[str, Any]:
    """Whether the patron has accepted what it costs."""
    return {"accept_fee": True} if occasion.fee_acknowledged else {}
