"""Book a member's payment."""

from __future__ import annotations

from typing import Any

from sip2gw.sandbox import fees, members
from sip2gw.sandbox.call import Call


def pay(call: Call, body: fees.Payment) -> tuple[int, Any]:
    """Serve `pay`."""
    member = members.admitted(call, body)
    return 200, {**fees.pay(call, member["id"], body), "language": member["language"] or None}
