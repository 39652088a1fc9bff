"""A site is one library's API: where it is, the turns of its calls, and whether it can be reached at this moment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twisted.internet.defer import Deferred, DeferredSemaphore
from twisted.web.http_headers import Headers

from sip2gw.librarika.client import Client
from sip2gw.librarika.flights import Flight
from sip2gw.librarika.records import Tokens
from sip2gw.librarika.verdicts import Answer, Call, encoded
from sip2gw.library import Credentials, LibraryError
from sip2gw.secret import Secret


class Site:
    """The API of the library called `nickname`, under the URL `base`; `at_once` calls to it at the same time."""

    def __init__(self, client: Client, nickname: str, base: str, *, at_once: int) -> None:
        self.client = client
        self.nickname = nickname
        self._base = base
        self._turns = DeferredSemaphore(at_once)
        self._bare = Headers({b"Accept": [b"application/json"]})
        self._probe: Flight[bool] = Flight(self._ask_health)

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
    ) -> tuple[Call, Answer]:
        """Make a call, `headers` being only for it. Raises the port's errors, and `Unauthorized`."""
        headers = self._bare.copy() if headers is None else headers
        content = None
        if body is not None:
            content = encoded(body)
            headers.setRawHeaders(b"Content-Type", [b"application/json"])
        call = Call(operation, method, self._base + path, headers, content, writes)
        return call, await self.client.exchange(call, self._turns, until)

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
        """Whether the API answers. Those who ask at the same time share one call. Never fails."""
        return self._probe.join()

    async def _ask_health(self) -> bool:
        until = self.client.now() + self.client.deadlines.probe
        try:
            await self.ask("get_health", "GET", "/health", until=until)
        except LibraryError:
            # A refusal too: whatever said it, it was no health check.
            return False
        return True
