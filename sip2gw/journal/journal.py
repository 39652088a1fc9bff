"""The journal of one process: its lease, its rows, and what is still to be stored."""

from __future__ import annotations

from functools import partial
from secrets import token_hex
from typing import Any

from twisted.internet.defer import Deferred
from twisted.logger import Logger

from sip2gw.concurrency import SingleFlight
from sip2gw.journal import upkeep
from sip2gw.journal.begin import Begun, Fenced, Owner
from sip2gw.journal.calling import Outcome
from sip2gw.journal.codec import Call
from sip2gw.journal.content import call_of, result_of
from sip2gw.journal.crypto import Keys
from sip2gw.journal.entry import Write
from sip2gw.journal.grouped import Begin
from sip2gw.journal.in_progress import InProgress
from sip2gw.journal.outcomes import Outcomes
from sip2gw.journal.rows import Stored
from sip2gw.journal.states import Event, Told
from sip2gw.library import Unavailable
from sip2gw.metrics import Metrics
from sip2gw.store.port import Store, StoreFailed

MOST_OPEN = 50_000
"""Open rows of one library."""
PURGE = 60.0
"""Seconds between two deletions."""


class Journal:
    """The journal in `store`. `clock` is a reactor's; `alone` means that no other process uses the store."""

    log = Logger()

    def __init__(
        self,
        store: Store,
        keys: Keys,
        clock: Any,
        metrics: Metrics | None = None,
        *,
        alone: bool = False,
    ) -> None:
        self.store = store
        self.keys = keys
        self.clock = clock
        self.counts = upkeep.Counts()
        self.outcomes = Outcomes(store, keys)
        self.in_progress: dict[str, InProgress] = {}
        """The writes that this process sends now, by their keys."""
        self._metrics = metrics
        self.alone = alone
        self._first = True
        self._lease: SingleFlight[None] = SingleFlight(self._lease_now)
        self._owner = Owner(token_hex(8), 0)
        self._timer: Any = None
        self._running = False
        self._purge_at = 0.0
        self._left: set[int] = set()
        """The numbers of rows of a newer version that were logged."""

    # -- the process

    def start(self) -> None:
        """Take the lease, and keep it until `stop`."""
        self._running = True
        Deferred.fromCoroutine(self._go_on())

    async def stop(self) -> None:
        """End the lease. Rows that are being sent then are another process's, or those of the next start."""
        self._running = False
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        try:
            await self.outcomes.store_the_rest()
            await self.store.change(partial(upkeep.resign, owner=self._owner))
        except StoreFailed as failed:
            self.log.warn("the journal was not closed in order: {why}", why=failed.reason)

    @property
    def works(self) -> bool:
        """Whether writes can be stored, as far as is known."""
        return self.store.failure is None

    async def _go_on(self) -> None:
        try:
            await self.beat()
        except StoreFailed:
            pass  # the store has logged it, and the next beat tries again
        except Exception:
            self.log.failure("the journal's upkeep hit a bug")
        finally:
            if self._running:
                self._timer = self.clock.callLater(upkeep.BEAT, self.start)

    async def beat(self) -> None:
        """Renew the lease, adopt orphans, store what could not be stored, count, delete. Raises `StoreFailed`."""
        await self._lease.join()
        await self.outcomes.store_the_rest()
        in_progress = frozenset(self.in_progress)
        await self.store.change(partial(upkeep.adopt, owner=self._owner, in_progress=in_progress))
        self.counts = await self.store.read(upkeep.count)
        for row in self.counts.left:
            self.leave(row, "a newer version of the gateway has written it")
        if self._metrics is not None:
            for state, many in self.counts.by_state.items():
                self._metrics.journal_rows.labels(state=state.value.lower()).set(many)
            self._metrics.journal_oldest.set(self.counts.oldest)
        if self.clock.seconds() >= self._purge_at:
            self._purge_at = self.clock.seconds() + PURGE
            for work, event in ((upkeep.unheard, Event.UNHEARD), (upkeep.give_up, Event.GIVEN_UP)):
                while moved := await self.store.change(work):
                    for row in moved:
                        self.outcomes.tell_of(row, event, row.told)
            while await self.store.change(upkeep.purge):
                pass  # in between, terminals' writes are stored

    async def _lease_now(self) -> None:
        if self.alone and self._first:
            await self.store.change(upkeep.end_all_leases)
        self._first = False
        self._owner = await self.store.change(partial(upkeep.lease, owner=self._owner))

    def leave(self, row: Stored, why: str) -> None:
        """Log once that a row is left alone, because this version does not know what it says."""
        if row.id not in self._left and len(self._left) < MOST_OPEN:
            self._left.add(row.id)
            self.log.warn(
                "journal: {library}: a {operation} of terminal {terminal} is left to a newer version of the gateway "
                "({why}); number {number}",
                library=row.library,
                operation=row.method,
                terminal=row.terminal,
                why=why,
                number=row.id,
            )

    # -- rows

    async def begin(self, write: Write, *, fresh: bool = False, behind: bool = False) -> Begun:
        """Store a write before it is sent: see `begin.begin`. Raises `Unavailable`."""
        if self.counts.opened.get(write.library, 0) >= MOST_OPEN:
            if self._metrics is not None:
                self._metrics.struck("journal")
            raise Unavailable("too many writes of the library are open")
        try:
            try:
                return await self.store.change(Begin(write, self._owner, fresh, behind))
            except Fenced:  # at the start, and after this process stood still for long
                await self._lease.join()
                return await self.store.change(Begin(write, self._owner, fresh, behind))
        except Fenced as fenced:
            raise Unavailable(str(fenced)) from None
        except StoreFailed as failed:
            # It may be stored all the same, and it is not sent.
            self.outcomes.store_later(write.library, write.key, Event.NOT_SENT, Told.NO)
            raise Unavailable(f"the gateway's store: {failed.kind}") from None

    def started(self, key: str) -> InProgress:
        """Note that this process sends a write from now on. `ended` must follow."""
        write = self.in_progress[key] = InProgress()
        return write

    def finish(self, library: str, key: str, outcome: Outcome, told: Told, knew: Told) -> None:
        """Store what a library has decided, and end the write then. The terminal does not wait for that."""
        self.outcomes.finish(library, key, outcome, told, knew, lambda: self.ended(key))

    def ended(self, key: str) -> None:
        """Note that a write is over: its outcome is stored, or will be."""
        write = self.in_progress.pop(key)
        write.answered.set()
        write.stored.set()

    def call(self, row: Stored) -> Call:
        """Return what a row says. Raises `Unreadable` and `Misfit`."""
        return call_of(self.keys, row)

    def result(self, row: Stored) -> Any:
        """Return the stored result of a row. Raises `Unreadable` and `Misfit`."""
        return result_of(self.keys, row)
