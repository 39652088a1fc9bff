"""Rows that are due, and which process works on each of them: one claims a row, and gives it back or settles it."""

from __future__ import annotations

from attrs import evolve

from sip2gw.journal.rows import COLUMNS, KNOWN, OPEN_STATES, Stored, stored
from sip2gw.store.port import Transaction

CLAIM = 60.0
"""Seconds for which a row is claimed. Longer waits are those of the backoff."""


def due(tx: Transaction, libraries: tuple[str, ...], most_rows: int) -> list[Stored]:
    """Return the rows of these libraries that are due: of each item only the oldest open one, oldest first."""
    found: list[Stored] = []
    for library in libraries:
        rows = tx.rows(
            f"SELECT {COLUMNS} FROM journal AS one WHERE library = :library AND next_try <= :now"  # noqa: S608 (literals of ours)
            f" AND state IN ('QUEUED', 'UNKNOWN') AND {KNOWN} AND NOT EXISTS (SELECT 1 FROM journal AS older WHERE"
            " older.library = one.library AND older.item_tag = one.item_tag AND older.id < one.id"
            f" AND {OPEN_STATES}) ORDER BY id LIMIT :most",
            library=library,
            now=tx.now,
            most=most_rows,
        )
        found += [stored(row, tx.now) for row in rows]
    return found


def claim(tx: Transaction, row: Stored, until: float) -> Stored | None:
    """Take a due row until `until` seconds from now. None if another process has taken it, or it is settled."""
    now = tx.now
    taken = tx.rows(
        f"UPDATE journal SET next_try = :later, tries = tries + 1 WHERE id = :id AND next_try <= :now"  # noqa: S608 (literals of ours)
        f" AND state IN ('QUEUED', 'UNKNOWN') RETURNING {COLUMNS}",
        id=row.id,
        later=now + until,
        now=now,
    )
    return _in_turn(tx, stored(taken[0], now)) if taken else None


def count_try(tx: Transaction, row: Stored) -> Stored | None:
    """Count a try of an open row for a terminal that waits for it. None if the row is not open any longer."""
    counted = tx.rows(
        f"UPDATE journal SET tries = tries + 1 WHERE id = :id AND {OPEN_STATES} RETURNING {COLUMNS}",  # noqa: S608 (literals of ours)
        id=row.id,
    )
    return _in_turn(tx, stored(counted[0], tx.now)) if counted else None


def _in_turn(tx: Transaction, row: Stored) -> Stored:
    """Return the row with the time since which it waits: when it was made, or its item's last older one was done."""
    (before,) = tx.rows(
        "SELECT max(changed) AS done FROM journal WHERE library = :library AND item_tag = :item AND id < :id"
        " AND state IN ('DONE', 'MISMATCH')",
        library=row.library,
        item=row.item_tag,
        id=row.id,
    )
    return evolve(row, in_turn=max(row.created, before["done"] or 0.0))


def release(tx: Transaction, row: Stored, wait: float, *, counted: bool) -> None:
    """Give a claimed row back. One that was certainly not sent has not used a try."""
    tx.rows(
        "UPDATE journal SET next_try = :next, tries = tries - :uncounted WHERE id = :id"
        " AND state IN ('QUEUED', 'UNKNOWN')",
        id=row.id,
        next=tx.now + wait,
        uncounted=0 if counted else 1,
    )


def hurry(tx: Transaction, library: str) -> None:
    """Make the open rows of a library due now, because it answers again. Rows that are claimed stay claimed."""
    tx.rows(
        "UPDATE journal SET next_try = :now WHERE library = :library AND state IN ('QUEUED', 'UNKNOWN')"
        " AND next_try > :claimed",
        library=library,
        now=tx.now,
        claimed=tx.now + CLAIM,
    )
