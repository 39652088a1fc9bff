"""Run the work that waits as one transaction. To each work it looks like a transaction of its own.

A commit waits for the disk, and costs the same for one work and for fifty. Works of one kind that say how are done
together, in a few statements.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import random
from time import sleep
from typing import Any

from attrs import define, field
from twisted.internet.defer import Deferred

from sip2gw.store.database import Again, Database
from sip2gw.store.port import Alike, Row, StatementFailed, StoreFailed, Transaction, Value

_TRIES, _APART = 5, 0.04
"""How often work is run whose transaction the database undoes, and up to how many seconds apart at first."""


@define(eq=False)
class Job:
    """Work, and the one who waits for it. `deadline` is in seconds of the reactor's clock."""

    work: Callable[[Transaction], Any]
    deadline: float
    waiter: Deferred[Any] = field(factory=Deferred)
    result: Any = None
    error: Exception | None = None
    over: bool = False
    """The waiter has its answer: work that has not begun need not begin."""

    def answer(self) -> None:
        """Give the waiter the outcome. Call this and `expire` in the reactor's thread; only the first call counts."""
        if self.error is not None:
            self.expire(self.error)
        elif not self.over:
            self.over = True
            self.waiter.callback(self.result)

    def expire(self, error: Exception) -> None:
        """Fail the waiter, while the work may still be in progress."""
        if not self.over:
            self.over = True
            self.waiter.errback(error)


class _Transaction:
    """See `port.Transaction`. `refused` is True once a statement has failed, even if the work hides that."""

    def __init__(self, database: Database, *, alone: bool) -> None:
        self.refused = False
        self._database = database
        self._alone = alone
        self._now: float | None = None

    @property
    def now(self) -> float:
        if self._now is None:
            self._now = self._database.now()
        return self._now

    def rows(self, sql: str, **values: Value) -> list[Row]:
        try:
            return self._database.rows(sql, values)
        except StatementFailed:
            self.refused = True
            raise

    def changed(self, sql: str, **values: Value) -> int:
        try:
            return self._database.changed(sql, values)
        except StatementFailed:
            self.refused = True
            raise

    def lock(self, *names: str) -> None:
        self._database.lock(*names, wait=self._alone)


class _Apart(Exception):
    """The works do not all succeed, so each needs a mark to which it can be undone."""


def run(database: Database, jobs: Sequence[Job], *, write: bool) -> None:
    """Run the jobs and set the outcome of each. Never raises.

    Where one job makes the database undo them all, or takes too long, each is run by itself.
    """
    if len(jobs) == 1:
        _run_alone(database, jobs[0], write)
        return
    try:
        try:
            _run_as_one(database, jobs, write)
        except _Apart:
            _run_together(database, jobs, write)
    except Again:
        _run_each(database, jobs, write)
    except StoreFailed as failed:
        if failed.kind == "slow":
            _run_each(database, jobs, write)
        else:
            fail(jobs, failed)


def _run_each(database: Database, jobs: Sequence[Job], write: bool) -> None:
    for job in jobs:
        if not job.over:
            _run_alone(database, job, write)


def _run_alone(database: Database, job: Job, write: bool) -> None:
    for tries in range(1, _TRIES + 1):
        try:
            _run_together(database, [job], write)
        except Again:
            # Two that undo each other do not begin again at the same moment.
            sleep(random() * tries * _APART)  # noqa: S311 (a pause, not a secret)
            continue
        except StoreFailed as failed:
            fail([job], failed)
        return
    fail([job], StoreFailed("slow", "the database undoes the transaction again and again"))


def _run_as_one(database: Database, jobs: Sequence[Job], write: bool) -> None:
    """Run the jobs in one transaction, alike ones together. Raises `_Apart` if one fails; then none is done."""
    database.open()
    try:
        database.begin(write=write)
        tx = _Transaction(database, alone=False)
        single: list[Job] = []
        kinds: dict[type[Alike], list[Job]] = {}
        for job in jobs:
            job.result = job.error = None
            if isinstance(job.work, Alike):
                kinds.setdefault(type(job.work), []).append(job)
            else:
                single.append(job)
        try:
            for kind in sorted(kinds, key=lambda one: one.turn):
                _run_alike(tx, kind, kinds[kind])
            for job in single:
                job.result = job.work(tx)
        except (StoreFailed, Again):
            raise
        except Exception:
            raise _Apart from None
        if tx.refused:
            raise _Apart
        _commit(database, jobs)
    finally:
        database.rollback()


def _run_alike(tx: Transaction, kind: type[Alike], jobs: Sequence[Job]) -> None:
    results = kind.together(tx, [job.work for job in jobs])
    if results is None:
        raise _Apart
    for job, result in zip(jobs, results, strict=True):
        job.result = result


def _run_together(database: Database, jobs: Sequence[Job], write: bool) -> None:
    """Run the jobs in one transaction, one after the other, with a mark before each.

    If it raises, none of them is done, and they may be run again.
    """
    database.open()
    try:
        database.begin(write=write)
        if len(jobs) > 1:
            database.mark()
        done = [_run_one(database, job, several=len(jobs) > 1) for job in jobs]
        if any(done):
            _commit(database, jobs)
    finally:
        database.rollback()


def _commit(database: Database, jobs: Sequence[Job]) -> None:
    """Commit. After a failure the jobs may be done, so they are not run again."""
    try:
        database.commit()
    except StoreFailed as failed:
        fail(jobs, failed)


def _run_one(database: Database, job: Job, *, several: bool) -> bool:
    """Run a job inside the transaction; return whether there is something to commit."""
    job.result = job.error = None
    try:
        job.result = job.work(_Transaction(database, alone=not several))
        if several:
            database.mark(again=True)
    except (StoreFailed, Again):
        raise
    except Exception as error:  # it is the caller's, who gets it
        job.error = error
        if several:
            database.undo()
        return False
    return True


def fail(jobs: Sequence[Job], failed: StoreFailed) -> None:
    """Give each job the failure as its outcome."""
    for job in jobs:
        job.result, job.error = None, failed.again()
