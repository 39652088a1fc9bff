"""Rows of the journal as people see them: without any data of a reader, and with what there is to do."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec
from attrs import asdict, frozen

from sip2gw.journal import rows
from sip2gw.journal.rows import UNFINISHED, UNKNOWN_STATES, Stored
from sip2gw.journal.states import SHOWN, WHAT_TOLD, State, Told
from sip2gw.store.port import Transaction, Value

PAGE = 200
"""Rows of one answer."""


@frozen
class Wanted:
    """Which rows to list. Without `states` they are those that are open or wait for people."""

    library: str = ""
    terminal: str = ""
    states: frozenset[State] = SHOWN
    older: float = 0.0
    """Seconds since the terminal has sent it, at least."""
    after_number: int = 0


@frozen
class Listed:
    """One row as people see it in a list. It has no data of a reader."""

    number: int
    library: str
    terminal: str
    operation: str
    state: State
    told: Told
    since: float
    """When the terminal has sent it, in seconds of the epoch."""
    age: float
    changed: float
    next_try: float | None
    tries: int
    reason: str
    key: str
    """Under this key the library knows the write."""
    has_content: bool
    is_known: bool
    """Whether this version of the gateway knows what the row says."""


def find(tx: Transaction, wanted: Wanted) -> list[Listed]:
    """Return rows, oldest first, at most `PAGE`."""
    now = tx.now
    states = ", ".join(f"'{state.value}'" for state in sorted(wanted.states))
    values: dict[str, Value] = {"number": wanted.after_number, "before": now - wanted.older}
    where, number = f"state IN ({states}) AND created <= :before", "id"
    if wanted.states <= SHOWN:
        # By the index of these few rows, and not in the order of the table, where all the finished ones are.
        where, number = f"{UNFINISHED} AND {where}", "+id"
    if State.NEWER in wanted.states and rows.in_newer_store(tx):
        where = f"({where} OR {UNKNOWN_STATES} AND created <= :before)"
    for name, value in (("library", wanted.library), ("terminal", wanted.terminal)):
        if value:
            where += f" AND {name} = :{name}"
            values[name] = value
    return [
        listed(row, now)
        for row in rows.select(tx, f"{where} AND {number} > :number ORDER BY {number} LIMIT {PAGE}", **values)
    ]


def listed(row: Stored, now: float) -> Listed:
    """Return a row for a list."""
    return Listed(
        row.id, row.library, row.terminal, row.method, row.state, row.told, row.created, max(now - row.created, 0.0),
        row.changed, row.next_try, row.tries, row.reason, row.key, row.arguments is not None,
        row.is_known,
    )  # fmt: skip


_TO_DO: Mapping[State, str] = {
    State.SENT: "nothing: it is being sent",
    State.QUEUED: "nothing: it is sent as soon as the library answers",
    State.UNKNOWN: "nothing: the library is asked for it as soon as it answers",
    State.DEAD: "look at the library, then retry, applied or discard",
    State.MISMATCH: "look at the library, then applied or discard",
}


def to_do(row: Listed) -> str:
    """Return what a person has to do about a row; empty if it is finished."""
    if not row.is_known:
        return "nothing: a newer version of the gateway has written it, and only that can go on with it"
    if row.state is State.DEAD and not row.has_content:
        return "its content is deleted: look at the library, then applied or discard"
    if row.state is State.MISMATCH:
        return f"it is done and {WHAT_TOLD[row.told]}: {_TO_DO[row.state]}"
    return _TO_DO.get(row.state, "")


def row_in_json(row: Listed) -> dict[str, Any]:
    """Return a row for programs."""
    times = {
        name: None if at is None else moment(at)
        for name, at in (("since", row.since), ("changed", row.changed), ("next_try", row.next_try))
    }
    return {**asdict(row), **times, "age": round(row.age), "to_do": to_do(row)}


def in_json(content: Mapping[str, Any]) -> dict[str, Any]:
    """Return the content of a row for programs."""
    plain: dict[str, Any] = msgspec.to_builtins(content, enc_hook=str)
    return plain


def moment(seconds: float) -> str:
    """Return seconds of the epoch as a time of ISO 8601, in UTC."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
