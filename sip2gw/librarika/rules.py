"""Keep the rules of a library for some minutes, and longer while the library can't be reached."""

from __future__ import annotations

from twisted.internet.defer import TimeoutError as DeferredTimeout

from sip2gw.concurrency import SingleFlight
from sip2gw.librarika.accounts import Account
from sip2gw.librarika.records import Settings
from sip2gw.library import LibraryError, Rules, Unavailable

_AGAIN = 10.0
"""Seconds until the next try after the rules could not be fetched."""


class RulesCache:
    """The rules of a library as one account gets them, kept for `life` seconds."""

    def __init__(self, account: Account, life: float) -> None:
        self._account = account
        self._life = life
        self._etag: bytes | None = None
        self._fresh_until = 0.0
        self._flight: SingleFlight[Rules] = SingleFlight(self._fetch)
        self.kept: Rules | None = None

    @property
    def fresh(self) -> Rules | None:
        """The rules; None if they are too old or have never come."""
        return self.kept if self._account.api.client.now() < self._fresh_until else None

    def put(self, rules: Rules) -> None:
        """Keep the rules that came with a login."""
        self.kept, self._etag = rules, None
        self._fresh_until = self._account.api.client.now() + self._life

    async def rules(self, until: float) -> Rules:
        """Return the kept rules. If they are too old, also fetch them again in the background.

        The first time it waits for them, and raises `Refused` and `Unavailable`.
        """
        if self.kept is None:
            return await self.confirm(until)
        if self._account.api.client.now() >= self._fresh_until:
            # The request doesn't wait for it; a failure shows at the next request.
            self._flight.join().addErrback(lambda _: None)
        return self.kept

    async def confirm(self, until: float) -> Rules:
        """Fetch the rules now and return them. Raises `Refused` if the account is not valid now, and `Unavailable`."""
        client = self._account.api.client
        try:
            return await self._flight.join().addTimeout(max(until - client.now(), 0.0), client.clock)
        except DeferredTimeout:
            raise Unavailable("get_library: no answer in time") from None

    async def _fetch(self) -> Rules:
        client = self._account.api.client
        added = {b"If-None-Match": self._etag} if self.kept is not None and self._etag else None
        try:
            answer = await self._account.request(
                "get_library",
                "GET",
                "/library",
                until=client.deadline(),
                added=added,
                shape=Settings,
            )
            if answer.status != 304 or self.kept is None:
                self.kept = rules_of(answer.record)
                self._etag = answer.headers.get(b"etag")
        except LibraryError:
            self._fresh_until = client.now() + min(_AGAIN, self._life)
            raise
        self._fresh_until = client.now() + self._life
        return self.kept


def rules_of(settings: Settings) -> Rules:
    """Return the port's rules of a library."""
    preferences = settings.preferences
    return Rules(
        name=settings.name,
        zone=settings.timezone,
        currency=settings.currency,
        language=settings.language,
        branches=settings.branches,
        checkouts=preferences.member_checkouts,
        checkins=preferences.member_checkins,
        renewals=preferences.renewals is None or preferences.renewals > 0,
        holds=preferences.requests,
        fees=preferences.fees,
        patron_updates=preferences.member_updates,
        item_updates=preferences.item_updates,
        terminals=settings.sip2.terminals_licensed,
    )
