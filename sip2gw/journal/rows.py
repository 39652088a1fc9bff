"""The rows of the journal in the store: each function is one piece of work inside a transaction.

Times are seconds of the epoch by the store's clock.
"""

from __future__ import annotations

from collections.abc import Collection

from attrs import frozen

from sip2gw.journal.states import FOR_PEOPLE, OPEN, Event, State, Told, after, strongest
from sip2gw.store.port import Row, Transaction, Value


def _among(states: Collection[State]) -> str:
    """Return the condition that a row is in one of these states, in SQL."""
    return f"state IN ({', '.join(repr(state.value) for state in State if state in states)})"


UNFINISHED = _among(OPEN | FOR_PEOPLE)
"""What is open or needs a person. The database has an index of these rows alone, if a query says exactly this."""
OPEN_STATES = f"{UNFINISHED} AND {_among(OPEN)}"
COLUMNS = (
    "id, library, terminal, method, item_tag, patron_tag, key, state, told, owner, created, changed, next_try, tries,"
    " reason, key_id, arguments, outcome"
)


@frozen(repr=False)
class Stored:
    """A row as it was read."""

    id: int
    library: str
    terminal: str
    method: str
    item_tag: bytes
    patron_tag: bytes | None
    key: str
    state: State
    told: Told
    owner: str
    created: float
    changed: float
    next_try: float | None
    tries: int
    reason: str
    key_id: str
    arguments: bytes | None
    outcome: bytes | None
    read_at: float

    @property
    def age(self) -> float:
        """Seconds since it was made, when it was read."""
        return max(self.read_at - self.created, 0.0)


def stored(row: Row, now: float) -> Stored:
    patron = row["patron_tag"]
    return Stored(
        id=row["id"],
        library=row["library"],
        terminal=row["terminal"],
        method=row["method"],
        item_tag=bytes(row["item_tag"] or b""),
        patron_tag=None if patron is None else bytes(patron),
        key=row["key"],
        state=State(row["state"]),
        told=Told(row["told"]),
        owner=row["owner"],
        created=row["created"],
        changed=row["changed"],
        next_try=row["next_try"],
        tries=row["tries"],
        reason=row["reason"],
        key_id=row["key_id"],
        arguments=None if row["arguments"] is None else bytes(row["arguments"]),
        outcome=None if row["outcome"] is None else bytes(row["outcome"]),
        read_at=now,
    )


def select(tx: Transaction, where: str, **values: Value) -> list[Stored]:
    """Return the rows of a condition in SQL, which is a literal."""
    now = tx.now
    return [stored(row, now) for row in tx.rows(f"SELECT {COLUMNS} FROM journal WHERE {where}", **values)]  # noqa: S608 (see above)


def read(tx: Transaction, library: str, key: str) -> Stored | None:
    """Return one row."""
    found = select(tx, "library = :library AND key = :key", library=library, key=key)
    return found[0] if found else None


def move(
    tx: Transaction,
    library: str,
    key: str,
    event: Event,
    told: Told = Told.NOTHING,
    *,
    knew: Told = Told.NO,
    reason: str = "",
    outcome: bytes | None = None,
    wait: float = 1.0,
) -> Stored | None:
    """Move a row by the table, and return it as it was before.

    `knew` is as in `states.strongest`. `wait` is when it is due again, if it stays open.
    """
    while (row := read(tx, library, key)) is not None:
        answer = strongest(event, row.told, told, knew)
        state = after(row.state, event, answer)
        never_sent = event is Event.ACCEPTED and row.state is State.SENT
        due = tx.now + wait if state in (State.QUEUED, State.UNKNOWN) else None
        changed = tx.rows(
            "UPDATE journal SET state = :state, told = :told, changed = :now, next_try = :next, tries = :tries,"
            " owner = :owner, reason = :reason, outcome = :outcome"
            " WHERE id = :id AND state = :before AND told = :told_before RETURNING id",
            id=row.id,
            before=row.state.value,
            told_before=row.told.value,
            state=state.value,
            told=answer.value,
            now=tx.now,
            next=row.next_try if event in (Event.TOLD, Event.DENIED) else due,
            tries=0 if never_sent else row.tries,
            owner=row.owner if state is State.SENT else "",
            reason=reason or row.reason,
            outcome=outcome or row.outcome,
        )
        if changed:
            return row
    return None
