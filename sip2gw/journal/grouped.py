"""The two steps of every write, as works for the store: those of a group are done in one statement.

Each statement is for the usual case alone, in which no other row matters. If one work of a group meets another case,
the store does each of them by itself.

What they encrypt is encrypted here, in the store's thread: for a group that costs a third of what it costs one by one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, ClassVar

from attrs import define

from sip2gw.journal.begin import Begun, New, Owner, begin, lock
from sip2gw.journal.content import sealed_result
from sip2gw.journal.crypto import Keys
from sip2gw.journal.entry import Entry, Write
from sip2gw.journal.rows import OPEN_STATES, Stored, move
from sip2gw.journal.states import OPEN, Event, State, Told, after
from sip2gw.store.port import Alike, Transaction, Value

_MOST = 32
"""Works in one statement. The text of a statement depends on their number, and both databases keep it prepared."""


@define(eq=False, repr=False)
class Begin(Alike):
    """Give a write its row: see `begin.begin`."""

    turn: ClassVar[int] = 1

    write: Write
    owner: Owner
    fresh: bool = False
    behind: bool = False

    def __call__(self, tx: Transaction) -> Begun:
        """Begin this write. Raises `Fenced`."""
        if self.together(tx, [self]) is not None:
            return New()
        return begin(tx, self.write.entry, self.owner, fresh=self.fresh, behind=self.behind)

    @classmethod
    def together(cls, tx: Transaction, works: Sequence[Begin]) -> list[Begun] | None:
        """See `Alike.together`. They are on different items, of which no row is open; and no key was replaced."""
        entries, owner = [work.write.entry for work in works], works[0].owner
        items = {(one.library, one.item_tag) for one in entries}
        if (
            len(items) < len(entries)
            or any(work.owner != owner for work in works)
            or any(one.older for one in entries)
        ):
            return None
        lock(tx, entries)
        done = _in_parts(
            tx, _insert, [_new_row(one) for one in entries], id=owner.id, epoch=owner.epoch, now=tx.now
        )
        return [New() for _ in works] if done else None


@define(eq=False, repr=False)
class Finish(Alike):
    """Store what the library has said of a write. The result is the row as it was, if it was not being sent."""

    turn: ClassVar[int] = 0

    library: str
    key: str
    event: Event
    told: Told
    reason: str
    result: Any
    keys: Keys
    knew: Told = Told.NOTHING

    @property
    def state(self) -> State:
        """The state of the row afterwards, if it was being sent."""
        return after(State.SENT, self.event, self.told)

    @property
    def outcome(self) -> bytes | None:
        """The result, encrypted."""
        return sealed_result(self.keys, self.library, self.key, self.result)

    def __call__(self, tx: Transaction) -> Stored | None:
        """Finish this write."""
        if self.together(tx, [self]) is not None:
            return None
        return move(
            tx,
            self.library,
            self.key,
            self.event,
            self.told,
            knew=self.knew,
            reason=self.reason,
            outcome=self.outcome,
        )

    @classmethod
    def together(cls, tx: Transaction, works: Sequence[Finish]) -> list[None] | None:
        """See `Alike.together`. All of them are being sent, and no terminal has an answer before."""
        if any(work.state in OPEN for work in works):
            return None
        outcomes = [
            (one.library, one.key, one.state.value, one.told.value, one.reason, one.outcome or b"")
            for one in works
        ]
        return [None] * len(works) if _in_parts(tx, _update, outcomes, now=tx.now) else None


def _in_parts(
    tx: Transaction,
    statement: Callable[[int], str],
    rows: Sequence[tuple[Value, ...]],
    **values: Value,
) -> bool:
    """Run a statement for these rows, `_MOST` at a time. Return whether it has changed as many."""
    for start in range(0, len(rows), _MOST):
        part = rows[start : start + _MOST]
        named = {f"r{n}_{m}": value for n, row in enumerate(part) for m, value in enumerate(row)}
        if tx.changed(statement(len(part)), **named, **values) < len(part):
            return False
    return True


def _new_row(entry: Entry) -> tuple[Value, ...]:
    # Not None: the type of the column would be lost on the way.
    return (
        entry.library,
        entry.terminal,
        entry.method,
        entry.key,
        entry.key_id,
        entry.item_tag,
        entry.patron_tag or b"",
        entry.line,
        entry.arguments,
    )


def _values(count: int, columns: int) -> str:
    """Return `count` rows of parameters in SQL."""
    rows = (", ".join(f":r{n}_{m}" for m in range(columns)) for n in range(count))
    return f"VALUES ({'), ('.join(rows)})"


@cache
def _insert(count: int) -> str:
    return (
        "INSERT INTO journal (library, terminal, method, key, key_id, item_tag, patron_tag, line, arguments, state,"  # noqa: S608 (literals of ours)
        " owner, created, changed, tries)"
        " WITH new (in_library, by_terminal, called, at_key, by_key, on_item, of_patron, as_line, said) AS"
        f" ({_values(count, 9)})"
        " SELECT in_library, by_terminal, called, at_key, by_key, on_item,"
        " CASE WHEN length(of_patron) > 0 THEN of_patron END, CASE WHEN length(as_line) > 0 THEN as_line END, said,"
        " 'SENT', :id, :now, :now, 1 FROM new"
        " WHERE EXISTS (SELECT 1 FROM owners WHERE id = :id AND epoch = :epoch AND until > :now)"
        f" AND NOT EXISTS (SELECT 1 FROM journal WHERE library = in_library AND item_tag = on_item AND {OPEN_STATES})"
        # The same line is no repeat if something newer was written on the item.
        " AND NOT EXISTS (SELECT 1 FROM journal AS same WHERE same.library = in_library AND same.line = as_line"
        " AND NOT EXISTS (SELECT 1 FROM journal AS newer WHERE newer.library = in_library AND newer.item_tag = on_item"
        " AND newer.id > same.id AND newer.state <> 'FAILED'))"
        # The work may run twice, and have been stored the first time.
        " ON CONFLICT (library, key) DO NOTHING"
    )


@cache
def _update(count: int) -> str:
    return (
        "UPDATE journal SET state = next_state, told = answer, changed = :now, owner = '', reason = why,"  # noqa: S608 (literals of ours)
        " outcome = CASE WHEN length(result) > 0 THEN result END"
        " FROM (WITH done (of_library, of_key, next_state, answer, why, result) AS"
        f" ({_values(count, 6)}) SELECT * FROM done) AS done"
        " WHERE library = of_library AND key = of_key AND state = 'SENT' AND told = ''"
    )
