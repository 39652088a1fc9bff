"""The first step of a write: it gets its row, unless it repeats a write or has to wait for an older one.

Nearly every write gets its row from `grouped.Begin.together`, in one statement with others. Only the rest comes here:
writes for which another row may matter, as one that is open on the item or has the same line.
"""

from __future__ import annotations

from collections.abc import Sequence

from attrs import evolve, field, frozen

from sip2gw.journal.entry import Entry
from sip2gw.journal.rows import OPEN_STATES, Stored, move, select
from sip2gw.journal.settling import KEY_KEPT
from sip2gw.journal.states import OPEN, Event, State
from sip2gw.store.port import Transaction, Value


class Fenced(Exception):
    """The process has lost its lease: others may take its rows for orphans."""


@frozen
class New:
    """The write has its row, and may be sent."""


@frozen(repr=False)
class Repeat:
    """The same line was done before, or a person has closed it: its stored result is the answer, if it has one."""

    row: Stored


@frozen(repr=False)
class Join:
    """The same write is open: its row is settled instead. `same_line` if the terminal has sent the same bytes."""

    row: Stored
    oldest: Stored
    """The oldest open row on the item, which may be this one."""
    same_line: bool


@frozen(repr=False)
class Behind:
    """Older writes on the item are open: this is the oldest of them, which has to be settled before."""

    oldest: Stored


Begun = New | Repeat | Join | Behind


@frozen
class Owner:
    """A process with a lease. `epoch` rises with each lease."""

    id: str
    epoch: int = field(default=1)


def begin(tx: Transaction, entry: Entry, owner: Owner, *, fresh: bool = False, behind: bool = False) -> Begun:
    """Give a write its row, unless it is a repeat or has to wait for an older one. Raises `Fenced`.

    `fresh`: it does not repeat a write that was done. `behind`: it is not sent now, so older ones may be open.
    """
    lock(tx, [entry])
    now = tx.now
    lease = "SELECT 1 AS held FROM owners WHERE id = :id AND epoch = :epoch AND until > :now"
    if not tx.rows(lease, id=owner.id, epoch=owner.epoch, now=now):
        raise Fenced("the lease of this process is over")
    on_item, items = _any("item_tag", entry.items)
    opened = select(
        tx, f"library = :library AND {on_item} AND {OPEN_STATES} ORDER BY id", library=entry.library, **items
    )
    same = _same_line(tx, entry, now) if entry.line else None
    if same is not None and (same.state in OPEN or same.state is State.NEWER):
        return _join(tx, same, opened, owner, same_line=True)
    if same is not None and not fresh:
        # Without its result the library is asked for that again, under the same key; but not if a person has closed it.
        has_answer = same.outcome is not None or same.state is State.CLOSED
        return Repeat(same) if has_answer else Join(same, same, same_line=True)
    if opened and not behind:
        newest = opened[-1]
        same_write = newest.method == entry.method and newest.patron_tag in entry.patrons
        if entry.joins and same_write and newest.age <= KEY_KEPT:
            return _join(tx, newest, opened, owner, same_line=False)
        return Behind(opened[0])
    # Rows that are open on one item have one digest of it, by which they keep their order.
    _insert(tx, evolve(entry, item_tag=opened[-1].item_tag) if opened else entry, owner, now)
    return New()


def lock(tx: Transaction, entries: Sequence[Entry]) -> None:
    """Let no other process begin a write on the same items meanwhile."""
    tx.lock(*[f"journal {one.library} {item.hex()}" for one in entries for item in one.items])


def _same_line(tx: Transaction, entry: Entry, now: float) -> Stored | None:
    """Return the row of the same line: one that is open, or one that was or may be done within its time and counts."""
    is_same, lines = _any("line", entry.lines)
    found = select(
        tx, f"library = :library AND {is_same} ORDER BY id DESC LIMIT 1", library=entry.library, **lines
    )
    if not found:
        return None
    row = found[0]
    if row.state in OPEN or row.state is State.NEWER:
        return row
    # A dead one may have been done: the library says so, under the same key.
    over = row.state is not State.FAILED and row.arguments is not None
    return row if over and now - row.created < entry.life and not _newer(tx, entry, row) else None


def _newer(tx: Transaction, entry: Entry, row: Stored) -> bool:
    """Return whether something newer was written on the item, or without an item on the account or by the terminal."""
    where, values = _any("item_tag", entry.items)
    if entry.account_wide:
        of_patron, patrons = _any("patron_tag", entry.patrons)
        where = f"({where} OR {of_patron} OR terminal = :terminal)"
        values |= {**patrons, "terminal": entry.terminal}
    found = tx.rows(
        "SELECT 1 AS newer FROM journal WHERE library = :library AND id > :id AND state <> 'FAILED'"  # noqa: S608 (literals of ours)
        f" AND {where} LIMIT 1",
        library=entry.library,
        id=row.id,
        **values,
    )
    return bool(found)


def _any(column: str, tags: Sequence[bytes | None]) -> tuple[str, dict[str, Value]]:
    """Return the condition that a column has one of these digests, and its values."""
    values: dict[str, Value] = {f"{column}_{number}": tag for number, tag in enumerate(tags)}
    return f"{column} IN ({', '.join(f':{name}' for name in values)})", values


def _join(tx: Transaction, row: Stored, opened: list[Stored], owner: Owner, *, same_line: bool) -> Join:
    """Join a row. If another process is sending it, none of the two may fail it alone from now on."""
    if row.state is State.SENT and row.owner != owner.id:
        move(tx, row.library, row.key, Event.ORPHANED)
    return Join(row, opened[0] if opened else row, same_line)


def _insert(tx: Transaction, entry: Entry, owner: Owner, now: float) -> None:
    tx.rows(
        "INSERT INTO journal (library, terminal, method, item_tag, patron_tag, line, key, state, owner, created,"
        " changed, tries, key_id, arguments) VALUES (:library, :terminal, :method, :item, :patron, :line, :key, 'SENT',"
        " :owner, :now, :now, 1, :key_id, :arguments)"
        # The work may run twice, and have been stored the first time.
        " ON CONFLICT (library, key) DO NOTHING",
        library=entry.library,
        terminal=entry.terminal,
        method=entry.method,
        item=entry.item_tag,
        patron=entry.patron_tag,
        line=entry.line or None,
        key=entry.key,
        owner=owner.id,
        now=now,
        key_id=entry.key_id,
        arguments=entry.arguments,
    )
