"""What the store keeps, why, and for how long: the one place for the sweep, the report and the manual.

`forget` deletes what is over, in batches, so that terminals need not wait for it.
"""

from __future__ import annotations

from collections.abc import Mapping

from attrs import frozen

from sip2gw.store.port import Transaction

MINUTE, HOUR, DAY = 60.0, 3600.0, 86_400.0
PAYLOAD = 10 * MINUTE
"""Seconds for which a finished write keeps what was written and what came of it."""
FINISHED, FOR_PEOPLE = DAY, 30 * DAY
"""Seconds for which a finished write is kept: one that the gateway has finished, and one that was for people."""
WRONG_LOGINS, RIGHT_LOGINS = HOUR, 90 * DAY
"""Seconds for which logins are kept: the longest time in which wrong ones count, and right ones help."""
SEATS = DAY
"""Seconds after which a lease that has ended does not begin again, not even for a process that could not reach the
store."""
MACHINES = DAY
"""Seconds for which a gateway that ended without a stop is still shown."""
AUDIT = 365 * DAY
"""Seconds for which it is kept who of the operator's people did what."""
BATCH = 1000
"""Rows of one kind that are deleted in one transaction."""


@frozen
class Kept:
    """One table. `oldest` is the column with the time of a row, in seconds of the epoch; empty if there is none."""

    what: str
    personal: str
    until: str
    oldest: str = ""


def _span(seconds: float) -> str:
    """Return a time of the schedule in words."""
    if seconds > DAY:
        return f"{seconds / DAY:.0f} days"
    return f"{seconds / HOUR:.0f} h" if seconds >= HOUR else f"{seconds / MINUTE:.0f} minutes"


TABLES: Mapping[str, Kept] = {
    "journal": Kept(
        "writes on their way to a library, and their outcome",
        "reader, item and amounts, encrypted; reader, item and request also as keyed digests; the terminal's name",
        f"Content: {_span(PAYLOAD)} after it is finished, {_span(FOR_PEOPLE)} if it waits for people. The rest:"
        f" {_span(FINISHED)} after it is finished, {_span(FOR_PEOPLE)} after a person has closed it",
        "created",
    ),
    "seats": Kept(
        "which terminal's session holds which licence, if several processes share the store",
        "the terminal's address, location and certificate; a keyed digest of its account",
        f"the end of the session, or {_span(SEATS)} after its process died. The number stays",
    ),
    "login_tries": Kept("wrong logins of terminals", "keyed digests", _span(WRONG_LOGINS), "at"),
    "login_marks": Kept(
        "networks and accounts whose login was right, or wrong",
        "keyed digests",
        f"{_span(RIGHT_LOGINS)}; {_span(WRONG_LOGINS)} if wrong",
        "at",
    ),
    "owners": Kept("the gateway's processes", "none", "the end of the process"),
    "machines": Kept(
        "the gateways that share the store: how each is, for the boards of the others",
        "name and network of a terminal that needs a person",
        f"its orderly stop, or {_span(MACHINES)} without a sign of life",
        "began",
    ),
    "audit": Kept("what the operator's people did, and why", "the name of who did it", _span(AUDIT), "at"),
    "operators": Kept(
        "the accounts of the board", "a name; a hash of its password", "until it is removed", "since"
    ),
    "board_links": Kept(
        "links by which a library's staff see it",
        "who made it; a digest of its secret",
        "its end or its revocation",
    ),
    "invitations": Kept(
        "links by which installers see how far a terminal comes", "a digest of its code", "8 h"
    ),
    "invited_browsers": Kept("the browsers that came with such a link", "a digest of its cookie", "8 h"),
    "schema": Kept("the version of the tables", "none", "always"),
    "clock": Kept("the latest time of the store's clock", "none", "always"),
}
"""Every table of the store."""

_OLD: Mapping[str, tuple[tuple[str, str, float], ...]] = {
    "audit": (("id", "at < :before", AUDIT),),
    "login_tries": (("id", "at < :before", WRONG_LOGINS),),
    "login_marks": (
        ("what, subject", "at < :before AND what = 'wrong'", WRONG_LOGINS),
        ("what, subject", "at < :before", RIGHT_LOGINS),
    ),
    "machines": (("id", "seen < :before", MACHINES),),
    "invitations": (("digest", "ends < :before", 0.0),),
    "invited_browsers": (("digest", "ends < :before", 0.0),),
}
"""Of each table the key of its rows, which of them are over, and their age."""


def forget(tx: Transaction) -> None:
    """Delete rows that are no longer needed, a batch of each kind, and what is known of terminals that have left."""
    now = tx.now
    for table, kinds in _OLD.items():
        for key, over, age in kinds:
            tx.rows(
                f"DELETE FROM {table} WHERE ({key}) IN (SELECT {key} FROM {table} WHERE {over} LIMIT :most)",  # noqa: S608 (constants)
                before=now - age,
                most=BATCH,
            )
    # The lease is over because the process ended without giving the seat back. The row stays with its epoch.
    tx.rows(
        "UPDATE seats SET terminal = '', session = '', address = '', location = '', certificate = ''"
        " WHERE expires < :before AND session <> ''",
        before=now - SEATS,
    )


@frozen
class Found:
    """How much a table has now. `oldest` is in seconds of the epoch; None if there is no row, or no time in it."""

    rows: int
    oldest: float | None = None


def report(tx: Transaction) -> dict[str, Found]:
    """Return what each table has now."""
    return {name: _found(tx, name, kept.oldest) for name, kept in TABLES.items()}


def _found(tx: Transaction, table: str, oldest: str) -> Found:
    what = f"count(*) AS many, min({oldest}) AS oldest" if oldest else "count(*) AS many"
    (row,) = tx.rows(f"SELECT {what} FROM {table}")  # noqa: S608 (constants)
    return Found(row["many"], row.get("oldest"))
