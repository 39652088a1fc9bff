"""One library's API: a call is admitted, sent, perhaps made again, and its outcome is reported once.

A read, and a call that was certainly not sent, is made again once, if there is time, and within a budget, so that many
failures do not lead to as many calls. A write whose answer was lost is settled: the same call is made under the same
key, again and again while there is time, until an answer says what became of the first.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twisted.internet.task import deferLater
from twisted.logger import Logger

from sip2gw.librarika.http.admission import Admission
from sip2gw.librarika.http.breaker import Breaker, RetryBudget, State
from sip2gw.librarika.http.bulkhead import Bulkhead
from sip2gw.librarika.http.call import JSON, Answer, Call, Failed, How, Outcome, Unauthorized, encoded
from sip2gw.librarika.http.client import Client
from sip2gw.librarika.http.health import Counters, Drift, Reachability
from sip2gw.librarika.http.health_check import HealthCheck
from sip2gw.library import InDoubt, Made, MayWrite, Refused
from sip2gw.library.errors import PROVES_NOTHING

_TRANSIENT = frozenset({How.NOT_CONNECTED, How.LATE, How.BROKEN, How.UNREADABLE, How.SERVER_ERROR, How.BUSY})
"""Failures after which the same call may succeed a moment later."""

_TOO_LATE = Failed(How.NO_TURN, "too late to begin a write", sent=False)

_PAUSES = (0.0, 1.0, 2.0, 4.0)
"""Seconds before each repetition of a write in doubt."""


class API:
    """The API of the library called `nickname`, under the URL `base`, on a host with the breaker `host`."""

    _log = Logger()

    def __init__(self, client: Client, nickname: str, base: str, host: Breaker) -> None:
        self.client = client
        self.nickname = nickname
        self._base = base
        self._budget = RetryBudget()
        self.counters = Counters(client.metrics)
        self.reachability = Reachability(client.now)
        self._drift = Drift(nickname, client.now, client.wall)
        self.last_failure = ""
        """The kind of the last failure (see `How`); empty if there was none."""
        self._reported = State.CLOSED
        self.health = HealthCheck(self)
        self.admission = Admission(
            client, host, self.health.check, changed=self._breaker_changed, rested=self.counters.rested
        )

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
        may_write: MayWrite | None = None,
        low_priority: bool = False,
        made: list[Made] | None = None,
    ) -> Call:
        """Return a call to this library. `headers` are for it alone. With a `key` it is a write of that name."""
        headers = dict(headers)
        content = body_again = None
        if key is not None:
            headers[b"Idempotency-Key"] = key.encode("utf-8", "replace")
        if body is not None:
            headers[b"Content-Type"] = b"application/json"
            content = encoded(body)
            if "password" in body:
                body_again = {name: value for name, value in body.items() if name != "password"}
        return Call(
            operation,
            method,
            self._base + path,
            headers,
            content,
            shape,
            reads=(reads or method == "GET") and body_again is None,
            writes=key is not None,
            guesses=body_again is not None,
            may_write=may_write,
            body_again=body_again,
            low_priority=low_priority,
            made=made,
        )

    async def call(self, call: Call, until: float, *, doubt: bool = False) -> Answer:
        """Make a call, and return its answer. `doubt`: it was made before, under the same key, and may have been done.

        Raises the port's errors, and `Unauthorized`.
        """
        client, again, lost = self.client, 0, doubt
        begun = client.now()
        self._budget.asked(begun)
        while True:
            # A write is begun only if there is time to settle it.
            late = call.writes and not lost and until - begun < client.timeouts.reserve
            slot = _TOO_LATE if late else await self.admission.admit(until, low_priority=call.low_priority)
            outcome = await self.send(call, until, begun, slot)
            if isinstance(outcome, Answer):
                doubt = False
                break
            lost = lost or call.in_doubt(outcome)
            doubt = lost and (isinstance(outcome, Failed | Unauthorized) or _proves_nothing(outcome))
            pause = self._pause(call, outcome, again, until, doubt=doubt)
            if pause is None:
                break
            if pause and (failed := await self.admission.wait(deferLater(client.clock, pause), until)):
                outcome = failed
                break
            again, call, begun = again + 1, call.again(settles=doubt), client.now()
        self._ended(outcome, lost=lost, doubt=doubt)
        if isinstance(outcome, Answer):
            return outcome
        if isinstance(outcome, Failed):
            raise call.error(outcome, doubt=doubt)
        raise InDoubt(str(outcome)) if doubt and isinstance(outcome, Refused) else outcome

    async def send(self, call: Call, until: float, begun: float, slot: Bulkhead | Failed) -> Outcome:
        """Send a call from its slot, and report its outcome to breakers, log and metrics. `begun` is when it began."""
        breaker, host = self.admission.breaker, self.admission.host
        era, era_of_host = breaker.era, host.era
        outcome = slot if isinstance(slot, Failed) else await self.client.send(call, until, slot)
        self.client.metrics.call_seconds.observe(self.client.now() - begun, call.operation)
        if isinstance(outcome, Failed):
            self._failed(call, outcome, era, era_of_host)
        else:
            breaker.passed(era)
            host.passed(era_of_host)
            if isinstance(outcome, Answer):
                self._drift.see(outcome.headers)
        return outcome

    def _failed(self, call: Call, failed: Failed, era: int, era_of_host: int) -> None:
        breaker, host = self.admission.breaker, self.admission.host
        if failed.limit:
            self.client.metrics.struck(failed.limit)
        self._log_failure(call, failed)
        if failed.wait is not None:
            self.admission.rest(failed.wait)
        if failed.how.theirs:
            connected = failed.how is not How.NOT_CONNECTED
            self.last_failure = failed.how.value
            breaker.failed(era, connected=connected)
            if connected:
                host.passed(era_of_host)
            else:
                host.failed(era_of_host, connected=False)

    def _pause(self, call: Call, outcome: Outcome, again: int, until: float, *, doubt: bool) -> float | None:
        """Return after how many seconds the call is made again; None if it is not."""
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
            and self.admission.are_closed
            and self._budget.spend(self.client.now(), self.client.limits.retry_share)
        )
        if repeats:
            self.counters.retried()
        return 0.0 if repeats else None

    def _log_failure(self, call: Call, failed: Failed) -> None:
        if failed.how is How.NOT_ASKED:
            return
        if failed.how is How.REDIRECTED:
            self._log.error(
                "librarika_redirected: {library} answered with a redirect, which is never followed",
                library=self.nickname,
            )
        self._log.warn(
            "librarika_call_failed: {library} {operation}: {failure}: {reason} (request {request_id})",
            library=self.nickname,
            operation=call.operation,
            failure=failed.how.value,
            reason=failed.why,
            request_id=call.headers.get(b"X-Request-Id", b"none").decode("ascii"),
        )

    def _ended(self, outcome: Outcome, *, lost: bool, doubt: bool) -> None:
        """Report the final outcome of a call. `lost` is whether an answer was lost on the way."""
        if not isinstance(outcome, Failed) or outcome.how.theirs:
            self.reachability.count(not isinstance(outcome, Failed))
            self.counters.set_online(self.health.online)
        if isinstance(outcome, Answer):
            self.counters.answered()
        elif isinstance(outcome, Failed):
            self.counters.failed(outcome, doubt=doubt)
        else:
            self.counters.refused()
        if isinstance(outcome, Unauthorized):
            outcome.proved = outcome.proved and not doubt
        elif lost:
            self.counters.settled(left=doubt)

    def _breaker_changed(self) -> None:
        state = self.admission.breaker.state
        if state is State.OPEN:
            self.reachability.set_offline()
            self.counters.set_online(False)
        if state is self._reported:
            return
        self._reported = state
        self.counters.breaker(state)
        self._log.warn(
            "librarika_breaker: the breaker of {library} is {state} ({failure})",
            library=self.nickname,
            state=state.value,
            failure=self.last_failure,
        )


def _proves_nothing(outcome: Outcome) -> bool:
    """Return whether this is a refusal that leaves open what an earlier call under the same key has done."""
    return isinstance(outcome, Refused) and outcome.code in PROVES_NOTHING
