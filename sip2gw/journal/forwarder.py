"""Forward what is open: settle it in the order of each item, behind the terminals, and gently after an outage."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from random import SystemRandom
from typing import Any

from attrs import define, field
from twisted.internet.defer import Deferred
from twisted.logger import Logger

from sip2gw.journal import claims
from sip2gw.journal.calling import Outcome
from sip2gw.journal.claims import CLAIM
from sip2gw.journal.codec import Misfit
from sip2gw.journal.crypto import Unreadable
from sip2gw.journal.journal import Journal
from sip2gw.journal.opening import Accounts
from sip2gw.journal.rows import Stored
from sip2gw.journal.settling import ARRIVED, given_up, settle
from sip2gw.journal.states import Event
from sip2gw.library import PasswordMissing
from sip2gw.library.errors import ACCOUNT_REFUSED
from sip2gw.store.port import StoreFailed

TICK = 1.0
"""Seconds between two looks for rows that are due."""
WIDEST = 4
"""Rows of one library that are forwarded side by side, once it has answered some."""
LONGEST_PAUSE, LONGEST_WAIT = 60.0, 900.0
"""Seconds at most before a library that can't be reached is tried again, and before a row in doubt is."""
_DEADLINE = CLAIM / 2


@define(eq=False)
class Road:
    """What is known of forwarding to one library."""

    width: int = 1
    busy: int = 0
    failures: int = 0
    paused_until: float = 0.0
    running: bool = field(default=False)

    def well(self) -> None:
        """Forward more rows side by side, because the library answers."""
        self.width, self.failures, self.paused_until = min(self.width * 2, WIDEST), 0, 0.0

    def unwell(self, now: float, jitter: Callable[[float], float]) -> None:
        """Leave the library alone for a while, because it does not answer, and then begin with one row."""
        self.failures += 1
        self.width = 1
        self.paused_until = now + jitter(min(2.0**self.failures, LONGEST_PAUSE))


def jitter(most: float) -> float:
    """Return a number of seconds between one and `most`, so that gateways do not ask in step."""
    return SystemRandom().uniform(1.0, max(most, 1.0))


class Forwarder:
    """Forward the open rows of all libraries that are open."""

    log = Logger()

    def __init__(
        self, journal: Journal, accounts: Accounts, *, jitter: Callable[[float], float] = jitter
    ) -> None:
        self._journal = journal
        self._accounts = accounts
        self._clock = journal.clock
        self._jitter = jitter
        self._roads: dict[str, Road] = {}
        self._timer: Any = None
        self._running = False

    def start(self) -> None:
        """Look for rows every `TICK` until `stop`."""
        self._running = True
        for library in self._journal.counts.waiting:
            if library in self._accounts:
                Deferred.fromCoroutine(self.forward(library))
        self._timer = self._clock.callLater(TICK, self.start)

    def stop(self) -> None:
        """Begin no row any longer."""
        self._running = False
        if self._timer is not None and self._timer.active():
            self._timer.cancel()

    def heard_from(self, library: str) -> None:
        """Go on at once with the rows of a library that has just answered a terminal."""
        if not self._journal.counts.waiting.get(library) or not self._running:
            return
        road = self._road(library)
        if road.paused_until > self._clock.seconds():
            road.failures, road.paused_until = 0, 0.0
            Deferred.fromCoroutine(self._hurried(library))

    async def forward(self, library: str) -> None:
        """Forward what is due at one library, until nothing is, or the library does not answer."""
        road = self._road(library)
        if road.running:
            return
        road.running = True
        try:
            while road.paused_until <= self._clock.seconds():
                taken = await self._taken(library, road.width)
                if not taken:
                    break
                going = [Deferred.fromCoroutine(self._one(row, road)) for row in taken]
                for one in going:
                    await one
        except StoreFailed:
            pass  # the store has logged it; the claims end by themselves
        except Exception:
            self.log.failure("forwarding hit a bug at {library}", library=library)
            road.unwell(self._clock.seconds(), self._jitter)
        finally:
            road.running = False

    async def _hurried(self, library: str) -> None:
        try:
            await self._journal.store.change(partial(claims.hurry, library=library))
        except StoreFailed:
            return
        await self.forward(library)

    async def _taken(self, library: str, most: int) -> list[Stored]:
        """Claim rows that are due, at most so many."""
        change = self._journal.store.change
        due = await self._journal.store.read(partial(claims.due, libraries=(library,), most_rows=most))
        claimed = [await change(partial(claims.claim, row=row, until=CLAIM)) for row in due]
        return [row for row in claimed if row is not None]

    async def _one(self, row: Stored, road: Road) -> None:
        """Settle one claimed row."""
        journal = self._journal
        if (over := given_up(row)) is not None:
            await journal.outcomes.record(row.library, row.key, over.event, reason=over.reason)
            return
        try:
            call = journal.call(row)
        except Misfit as why:
            journal.leave(row, str(why))
            await self._release(row, road, wait=LONGEST_WAIT)
            return
        except Unreadable as why:
            await journal.outcomes.record(row.library, row.key, Event.GIVEN_UP, reason=str(why))
            return
        library = await self._accounts.of(row.library, call.account)
        if library is None:
            road.unwell(self._clock.seconds(), self._jitter)
            await self._release(row, road)
            return
        outcome = await settle(library.in_background().within(_DEADLINE), call, row)
        await self._store(row, outcome, road)
        if outcome.event is Event.NOT_SENT and str(outcome.error) in ACCOUNT_REFUSED:
            self._accounts.drop(row.library, call.account)

    async def _store(self, row: Stored, outcome: Outcome, road: Road) -> None:
        """Store what a library said of a row."""
        if outcome.event is Event.NOT_SENT:
            road.unwell(self._clock.seconds(), self._jitter)
            await self._release(row, road)
            return
        needs_password = isinstance(outcome.error, PasswordMissing)
        if outcome.event is Event.LOST and not needs_password:
            road.unwell(self._clock.seconds(), self._jitter)
        else:
            road.well()
        wait = self._jitter(min(2.0 ** min(row.tries, 12), LONGEST_WAIT))
        if needs_password:  # until then only a terminal can have it done
            wait = max(ARRIVED - row.age, wait)
        await self._journal.outcomes.record(
            row.library, row.key, outcome.event, reason=outcome.reason, result=outcome.result, wait=wait
        )

    async def _release(self, row: Stored, road: Road, wait: float = TICK) -> None:
        """Give a row back that was certainly not sent, until its library is tried again."""
        wait = max(road.paused_until - self._clock.seconds(), wait)
        await self._journal.store.change(partial(claims.release, row=row, wait=wait, counted=False))

    def _road(self, library: str) -> Road:
        return self._roads.setdefault(library, Road())
