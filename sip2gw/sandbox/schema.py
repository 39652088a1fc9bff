"""The sandbox's SQLite database. All that must survive a restart is in it.

Money is text (exact decimals), days are `YYYY-MM-DD`, instants RFC 3339 in UTC, flags 0 and 1. The index `one_loan`
makes it impossible that one copy is on loan twice, also if a rule has a bug.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

_TABLES = """
CREATE TABLE libraries (nickname TEXT PRIMARY KEY, name TEXT NOT NULL, plan TEXT NOT NULL, timezone TEXT NOT NULL,
  currency TEXT NOT NULL, language TEXT NOT NULL, sip2_enabled INTEGER NOT NULL, terminals_licensed INTEGER NOT NULL,
  preferences TEXT NOT NULL, branches TEXT NOT NULL);
CREATE TABLE users (id INTEGER PRIMARY KEY AUTOINCREMENT, library TEXT NOT NULL, username TEXT NOT NULL,
  name TEXT NOT NULL, password TEXT NOT NULL, permissions TEXT NOT NULL, status TEXT NOT NULL,
  sip2_activated INTEGER NOT NULL, UNIQUE (library, username));
CREATE TABLE tokens (digest TEXT PRIMARY KEY, use TEXT NOT NULL, pair TEXT NOT NULL, library TEXT NOT NULL,
  user_id INTEGER NOT NULL, scope TEXT NOT NULL, expires_at REAL NOT NULL) WITHOUT ROWID;
CREATE INDEX tokens_user ON tokens (user_id);
CREATE INDEX tokens_pair ON tokens (pair);
CREATE TABLE members (id INTEGER PRIMARY KEY AUTOINCREMENT, library TEXT NOT NULL, member_no TEXT NOT NULL,
  name TEXT NOT NULL, email TEXT, phone TEXT, address TEXT, language TEXT, type TEXT NOT NULL, category TEXT,
  status TEXT NOT NULL, password TEXT, sso INTEGER NOT NULL, booking_quota INTEGER, blocked_note TEXT,
  UNIQUE (library, member_no));
CREATE TABLE media (id INTEGER PRIMARY KEY AUTOINCREMENT, library TEXT NOT NULL, title TEXT NOT NULL,
  authors TEXT NOT NULL, isbn TEXT, isbn13 TEXT, isbn_key TEXT, issn TEXT, call_no TEXT, category TEXT,
  type TEXT NOT NULL, borrowing_fee TEXT, active INTEGER NOT NULL, circulation INTEGER NOT NULL);
CREATE INDEX media_isbn ON media (library, isbn_key);
CREATE TABLE copies (id INTEGER PRIMARY KEY AUTOINCREMENT, library TEXT NOT NULL, media_id INTEGER NOT NULL,
  accession_no TEXT NOT NULL, copy_no INTEGER NOT NULL, barcode TEXT, branch TEXT NOT NULL, location TEXT,
  price TEXT, condition TEXT, properties TEXT, active INTEGER NOT NULL, circulation INTEGER NOT NULL);
CREATE INDEX copies_accession ON copies (library, accession_no);
CREATE INDEX copies_barcode ON copies (library, barcode) WHERE barcode IS NOT NULL;
CREATE INDEX copies_media ON copies (media_id);
CREATE TABLE bookings (id INTEGER PRIMARY KEY AUTOINCREMENT, library TEXT NOT NULL, member_id INTEGER NOT NULL,
  media_id INTEGER NOT NULL, copy_id INTEGER, held_copy_id INTEGER, status TEXT NOT NULL, ready INTEGER NOT NULL
  DEFAULT 0, booking_date TEXT NOT NULL, return_date TEXT, created_at TEXT NOT NULL, issued_at TEXT, received_at TEXT,
  expires_at TEXT, renewals INTEGER NOT NULL DEFAULT 0, branch TEXT, return_branch TEXT, source TEXT, terminal TEXT,
  remark TEXT);
CREATE UNIQUE INDEX one_loan ON bookings (copy_id) WHERE status = 'Issued';
CREATE UNIQUE INDEX one_hold ON bookings (held_copy_id) WHERE status = 'Reserved' AND held_copy_id IS NOT NULL;
CREATE INDEX bookings_member ON bookings (member_id, status, ready, return_date);
CREATE INDEX bookings_queue ON bookings (media_id, status, member_id);
CREATE INDEX bookings_expiry ON bookings (library, expires_at) WHERE expires_at IS NOT NULL;
CREATE TABLE transactions (id INTEGER PRIMARY KEY AUTOINCREMENT, library TEXT NOT NULL, member_id INTEGER NOT NULL,
  type TEXT NOT NULL, amount TEXT NOT NULL, paid TEXT NOT NULL, open INTEGER NOT NULL, void INTEGER NOT NULL DEFAULT 0,
  booking_id INTEGER, reference TEXT, result TEXT, created_at TEXT NOT NULL);
CREATE INDEX transactions_member ON transactions (member_id, open);
CREATE UNIQUE INDEX transactions_reference ON transactions (library, member_id, reference)
  WHERE reference IS NOT NULL;
CREATE TABLE actions (id INTEGER PRIMARY KEY AUTOINCREMENT, booking_id INTEGER NOT NULL, copy_id INTEGER,
  kind TEXT NOT NULL, undo TEXT NOT NULL, undone INTEGER NOT NULL DEFAULT 0);
CREATE INDEX actions_booking ON actions (booking_id);
CREATE INDEX actions_copy ON actions (copy_id);
CREATE TABLE ledger (id INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL, library TEXT NOT NULL,
  kind TEXT NOT NULL, booking_id INTEGER, copy_id INTEGER, member_id INTEGER, accession_no TEXT, member_no TEXT,
  amount TEXT, idempotency_key TEXT, request_id TEXT);
CREATE TABLE idempotency (library TEXT NOT NULL, key TEXT NOT NULL, fingerprint TEXT NOT NULL,
  status INTEGER NOT NULL, content_type TEXT NOT NULL, body BLOB NOT NULL, at REAL NOT NULL,
  PRIMARY KEY (library, key)) WITHOUT ROWID;
CREATE INDEX idempotency_age ON idempotency (at);
"""

_VERSION = 3


def open_database(path: str | None) -> tuple[sqlite3.Connection, bool]:
    """Open the database at `path`, or one in memory. Return it, and whether it is new and empty.

    Raises `sqlite3.DatabaseError` if the file is not one of the sandbox's.
    """
    connection = sqlite3.connect(path or ":memory:", isolation_level=None, cached_statements=512)
    connection.row_factory = sqlite3.Row
    if path in (None, ":memory:"):
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("PRAGMA journal_mode = MEMORY")
    else:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    empty = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0
    if version == _VERSION:
        return connection, False
    if not empty:
        connection.close()
        raise sqlite3.DatabaseError("the file holds another kind of database; name a new file")
    connection.executescript(f"BEGIN; {_TABLES} PRAGMA user_version = {_VERSION}; COMMIT;")
    return connection, True


def empty(connection: sqlite3.Connection) -> None:
    """Remove everything but the tables themselves."""
    names = connection.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
    )
    for (name,) in names.fetchall():
        connection.execute(f'DELETE FROM "{name}"')  # noqa: S608 (names come from our own schema)
    connection.execute("DELETE FROM sqlite_sequence")


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Commit all changes of a block, or none."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:  # also when the process is interrupted
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")
