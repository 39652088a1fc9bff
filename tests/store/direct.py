"""A store whose work is done at once, in the caller's thread, on a real database: for tests that set the time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from twisted.internet.defer import execute
from twisted.internet.task import Clock

from sip2gw.secret import Secret
from sip2gw.store.database import Database
from sip2gw.store.group import Job, run
from sip2gw.store.opening import make_connection


class Direct:
    """A `Store` over one connection."""

    shared = True
    failure = None

    def __init__(self, database: Database) -> None:
        self._database = database

    def start(self) -> None:
        self._database.open()

    async def close(self) -> None:
        self._database.close()

    def change(self, work: Any, *, patient: bool = False) -> Any:
        return execute(self._run, work, write=True)

    def read(self, work: Any) -> Any:
        return execute(self._run, work, write=False)

    def age(self, seconds: float) -> None:
        """Make all that ends at some time end so much earlier, as if the time had passed."""

        def work(tx: Any) -> None:
            tx.rows("UPDATE seats SET expires = expires - :seconds WHERE expires > 0", seconds=seconds)
            tx.rows("UPDATE login_tries SET at = at - :seconds", seconds=seconds)
            tx.rows("UPDATE login_marks SET at = at - :seconds", seconds=seconds)

        self._run(work, write=True)

    def _run(self, work: Any, *, write: bool) -> Any:
        job = Job(work, 0.0)
        run(self._database, [job], write=write)
        if job.error is not None:
            raise job.error
        return job.result


class Time(Clock):
    """The time of this process, and of what is in a database: that ages when it is advanced."""

    database: Direct | None = None

    def advance(self, amount: float) -> None:
        if self.database is not None:
            self.database.age(amount)
        super().advance(amount)


@contextmanager
def direct(at: Path | Secret) -> Iterator[Direct]:
    store = Direct(make_connection(at))
    store.start()
    try:
        yield store
    finally:
        store._database.close()
