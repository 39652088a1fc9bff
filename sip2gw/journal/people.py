"""What the operator's people do with a row: look at it, have it tried again, and close it with a reason.

Each function is one piece of work inside a transaction. Each change, and each look at a reader's data, is entered in
the audit table, with who made it and why.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import Factory, frozen

from sip2gw.journal import claims, rows
from sip2gw.journal.audit import By, NotPossible, enter
from sip2gw.journal.codec import Misfit, shown
from sip2gw.journal.content import call_of
from sip2gw.journal.crypto import Keys, Unreadable
from sip2gw.journal.listing import Listed, listed
from sip2gw.journal.rows import Stored
from sip2gw.journal.settling import KEY_KEPT
from sip2gw.journal.states import FOR_PEOPLE, Event, State, after
from sip2gw.store.port import Transaction

ACTIONS: Mapping[str, Event | None] = {
    "retry": Event.RETRY,
    "settle": None,
    "applied": Event.APPLIED,
    "discard": Event.DISCARDED,
}
"""What a person can do with a row. `settle` only has an open one sent at once."""


class NotThere(NotPossible):
    """There is no such row."""


@frozen(repr=False)
class Shown:
    """One row with what it says."""

    listed: Listed
    content: Mapping[str, Any] = Factory(dict)
    """Arguments of the write; empty if they are deleted or can't be read."""


def look(tx: Transaction, number: int) -> Listed:
    """Return one row without its content. Raises `NotThere`."""
    return listed(_row(tx, number), tx.now)


def reveal(tx: Transaction, keys: Keys, number: int, by: By) -> Shown:
    """Return one row with its content, and enter that. Raises `NotThere`."""
    row = _row(tx, number)
    enter(tx, by, "journal reveal", f"{row.library} {number}")
    return Shown(listed(row, tx.now), content_of(keys, row))


def act(tx: Transaction, number: int, action: str, by: By) -> Listed:
    """Do one of `ACTIONS` and enter it; return the row as it is then. Raises `NotPossible`."""
    row = _row(tx, number)
    if not row.is_known:
        raise NotPossible(f"row {number} was written by a newer version of the gateway: use that version")
    event = ACTIONS[action]
    if event is None:
        _settle(tx, row)
    else:
        _move(tx, row, event, by)
    enter(tx, by, f"journal {action}", f"{row.library} {number}")
    return look(tx, number)


def content_of(keys: Keys, row: Stored) -> dict[str, Any]:
    """Return what a row says; empty if that is deleted or can't be read."""
    try:
        return shown(call_of(keys, row))
    except (Unreadable, Misfit):
        return {}


def _row(tx: Transaction, number: int) -> Stored:
    found = rows.select(tx, "id = :number", number=number)
    if not found:
        raise NotThere(f"there is no row {number}")
    return found[0]


def _settle(tx: Transaction, row: Stored) -> None:
    if row.state not in (State.QUEUED, State.UNKNOWN):
        raise NotPossible(f"row {row.id} is {row.state.value}, and does not wait to be sent")
    claims.hurry(tx, row.library)


def _move(tx: Transaction, row: Stored, event: Event, by: By) -> None:
    if after(row.state, event, row.told) is row.state:
        needed = "DEAD" if event is Event.RETRY else " or ".join(sorted(FOR_PEOPLE))
        raise NotPossible(f"row {row.id} is {row.state.value}, not {needed}")
    if event is Event.RETRY:
        _check_retry(row, tx.now)
    rows.move(tx, row.library, row.key, event, reason=f"{event.value} by {by.who.strip()}", wait=0.0)
    if event is Event.RETRY:  # it has all its tries again
        tx.rows("UPDATE journal SET tries = :tries WHERE id = :id", tries=int(_was_in_doubt(row)), id=row.id)


def _check_retry(row: Stored, now: float) -> None:
    if row.arguments is None:
        raise NotPossible(f"row {row.id} has lost its content: discard it")
    if _was_in_doubt(row) and now - row.created > KEY_KEPT:
        raise NotPossible(
            f"row {row.id} may have been done, and the library no longer knows its key: look there, and mark it"
            " applied or discard it"
        )


def _was_in_doubt(row: Stored) -> bool:
    """Return whether a dead row may have been done: it was sent again, because the answer to the first try was lost."""
    return row.tries > 1
