"""Keep one set of tokens for each account, in memory only, however many terminals use the account.

Another password of the same user is another account. Once it is right, the tokens of the first are checked again.

A token is renewed before it expires. Meanwhile calls use the old one, which is still valid. A token is also renewed
when the API answers 401, which means that the request was not done: the call is then made once more, and only once.
A failed login never changes an account that is in use.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import evolve
from twisted.internet.defer import Deferred
from twisted.internet.defer import TimeoutError as DeferredTimeout
from twisted.logger import Logger

from sip2gw.concurrency import SingleFlight
from sip2gw.librarika.http.api import API
from sip2gw.librarika.http.call import JSON, Answer, Unauthorized
from sip2gw.librarika.records import Tokens
from sip2gw.library import Credentials, InDoubt, LibraryError, Made, MayWrite, Refused, Unavailable
from sip2gw.secret import Secret

_MARGIN = 60.0
"""Seconds before the end of its life at which a token is renewed, or a tenth of its life if that is less."""

_NOT_ADMITTED = frozenset(
    {
        "invalid_credentials",
        "account_inactive",
        "permission_missing",
        "sip2_not_activated",
        "sip2_disabled",
        "library_not_found",
    }
)
"""Refusals of the account itself, and not of its request."""

_LONGEST = 10**9
"""The longest life of a token, in seconds. A number in JSON may be too large for a clock."""


class Account:
    """One account at the API of one library, signed in."""

    _log = Logger()

    def __init__(self, api: API, credentials: Credentials, tokens: Tokens) -> None:
        self.api = api
        self._renewal: SingleFlight[None] = SingleFlight(self._renew)
        self.signed_in(credentials, tokens)

    def __repr__(self) -> str:
        return f"<Account at {self.api.nickname}>"

    def signed_in(self, credentials: Credentials, tokens: Tokens) -> None:
        """Use the tokens of a new login from now on."""
        self._credentials: Credentials | None = credentials
        self._take(tokens)

    def doubted(self) -> None:
        """Take note that the API rejected this account or its token. For subclasses that remember the account."""

    def password_in_doubt(self) -> None:
        """Check this password with the next request, because another one of the same user was right."""
        self.doubted()
        self._tokens: Tokens = evolve(self._tokens, refresh_token=None)
        self._renew_at = self._holds_until = self.api.client.now()

    def _take(self, tokens: Tokens) -> None:
        now, life = self.api.client.now(), float(min(max(tokens.expires_in, 0), _LONGEST))
        self._tokens = tokens
        self._expires = self._holds_until = now + life
        self._renew_at = self._expires - min(_MARGIN, life / 10)
        self._headers = {**JSON, b"Authorization": b"Bearer " + tokens.access_token.reveal().encode("ascii")}

    async def request(
        self,
        operation: str,
        method: str,
        path: str,
        *,
        until: float,
        body: Mapping[str, Any] | None = None,
        added: Mapping[bytes, bytes] | None = None,
        key: str | None = None,
        may_write: MayWrite | None = None,
        shape: type[Any] | None = None,
        background: bool = False,
        made: list[Made] | None = None,
    ) -> Answer:
        """Make a call as this account, and return the answer. With a `key` it is a write, and the key is its name.

        If the answer of a write is lost, the same call is made again under the same key, until `until`, without the
        `password` in its body. `may_write` is called right before the request is sent. `added` are headers of this call
        alone. `shape` is the class of the record in the answer. A call in the `background` takes no slot that a
        terminal waits for. Each call is added to `made`. Raises the port's errors; `Refused("invalid_credentials")`
        when the account can't sign in any longer.
        """
        if (now := self.api.client.now()) >= self._holds_until:
            await self._renew_first(until)
        elif now >= self._renew_at:
            Deferred.fromCoroutine(self._renew_beside())
        doubt = False
        for attempt in (1, 2):
            tokens = self._tokens
            headers = self._headers if added is None else {**self._headers, **added}
            call = self.api.prepared(
                operation,
                method,
                path,
                headers=headers,
                body=body,
                key=key,
                reads=key is None,
                may_write=may_write,
                shape=shape,
                low_priority=background,
                made=made,
            )
            try:
                return await self.api.call(call, until, doubt=doubt)
            except Refused as refusal:
                if refusal.code in _NOT_ADMITTED:
                    self.doubted()
                raise
            except Unauthorized as unauthorized:
                self.doubted()
                doubt = key is not None and not unauthorized.proved
                if attempt == 1:
                    await self._renew_after(operation, tokens, until, doubt=doubt)
        raise _ended(operation, "401 with a token made just now", doubt=doubt)

    async def _renew_after(self, operation: str, stale: Tokens, until: float, *, doubt: bool) -> None:
        try:
            await self._replace(stale, until)
        except (Refused, Unavailable) as error:
            raise InDoubt(f"{operation}: {error}") if doubt else error from None

    async def _renew_beside(self) -> None:
        """Renew before the token expires. No request waits for it; after a refusal the next request renews first."""
        stale = self._tokens
        try:
            await self._renewal.join()
        except Unavailable:
            pass
        except Refused:
            if self._tokens is stale:
                self._holds_until = self.api.client.now()

    async def _renew_first(self, until: float) -> None:
        """Renew a token that expired or is in doubt. If the API can't be reached, use the token until it expires."""
        try:
            await self._replace(self._tokens, until)
        except Unavailable:
            if self.api.client.now() >= self._expires:
                raise

    async def _replace(self, stale: Tokens, until: float) -> None:
        if self._tokens is not stale:
            return  # Another request has renewed it.
        client = self.api.client
        waiting = self._renewal.join().addTimeout(max(until - client.now(), 0.0), client.clock)
        try:
            await waiting
        except DeferredTimeout:
            raise Unavailable("refresh_token: no answer in time") from None

    async def _renew(self) -> None:
        stale = self._tokens
        tokens = await self._refreshed(stale)
        if self._tokens is stale:  # Otherwise a login has brought newer ones.
            self._take(tokens)

    async def _refreshed(self, stale: Tokens) -> Tokens:
        if stale.refresh_token is not None:
            try:
                return await refresh(self.api, stale.refresh_token)
            except Refused as refusal:
                self._log.info(
                    "librarika_refresh_refused: {code} at {library}",
                    code=refusal.code,
                    library=self.api.nickname,
                )
        return await self._sign_in_again()

    async def _sign_in_again(self) -> Tokens:
        credentials = self._credentials
        if credentials is None:
            raise Refused("invalid_credentials", "the password was refused before; log in again")
        try:
            return await sign_in(self.api, credentials)
        except Refused as refusal:
            # A wrong password is not tried again, because that locks accounts.
            if refusal.code == "invalid_credentials" and self._credentials is credentials:
                self._credentials = None
            self._log.warn(
                "librarika_account_refused: {code} at {library}",
                code=refusal.code,
                library=self.api.nickname,
            )
            raise


