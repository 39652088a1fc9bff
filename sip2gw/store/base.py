"""What both stores do in the same way: threads that write, one that reads, metrics, and the failure that lasts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from twisted.internet.defer import Deferred
from twisted.logger import Logger

from sip2gw.metrics import Metrics
from sip2gw.store.database import Database
from sip2gw.store.port import FINAL, Kind, StoreFailed, Transaction
from sip2gw.store.threads import Reactor, Served, Threads

T = TypeVar("T")


class ThreadedStore:
    """A `Store` over connections: `writers` for changes, which work side by side, and a `reader`."""

    log = Logger()
    shared = False
    final: frozenset[Kind] = FINAL
    """The failures with which `start` does not start."""

    def __init__(
        self, writers: Sequence[Database], reader: Database, reactor: Reactor, metrics: Metrics | None
    ) -> None:
        self.failure: StoreFailed | None = None
        self._databases = (*writers, reader)
        self._metrics = metrics
        self._changes = Threads(writers, reactor, write=True, report=self._changed)
        self._reads = Threads([reader], reactor, write=False, report=self._count_failures)

    def start(self) -> None:
        """See `Store.start`."""
        database = self._databases[0]
        try:
            database.open()
        except StoreFailed as failed:
            database.close()
            if failed.kind in self.final:
                raise
            self._fail(failed.again())
        self._changes.start()
        self._reads.start()

    async def close(self) -> None:
        """See `Store.close`."""
        changes, reads = self._changes.close(), self._reads.close()
        await changes
        await reads

    def change(self, work: Callable[[Transaction], T], *, patient: bool = False) -> Deferred[T]:
        """See `Store.change`."""
        return self._changes.submit(work, patient=patient)

    def read(self, work: Callable[[Transaction], T]) -> Deferred[T]:
        """See `Store.read`."""
        return self._reads.submit(work)

    def _changed(self, served: Served) -> None:
        self._count_failures(served)
        if served.failed is not None:
            self._fail(served.failed)
            return
        if served.works and self.failure is not None:
            self.failure = None
            self.log.info("the store works again")
        if self._metrics is not None and served.changes:
            self._metrics.store_changes.inc(served.changes)
            self._metrics.store_commit_seconds.observe(served.seconds)

    def _count_failures(self, served: Served) -> None:
        if self._metrics is not None and served.failed is not None and served.failures:
            self._metrics.store_failures.labels(kind=served.failed.kind).inc(served.failures)

    def _fail(self, failed: StoreFailed) -> None:
        """Log a failure once for as long as it lasts."""
        if self.failure is None or self.failure.kind != failed.kind:
            # Not as `failure`: in an error, Twisted takes that for a Failure.
            self.log.error("the store has failed, {code}: {reason}", code=failed.kind, reason=failed.reason)
        self.failure = failed
