"""The rows of the journal in the store: each function is one piece of work inside a transaction.

Times are seconds of the epoch by the store's clock.
"""

from __future__ import annotations

from collections.abc import Collection

from attrs import frozen

from sip2gw.journal.methods import METHODS
from sip2gw.journal.states import ANY, FOR_PEOPLE, OPEN, Event, State, Told, after, answered
from sip2gw.store.port import Row, Transaction, Value
from sip2gw.store.schema import newest


def _among(states: Collection[State]) -> str:
    """Return the condition that a row is in one of these states, in SQL."""
    return f"state IN ({', '.join(repr(state.value) for state in State if state in states)})"


UNFINISHED = _among(OPEN | FOR_PEOPLE)
"""What is open or needs a person. The database has an index of these rows alone, if a query says exactly this."""
UNKNOWN_STATES = f"NOT ({_among(tuple(State))})"
OPEN_STATES = f"{UNFINISHED} AND {_among(OPEN)}"
KNOWN = (
    f"told IN ({', '.join(repr(told.value) for told in ANY)}) AND method IN ({', '.join(map(repr, METHODS))})"
)
"""What this version knows, of rows whose state it knows."""
_STATES = {state.value: state for state in State}
_TOLD = {told.value: told for told in Told}
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
    in_turn: float = 0.0
    """When it was made, or when the last older write on its item was done, if that was later; 0 if not looked for."""

    @property
    def is_known(self) -> bool:
        """Whether this version knows what the row says. Else it is left alone, for a newer version."""
        known = self.state is not State.NEWER and self.told is not Told.NEWER
        return known and self.method in METHODS

    @property
    def age(self) -> float:
        """Seconds since it was made, when it was read."""
        return max(self.read_at - self.created, 0.0)

    @property
    def waited(self) -> float:
        """Seconds for which it has waited, when it was read. What older ones on its item have done is before that."""
        return max(self.read_at - (self.in_turn or self.created), 0.0)


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
        state=_STATES.get(row["state"], State.NEWER),
        told=_TOLD.get(row["told"], Told.NEWER),
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


def of_newer(tx: Transaction, most: int = 200) -> list[Stored]:
    """Return rows that are not finished, as far as is known, and that this version does not know."""
    found = select(tx, f"{UNFINISHED} AND NOT ({KNOWN}) LIMIT {most}")
    if in_newer_store(tx):
        found += select(tx, f"{UNKNOWN_STATES} LIMIT {most}")
    return found


def in_newer_store(tx: Transaction) -> bool:
    """Return whether a newer version has changed the store. Else no row has a state that this version does not know."""
    return bool(tx.rows("SELECT 1 AS newer FROM schema WHERE version > :known LIMIT 1", known=newest()))


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
    knew: Told = Told.NOTHING,
    reason: str = "",
    outcome: bytes | None = None,
    wait: float = 1.0,
) -> Stored | None:
    """Move a row by the table, and return it as it was before. None if there is none that this version knows.

    `knew` is as in `states.answered`. `wait` is when it is due again, if it stays open.
    """
    while (row := read(tx, library, key)) is not None and row.is_known:
        answer = answered(event, row.told, told, knew)
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
            next=row.next_try if event is Event.TOLD else due,
            tries=0 if never_sent else row.tries,
            owner=row.owner if state is State.SENT else "",
            reason=reason or row.reason,
            outcome=outcome or row.outcome,
        )
        if changed:
            return row
    return None
