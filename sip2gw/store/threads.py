"""Threads that run the work of a store, while callers wait no longer than they may.

Each thread has a connection of its own. Work is collected while all threads are busy. A thread that is free gets all of
it, runs it as one transaction, and hands all outcomes to the reactor in one call. A thread that hangs keeps no caller
waiting: the reactor watches the deadlines.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from queue import SimpleQueue
from threading import Event, Thread
from time import monotonic
from typing import Protocol, TypeVar

from attrs import frozen
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall

from sip2gw.store.database import Database
from sip2gw.store.group import Job
from sip2gw.store.port import LIMIT, PATIENCE, StoreFailed, Transaction
from sip2gw.store.thread import StoreThread

T = TypeVar("T")

_MOST = 200
"""Jobs in one transaction."""


class Reactor(Protocol):
    """The reactor, as far as the store needs it."""

    def seconds(self) -> float:
        """Return the seconds of its clock."""
        ...

    def callLater(self, delay: float, callable: Callable[..., object], /) -> IDelayedCall:
        """Call a function after so many seconds."""
        ...

    def callFromThread(self, callable: Callable[..., object], *args: object) -> None:
        """Call a function in the reactor's thread."""
        ...


@frozen
class Served:
    """How a group of jobs went. `seconds` is how long it took."""

    seconds: float = 0.0
    changes: int = 0
    """Jobs that were run to their end."""
    failures: int = 0
    """Callers to whom the failure was reported."""
    failed: StoreFailed | None = None
    works: bool = False
    """The database has taken a commit."""


class Threads:
    """Threads with one queue. `report` is called in the reactor's thread for each group and each failure."""

    def __init__(
        self,
        databases: Sequence[Database],
        reactor: Reactor,
        *,
        write: bool,
        report: Callable[[Served], None],
    ) -> None:
        self._reactor = reactor
        self._report = report
        self._queue: SimpleQueue[list[Job] | None] = SimpleQueue()
        self._collected: list[Job] = []
        self._urgent = False
        """Some of the collected work does not wait for other work."""
        self._free = len(databases)
        self._patience: IDelayedCall | None = None
        self._waiting: deque[Job] = deque()
        self._watch: IDelayedCall | None = None
        self._leaving: IDelayedCall | None = None
        self._closing = Event()
        self._threads = [
            StoreThread(
                one,
                self._queue,
                self._hand_over,
                write=write,
                others=lambda: self._threads,
                closing=self._closing,
            )
            for one in databases
        ]
        self._running = 0
        self._ended: Deferred[None] = Deferred()
        self._closed = True

    def start(self) -> None:
        """Start the threads."""
        self._closed = False
        for one in self._threads:
            self._running += 1
            Thread(target=one.work, args=(self._end,), name="sip2gw store", daemon=True).start()

    def submit(self, work: Callable[[Transaction], T], *, patient: bool = False) -> Deferred[T]:
        """Return the outcome of the work. It fails with `StoreFailed` after `LIMIT` seconds at the latest.

        `patient` work waits for other work, up to `PATIENCE` seconds.
        """
        job = Job(work, self._reactor.seconds() + LIMIT)
        if self._closed:
            job.expire(StoreFailed("gone", "the store is closed"))
            return job.waiter
        if not self._free and self._hang():
            self._give_up([job])
            return job.waiter
        self._waiting.append(job)
        if self._watch is None:
            self._watch = self._reactor.callLater(LIMIT, self._expire)
        self._collected.append(job)
        if not patient:
            self._hurry()
        elif self._patience is None and not self._urgent:
            self._patience = self._reactor.callLater(PATIENCE, self._hurry)
        return job.waiter

    def _hurry(self) -> None:
        """Let the collected work be done as soon as a thread is free."""
        if self._patience is not None:
            if self._patience.active():
                self._patience.cancel()
            self._patience = None
        self._urgent = bool(self._collected)
        self._hand_out()

    def _hand_out(self) -> None:
        """Give the collected work to the threads that are free."""
        while self._free and self._urgent:
            jobs, self._collected = self._collected[:_MOST], self._collected[_MOST:]
            self._urgent = bool(self._collected)
            self._free -= 1
            self._queue.put(jobs)

    def close(self) -> Deferred[None]:
        """Finish what waits. A thread that hangs is left alone after `LIMIT` seconds."""
        if not self._closed:
            self._closed = True
            self._free = max(self._free, 1 + len(self._collected) // _MOST)
            self._hurry()
            self._closing.set()
            for _ in self._threads:
                self._queue.put(None)
            self._leaving = self._reactor.callLater(LIMIT + 0.5, self._leave)
        elif not self._running:
            self._leave()
        return self._ended

    def _hang(self) -> bool:
        """Return whether each thread has been busy with one group for too long."""
        since = monotonic() - LIMIT
        return all(one.busy_since < since for one in self._threads)

    def _expire(self) -> None:
        """Answer the callers whose time is over."""
        self._watch = None
        now, late = self._reactor.seconds(), []
        while self._waiting and (self._waiting[0].over or self._waiting[0].deadline <= now):
            job = self._waiting.popleft()
            if not job.over:
                late.append(job)
        if self._waiting:
            self._watch = self._reactor.callLater(max(self._waiting[0].deadline - now, 0.0), self._expire)
        if late:
            self._give_up(late)

    def _give_up(self, jobs: Sequence[Job]) -> None:
        self._report(Served(failures=len(jobs), failed=_slow()))
        for job in jobs:
            job.expire(_slow())

    def _hand_over(
        self, jobs: Sequence[Job], seconds: float, failed: StoreFailed | None, free: bool = True
    ) -> None:
        self._reactor.callFromThread(self._settle, jobs, seconds, failed, free)

    def _settle(self, jobs: Sequence[Job], seconds: float, failed: StoreFailed | None, free: bool) -> None:
        without = [job for job in jobs if isinstance(job.error, StoreFailed)]
        failures = len([job for job in without if not job.over])
        # Work that ended with an error of its own was undone, and shows nothing about the store.
        works = failed is None and (not free or any(job.error is None for job in jobs))
        self._report(Served(seconds, len(jobs) - len(without), failures, failed, works))
        for job in jobs:
            job.answer()
        while self._waiting and self._waiting[0].over:
            self._waiting.popleft()
        if free:  # not before: what the answers lead to is one group
            self._free += 1
            self._hand_out()

    def _end(self) -> None:
        self._reactor.callFromThread(self._count_end)

    def _count_end(self) -> None:
        self._running -= 1
        if not self._running:
            self._leave()

    def _leave(self) -> None:
        """End the wait for the threads, and all timers."""
        for timer in (self._watch, self._leaving, self._patience):
            if timer is not None and timer.active():
                timer.cancel()
        if not self._ended.called:
            self._ended.callback(None)


def _slow() -> StoreFailed:
    return StoreFailed("slow", "the store has not answered in time")
