"""One request: its library, its time, and the bookings that it has changed.

Each change of a booking goes through `insert` and `change`, which keep the booking as it was before: an undo needs no
more. Each look-up is limited to the call's library. `known` has what a refusal states beside its code: the member's
language, the copy and the title, as soon as it is clear which they are.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from attrs import Factory, define, field

from sip2gw.sandbox.attempts import Attempts
from sip2gw.sandbox.days import stamp
from sip2gw.sandbox.libraries import Library
from sip2gw.sandbox.problem import Problem


@define
class Call:
    """All that a rule may use. `now` is aware and UTC; `key` is the Idempotency-Key, or empty.

    `headers` are those of the request, by names in lower case; `token_life` is in seconds.
    """

    database: sqlite3.Connection = field(repr=False)
    library: Library
    now: datetime
    user_id: int = 0
    key: str = ""
    request_id: str = ""
    headers: Mapping[str, str] = field(factory=dict, repr=False)
    attempts: Attempts = field(factory=Attempts, repr=False)
    token_life: float = 3600.0
    before: dict[int, dict[str, Any] | None] = Factory(dict)
    known: dict[str, Any] = field(factory=dict, repr=False)

    @property
    def nickname(self) -> str:
        return self.library.nickname

    @property
    def today(self) -> date:
        """The current day in the library."""
        return self.day(self.now)

    def day(self, moment: datetime) -> date:
        """Return the day of this moment in the library."""
        return moment.astimezone(self.library.zone).date()

    def row(self, table: str, identity: int | None, code: str) -> sqlite3.Row:
        """Return the library's record with this number. Raises `Problem` with `code` if there is none."""
        query = f"SELECT * FROM {table} WHERE id = ? AND library = ?"  # noqa: S608 (the table is a literal of ours)
        found: sqlite3.Row | None = self.database.execute(query, (identity, self.nickname)).fetchone()
        if found is None:
            raise Problem(code)
        return found

    def insert(self, **columns: Any) -> int:
        """Add a booking and return its number."""
        columns |= {"library": self.nickname, "created_at": stamp(self.now)}
        names, marks = ", ".join(columns), ", ".join("?" * len(columns))
        query = f"INSERT INTO bookings ({names}) VALUES ({marks})"  # noqa: S608 (columns are keywords of ours)
        identity = self.database.execute(query, tuple(columns.values())).lastrowid
        assert identity is not None  # noqa: S101 (for mypy: SQLite numbers every inserted row)
        self.before[identity] = None
        return identity

    def change(self, booking: sqlite3.Row, **columns: Any) -> None:
        """Change a booking, remembering the columns as they were before this call."""
        kept = self.before.setdefault(booking["id"], {})
        if kept is not None:
            for name in columns:
                kept.setdefault(name, booking[name])
        names = ", ".join(f"{name} = ?" for name in columns)
        query = f"UPDATE bookings SET {names} WHERE id = ?"  # noqa: S608 (columns are keywords of ours)
        self.database.execute(query, (*columns.values(), booking["id"]))
