"""What a person does with a store: look at it, bring its tables up to date, copy it. Nothing here uses a reactor."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from attrs import frozen

from sip2gw.secret import Secret
from sip2gw.store.clock import Clock
from sip2gw.store.database import Again, Database
from sip2gw.store.file_lock import FileLock
from sip2gw.store.group import Job, run
from sip2gw.store.opening import make_connection
from sip2gw.store.port import StoreFailed, Transaction
from sip2gw.store.schema import has, migrate, newest, version
from sip2gw.store.sqlite import SQLite
from sip2gw.store.sqlite_file import is_there

T = TypeVar("T")

_TABLES = ("journal", "owners", "seats", "login_tries", "login_marks", "audit", "operators", "board_links",
           "invitations", "invited_browsers", "machines")  # fmt: skip


@frozen
class Report:
    """What a look at a store has found. `rows` is by table, `journal` by state."""

    version: int
    newest: int
    rows: dict[str, int]
    journal: dict[str, int]
    faults: tuple[str, ...] = ()


def look(at: Path | Secret, password: Secret | None = None) -> Report:
    """Read the whole store and change nothing. Raises `StoreFailed`."""
    database = make_connection(at, password, reading=True, prepare=_leave)
    try:
        database.open()
        faults = database.faults()
        database.begin(write=False)
        found = version(database)
        there = [table for table in _TABLES if has(database, table)]
        if found == newest():
            faults += [f"there is no table {table}" for table in _TABLES if table not in there]
        rows = {table: _count(database, table) for table in there}
        by_state = "SELECT state, count(*) AS n FROM journal GROUP BY state ORDER BY state"
        states = database.rows(by_state, {}) if "journal" in there else []
        return Report(found, newest(), rows, {row["state"]: row["n"] for row in states}, tuple(faults))
    except Again:
        raise StoreFailed("gone", "the connection was lost") from None
    finally:
        database.rollback()
        database.close()


def run_once(
    at: Path | Secret, work: Callable[[Transaction], T], password: Secret | None = None, *, write: bool
) -> T:
    """Run work as one transaction, as `Store.change` or `Store.read` does, while a gateway runs or not.

    Raises `StoreFailed`, and what the work raises. Makes no file and no tables.
    """
    if isinstance(at, Path) and not is_there(at):
        raise StoreFailed("gone", f"{at}: there is no such file; the gateway makes it when it starts")
    database = make_connection(at, password, reading=not write, prepare=_be_up_to_date)
    job = Job(work, 0.0)
    try:
        run(database, [job], write=write)
    finally:
        database.close()
    if job.error is not None:
        raise job.error
    result: T = job.result
    return result


def bring_up_to_date(at: Path | Secret, password: Secret | None = None) -> tuple[int, int]:
    """Bring the tables up to date; return their versions before and after. Raises `StoreFailed`.

    No gateway may be using the file. A database may be in use.
    """
    versions: list[tuple[int, int]] = []
    database = make_connection(at, password, prepare=lambda opened: versions.append(migrate(opened)))
    lock = FileLock(at) if isinstance(at, Path) else None
    try:
        if lock is not None:
            lock.take()
        database.open()
    finally:
        database.close()
        if lock is not None:
            lock.release()
    return versions[0]


def back_up(at: Path, to: Path) -> None:
    """Copy a file of SQLite, which may be in use, into a file that does not exist yet. Raises `StoreFailed`."""
    if is_there(to):
        raise StoreFailed("read-only", f"{to} exists: name another file")
    database = SQLite(at, Clock(), reading=True, prepare=_leave)
    part = to.with_name(f"{to.name}.part")
    try:
        database.open()
        database.backup(part)
        part.replace(to)
    finally:
        database.close()
        part.unlink(missing_ok=True)


def _be_up_to_date(database: Database) -> None:
    """Raise `StoreFailed` if the tables are not those that this version knows."""
    try:
        database.begin(write=False)
        found = version(database)
    finally:
        database.rollback()
    if found != newest():
        raise StoreFailed(
            "gone", "the tables are of an older version: start the gateway, or run sip2gw store migrate"
        )


def _leave(database: Database) -> None:
    """Leave the tables as they are."""


def _count(database: Database, table: str) -> int:
    count: int = database.rows(f"SELECT count(*) AS n FROM {table}", {})[0]["n"]  # noqa: S608 (a constant)
    return count
