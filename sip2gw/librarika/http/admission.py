"""Decide whether a call to one library may go out now: not while it asks for a pause, nor while a breaker is open.

A call passes two breakers: that of the library, and that of its host, which several libraries may share. The host's
opens only when no connection can be made. After a pause one health check goes out first, and then more and more calls.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import deferLater

from sip2gw.concurrency import SingleFlight
from sip2gw.librarika.http.breaker import Breaker, State
from sip2gw.librarika.http.bulkhead import Bulkhead, TurnedAway
from sip2gw.librarika.http.call import Failed, How
from sip2gw.librarika.http.client import Client

_ALONE = Failed(How.NOT_ASKED, "the library asked for a pause", sent=False)
_OPEN = Failed(How.NOT_ASKED, "the library does not answer", sent=False)


class Admission:
    """The admission of calls to one library. `check` makes a health check from a slot; the breakers get its outcome.

    `changed` is called when the library's breaker has a new state, `rested` when a call waits because the library
    asked for a pause.
    """

    def __init__(
        self,
        client: Client,
        host: Breaker,
        check: Callable[[Bulkhead | Failed], Coroutine[Any, Any, object]],
        *,
        changed: Callable[[], None],
        rested: Callable[[], None],
    ) -> None:
        self._client = client
        self.host = host
        self._check, self._told, self._rested = check, changed, rested
        self.breaker = Breaker(client.now, most=self._most, changed=self._changed)
        self.bulkhead = Bulkhead(client.capacity, self._most())
        self._rest_until = 0.0
        self._proof: SingleFlight[None] = SingleFlight(self._prove)

    def _most(self) -> int:
        return self._client.limits.calls_per_library

    @property
    def are_closed(self) -> bool:
        """Whether both breakers are closed."""
        return self.breaker.state is State.CLOSED and self.host.state is State.CLOSED

    @property
    def resting(self) -> float:
        """The seconds that are left of the pause that the library has asked for."""
        return max(self._rest_until - self._client.now(), 0.0) if self._rest_until else 0.0

    def rest(self, seconds: float) -> None:
        """Make no calls for so many seconds, because the library has asked for that."""
        self._rest_until = max(self._rest_until, self._client.now() + seconds)

    @property
    def _admits(self) -> bool:
        return self.breaker.admits and self.host.admits

    async def admit(self, until: float, *, low_priority: bool = False) -> Bulkhead | Failed:
        """Wait until the call may go out, and return its slot, which the caller gives back.

        `low_priority` is as in `Call`.
        """
        client = self._client
        while self._rest_until and (rest := self.resting) > 0:
            if client.now() + rest >= until:
                return _ALONE
            self._rested()
            if failed := await self.wait(deferLater(client.clock, rest), until):
                return failed
        if not self.are_closed:
            if self._due() and (failed := await self.wait(self._proof.join(), until)):
                return failed
            if not self._admits:
                return _OPEN
        return await self._slot(self.bulkhead, until, low_priority=low_priority)

    async def wait(self, waiting: Deferred[None], until: float) -> Failed | None:
        """Wait for something before a call is sent, at most until then. Returns None if it happened."""
        deadline = self._client.alarm.deadline(until)
        try:
            await deadline.over(waiting)
        except TurnedAway:
            return _OPEN
        except CancelledError:
            how = How.NO_TURN if deadline.late else How.ABANDONED
            return Failed(how, "it was not asked in time", sent=False)
        finally:
            deadline.end()
        return None

    async def _slot(
        self, bulkhead: Bulkhead, until: float, *, low_priority: bool = False
    ) -> Bulkhead | Failed:
        waiting = bulkhead.enter(low_priority=low_priority)
        if waiting is None:
            return bulkhead
        client = self._client
        client.metrics.struck("calls_per_library" if bulkhead.is_full(low_priority=low_priority) else "calls")
        # A call without a slot after half of the time is not begun: a write might not end in time, and be in doubt.
        now = client.now()
        half = now + min(until - now, client.timeouts.headers) / 2
        return await self.wait(waiting, half) or bulkhead

    def _due(self) -> bool:
        """Return whether one of the breakers waits for a health check, and the other lets it pass."""
        both = (self.breaker, self.host)
        return any(one.due for one in both) and all(one.due or one.admits for one in both)

    async def _prove(self) -> None:
        """Make one health check for all calls that wait. Its outcome goes to the breakers."""
        due = [breaker for breaker in (self.breaker, self.host) if breaker.due]
        for breaker in due:
            breaker.resume()
        until = self._client.now() + self._client.timeouts.probe
        try:
            # A slot of its own: calls from before the breaker opened may still have all slots of the library.
            await self._check(await self._slot(Bulkhead(self._client.capacity, 1), until))
        finally:
            for breaker in due:
                if breaker.unproved:  # The health check is over, with no outcome for this breaker.
                    breaker.failed(breaker.era, connected=True)

    def _changed(self) -> None:
        """Turn waiting calls away, or admit as many as the new state of the library's breaker allows."""
        breaker = self.breaker
        self._told()
        if breaker.state is State.OPEN:
            # Calls in progress may hang for long. They keep the old slots, and their outcomes do not count.
            old, self.bulkhead = self.bulkhead, Bulkhead(self._client.capacity, 1)
            old.turn_away()
        else:
            self.bulkhead.widen(self._most() if breaker.state is State.CLOSED else breaker.width)

    def reconfigured(self) -> None:
        """Use the new limits of the client."""
        if self.breaker.state is State.CLOSED:
            self.bulkhead.widen(self._most())
