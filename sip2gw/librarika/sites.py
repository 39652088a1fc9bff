"""A site is one library's API: where it is, and what may be asked there again when a call has failed.

A read may be, and whatever was certainly not sent; once, while there is time, and within a budget, so that a storm of
failures is not answered by a storm of calls.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twisted.internet.defer import Deferred
from twisted.web.http_headers import Headers

from sip2gw.librarika.availability import Breaker
from sip2gw.librarika.client import Client
from sip2gw.librarika.flights import Flight
from sip2gw.librarika.gates import Gate
from sip2gw.librarika.records import Tokens
from sip2gw.librarika.tally import Budget
from sip2gw.librarika.verdicts import JSON, Answer, Call, Failed, How, Unauthorized, encoded
from sip2gw.library import Credentials, Refused, Still
from sip2gw.secret import Secret

_TRANSIENT = frozenset({How.NOT_CONNECTED, How.LATE, How.BROKEN, How.UNREADABLE, How.SERVER_ERROR, How.BUSY})
"""What may be better a moment later."""


class Site:
    """The API of the library called `nickname`, under the URL `base`, on a host with the breaker `host`."""

    def __init__(self, client: Client, nickname: str, base: str, host: Breaker) -> None:
        self.client = client
        self.nickname = nickname
        self.gate = Gate(client, nickname, host, base + "/health")
        self._base = base
        self._budget = Budget()
        self._health: Flight[bool] = Flight(self._ask_health)

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
        gate = self.gate
        try:
            answer = await self._asked(call, until, later)
        except Failed as failed:
            if failed.how.theirs:
                gate.standing.says(False)
            gate.figures.failed(failed, writes=writes)
            raise call.error(failed) from None
        except (Refused, Unauthorized):
            gate.standing.says(True)
            gate.figures.refused()
            raise
        gate.standing.says(True)
        gate.figures.answered()
        return call, answer

    async def _asked(self, call: Call, until: float, later: bool) -> Answer:
        try:
            return await self.gate.pass_(call, until, later=later)
        except Failed as failed:
            if later or not self._again(call, failed, until):
                raise
            self.gate.figures.retried()
        return await self.gate.pass_(call, until)

    def _again(self, call: Call, failed: Failed, until: float) -> bool:
        client = self.client
        left = until - client.now() - (failed.wait or 0.0)
        return (
            failed.how in _TRANSIENT
            and (call.method == "GET" or not failed.sent)
            and (failed.how is not How.BUSY or failed.wait is not None)
            and left > client.deadlines.call / 2
            and self.gate.all_is_well
            and self._budget.spend(client.now(), client.restraint.retry_share)
        )

    async def sign_in(self, credentials: Credentials) -> Tokens:
        """Ask for tokens. Raises `Refused`, `Unavailable`."""
        return await self._tokens(
            "create_token",
            "/auth/tokens",
            {"username": credentials.username, "password": credentials.password.reveal(), "scope": "sip2"},
        )

    async def refresh(self, refresh_token: Secret) -> Tokens:
        """Ask for new tokens with a refresh token, which is spent by that. Raises `Refused`, `Unavailable`."""
        return await self._tokens(
            "refresh_token", "/auth/tokens/refresh", {"refresh_token": refresh_token.reveal()}
        )

    async def _tokens(self, operation: str, path: str, body: Mapping[str, Any]) -> Tokens:
        call, answer = await self.ask(operation, "POST", path, until=self.client.deadline(), body=body)
        tokens = call.record(answer, Tokens)
        token = tokens.access_token.reveal()
        if not token.isascii() or not token.isprintable():
            raise call.lost("a token that is no header")
        return tokens

    def reachable(self) -> Deferred[bool]:
        """Whether terminals are told that it is on-line. Those who ask together share one call. Never fails."""
        return self._health.join()

    async def _ask_health(self) -> bool:
        """Ask unless it is certain, and once more if that says the opposite: one alone proves nothing."""
        gate = self.gate
        for _ in range(2):
            if gate.standing.certain or gate.resting:
                break
            try:
                await gate.pass_(gate.health_check(), gate.probe_ends())
            except (Failed, Refused, Unauthorized):
                # A refusal too: whatever said it, it was no health check.
                gate.standing.says(False)
            else:
                gate.standing.says(True)
            if gate.standing.settled:
                break
        return gate.online
