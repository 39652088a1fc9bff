"""The store of one machine: a file of SQLite."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar

from sip2gw.metrics import Metrics
from sip2gw.store.base import ThreadedStore
from sip2gw.store.clock import Clock
from sip2gw.store.database import Database
from sip2gw.store.file_lock import FileLock
from sip2gw.store.port import FINAL, Kind, Row, StatementFailed, StoreFailed, Value
from sip2gw.store.schema import migrate
from sip2gw.store.sqlite_failures import failure, file_failure
from sip2gw.store.sqlite_file import StoreFile, is_there
from sip2gw.store.threads import Reactor

_BUSY = 1.0
"""Seconds to wait for another process that writes."""

_READ_CLOCK = "SELECT latest FROM clock"
_MOVE_CLOCK = "UPDATE clock SET latest = max(latest, :now) RETURNING latest"


class SQLiteStore(ThreadedStore):
    """A store in a file, which is made if it is not there. One gateway uses it; its workers may share it.

    A worker gets `locked`: its parent has taken the `FileLock`. `clock` returns the seconds of the epoch.
    """

    final = FINAL | {"gone"}

    def __init__(
        self,
        path: Path,
        reactor: Reactor,
        metrics: Metrics | None = None,
        *,
        locked: bool = False,
        clock: Clock | None = None,
    ) -> None:
        clock = clock or Clock()
        self._lock = None if locked else FileLock(path)
        super().__init__([SQLite(path, clock)], SQLite(path, clock, reading=True), reactor, metrics)

    def start(self) -> None:
        """See `Store.start`. A file that can't be opened is a final failure, too."""
        if self._lock is not None:
            self._lock.take()
        try:
            super().start()
        except StoreFailed:
            self._release()
            raise

    async def close(self) -> None:
        """See `Store.close`."""
        await super().close()
        self._release()

    def _release(self) -> None:
        if self._lock is not None:
            self._lock.release()


