"""One library's API: calls are admitted, sent, made again where that does no harm, and what came of them is told once.

A read, and a call that was certainly not sent, is made again once, while there is time, and within a budget, so that a
storm of failures is not answered by a storm of calls. A write whose answer was lost is settled: the same call is made
under the same key, again and again while there is time, until an answer says what became of the first.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from attrs import frozen
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater
from twisted.logger import Logger

from sip2gw.concurrency import SingleFlight
from sip2gw.librarika.http.admission import Admission
from sip2gw.librarika.http.breaker import Breaker, RetryBudget, State
from sip2gw.librarika.http.bulkhead import Bulkhead
from sip2gw.librarika.http.call import JSON, Answer, Call, Failed, How, Outcome, Unauthorized, encoded
from sip2gw.librarika.http.client import Client
from sip2gw.librarika.http.health import Counters, Drift, Standing
from sip2gw.library import Still

_TRANSIENT = frozenset({How.NOT_CONNECTED, How.LATE, How.BROKEN, How.UNREADABLE, How.SERVER_ERROR, How.BUSY})
"""What may be better a moment later."""

_TOO_LATE = Failed(How.NO_TURN, "too late to begin a write", sent=False)

_PAUSES = (0.0, 1.0, 2.0, 4.0)
"""Seconds before each time that a write in doubt is made again."""


@frozen
class BackEnd:
    """How one library's API is at this moment, for the operator."""

    nickname: str
    state: str
    """`shut` when calls go out, `open` when none do, `probing` on the way back."""
    since: datetime
    """For how long it has been in this state."""
    online: bool
    """What terminals are told in 98."""
    last_failure: str
    """Of which kind the last failure was (see `call.How`); empty if there was none."""
    in_flight: int
    waiting: int


