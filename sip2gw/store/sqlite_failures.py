"""What an error of SQLite, or of its file, is to the caller of the store.

The text of an error may have data, and is left out.
"""

from __future__ import annotations

import errno
import sqlite3
from pathlib import Path

from sip2gw.store.port import Kind, StatementFailed, StoreFailed

_FAILURES: dict[int, tuple[Kind, str]] = {
    sqlite3.SQLITE_FULL: ("full", "the disk is full"),
    sqlite3.SQLITE_CORRUPT: ("damaged", "the file is damaged: restore a backup"),
    sqlite3.SQLITE_NOTADB: ("damaged", "the file is not a database of SQLite: restore a backup"),
    sqlite3.SQLITE_FORMAT: ("damaged", "the file is damaged: restore a backup"),
    sqlite3.SQLITE_READONLY: ("read-only", "the file can't be written: correct its owner and its mode"),
    sqlite3.SQLITE_PERM: ("read-only", "the file can't be written: correct its owner and its mode"),
    sqlite3.SQLITE_CANTOPEN: ("gone", "the file can't be opened"),
    sqlite3.SQLITE_IOERR: ("gone", "the disk fails"),
    sqlite3.SQLITE_BUSY: ("slow", "another process writes to the file for too long"),
    sqlite3.SQLITE_LOCKED: ("slow", "another process writes to the file for too long"),
}
"""Failures by SQLite's primary code."""
_OS_FAILURES: dict[int, Kind] = {
    errno.EACCES: "read-only", errno.EPERM: "read-only", errno.EROFS: "read-only", errno.ENOSPC: "full",
    errno.EDQUOT: "full",
}  # fmt: skip
_NOT_WRITTEN = {"SQLITE_IOERR_WRITE", "SQLITE_IOERR_TRUNCATE", "SQLITE_IOERR_SHMSIZE"}
"""Failures to write a file. SQLite does not say why; nearly always there is no room."""


def failure(error: sqlite3.Error, path: Path, *, reading: bool) -> tuple[StoreFailed | StatementFailed, bool]:
    """Return what an error is, and whether the connection can be used after it; `reading` if it may only read."""
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    name = getattr(error, "sqlite_errorname", type(error).__name__)
    known = _FAILURES.get(code)
    if reading and code == sqlite3.SQLITE_READONLY:
        known = None  # work that should only read has tried to write
    if known is None:
        why = f"SQLite refuses the statement ({name})"
        return StatementFailed(why, constraint="CONSTRAINT" in name), True
    kind, why = known
    if name in _NOT_WRITTEN:
        kind, why = "full", "the disk can't be written, and seems to be full"
    return StoreFailed(kind, f"{path}: {why} ({name})"), kind not in ("gone", "damaged", "read-only")


def file_failure(error: OSError, path: Path) -> StoreFailed:
    """Return why a file can't be opened or made."""
    kind = _OS_FAILURES.get(error.errno or 0, "gone")
    why = error.strerror or "can't be opened"
    if isinstance(error, PermissionError):
        why += ": correct owner and mode of the file and its folder"
    return StoreFailed(kind, f"{path}: {why}")
