"""The table of the gateways that use one store. The times in it are those of the store's clock."""

from __future__ import annotations

import msgspec
from attrs import field, frozen

from sip2gw.record import Machine, Summary
from sip2gw.record.other_machines import SILENT
from sip2gw.store.port import Row, Transaction

MOST = 200
"""Rows that are read."""

_encode = msgspec.json.Encoder().encode
_summaries = msgspec.json.Decoder(Summary)


@frozen
class Seen:
    """All rows, and the time at which they were read."""

    at: float
    rows: tuple[Machine, ...] = field(factory=tuple)


def enter(tx: Transaction, own: Machine) -> None:
    """Delete the rows that earlier starts of this gateway have left: it is at their place now."""
    tx.changed("DELETE FROM machines WHERE name = :name AND place = :place", name=own.name, place=own.place)


def keep(tx: Transaction, own: Machine, state: str, summary: str) -> None:
    """Write the row of this gateway, whose id is another one at each start."""
    tx.changed(
        "INSERT INTO machines (id, name, place, version, state, began, seen, board, summary)"
        " VALUES (:id, :name, :place, :version, :state, :now, :now, :board, :summary)"
        " ON CONFLICT (id) DO UPDATE SET state = excluded.state, seen = excluded.seen, board = excluded.board,"
        " summary = excluded.summary",
        id=own.id,
        name=own.name,
        place=own.place,
        version=own.version,
        state=state,
        now=tx.now,
        board=own.board,
        summary=summary,
    )


def leave(tx: Transaction, own: Machine) -> None:
    """Delete the row of this gateway, which stops in order."""
    tx.changed("DELETE FROM machines WHERE id = :id", id=own.id)


def forget(tx: Transaction, id_: str) -> bool:
    """Delete the row of a gateway that is silent; return whether there was one."""
    return bool(
        tx.changed("DELETE FROM machines WHERE id = :id AND seen < :before", id=id_, before=tx.now - SILENT)
    )


def seen(tx: Transaction) -> Seen:
    """Return all rows."""
    rows = tx.rows(
        "SELECT id, name, place, version, state, began, seen, board, summary FROM machines"
        " ORDER BY name, place, began LIMIT :most",
        most=MOST,
    )
    return Seen(tx.now, tuple(map(_machine, rows)))


def encoded(summary: Summary) -> str:
    """Return a summary as the table has it."""
    return _encode(summary).decode()


def _machine(row: Row) -> Machine:
    return Machine(**{**row, "summary": _summary(row["summary"])})


def _summary(text: str) -> Summary:
    """Return a summary. A gateway of another version may have written one that can't be read: then it is empty."""
    try:
        return _summaries.decode(text)
    except msgspec.MsgspecError:
        return Summary()
