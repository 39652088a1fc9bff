"""A site is one library's API: where it is, and what may be asked there again when a call has failed.

A read may be, and whatever was certainly not sent; once, while there is time, and within a budget, so that a storm of
failures is not answered by a storm of calls.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twisted.internet.defer import Deferred
from twisted.web.http_headers import Headers

from sip2gw.concurrency import SingleFlight
from sip2gw.librarika.http.admission import Admission
from sip2gw.librarika.http.breaker import Breaker, RetryBudget
from sip2gw.librarika.http.call import JSON, Answer, Call, Failed, How, Unauthorized, encoded
from sip2gw.librarika.http.client import Client
from sip2gw.library import Refused, Still

_TRANSIENT = frozenset({How.NOT_CONNECTED, How.LATE, How.BROKEN, How.UNREADABLE, How.SERVER_ERROR, How.BUSY})
"""What may be better a moment later."""


class API:
    """The API of the library called `nickname`, under the URL `base`, on a host with the breaker `host`."""

    def __init__(self, client: Client, nickname: str, base: str, host: Breaker) -> None:
        self.client = client
        self.nickname = nickname
        self.admission = Admission(client, nickname, host, base + "/health")
        self._base = base
        self._budget = RetryBudget()
        self._health: SingleFlight[bool] = SingleFlight(self._ask_health)

    async def ask(
        self,
        operation: str,
        method: str,
        path: str,
        *,
        until: float,
        headers: Headers | None = None,
        body: Mapping[str, Any] | None = None,
        writes: bool = False,
        later: bool = False,
        still: Still | None = None,
    ) -> tuple[Call, Answer]:
        """Make a call, `headers` being only for it; `later` lets others pass. Raises the port's, and `Unauthorized`."""
        headers = JSON.copy() if headers is None else headers
        content = None
        if body is not None:
            content = encoded(body)
            headers.setRawHeaders(b"Content-Type", [b"application/json"])
        call = Call(operation, method, self._base + path, headers, content, writes, still)
        self._budget.asked(self.client.now())
        admission = self.admission
        try:
            answer = await self._asked(call, until, later)
        except Failed as failed:
            if failed.how.theirs:
                admission.standing.says(False)
            admission.figures.failed(failed, writes=writes)
            raise call.error(failed) from None
        except (Refused, Unauthorized):
            admission.standing.says(True)
            admission.figures.refused()
            raise
        admission.standing.says(True)
        admission.figures.answered()
        return call, answer

    async def _asked(self, call: Call, until: float, later: bool) -> Answer:
        try:
            return await self.admission.pass_(call, until, later=later)
        except Failed as failed:
            if later or not self._again(call, failed, until):
                raise
            self.admission.figures.retried()
        return await self.admission.pass_(call, until)

    def _again(self, call: Call, failed: Failed, until: float) -> bool:
        client = self.client
        left = until - client.now() - (failed.wait or 0.0)
        return (
            failed.how in _TRANSIENT
            and (call.method == "GET" or not failed.sent)
            and (failed.how is not How.BUSY or failed.wait is not None)
            and left > client.deadlines.call / 2
            and self.admission.all_is_well
            and self._budget.spend(client.now(), client.restraint.retry_share)
        )

    def reachable(self) -> Deferred[bool]:
        """Whether terminals are told that it is on-line. Those who ask together share one call. Never fails."""
        return self._health.join()

    async def _ask_health(self) -> bool:
        """Ask unless it is certain, and once more if that says the opposite: one alone proves nothing."""
        admission = self.admission
        for _ in range(2):
            if admission.standing.certain or admission.resting:
                break
            try:
                await admission.pass_(admission.health_check(), admission.probe_ends())
            except (Failed, Refused, Unauthorized):
                # A refusal too: whatever said it, it was no health check.
                admission.standing.says(False)
            else:
                admission.standing.says(True)
            if admission.standing.settled:
                break
        return admission.online
