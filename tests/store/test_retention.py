"""How long the store keeps what, with a clock that is moved; and that no table and no column is forgotten."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sip2gw.journal.upkeep import purge
from sip2gw.store import StoreFailed
from sip2gw.store.clock import Clock
from sip2gw.store.retention import AUDIT, DAY, HOUR, MINUTE, TABLES, report
from sip2gw.store.schema import migrations
from sip2gw.store.sqlite import SQLite
from sip2gw.store.upkeep import run_once

START = 1_800_000_000.0


class Kept:
    """A store whose clock stands where it is put."""

    def __init__(self, path: Path) -> None:
        self.time = START
        self.database = SQLite(path, Clock(lambda: self.time))

    @property
    def now(self) -> float:
        return self.database.now()

    def rows(self, sql: str, **values: Any) -> list[Any]:
        return self.database.rows(sql, values)

    def changed(self, sql: str, **values: Any) -> int:
        return self.database.changed(sql, values)

    def insert(self, table: str, **values: Any) -> None:
        names = ", ".join(values)
        places = ", ".join(f":{name}" for name in values)
        self.rows(f"INSERT INTO {table} ({names}) VALUES ({places})", **values)  # noqa: S608 (names in tests)

    def after(self, seconds: float, sql: str) -> list[tuple[Any, ...]]:
        """What a query finds once the gateway has cleaned up, so long after the start."""
        self.time = START + seconds
        purge(self)
        return [tuple(row.values()) for row in self.rows(sql)]


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Kept]:
    store = Kept(tmp_path / "kept")
    store.database.open()
    yield store
    store.database.close()


def write(kept: Kept, state: str) -> None:
    kept.insert(
        "journal", library="riverside", terminal="kiosk-1", method="lend", key=state, state=state, created=START,
        changed=START, arguments=b"a", outcome=b"o", patron_tag=b"p", item_tag=b"i",
    )  # fmt: skip


CONTENT = "SELECT arguments, outcome, patron_tag FROM journal"
FULL, EMPTY = [(b"a", b"o", b"p")], [(None, None, None)]


@pytest.mark.parametrize(
    ("state", "emptied", "deleted"),
    [
        ("DONE", 10 * MINUTE, DAY),
        ("FAILED", 10 * MINUTE, DAY),
        ("CLOSED", 10 * MINUTE, 30 * DAY),
        ("DEAD", 30 * DAY, None),
        ("MISMATCH", 30 * DAY, None),
        ("QUEUED", None, None),
        ("UNKNOWN", None, None),
        ("SENT", None, None),
    ],
)
def test_a_write_loses_its_content_and_goes_in_time(kept, state, emptied, deleted):
    write(kept, state)
    never = 400 * DAY
    assert kept.after((emptied or never) - 1, CONTENT) == FULL
    if emptied:
        assert kept.after(emptied + 1, CONTENT) == EMPTY
        assert kept.after((deleted or never) - 1, CONTENT) == EMPTY
    if deleted:
        assert kept.after(deleted + 1, CONTENT) == []


def test_a_result_that_came_after_its_content_went_is_deleted(kept):
    write(kept, "DONE")
    kept.rows("UPDATE journal SET arguments = NULL")
    assert kept.after(10 * MINUTE + 1, CONTENT) == EMPTY


def test_the_audit_is_kept_for_a_year(kept):
    kept.insert("audit", at=START, who="ann", what="journal discard", subject="riverside 1", why="twice")
    assert kept.after(AUDIT - 1, "SELECT who FROM audit") == [("ann",)]
    assert kept.after(AUDIT + 1, "SELECT who FROM audit") == []
    assert AUDIT == 365 * DAY


def test_logins_are_kept_as_long_as_they_count(kept):
    kept.insert("login_tries", what="account", subject=b"s", at=START)
    for what in ("right", "wrong", "network"):
        kept.insert("login_marks", what=what, subject=b"s", at=START)
    both = "SELECT what FROM login_tries UNION ALL SELECT what FROM login_marks"
    assert len(kept.after(HOUR - 1, both)) == 4
    assert sorted(kept.after(HOUR + 1, both)) == [("network",), ("right",)]
    assert len(kept.after(90 * DAY - 1, both)) == 2
    assert kept.after(90 * DAY + 1, both) == []


def test_a_seat_of_a_process_that_died_forgets_its_terminal(kept):
    kept.insert(
        "seats", library="riverside", number=1, epoch=7, expires=START, terminal="kiosk-1", session="s",
        since=START, address="192.0.2.7", location="Hall", certificate="c",
    )  # fmt: skip
    seat = "SELECT terminal, session, address, location, certificate, epoch FROM seats"
    assert kept.after(DAY - 1, seat) == [("kiosk-1", "s", "192.0.2.7", "Hall", "c", 7)]
    assert kept.after(DAY + 1, seat) == [("", "", "", "", "", 7)]


def test_a_machine_that_is_silent_for_a_day_is_forgotten(kept):
    kept.insert(
        "machines", id="a", name="gw1", place="192.0.2.1:6009", version="1", state="serving", began=START - DAY,
        seen=START, board="", summary="{}",
    )  # fmt: skip
    assert kept.after(DAY - 1, "SELECT name FROM machines") == [("gw1",)]
    assert kept.after(DAY + 1, "SELECT name FROM machines") == []


def test_every_table_of_the_schema_is_described():
    made = {name for sql in migrations().values() for name in re.findall(r"CREATE TABLE (\w+)", sql)}
    assert made | {"schema"} == set(TABLES)


def test_the_report_counts_rows_and_finds_the_oldest(tmp_path):
    path = tmp_path / "kept"
    kept = Kept(path)
    kept.database.open()
    write(kept, "DONE")
    kept.insert("audit", at=START + 5, who="ann", what="", subject="", why="")
    kept.database.close()
    found = run_once(path, report, write=False)
    assert found.keys() == TABLES.keys()
    assert (found["journal"].rows, found["journal"].oldest) == (1, START)
    assert (found["audit"].rows, found["audit"].oldest) == (1, START + 5)
    assert (found["seats"].rows, found["login_marks"].oldest) == (0, None)


def test_a_store_that_is_missing_or_old_is_not_made(tmp_path):
    path = tmp_path / "kept"
    with pytest.raises(StoreFailed, match="there is no such file"):
        run_once(path, report, write=True)
    assert not path.exists()
    path.touch()
    with pytest.raises(StoreFailed, match="older version"):
        run_once(path, report, write=True)
    assert path.stat().st_size <= 4096
