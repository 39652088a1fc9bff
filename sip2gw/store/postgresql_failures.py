"""What an error of PostgreSQL is to the caller of the store.

The text of an error may have data, or name the user, and is left out.
"""

from __future__ import annotations

import psycopg

from sip2gw.store.database import Again
from sip2gw.store.port import Kind, StatementFailed, StoreFailed

_REJECTED = (
    "the database rejects the user or the password: correct store.url or its password file, and restart"
)
_FAILURES: dict[str, tuple[Kind, str]] = {
    "08": ("gone", "the connection was lost"),
    "25006": ("read-only", "the database does not accept changes: is it a standby?"),
    "28": ("gone", _REJECTED),
    "3D000": ("gone", "there is no such database"),
    "42501": ("read-only", "the user may not change the tables: grant that"),
    "53100": ("full", "the disk of the database is full"),
    "53": ("gone", "the server has no connection or no memory left"),
    "55P03": ("slow", "another transaction holds a lock for too long"),
    "57014": ("slow", "a statement took too long"),
    "57P": ("gone", "the server stops or starts"),
    "58": ("gone", "the server's disk fails"),
    "XX001": ("damaged", "the database is damaged: restore a backup"),
    "XX002": ("damaged", "the database is damaged: restore a backup"),
}
"""Failures by SQLSTATE or its first characters."""

_CROWDED = "the database accepts no more connections: raise max_connections there"
_NOT_CONNECTED = {
    "password authentication failed": _REJECTED,
    "no password supplied": _REJECTED,
    "authentication failed for user": _REJECTED,
    'FATAL:  role "': _REJECTED,
    "no pg_hba.conf entry": "the database does not admit this user from this machine: see pg_hba.conf there",
    'FATAL:  database "': "there is no such database: make it, or correct store.url",
    "too many c": _CROWDED,  # clients, connections
    "connection slots are reserved": _CROWDED,
    "failed to resolve host": "the name of the database's machine is unknown: see to DNS, or correct store.url",
    "Connection refused": "the database can't be reached: its machine has no server at this port",
    "timeout expired": "the database can't be reached: its machine does not answer",
    "No route to host": "the database can't be reached: its machine does not answer",
    "certificate": "the certificate of the database is not accepted: see sslmode and sslrootcert in store.url",
    "server does not support SSL": "the database has no TLS, which sslmode in store.url demands",
    "the database system is": "the server stops or starts",
}
"""Why there is no connection, by what libpq's text has in it: then there is no SQLSTATE."""

_AGAIN = {"40001", "40P01", "0A000", "25P03"}
"""Serialization and deadlock; a plan from before a migration; an idle transaction that was ended."""


def failure(error: psycopg.Error, *, reading: bool, lost: bool) -> tuple[Exception, bool]:
    """Return what an error within a transaction is, and whether the connection can be used after it.

    `reading` says that the transaction may only read, `lost` that the connection is closed. A transaction that was
    undone with its connection may be run again, on another connection.
    """
    state = error.sqlstate
    kind, why = _known(state) or (None, "")
    if reading and state == "25006":
        kind = None  # work that should only read has tried to write
    usable = not lost and kind not in ("gone", "read-only", "damaged")
    if state in _AGAIN or kind == "gone" or (lost and kind is None):
        return Again(), usable
    if kind is not None:
        return StoreFailed(kind, f"{why} ({state})"), usable
    name = state or type(error).__name__
    why = f"PostgreSQL refuses the statement ({name})"
    return StatementFailed(why, constraint=name.startswith("23")), usable


def unreachable(error: psycopg.Error) -> StoreFailed:
    """Return why there is no connection."""
    kind, why = _known(error.sqlstate) or ("gone", "the database can't be reached")
    if isinstance(error, psycopg.ProgrammingError) and error.sqlstate is None:
        why = "the address of the database is not valid: write postgresql://user@host/name"
    elif error.sqlstate is None:
        text = str(error)
        why = next((known for part, known in _NOT_CONNECTED.items() if part in text), why)
    return StoreFailed(kind, why)


def _known(sqlstate: str | None) -> tuple[Kind, str] | None:
    if sqlstate is None:
        return None
    return next((_FAILURES[sqlstate[:n]] for n in (5, 3, 2) if sqlstate[:n] in _FAILURES), None)
