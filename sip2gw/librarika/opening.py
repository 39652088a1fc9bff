"""A library is opened by signing in at it, every time: only Librarika knows whether a password still holds."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

from treq.client import HTTPClient
from twisted.internet.defer import Deferred

from sip2gw.librarika.accounts import Account
from sip2gw.librarika.client import Client, Deadlines
from sip2gw.librarika.dial import Lines, trusting
from sip2gw.librarika.flights import Flight
from sip2gw.librarika.glances import Glances
from sip2gw.librarika.languages import Languages
from sip2gw.librarika.library import LibrarikaLibrary
from sip2gw.librarika.records import Tokens
from sip2gw.librarika.shelf import RulesShelf
from sip2gw.librarika.sites import Site
from sip2gw.librarika.urls import Template, checked_nickname
from sip2gw.librarika.wire import client_over, pooled
from sip2gw.library import Credentials


class _Open(Account):
    """A live account with its rules, glances and languages beside it; kept only as long as a session uses it."""

    def __init__(self, site: Site, credentials: Credentials, tokens: Tokens, rules_life: float) -> None:
        super().__init__(site, credentials, tokens)
        self.shelf = RulesShelf(self, rules_life)
        self.glances = Glances(site.client.now)
        self.languages = Languages(site.client.now)


class Librarika:
    """Opens libraries at Librarika: `await librarika(nickname, credentials)`. Satisfies `library.OpenLibrary`.

    `url_template` has `{library}` in it once; plain http is taken for loopback hosts only (`ValueError` says what to
    write instead). `trust` is a PEM file of the only authorities to be trusted, if not the system's. At most
    `max_in_flight` calls are under way, and `max_per_library` for one library. `body_limit` is in bytes, `rules_life`
    in seconds. `http` takes the place of treq's client over a pool of our own (tests).
    """

    def __init__(
        self,
        reactor: Any,
        url_template: str,
        *,
        deadlines: Deadlines = Deadlines(),  # noqa: B008 (frozen)
        http: HTTPClient | None = None,
        trust: Path | None = None,
        body_limit: int = 2**20,
        max_in_flight: int = 256,
        max_per_library: int = 64,
        rules_life: float = 300.0,
        strip_prefix: str = "",
    ) -> None:
        self._template = Template(url_template)
        self._pool = pooled(reactor, max_in_flight)
        if http is None:
            policy = trusting(None if trust is None else trust.read_bytes())
            http = client_over(self._pool, Lines(reactor, policy, deadlines.connect), reactor)
        self._client = Client(reactor, http, deadlines, at_once=max_in_flight, body_limit=body_limit)
        self._max_per_library = max_per_library
        self._rules_life = rules_life
        self._strip_prefix = strip_prefix
        self._sites: WeakValueDictionary[str, Site] = WeakValueDictionary()
        self._accounts: WeakValueDictionary[tuple[str, str], _Open] = WeakValueDictionary()
        self._sign_ins: dict[tuple[str, Credentials], Flight[_Open]] = {}

    async def __call__(self, nickname: str, credentials: Credentials) -> LibrarikaLibrary:
        """Sign in. Raises `Refused` (`library_not_found`, `invalid_credentials`, ...) or `Unavailable`.

        Terminals that sign in with the same credentials at the same moment share one call.
        """
        site = self._site(checked_nickname(nickname))
        login = (nickname, credentials)
        flight = self._sign_ins.get(login)
        if flight is None:

            async def sign_in() -> _Open:
                return self._opened(site, credentials, await site.sign_in(credentials))

            flight = Flight(sign_in, landed=lambda: self._sign_ins.__delitem__(login))
            self._sign_ins[login] = flight
        account = await flight.join()
        return LibrarikaLibrary(
            account,
            account.shelf,
            glances=account.glances,
            languages=account.languages,
            strip_prefix=self._strip_prefix,
        )

    def close(self) -> Deferred[None]:
        """Close the connections that are kept. Calls under way end by themselves."""
        closing: Deferred[None] = self._pool.closeCachedConnections()  # type: ignore[no-untyped-call]
        return closing

    def _site(self, nickname: str) -> Site:
        site = self._sites.get(nickname)
        if site is None:
            base = self._template.base(nickname)
            site = Site(self._client, nickname, base, at_once=self._max_per_library)
            self._sites[nickname] = site
        return site

    def _opened(self, site: Site, credentials: Credentials, tokens: Tokens) -> _Open:
        """The account that is live already, or a new one."""
        key = (site.nickname, credentials.username)
        account = self._accounts.get(key)
        if account is None:
            account = _Open(site, credentials, tokens, self._rules_life)
            self._accounts[key] = account
        else:
            account.signed_in(credentials, tokens)
        return account
