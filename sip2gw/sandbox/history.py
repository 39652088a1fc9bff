"""Undo actions: each booking is again as it was before. A later action on the same bookings prevents that.

`Call.before` has the bookings as they were; `remember` keeps that with the action, and `undo` applies it.
"""

from __future__ import annotations

import json
import sqlite3
from typing import Any

from sip2gw.sandbox import bookings, ledger
from sip2gw.sandbox.call import Call
from sip2gw.sandbox.problem import Problem

_UNDONE = "undone "
"""The name of an undo among the actions. It can't be undone itself."""


def remember(call: Call, kind: str, booking_id: int, copy_id: int | None, fee_id: int | None = None) -> None:
    """Close one action of this call: its changes can be undone as a whole."""
    kept = json.dumps({"bookings": list(call.before.items()), "fee": fee_id})
    query = "INSERT INTO actions (booking_id, copy_id, kind, undo) VALUES (?, ?, ?, ?)"
    call.database.execute(query, (booking_id, copy_id, kind, kept))
    call.before.clear()


def undo(call: Call, booking_id: int) -> None:
    """Undo the newest action of a booking, with all that came with it. Raises `Problem` (`cannot_revert`)."""
    booking = bookings.by_id(call, booking_id)
    newest = "SELECT * FROM actions WHERE booking_id = ? ORDER BY id DESC LIMIT 1"
    last = call.database.execute(newest, (booking_id,)).fetchone()
    if last is not None and last["kind"] == _UNDONE + "renewal":
        # A second request undoes nothing more: it does not mean the loan itself.
        raise Problem("cannot_revert", "the last renewal has been undone already")
    action = call.database.execute(
        "SELECT * FROM actions WHERE booking_id = ? AND NOT undone ORDER BY id DESC LIMIT 1", (booking_id,)
    ).fetchone()
    if action is None:
        raise Problem("cannot_revert", "nothing was done to this booking that could be undone")
    kept = json.loads(action["undo"])
    touched = [identity for identity, _ in kept["bookings"]]
    if _since(call, action, touched):
        raise Problem("cannot_revert", "there is newer activity")
    _forgive(call, kept["fee"])
    try:
        _restore(call, kept["bookings"])
    except sqlite3.IntegrityError:
        raise Problem("cannot_revert", "the copy has been lent or set aside since") from None
    call.database.execute("UPDATE actions SET undone = 1 WHERE id = ?", (action["id"],))
    call.database.execute(
        "INSERT INTO actions (booking_id, copy_id, kind, undo, undone) VALUES (?, ?, ?, '{}', 1)",
        (booking_id, action["copy_id"], _UNDONE + action["kind"]),
    )
    call.before.clear()
    ledger.enter(
        call, "reversal", booking_id=booking_id, copy_id=action["copy_id"], member_id=booking["member_id"]
    )


def _since(call: Call, action: sqlite3.Row, touched: list[int]) -> bool:
    """Return whether a later action that was not undone concerns the same copy or the same bookings."""
    marks = ", ".join("?" * len(touched))
    query = (
        "SELECT 1 FROM actions WHERE NOT undone AND id > ?"  # noqa: S608 (question marks only)
        f" AND (copy_id = ? OR booking_id IN ({marks}))"
    )
    later = call.database.execute(query, (action["id"], action["copy_id"], *touched)).fetchone()
    return later is not None


def _forgive(call: Call, fee_id: int | None) -> None:
    """Take back the fee of the action. Raises `Problem` (`cannot_revert`) if some of it was paid."""
    if fee_id is None:
        return
    query = "UPDATE transactions SET void = 1, open = 0 WHERE id = ? AND paid = '0'"
    if call.database.execute(query, (fee_id,)).rowcount == 0:
        raise Problem("cannot_revert", "its fee has been paid")


def _restore(call: Call, before: list[tuple[int, dict[str, Any] | None]]) -> None:
    # Latest change first; a booking that the action made stays, as cancelled.
    for identity, columns in reversed(before):
        booking = bookings.by_id(call, identity)
        call.change(
            booking,
            **(columns or {"status": "Cancelled", "ready": 0, "held_copy_id": None, "remark": "reverted"}),
        )
