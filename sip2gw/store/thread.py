"""One thread of a store, with a connection of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from queue import Empty, SimpleQueue
from threading import Event
from time import monotonic
from typing import TypeAlias

from sip2gw.store.database import Again, Database
from sip2gw.store.group import Job, fail, run
from sip2gw.store.port import StoreFailed

_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 2.0
"""Seconds between two attempts to reach a store that has failed."""

Done: TypeAlias = Callable[[Sequence[Job], float, "StoreFailed | None", bool], None]


class StoreThread:
    """One thread: its connection, and since when it has been busy."""

    def __init__(
        self,
        database: Database,
        queue: SimpleQueue[list[Job] | None],
        done: Done,
        *,
        write: bool,
        others: Callable[[], Iterable[StoreThread]],
        closing: Event,
    ) -> None:
        self.busy_since = float("inf")
        self._database = database
        self._queue = queue
        self._done = done
        self._write = write
        self._others = others
        self._closing = closing
        self._failed: StoreFailed | None = None
        self._pause = _FIRST_PAUSE
        self._next_try = 0.0

    @property
    def works(self) -> bool:
        """Whether it has a connection and has not failed."""
        return self._failed is None and self._database.is_open

    def work(self, ended: Callable[[], None]) -> None:
        """Serve the queue until it says to end."""
        going_on = True
        while going_on:
            jobs, going_on = self._take()
            if jobs:
                self._serve(jobs)
            elif going_on:
                self._prove()
        self._database.close()
        ended()

    def _take(self) -> tuple[list[Job], bool]:
        """Return the next jobs, and whether to go on after them. None come while a failure is due for a proof.

        While another thread works, one that does not leaves all work to it.
        """
        wait = None if self._failed is None else max(self._next_try - monotonic(), 0.0)
        if wait is not None and self._is_spare() and not self._closing.wait(wait):
            return [], True
        try:
            jobs = self._queue.get(timeout=wait)
        except Empty:
            return [], True
        return jobs or [], jobs is not None

    def _serve(self, jobs: Sequence[Job]) -> None:
        jobs = [job for job in jobs if not job.over]
        if not jobs:
            self._done(jobs, 0.0, self._failed, True)
            return
        if self._failed is not None and not self._database.is_open and monotonic() < self._next_try:
            fail(jobs, self._failed)
            self._done(jobs, 0.0, self._failed, True)
            return
        self.busy_since = begun = monotonic()
        if (refused := self._connect()) is not None:
            self.busy_since = float("inf")
            if self._is_spare():  # nothing has begun, so another thread can do it
                self._queue.put(list(jobs))
                return
            fail(jobs, refused)
            self._done(jobs, monotonic() - begun, refused, True)
            return
        run(self._database, jobs, write=self._write)
        self.busy_since = float("inf")
        failed = next((job.error.again() for job in jobs if isinstance(job.error, StoreFailed)), None)
        if failed is not None or any(job.error is None for job in jobs):
            self._note(failed)
        self._done(jobs, monotonic() - begun, failed, True)

    def _connect(self) -> StoreFailed | None:
        """Connect, if there is no connection; return why there is none then."""
        try:
            self._database.open()
        except StoreFailed as failed:
            self._note(refused := failed.again())
            return refused
        return None

    def _is_spare(self) -> bool:
        """Return whether another thread works, and goes on."""
        return not self._closing.is_set() and any(one.works for one in self._others() if one is not self)

    def _prove(self) -> None:
        """Find out whether a store that has failed works again."""
        self.busy_since = monotonic()
        failed: StoreFailed | None = None
        try:
            self._database.open()
            self._database.begin(write=self._write)
            if self._write:
                self._database.prove()
            self._database.commit()
        except StoreFailed as error:
            failed = error.again()
        except Again:
            failed = self._failed
        finally:
            self._database.rollback()
            self.busy_since = float("inf")
        self._note(failed)
        if failed is None:
            self._done([], 0.0, None, False)

    def _note(self, failed: StoreFailed | None) -> None:
        """Remember whether the store works, and when to try again if it does not."""
        self._failed = failed
        if failed is None:
            self._pause = _FIRST_PAUSE
        else:
            self._next_try = monotonic() + self._pause
            self._pause = min(2 * self._pause, _LONGEST_PAUSE)
