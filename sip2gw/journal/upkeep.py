"""What keeps the journal in order: leases of the processes, rows of processes that are gone, counts, deletion."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import Factory, frozen

from sip2gw.journal.begin import Owner
from sip2gw.journal.rows import OPEN_STATES, UNFINISHED, Stored, move, of_newer, select
from sip2gw.journal.settling import KEY_KEPT, NOT_SETTLED
from sip2gw.journal.states import Event, State, Told
from sip2gw.store.port import Transaction
from sip2gw.store.retention import FINISHED, FOR_PEOPLE, PAYLOAD, forget

LEASE = 10.0
"""Seconds of a lease, which is renewed every `BEAT` seconds."""
BEAT = 3.0
STUCK = 120.0
"""Seconds after which a row that is being sent, and that no coroutine works on, is an orphan."""
ASKED_AGAIN = 60.0
"""Seconds in which a terminal that got no answer sends its line again."""
_BATCH = 1000
"""Rows that are changed in one transaction, so that terminals need not wait for it."""


@frozen
class Counts:
    """How many rows there are by state, without those that are done; of each library, how many are open."""

    by_state: Mapping[State, int] = Factory(dict)
    opened: Mapping[str, int] = Factory(dict)
    waiting: Mapping[str, int] = Factory(dict)
    """Of each library, how many rows the gateway has to forward."""
    oldest: float = 0.0
    """Seconds since the oldest open row was made."""
    left: tuple[Stored, ...] = ()
    """Some rows that this version does not know, and leaves alone."""


def lease(tx: Transaction, owner: Owner) -> Owner:
    """Renew the lease of a process. After a lapse its epoch rises."""
    now = tx.now
    renewed = tx.rows(
        "UPDATE owners SET until = :until WHERE id = :id AND epoch = :epoch AND until > :now RETURNING epoch",
        id=owner.id,
        epoch=owner.epoch,
        until=now + LEASE,
        now=now,
    )
    if renewed:
        return owner
    (row,) = tx.rows(
        "INSERT INTO owners (id, epoch, until) VALUES (:id, :epoch, :until)"
        " ON CONFLICT (id) DO UPDATE SET epoch = owners.epoch + 1, until = :until RETURNING epoch",
        id=owner.id,
        epoch=owner.epoch + 1,
        until=now + LEASE,
    )
    return Owner(owner.id, row["epoch"])


def resign(tx: Transaction, owner: Owner) -> None:
    """End the lease of a process."""
    tx.rows("DELETE FROM owners WHERE id = :id", id=owner.id)


def end_all_leases(tx: Transaction) -> None:
    """End the leases of all processes: no other process uses this store."""
    tx.rows("DELETE FROM owners")


def adopt(tx: Transaction, owner: Owner, in_progress: frozenset[str]) -> int:
    """Make rows whose process is gone due, and own rows that nothing works on. Return how many there were."""
    tx.lock("journal owners")
    now = tx.now
    tx.rows("DELETE FROM owners WHERE until <= :now", now=now)
    found = tx.rows(
        f"SELECT library, key, owner FROM journal WHERE {UNFINISHED} AND state = 'SENT'"  # noqa: S608 (literals of ours)
        " AND (owner NOT IN (SELECT id FROM owners)"
        " OR (owner = :id AND changed < :stuck)) LIMIT :most",
        id=owner.id,
        stuck=now - STUCK,
        most=_BATCH,
    )
    orphans = [row for row in found if row["owner"] != owner.id or row["key"] not in in_progress]
    for row in orphans:
        # The terminal of an own one was refused: this process did not know that it has a row.
        told = Told.NO if row["owner"] == owner.id else Told.NOTHING
        move(tx, row["library"], row["key"], Event.ORPHANED, told, wait=0.0)
    return len(orphans)


def unheard(tx: Transaction) -> list[Stored]:
    """Move rows that are done and of which no terminal is known to have an answer. Return them as they were before."""
    found = select(
        tx,
        "state = 'DONE' AND told = '' AND changed < :before AND (arguments IS NOT NULL OR outcome IS NOT NULL)"
        " LIMIT :most",
        before=tx.now - ASKED_AGAIN,
        most=_BATCH,
    )
    moved = [move(tx, row.library, row.key, Event.UNHEARD) for row in found]
    return [row for row in moved if row is not None]


def give_up(tx: Transaction) -> list[Stored]:
    """Give up rows whose key may be forgotten: their library was not opened. Return them as they were before.

    One that a person has had sent again waits as long as a new one. One that is being sent now is left alone.
    """
    now = tx.now
    found = select(
        tx,
        f"{OPEN_STATES} AND state <> 'SENT' AND next_try <= :now AND created < :created"
        " AND (state = 'QUEUED' OR tries > 0 OR changed < :changed) LIMIT :most",
        now=now,
        created=now - KEY_KEPT,
        changed=now - KEY_KEPT,
        most=_BATCH,
    )
    moved = [
        move(tx, row.library, row.key, Event.GIVEN_UP, reason=NOT_SETTLED) for row in found if row.is_known
    ]
    return [row for row in moved if row is not None]


def count(tx: Transaction) -> Counts:
    """Count the rows that are not finished."""
    rows = tx.rows(
        "SELECT library, state, count(*) AS many, min(created) AS oldest FROM journal"  # noqa: S608 (literals of ours)
        f" WHERE {UNFINISHED} GROUP BY library, state"
    )
    by_state: dict[State, int] = dict.fromkeys(State, 0)
    opened: dict[str, int] = {}
    waiting: dict[str, int] = {}
    oldest = now = tx.now
    for row in rows:
        state, library, many = State(row["state"]), row["library"], row["many"]
        by_state[state] += many
        if state in (State.SENT, State.QUEUED, State.UNKNOWN):
            opened[library] = opened.get(library, 0) + many
            oldest = min(oldest, row["oldest"])
        if state in (State.QUEUED, State.UNKNOWN):
            waiting[library] = waiting.get(library, 0) + many
    left = tuple(of_newer(tx))
    by_state[State.NEWER] = len([row for row in left if row.state is State.NEWER])
    return Counts(by_state, opened, waiting, now - oldest, left)


_EMPTY = (
    "UPDATE journal SET arguments = NULL, outcome = NULL, patron_tag = NULL WHERE id IN (SELECT id FROM journal"
    " WHERE state IN ({}) AND changed < :before AND (arguments IS NOT NULL OR outcome IS NOT NULL) LIMIT :most)"
)
_DELETE = (
    "DELETE FROM journal WHERE id IN (SELECT id FROM journal"
    " WHERE state IN ({}) AND changed < :before AND arguments IS NULL AND outcome IS NULL LIMIT :most)"
)
_PURGES = (
    (_EMPTY.format("'DONE', 'FAILED', 'CLOSED'"), PAYLOAD),
    (_DELETE.format("'DONE', 'FAILED'"), FINISHED),
    (_DELETE.format("'CLOSED'"), FOR_PEOPLE),
    (_EMPTY.format("'DEAD', 'MISMATCH'"), FOR_PEOPLE),
)


def purge(tx: Transaction) -> bool:
    """Delete what is not needed any longer, a batch of each kind. Return whether there may be more."""
    now = tx.now
    batches = [tx.changed(sql, before=now - age, most=_BATCH) for sql, age in _PURGES]
    forget(tx)
    return max(batches) == _BATCH