class API:
    """The API of the library called `nickname`, under the URL `base`, on a host with the breaker `host`."""

    _log = Logger()

    def __init__(self, client: Client, nickname: str, base: str, host: Breaker) -> None:
        self.client = client
        self.nickname = nickname
        self._base = base
        self._budget = RetryBudget()
        self.counters = Counters(client.metrics)
        self.standing = Standing(client.now)
        self._drift = Drift(nickname, client.now, client.wall)
        self._last_failure = ""
        self._told = State.SHUT
        self.admission = Admission(
            client, host, self._check, changed=self._breaker_changed, rested=self.counters.rested
        )
        self._health: SingleFlight[bool] = SingleFlight(self._ask_health)

    def prepared(
        self,
        operation: str,
        method: str,
        path: str,
        *,
        headers: Mapping[bytes, bytes] = JSON,
        body: Mapping[str, Any] | None = None,
        key: str | None = None,
        reads: bool = False,
        shape: type[Any] | None = None,
        still: Still | None = None,
        stranger: bool = False,
    ) -> Call:
        """A call to this library. `headers` are for it alone; with a `key` it is a write, whose name that is."""
        headers = dict(headers)
        content = settling = None
        if key is not None:
            headers[b"Idempotency-Key"] = key.encode("utf-8", "replace")
        if body is not None:
            content = settling = encoded(body)
            if "password" in body:
                settling = encoded({name: value for name, value in body.items() if name != "password"})
            headers[b"Content-Type"] = b"application/json"
        guesses = content != settling
        return Call(
            operation,
            method,
            self._base + path,
            headers,
            content,
            shape,
            reads=(reads or method == "GET") and not guesses,
            writes=key is not None,
            guesses=guesses,
            still=still,
            settling=settling,
            stranger=stranger,
        )

    async def call(self, call: Call, until: float, *, doubt: bool = False) -> Answer:
        """Make a call. With `doubt` it has been made before, under the same key, and may have been done then.

        Raises the port's errors, and `Unauthorized`.
        """
        client, again, lost = self.client, 0, doubt
        begun = client.now()
        self._budget.asked(begun)
        while True:
            if call.writes and not lost and until - begun < client.timeouts.reserve:
                place: Bulkhead | Failed = _TOO_LATE
            else:
                place = self.admission.at_once(stranger=call.stranger) or await self.admission.admit(
                    until, stranger=call.stranger
                )
            eras = self._eras
            outcome = place if isinstance(place, Failed) else await client.send(call, until, place)
            self._tell(call, outcome, eras, begun)
            lost = lost or call.in_doubt(outcome)
            doubt = lost and isinstance(outcome, Failed | Unauthorized)
            pause = self._pause(call, outcome, again, until, doubt=doubt)
            if pause is None:
                break
            if pause and (gone := await self.admission.wait(deferLater(client.clock, pause), until)):
                outcome = gone
                break
            again, call, begun = again + 1, call.again(settles=doubt), client.now()
        self._ended(outcome, lost=lost, doubt=doubt)
        if isinstance(outcome, Answer):
            return outcome
        raise call.error(outcome, doubt=doubt) if isinstance(outcome, Failed) else outcome

    def _pause(self, call: Call, outcome: Outcome, again: int, until: float, *, doubt: bool) -> float | None:
        """How many seconds from now the call is to be made again; None if it is not."""
        if not isinstance(outcome, Failed) or outcome.how is How.ABANDONED:
            return None
        left = until - self.client.now() - (outcome.wait or 0.0)
        if doubt:
            return _PAUSES[again] if again < len(_PAUSES) and left > _PAUSES[again] else None
        repeats = (
            again == 0
            and outcome.how in _TRANSIENT
            and (call.reads or not outcome.sent)
            and (outcome.how is not How.BUSY or outcome.wait is not None)
            and left > self.client.timeouts.call / 2
            and self.admission.all_is_well
            and self._budget.spend(self.client.now(), self.client.limits.retry_share)
        )
        if repeats:
            self.counters.retried()
        return 0.0 if repeats else None

    @property
    def _eras(self) -> tuple[int, int]:
        return self.admission.breaker.era, self.admission.host.era

    def _tell(self, call: Call, outcome: Outcome, eras: tuple[int, int], begun: float) -> None:
        """Tell breakers, log and metrics how a call went, once for each time that it was made."""
        breaker, host = self.admission.breaker, self.admission.host
        metrics = self.client.metrics
        metrics.call_seconds.observe(self.client.now() - begun, call.operation)
        if not isinstance(outcome, Failed):
            breaker.passed(eras[0])
            host.passed(eras[1])
            if isinstance(outcome, Answer):
                self._drift.see(outcome.headers)
            return
        if outcome.limit:
            metrics.struck(outcome.limit)
        self._log_failure(call, outcome)
        if outcome.wait is not None:
            self.admission.rest(outcome.wait)
        if outcome.how.theirs:
            connected = outcome.how is not How.NOT_CONNECTED
            self._last_failure = outcome.how.value
            breaker.failed(eras[0], connected=connected)
            if connected:
                host.passed(eras[1])
            else:
                host.failed(eras[1], connected=False)

    def _log_failure(self, call: Call, failed: Failed) -> None:
        if failed.how is How.NOT_ASKED:
            return
        if failed.how is How.REDIRECTED:
            self._log.error(
                "librarika_redirected: {library} answered with a redirect, which is never followed",
                library=self.nickname,
            )
        self._log.warn(
            "librarika_call_failed: {operation}: {failure}: {reason} (request {request_id})",
            operation=call.operation,
            failure=failed.how.value,
            reason=failed.why,
            request_id=call.headers.get(b"X-Request-Id", b"none").decode("ascii"),
        )

    def _ended(self, outcome: Outcome, *, lost: bool, doubt: bool) -> None:
        """Tell what came of a call in the end. `lost` is whether an answer was lost on the way."""
        if isinstance(outcome, Failed):
            if outcome.how.theirs:
                self.standing.says(False)
            self.counters.failed(outcome, doubt=doubt)
        else:
            self.standing.says(True)
            if isinstance(outcome, Answer):
                self.counters.answered()
            else:
                self.counters.refused()
        if lost and not isinstance(outcome, Unauthorized):
            self.counters.settled(left=doubt)
        elif isinstance(outcome, Unauthorized):
            outcome.proved = outcome.proved and not doubt

    def reachable(self) -> Deferred[bool]:
        """Whether terminals are told that it is online. Those who ask together share one call. Never fails."""
        return self._health.join()

    async def _ask_health(self) -> bool:
        """Ask unless it is certain, and once more if that says the opposite: one alone proves nothing."""
        for _ in range(2):
            if self.standing.certain or self.admission.resting:
                break
            place = self.admission.at_once() or await self.admission.admit(self._probe_ends())
            # A refusal too: whatever said it, it was not a health check.
            self.standing.says(isinstance(await self._check(place), Answer))
            if self.standing.settled:
                break
        return self.online

    async def _check(self, place: Bulkhead | Failed) -> Outcome:
        """A health check from this place. The breakers know then."""
        call, begun, eras = self.prepared("get_health", "GET", "/health"), self.client.now(), self._eras
        if isinstance(place, Failed):
            outcome: Outcome = place
        else:
            outcome = await self.client.send(call, self._probe_ends(), place)
        self._tell(call, outcome, eras, begun)
        return outcome

    def _probe_ends(self) -> float:
        return self.client.now() + self.client.timeouts.probe

    @property
    def online(self) -> bool:
        """What terminals are told: not that it is, while it asks to be left alone for longer than they can wait."""
        return self.standing.online and self.admission.resting < self.client.timeouts.call

    def _breaker_changed(self) -> None:
        state = self.admission.breaker.state
        if state is State.OPEN:
            self.standing.gone()
        if state is self._told:
            return
        self._told = state
        self.counters.breaker(state)
        self._log.warn(
            "librarika_breaker: {library} is {state} ({failure})",
            library=self.nickname,
            state=state.value,
            failure=self._last_failure,
        )

    def back_end(self) -> BackEnd:
        """How it is."""
        client, admission = self.client, self.admission
        worse = admission.host if admission.breaker.state is State.SHUT else admission.breaker
        closed = worse.state is State.SHUT
        since = max(admission.host.since, admission.breaker.since) if closed else worse.since
        ago = timedelta(seconds=client.now() - since)
        return BackEnd(
            nickname=self.nickname,
            state=worse.state.value,
            since=datetime.fromtimestamp(client.wall(), UTC) - ago,
            online=self.online and worse.state is not State.OPEN,
            last_failure=self._last_failure,
            in_flight=admission.bulkhead.under_way,
            waiting=admission.bulkhead.waiting,
        )
