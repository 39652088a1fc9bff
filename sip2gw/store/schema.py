"""The tables of the store, brought up to date by numbered files of SQL."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

from sip2gw.store.database import Database
from sip2gw.store.port import StatementFailed, StoreFailed

_FILE = re.compile(r"(\d{4})_\w+\.sql")
_COMMENT = re.compile(r"--.*")


def migrations() -> dict[int, str]:
    """Return the migrations by number, in their order."""
    found = {}
    for one in files(__package__).joinpath("migrations").iterdir():
        if named := _FILE.fullmatch(one.name):
            found[int(named[1])] = one.read_text("utf-8")
    return dict(sorted(found.items()))


@cache
def newest() -> int:
    """Return the version of the tables that this version of the gateway knows."""
    return max(migrations())


def version(database: Database) -> int:
    """Return the version of the tables, inside a transaction; 0 if there are none. Raises `StoreFailed`."""
    found = (
        database.rows("SELECT max(version) AS version FROM schema", {})[0]["version"]
        if has(database, "schema")
        else 0
    )
    if found is not None and found > newest():
        raise StoreFailed(
            "newer schema",
            f"a newer version of the gateway has changed the store (its tables are of version {found}, this gateway "
            f"knows {newest()}): install that version again, or restore a backup from before",
        )
    return found or 0


def migrate(database: Database) -> tuple[int, int]:
    """Bring the tables up to date in one transaction; return the versions before and after. Raises `StoreFailed`."""
    try:
        database.begin(write=True)
        database.lock("the tables of the store", wait=True)
        before = version(database)
        database.rows("CREATE TABLE IF NOT EXISTS schema (version INTEGER NOT NULL)", {})
        for number, sql in migrations().items():
            if number > before:
                for statement in _statements(sql, database.types):
                    database.rows(statement, {})
                database.rows("INSERT INTO schema (version) VALUES (:version)", {"version": number})
        database.commit()
    except StatementFailed as error:
        raise StoreFailed("damaged", f"the tables can't be brought up to date: {error}") from None
    finally:
        database.rollback()
    return before, newest()


def has(database: Database, table: str) -> bool:
    """Return whether there is such a table, inside a transaction. Raises `StoreFailed`."""
    return bool(database.rows(database.has_table, {"table": table}))


def _statements(sql: str, types: dict[str, str]) -> list[str]:
    """Return the statements of a file, with the types of this database."""
    bare = _COMMENT.sub("", sql).format_map(types)
    return [one.strip() for one in bare.split(";") if one.strip()]