class SQLite:
    """A connection to a file of SQLite. `prepare` is called after the file was opened for the first time."""

    types: ClassVar[dict[str, str]] = {
        "id": "INTEGER PRIMARY KEY AUTOINCREMENT", "integer": "INTEGER", "real": "REAL", "bytes": "BLOB",
    }  # fmt: skip
    has_table: ClassVar[str] = "SELECT 1 AS found FROM sqlite_master WHERE name = :table"

    def __init__(
        self,
        path: Path,
        clock: Clock,
        *,
        reading: bool = False,
        prepare: Callable[[Database], object] = migrate,
    ) -> None:
        self._file = StoreFile(path)
        self._clock = clock
        self._reading = reading
        self._prepare = prepare
        self._connection: sqlite3.Connection | None = None
        self._now: float | None = None

    @property
    def is_open(self) -> bool:
        """See `Database.is_open`."""
        return self._connection is not None

    def open(self) -> None:
        """See `Database.open`. Only the first time the file is made, with mode 0600."""
        if self._connection is not None:
            return
        if self._reading and self._file.is_new and not is_there(self._file.path):
            raise self._of("gone", "there is no such file; the gateway makes it when it starts")
        try:
            made = self._file.make() if self._file.is_new and not self._reading else False
            connection = sqlite3.connect(
                self._file.uri, uri=True, timeout=_BUSY, isolation_level=None,
                check_same_thread=False, cached_statements=256,
            )  # fmt: skip
            self._connection = connection
            connection.row_factory = _row
            self._set_up(connection, made)
        except StoreFailed:
            self.close()
            raise
        except sqlite3.Error as error:
            raise self._failed(error) from None
        except OSError as error:
            raise file_failure(error, self._file.path) from None

    def _set_up(self, connection: sqlite3.Connection, made: bool) -> None:
        # The mode is a property of the file; the other settings are of the connection.
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        # What one statement inserts is collected first: else in a file, which is made and removed each time.
        connection.execute("PRAGMA temp_store = MEMORY")
        # A page is written to many times before it is copied into the file: 16 MB of log cost less than SQLite's 4 MB.
        connection.execute("PRAGMA wal_autocheckpoint = 4000")
        if self._file.is_new:
            if not made and not self._reading and self.faults("PRAGMA quick_check(1)"):
                raise self._of("damaged", "the file is damaged: restore a backup")
            self._prepare(self)
            self._file.note_opened(made=made)
        if self._reading:
            connection.execute("PRAGMA query_only = ON")

    def close(self) -> None:
        """See `Database.close`."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(sqlite3.Error):
                connection.close()

    def begin(self, *, write: bool) -> None:
        """See `Database.begin`."""
        self.open()
        try:
            self._file.check()
        except StoreFailed:
            self.close()
            raise
        self._now = None
        self._run("BEGIN IMMEDIATE" if write else "BEGIN", {})

    def rows(self, sql: str, values: Mapping[str, Value]) -> list[Row]:
        """See `Database.rows`."""
        try:
            return self._run(sql, values).fetchall()
        except sqlite3.Error as error:
            raise self._failed(error) from None

    def changed(self, sql: str, values: Mapping[str, Value]) -> int:
        """See `Database.changed`."""
        return self._run(sql, values).rowcount

    def mark(self, *, again: bool = False) -> None:
        """See `Database.mark`."""
        if again:
            self._run("RELEASE SAVEPOINT work", {})
        self._run("SAVEPOINT work", {})

    def undo(self) -> None:
        """See `Database.undo`."""
        self._run("ROLLBACK TO SAVEPOINT work", {})

    def commit(self) -> None:
        """See `Database.commit`."""
        try:
            # As a statement it would let go of the interpreter three times, and wait for its turn each time.
            self._open_connection.commit()
        except sqlite3.Error as error:
            raise self._failed(error) from None

    def rollback(self) -> None:
        """See `Database.rollback`."""
        if self._connection is not None and self._connection.in_transaction:
            try:
                self._connection.execute("ROLLBACK")
            except sqlite3.Error:
                self.close()

    def now(self) -> float:
        """See `Database.now`. The file keeps the latest time, for the time after a restart and for other workers.

        The time of a transaction is that of its first work: no other process writes meanwhile.
        """
        if self._now is None or not self._open_connection.in_transaction:
            here = self._clock.now()
            (row,) = self.rows(_READ_CLOCK if self._reading else _MOVE_CLOCK, {"now": here})
            self._now = here if row["latest"] <= here else self._clock.now(row["latest"])
        return self._now

    def lock(self, *names: str, wait: bool) -> None:
        """See `Database.lock`. There is only one who writes."""

    def prove(self) -> None:
        """See `Database.prove`."""
        self.now()

    def backup(self, to: Path) -> None:
        """Copy the store into another file, which is made. Raises `StoreFailed`."""
        copy = SQLite(to, self._clock, prepare=lambda _: None)
        try:
            copy.open()
            self._open_connection.backup(copy._open_connection)
        except sqlite3.Error as error:
            raise copy._failed(error) from None
        finally:
            copy.close()

    def faults(self, check: str = "PRAGMA integrity_check(5)") -> list[str]:
        """See `Database.faults`. Reads the whole file."""
        found = [str(*row.values()) for row in self.rows(check, {})]
        return [] if found == ["ok"] else found

    def _run(self, sql: str, values: Mapping[str, Value]) -> sqlite3.Cursor:
        try:
            return self._open_connection.execute(sql, values)
        except sqlite3.Error as error:
            raise self._failed(error) from None

    @property
    def _open_connection(self) -> sqlite3.Connection:
        if self._connection is None:
            raise self._of("gone", "the connection is closed")
        return self._connection

    def _failed(self, error: sqlite3.Error) -> StoreFailed | StatementFailed:
        failed, usable = failure(error, self._file.path, reading=self._reading)
        if not usable:
            self.close()
        return failed

    def _of(self, kind: Kind, why: str) -> StoreFailed:
        return StoreFailed(kind, f"{self._file.path}: {why}")


def _row(cursor: sqlite3.Cursor, values: tuple[Any, ...]) -> Row:
    return {column[0]: value for column, value in zip(cursor.description, values, strict=True)}
