"""What is stored of one patron: show it to them, and delete it. Both are entered in the audit table.

A row is a patron's if its keyed digest is, or if its content names the patron: a return is by no patron, and its result
says who had the item.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any

from sip2gw.journal import rows
from sip2gw.journal.audit import By, NotPossible, enter
from sip2gw.journal.content import opened, patron_tags, same_patron
from sip2gw.journal.crypto import Keys, Unreadable
from sip2gw.journal.listing import listed, row_in_json
from sip2gw.journal.rows import Stored
from sip2gw.journal.states import FOR_PEOPLE, OPEN, Event, State
from sip2gw.store.port import Transaction


def export(tx: Transaction, keys: Keys, library: str, patron: str, by: By) -> list[dict[str, Any]]:
    """Return all rows of a patron with their content, for JSON."""
    _enter(tx, keys, library, patron, by, "privacy export")
    now = tx.now
    return [
        {**row_in_json(listed(row, now)), **dict(_contents(keys, row))}
        for row in _rows_of(tx, keys, library, patron)
    ]


def erase(
    tx: Transaction, keys: Keys, library: str, patron: str, by: By, *, even_open: bool = False
) -> list[int]:
    """Delete the content of a patron's rows, and return their numbers.

    Rows that are not finished are closed first if `even_open`; then the write may never reach the library. Raises
    `NotPossible` otherwise, and if a row is being sent.
    """
    found = _rows_of(tx, keys, library, patron)
    _refuse(found, {State.SENT}, "being sent: try again in a minute")
    if unknown := [str(row.id) for row in found if not row.is_known]:
        raise NotPossible(
            f"rows {', '.join(unknown)} were written by a newer version of the gateway: use that"
        )
    if not even_open:
        _refuse(found, OPEN | FOR_PEOPLE, "not finished: close them, or delete them with --even-open")
    for row in found:
        if row.state in OPEN:
            rows.move(tx, row.library, row.key, Event.GIVEN_UP)
        if row.state in OPEN | FOR_PEOPLE:
            rows.move(tx, row.library, row.key, Event.DISCARDED, reason=f"erased by {by.who.strip()}")
        tx.rows(
            "UPDATE journal SET arguments = NULL, outcome = NULL, patron_tag = NULL, line = NULL WHERE id = :id",
            id=row.id,
        )
    _enter(tx, keys, library, patron, by, "privacy erase")
    return [row.id for row in found]


def _refuse(found: Sequence[Stored], states: set[State] | frozenset[State], why: str) -> None:
    if numbers := [str(row.id) for row in found if row.state in states]:
        raise NotPossible(f"rows {', '.join(numbers)} are {why}")


def _rows_of(tx: Transaction, keys: Keys, library: str, patron: str) -> list[Stored]:
    if not same_patron(patron):
        raise NotPossible("give the number of the patron's card")
    tags = patron_tags(keys, library, patron)
    found = rows.select(
        tx,
        "library = :library AND (patron_tag IS NOT NULL OR arguments IS NOT NULL OR outcome IS NOT NULL) ORDER BY id",
        library=library,
    )
    return [row for row in found if row.patron_tag in tags or _names(keys, row, same_patron(patron))]


def _names(keys: Keys, row: Stored, patron: str) -> bool:
    return any(same_patron(text) == patron for _, content in _contents(keys, row) for text in _texts(content))


def _contents(keys: Keys, row: Stored) -> Iterator[tuple[str, Any]]:
    """Yield what a row has: the write and its result, as they are in JSON."""
    for name in ("arguments", "outcome"):
        with suppress(Unreadable):
            content = opened(keys, row, name)
            if content is not None:
                yield name, json.loads(content)


def _texts(content: Any) -> Iterator[str]:
    if isinstance(content, str):
        yield content
    elif isinstance(content, dict):
        for value in content.values():
            yield from _texts(value)
    elif isinstance(content, list):
        for value in content:
            yield from _texts(value)


def _enter(tx: Transaction, keys: Keys, library: str, patron: str, by: By, what: str) -> None:
    tag = patron_tags(keys, library, patron)[0].hex()
    enter(tx, by, what, f"{library} patron {tag}")