async def sign_in(api: API, credentials: Credentials, *, low_priority: bool = False) -> Tokens:
    """Return the tokens of a login. `low_priority` is as in `Call`. Raises `Refused` and `Unavailable`."""
    said = {"username": credentials.username, "password": credentials.password.reveal(), "scope": "sip2"}
    return await _tokens(api, "create_token", "/auth/tokens", said, low_priority=low_priority)


async def refresh(api: API, refresh_token: Secret) -> Tokens:
    """Return new tokens for a refresh token, which is then used up. Raises `Refused`, `Unavailable`."""
    said = {"refresh_token": refresh_token.reveal()}
    return await _tokens(api, "refresh_token", "/auth/tokens/refresh", said)


async def _tokens(
    api: API, operation: str, path: str, body: Mapping[str, Any], *, low_priority: bool = False
) -> Tokens:
    call = api.prepared(operation, "POST", path, body=body, shape=Tokens, low_priority=low_priority)
    tokens: Tokens = (await api.call(call, api.client.deadline())).record
    token = tokens.access_token.reveal()
    if not token.isascii() or not token.isprintable():
        raise Unavailable(f"{operation}: a token that is not a header")
    return tokens


def _ended(operation: str, why: str, *, doubt: bool) -> LibraryError:
    """Return the error after a second 401. `doubt` is whether the first 401 left open what was done."""
    text = f"{operation}: {why}"
    return InDoubt(text) if doubt else Refused("invalid_credentials", text)
