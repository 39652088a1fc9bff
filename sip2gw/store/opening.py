"""The store of a configuration: a path names a file of SQLite, a secret is the URL of a database of PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from sip2gw.metrics import Metrics
from sip2gw.secret import Secret
from sip2gw.store.clock import Clock
from sip2gw.store.database import Database
from sip2gw.store.port import Store, StoreFailed
from sip2gw.store.schema import migrate
from sip2gw.store.sqlite import SQLite, SQLiteStore
from sip2gw.store.threads import Reactor


def make_store(
    at: Path | Secret,
    reactor: Reactor,
    metrics: Metrics | None = None,
    *,
    password: Secret | None = None,
    locked: bool = False,
) -> Store:
    """Return the store, which is not started. Raises `StoreFailed` if psycopg is not installed.

    `locked` says that the parent of this worker has the lock of the file.
    """
    if isinstance(at, Path):
        return SQLiteStore(at, reactor, metrics, locked=locked)
    try:
        from sip2gw.store.postgresql import PostgreSQLStore
    except ImportError:
        raise _no_psycopg() from None
    return PostgreSQLStore(at, reactor, metrics, password=password)


def make_connection(
    at: Path | Secret,
    password: Secret | None = None,
    *,
    reading: bool = False,
    prepare: Callable[[Database], object] = migrate,
) -> Database:
    """Return a connection to the store, which is not open. Raises `StoreFailed` if psycopg is not installed.

    `prepare` is called with the first connection. One that is only for reading makes no file.
    """
    if isinstance(at, Path):
        return SQLite(at, Clock(), reading=reading, prepare=prepare)
    try:
        from sip2gw.store.postgresql import PostgreSQL
    except ImportError:
        raise _no_psycopg() from None
    return PostgreSQL(at, password, prepare=prepare)


def _no_psycopg() -> StoreFailed:
    return StoreFailed("gone", "store.url needs the package psycopg: pip install 'sip2gw[postgresql]'")
