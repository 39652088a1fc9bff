"""Whether a call to one library may go out now: not while it asks to be left alone, nor while a breaker is open.

There are two breakers in the way: the library's own, and that of its host, which several libraries may share and which
opens only when no connection comes about. After a pause one health check is let through, and then more and more calls.
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

_ALONE = Failed(How.NOT_ASKED, "the library asked to be left alone", sent=False)
_OPEN = Failed(How.NOT_ASKED, "the library does not answer", sent=False)


class Admission:
    """The way to one library. `check` makes a health check with a place of its own and tells the breakers.

    `changed` hears that the library's breaker has a new state, `rested` that a call waits as the library has asked.
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
        """For how many seconds the library has asked to be left alone yet."""
        return max(self._rest_until - self._client.now(), 0.0) if self._rest_until else 0.0

    def rest(self, seconds: float) -> None:
        """The library has asked to be left alone for so long."""
        self._rest_until = max(self._rest_until, self._client.now() + seconds)

    @property
    def _admits(self) -> bool:
        return self.breaker.admits and self.host.admits

    async def admit(self, until: float, *, stranger: bool = False) -> Bulkhead | Failed:
        """Wait until the call may go out. The place is to be left.

        A `stranger` is a login that was never right before.
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
        return await self._place(self.bulkhead, until, stranger=stranger)

    async def wait(self, waiting: Deferred[None], until: float) -> Failed | None:
        """Wait for something before a call is sent, at most until then. None if it came about."""
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

    async def _place(self, bulkhead: Bulkhead, until: float, *, stranger: bool = False) -> Bulkhead | Failed:
        place = bulkhead.enter(stranger=stranger)
        if place is None:
            return bulkhead
        client = self._client
        client.metrics.struck("calls_per_library" if bulkhead.is_full(stranger=stranger) else "calls")
        # What has no turn in half of the time is not begun: the rest might be too short, and a write be in doubt.
        now = client.now()
        half = now + min(until - now, client.timeouts.headers) / 2
        return await self.wait(place, half) or bulkhead

    def _due(self) -> bool:
        """Whether one of the breakers waits for a probe, and the other is not in its way."""
        both = (self.breaker, self.host)
        return any(one.due for one in both) and all(one.due or one.admits for one in both)

    async def _prove(self) -> None:
        """Let one health check through, however many calls wait for it. The breakers know then."""
        due = [breaker for breaker in (self.breaker, self.host) if breaker.due]
        for breaker in due:
            breaker.resume()
        until = self._client.now() + self._client.timeouts.probe
        try:
            # A place of its own: calls of a time that is over may have all of the library's yet.
            await self._check(await self._place(Bulkhead(self._client.capacity, 1), until))
        finally:
            for breaker in due:
                if breaker.unproved:  # Whatever came of it: nobody probes any longer.
                    breaker.failed(breaker.era, connected=True)

    def _changed(self) -> None:
        """The library's breaker has a new state: waiting calls are turned away, or so many are let in."""
        breaker = self.breaker
        self._told()
        if breaker.state is State.OPEN:
            # Those under way may hang for long yet; they belong to a time that is over.
            old, self.bulkhead = self.bulkhead, Bulkhead(self._client.capacity, 1)
            old.turn_away()
        else:
            self.bulkhead.widen(self._most() if breaker.state is State.CLOSED else breaker.width)

    def reconfigured(self) -> None:
        """The client's limits are other ones."""
        if self.breaker.state is State.CLOSED:
            self.bulkhead.widen(self._most())
