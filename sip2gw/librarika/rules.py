"""A library's rules are fetched once and kept for minutes; old ones are better than none while it can't be asked."""

from __future__ import annotations

from twisted.internet.defer import TimeoutError as DeferredTimeout

from sip2gw.concurrency import SingleFlight
from sip2gw.librarika.accounts import Account
from sip2gw.librarika.records import Settings
from sip2gw.library import LibraryError, Rules, Unavailable

_AGAIN = 10.0
"""Seconds until it is tried again after a renewal has failed."""


class RulesShelf:
    """The rules as one account sees them, for `life` seconds at a time."""

    def __init__(self, account: Account, life: float) -> None:
        self._account = account
        self._life = life
        self._etag: bytes | None = None
        self._fresh_until = 0.0
        self._flight: SingleFlight[Rules] = SingleFlight(self._fetch)
        self.kept: Rules | None = None

    @property
    def fresh(self) -> Rules | None:
        """The rules, if they needn't be asked for."""
        return self.kept if self._account.api.client.now() < self._fresh_until else None

    def put(self, rules: Rules) -> None:
        """The rules have come with a login."""
        self.kept, self._etag = rules, None
        self._fresh_until = self._account.api.client.now() + self._life

    async def rules(self, until: float) -> Rules:
        """The rules that are kept, renewed on the side if they are too old. The first time it is waited for them.

        Raises `Refused` and `Unavailable` then.
        """
        if self.kept is None:
            return await self.confirm(until)
        if self._account.api.client.now() >= self._fresh_until:
            # Whoever asks needn't wait; what went wrong is for the next question to find out.
            self._flight.join().addErrback(lambda _: None)
        return self.kept

    async def confirm(self, until: float) -> Rules:
        """The rules, asked for now. Raises `Refused` if the account is no good any longer, and `Unavailable`."""
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
    """What a library is and allows."""
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
