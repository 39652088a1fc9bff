"""What the operator's people do with rows: look at them, have them tried again, and close them with a reason.

Each change is entered in the audit table, with who made it and why.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from attrs import Factory, frozen

from sip2gw.journal import claims, rows
from sip2gw.journal.codec import Misfit, shown
from sip2gw.journal.crypto import Unreadable
from sip2gw.journal.journal import Journal
from sip2gw.journal.opening import Accounts
from sip2gw.journal.rows import Stored
from sip2gw.journal.settling import KEY_KEPT
from sip2gw.journal.states import FOR_PEOPLE, OPEN, Event, State, Told, after
from sip2gw.store.port import Transaction

PAGE = 200


class NotPossible(Exception):
    """The row is in no state for this. The text is for the person who asked."""


@frozen
class Listed:
    """One row as people see it in a list. It has no patron data."""

    number: int
    library: str
    terminal: str
    method: str
    state: State
    told: Told
    age: float
    """Seconds since the terminal has sent it."""
    tries: int
    reason: str
    waits_for: str = ""
    """What the gateway needs to go on with it."""


@frozen(repr=False)
class Shown:
    """One row with what it says. The person who gets it is entered in the audit table."""

    listed: Listed
    content: Mapping[str, Any] = Factory(dict)
    """Arguments of the write; empty if they are deleted."""


def listed(row: Stored, now: float, accounts: Accounts | None = None) -> Listed:
    """Return a row for a list."""
    waits = accounts.waits_for(row.library) if accounts and row.state in OPEN else ""
    return Listed(
        row.id, row.library, row.terminal, row.method, row.state, row.told, max(now - row.created, 0.0), row.tries,
        row.reason, waits,
    )  # fmt: skip


async def list_rows(
    journal: Journal, accounts: Accounts | None = None, *, library: str = "", after_number: int = 0
) -> list[Listed]:
    """Return the rows that are open or wait for people, oldest first, at most `PAGE`. Raises `StoreFailed`."""
    states = ", ".join(f"'{state}'" for state in sorted(OPEN | FOR_PEOPLE))

    def work(tx: Transaction) -> list[Listed]:
        where = "library = :library AND " if library else ""
        found = rows.select(
            tx,
            f"{where}state IN ({states}) AND id > :number ORDER BY id LIMIT {PAGE}",
            number=after_number,
            **({"library": library} if library else {}),
        )
        now = tx.now
        return [listed(row, now, accounts) for row in found]

    return await journal.store.read(work)


async def show(journal: Journal, number: int, *, who: str, why: str) -> Shown:
    """Return one row with its content. Raises `NotPossible` if there is none, and `StoreFailed`."""
    row, now = await journal.store.change(partial(_audited, number=number, who=who, what="show", why=why))
    try:
        content = shown(journal.call(row))
    except (Unreadable, Misfit):
        content = {}
    return Shown(listed(row, now), content)


async def retry(journal: Journal, number: int, *, who: str, why: str) -> None:
    """Have a dead row forwarded again, under its key. Raises `NotPossible` and `StoreFailed`."""
    await journal.store.change(partial(_changed, number=number, event=Event.RETRY, who=who, why=why))


async def applied(journal: Journal, number: int, *, who: str, why: str) -> None:
    """Close a row that the library has, as a person has seen there. Raises `NotPossible` and `StoreFailed`."""
    await journal.store.change(partial(_changed, number=number, event=Event.APPLIED, who=who, why=why))


async def discard(journal: Journal, number: int, *, who: str, why: str) -> None:
    """Close a row that is not to be done. Raises `NotPossible` and `StoreFailed`."""
    await journal.store.change(partial(_changed, number=number, event=Event.DISCARDED, who=who, why=why))


async def settle_now(journal: Journal, library: str, *, who: str, why: str) -> None:
    """Make all open rows of a library due now. Raises `StoreFailed`."""

    def work(tx: Transaction) -> None:
        _enter(tx, who, "settle", library, why)
        claims.hurry(tx, library)

    await journal.store.change(work)


def _audited(tx: Transaction, number: int, who: str, what: str, why: str) -> tuple[Stored, float]:
    if not (who.strip() and why.strip()):
        raise NotPossible("say who you are and why")
    found = rows.select(tx, "id = :number", number=number)
    if not found:
        raise NotPossible(f"there is no row {number}")
    _enter(tx, who, what, f"{found[0].library} {number}", why)
    return found[0], tx.now


def _changed(tx: Transaction, number: int, event: Event, who: str, why: str) -> None:
    row, now = _audited(tx, number, who, event.value, why)
    if after(row.state, event, row.told) is row.state:
        raise NotPossible(f"row {number} is {row.state.value}, not {' or '.join(sorted(FOR_PEOPLE))}")
    if event is Event.RETRY:
        if row.arguments is None:
            raise NotPossible(f"row {number} has lost its content: discard it")
        if row.tries and now - row.created > KEY_KEPT:
            raise NotPossible(
                f"row {number} may have been done, and the library no longer knows its key: look there, and mark it"
                " applied or discard it"
            )
    rows.move(tx, row.library, row.key, event, reason=f"{event.value} by {who}", wait=0.0)


def _enter(tx: Transaction, who: str, what: str, subject: str, why: str) -> None:
    tx.rows(
        "INSERT INTO audit (at, who, what, subject, why) VALUES (:at, :who, :what, :subject, :why)",
        at=tx.now,
        who=who,
        what=f"journal {what}",
        subject=subject,
        why=why,
    )
