"""A library is opened by signing in at it, every time: only Librarika knows whether a password still holds."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from time import time
from typing import Any
from weakref import WeakValueDictionary

from treq.client import HTTPClient
from twisted.internet.defer import Deferred

from sip2gw.librarika.accounts import Account
from sip2gw.librarika.availability import Breaker
from sip2gw.librarika.client import Client
from sip2gw.librarika.dial import Lines, trusting
from sip2gw.librarika.flights import Flight
from sip2gw.librarika.gates import BackEnd
from sip2gw.librarika.glances import Glances
from sip2gw.librarika.guard import Guarded
from sip2gw.librarika.languages import Languages
from sip2gw.librarika.library import LibrarikaLibrary
from sip2gw.librarika.records import Tokens
from sip2gw.librarika.restraint import Deadlines, Restraint
from sip2gw.librarika.shelf import RulesShelf
from sip2gw.librarika.sites import Site
from sip2gw.librarika.urls import Template, checked_nickname
from sip2gw.librarika.wire import client_over, pooled
from sip2gw.library import Credentials
from sip2gw.metrics import Metrics

_LATELY = 1000
"""Libraries of which it is remembered how they are, while no terminal is signed in there."""


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
    write instead). `trust` is a PEM file of the only authorities to be trusted, if not the system's. Names that lead to
    private addresses are not found unless `private_networks`, or the template names such a host itself. `rules_life` is
    in seconds; `wall` is the time of day in seconds since 1970. `http` takes the place of treq's client over a pool of
    our own (tests).
    """

    def __init__(
        self,
        reactor: Any,
        url_template: str,
        *,
        deadlines: Deadlines = Deadlines(),  # noqa: B008 (frozen)
        http: HTTPClient | None = None,
        trust: Path | None = None,
        restraint: Restraint = Restraint(),
        metrics: Metrics | None = None,
        private_networks: bool = False,
        wall: Callable[[], float] = time,
        rules_life: float = 300.0,
        strip_prefix: str = "",
    ) -> None:
        self._template = Template(url_template)
        self._pool = pooled(reactor, restraint.calls, lambda: self._client.restraint)
        if http is None:
            policy = trusting(None if trust is None else trust.read_bytes())
            guarded = reactor if private_networks or self._template.names_private else Guarded(reactor)
            lines = Lines(guarded, policy, lambda: self._client.deadlines.connect)
            http = client_over(self._pool, lines, reactor)
        self._client = Client(reactor, http, deadlines, restraint, metrics or Metrics(), wall)
        self._hosts: WeakValueDictionary[str, Breaker] = WeakValueDictionary()
        self._rules_life = rules_life
        self._strip_prefix = strip_prefix
        self._lately: OrderedDict[str, Site] = OrderedDict()
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

    def back_ends(self) -> tuple[BackEnd, ...]:
        """How the API of each library is where a terminal was let in lately; by nickname."""
        known = [site.gate.back_end() for site in self._sites.values() if site.gate.figures.known]
        return tuple(sorted(known, key=lambda one: one.nickname))

    def reconfigure(self, deadlines: Deadlines, restraint: Restraint) -> None:
        """Go on with these. Calls under way end as they began."""
        client = self._client
        client.deadlines, client.restraint = deadlines, restraint
        self._pool.maxPersistentPerHost = restraint.calls
        client.lane.widen(restraint.calls)
        for site in list(self._sites.values()):
            site.gate.reconfigured()

    def close(self) -> Deferred[None]:
        """Close the connections that are kept. Calls under way end by themselves."""
        closing: Deferred[None] = self._pool.closeCachedConnections()  # type: ignore[no-untyped-call]
        return closing

    def _site(self, nickname: str) -> Site:
        site = self._sites.get(nickname)
        if site is None:
            base = self._template.base(nickname)
            host = self._template.host(nickname)
            breaker = self._hosts.setdefault(host, Breaker(self._client.now))
            site = self._sites[nickname] = Site(self._client, nickname, base, breaker)
        self._lately[nickname] = site
        self._lately.move_to_end(nickname)
        if len(self._lately) > _LATELY:
            self._lately.popitem(last=False)
        return site

    def _opened(self, site: Site, credentials: Credentials, tokens: Tokens) -> _Open:
        """The account that is live already, or a new one."""
        site.gate.figures.name(site.nickname)
        key = (site.nickname, credentials.username)
        account = self._accounts.get(key)
        if account is None:
            account = _Open(site, credentials, tokens, self._rules_life)
            self._accounts[key] = account
        else:
            account.signed_in(credentials, tokens)
        return account
