"""The ledger: a row for each committed effect, written in the same transaction as the effect.

So a test can count the effects, also those whose answers were lost.
"""

from __future__ import annotations

import sqlite3
from decimal import Decimal
from typing import Any

from sip2gw.sandbox.call import Call
from sip2gw.sandbox.days import stamp
from sip2gw.sandbox.money import text

KINDS = (
    "loan",
    "return",
    "renewal",
    "reservation",
    "request",
    "change",
    "cancellation",
    "reversal",
    "payment",
    "copy_update",
    "member_update",
)


def enter(
    call: Call,
    kind: str,
    *,
    booking_id: int | None = None,
    copy_id: int | None = None,
    member_id: int | None = None,
    amount: Decimal | None = None,
) -> None:
    """Write down one effect of this call; `kind` is one of `KINDS`, `amount` the money charged or paid."""
    call.database.execute(
        "INSERT INTO ledger (at, library, kind, booking_id, copy_id, member_id, accession_no, member_no, amount,"
        " idempotency_key, request_id) VALUES (?, ?, ?, ?, ?, ?, (SELECT accession_no FROM copies WHERE id = ?),"
        " (SELECT member_no FROM members WHERE id = ?), ?, ?, ?)",
        (
            stamp(call.now),
            call.nickname,
            kind,
            booking_id,
            copy_id,
            member_id,
            copy_id,
            member_id,
            None if amount is None else text(amount, call.library.currency),
            call.key or None,
            call.request_id,
        ),
    )


def entries(database: sqlite3.Connection, library: str | None = None) -> list[dict[str, Any]]:
    """Return all effects, oldest first, of one library or of all."""
    rows = database.execute("SELECT * FROM ledger WHERE ?1 IS NULL OR library = ?1 ORDER BY id", (library,))
    return [dict(row) for row in rows]


def clear(database: sqlite3.Connection, library: str | None = None) -> None:
    """Forget the rows (the effects stay) of one library or of all."""
    database.execute("DELETE FROM ledger WHERE ?1 IS NULL OR library = ?1", (library,))
