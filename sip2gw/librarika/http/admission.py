"""One library's calls go out through its admission: not while it asks to be left alone, nor while a breaker is open.

There are two breakers in the way: the library's own, and that of its host, which several libraries may share and which
opens only when no connection comes about. After a pause one health check is let through, and then more and more calls.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from attrs import frozen
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.defer import TimeoutError as DeferredTimeout
from twisted.internet.task import deferLater
from twisted.logger import Logger

from sip2gw.concurrency import SingleFlight
from sip2gw.librarika.http.breaker import Breaker, State
from sip2gw.librarika.http.bulkhead import Bulkhead
from sip2gw.librarika.http.call import JSON, Answer, Call, Failed, How, Unauthorized
from sip2gw.librarika.http.client import Client
from sip2gw.librarika.http.health import Drift, Figures, Standing
from sip2gw.library import Refused


@frozen
class BackEnd:
    """How one library's API is at this moment, for whoever operates the gateway."""

    nickname: str
    state: str
    """`shut` when calls go out, `open` when none do, `probing` on the way back."""
    since: datetime
    """For how long it has been in this state."""
    online: bool
    """What terminals are told in 98."""
    last_failure: str
    """Of which kind the last failure was (see `verdicts.How`); empty if there was none."""
    in_flight: int
    waiting: int


class Admission:
    """The admission to the library called `nickname`; its host has the breaker `host`, `health` is the check's URL."""

    _log = Logger()

    def __init__(self, client: Client, nickname: str, host: Breaker, health: str) -> None:
        self.client = client
        self.nickname = nickname
        self.host = host
        self.figures = Figures(client.metrics)
        self.standing = Standing(client.now)
        self.breaker = Breaker(client.now, most=self._most, changed=self._changed)
        self._health = health
        self._lane = Bulkhead(client.road, self._most())
        self._drift = Drift(nickname, client.now, client.wall)
        self._rest_until = 0.0
        self._last_failure = ""
        self._told = State.SHUT
        self._proof: SingleFlight[None] = SingleFlight(self._prove)

    def _most(self) -> int:
        return self.client.restraint.calls_per_library

    @property
    def all_is_well(self) -> bool:
        """Whether both breakers are shut."""
        return self.breaker.state is State.SHUT and self.host.state is State.SHUT

    @property
    def resting(self) -> float:
        """For how many seconds the library has asked to be left alone yet."""
        return max(self._rest_until - self.client.now(), 0.0)

    @property
    def online(self) -> bool:
        """What terminals are told: not that it is, while it asks to be left alone for longer than they can wait."""
        return self.standing.online and self.resting < self.client.deadlines.call

    async def pass_(self, call: Call, until: float, *, later: bool = False) -> Answer:
        """Make a call as soon as it may go out. Raises `Failed`, `Refused`, `Unauthorized`."""
        client = self.client
        while (rest := self.resting) > 0:
            if client.now() + rest >= until:
                raise Failed(How.NOT_ASKED, "the library asked to be left alone", sent=False)
            self.figures.rested()
            await _wait(deferLater(client.clock, rest))
        if self._due():
            await _wait(self._proof.join().addTimeout(max(until - client.now(), 0.0), client.clock))
        if not (self.breaker.admits and self.host.admits):
            raise Failed(How.NOT_ASKED, "the library does not answer", sent=False)
        return await self._exchange(call, self._lane, until, later)

    async def _exchange(self, call: Call, lane: Bulkhead, until: float, later: bool = False) -> Answer:
        """Make the call, and let the breakers know how it went."""
        eras = self.breaker.era, self.host.era
        client = self.client
        try:
            answer = await client.exchange(call, lane, until, later=later)
        except Failed as failed:
            if failed.how.theirs:
                self._went_wrong(failed, eras)
            raise
        except (Refused, Unauthorized):
            self._went_well(eras)
            raise
        self._drift.see(answer.headers)
        self._went_well(eras)
        return answer

    def _went_well(self, eras: tuple[int, int]) -> None:
        self.breaker.passed(eras[0])
        self.host.passed(eras[1])

    def _went_wrong(self, failed: Failed, eras: tuple[int, int]) -> None:
        connected = failed.how is not How.NOT_CONNECTED
        self._last_failure = failed.how.value
        if failed.wait is not None:
            self._rest_until = max(self._rest_until, self.client.now() + failed.wait)
        if failed.how is How.REDIRECTED:
            self._log.error(
                "librarika_redirected: {library} answered with a redirect, which is never followed",
                library=self.nickname,
            )
        self.breaker.failed(eras[0], connected=connected)
        if connected:
            self.host.passed(eras[1])
        else:
            self.host.failed(eras[1], connected=False)

    def _due(self) -> bool:
        """Whether one of the breakers waits for a probe, and the other is not in its way."""
        both = (self.breaker, self.host)
        return any(one.due for one in both) and all(one.due or one.admits for one in both)

    async def _prove(self) -> None:
        """Let one health check through, whoever waits for it. The breakers know then."""
        probing = [breaker for breaker in (self.breaker, self.host) if breaker.due]
        for breaker in probing:
            breaker.resume()
        # A place of its own: calls of a time that is over may have all of the library's yet.
        lane = Bulkhead(self.client.road, 1)
        try:
            await self._exchange(self.health_check(), lane, self.probe_ends())
        except (Failed, Refused, Unauthorized):
            pass
        finally:
            for breaker in probing:
                if breaker.unproved:  # Whatever came of it: nobody probes any longer.
                    breaker.failed(breaker.era, connected=True)

    def health_check(self) -> Call:
        """Whether the API is there at all."""
        return Call("get_health", "GET", self._health, JSON.copy())

    def probe_ends(self) -> float:
        """When a health check that begins now must be over."""
        return self.client.now() + self.client.deadlines.probe

    def _changed(self) -> None:
        """The library's breaker has a new state: whoever waits is turned away, or so many are let in."""
        breaker = self.breaker
        if breaker.state is State.OPEN:
            self.standing.gone()
            # Those under way may hang for long yet; they belong to a time that is over.
            old, self._lane = self._lane, Bulkhead(self.client.road, 1)
            old.turn_away()
        else:
            self._lane.widen(self._most() if breaker.state is State.SHUT else breaker.width)
        if breaker.state is self._told:
            return
        self._told = breaker.state
        self.figures.breaker(breaker.state)
        self._log.warn(
            "librarika_breaker: {library} is {state} ({failure})",
            library=self.nickname,
            state=breaker.state.value,
            failure=self._last_failure,
        )

    def reconfigured(self) -> None:
        """The client's restraint is another one."""
        if self.breaker.state is State.SHUT:
            self._lane.widen(self._most())

    def back_end(self) -> BackEnd:
        """How it is."""
        worse = self.host if self.breaker.state is State.SHUT else self.breaker
        client = self.client
        ago = timedelta(seconds=client.now() - worse.since)
        return BackEnd(
            nickname=self.nickname,
            state=worse.state.value,
            since=datetime.fromtimestamp(client.wall(), UTC) - ago,
            online=self.online and worse.state is not State.OPEN,
            last_failure=self._last_failure,
            in_flight=self._lane.under_way,
            waiting=self._lane.waiting,
        )


async def _wait(waiting: Deferred[None]) -> None:
    try:
        await waiting
    except (DeferredTimeout, CancelledError) as error:
        how = How.ABANDONED if isinstance(error, CancelledError) else How.NO_TURN
        raise Failed(how, "it was not asked in time", sent=False) from None
