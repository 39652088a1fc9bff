"""Open libraries by signing in, because only Librarika knows whether a password is right.

For some minutes the same login opens the same account without a call (`verified`), unless the API has rejected that
account since.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable
from pathlib import Path
from time import time
from typing import Any
from weakref import WeakValueDictionary

from treq.client import HTTPClient
from twisted.internet.defer import Deferred, succeed

from sip2gw.concurrency import SingleFlight
from sip2gw.librarika.accounts import Account, sign_in
from sip2gw.librarika.calls import Calls
from sip2gw.librarika.http.api import API
from sip2gw.librarika.http.breaker import Breaker
from sip2gw.librarika.http.client import Client
from sip2gw.librarika.http.connections import Guarded, OriginEndpoints, trusting
from sip2gw.librarika.http.health_check import BackEnd, back_end
from sip2gw.librarika.http.names import Names
from sip2gw.librarika.http.settings import CallLimits, Timeouts
from sip2gw.librarika.http.transport import Agent, StraightClient
from sip2gw.librarika.http.urls import Template, checked_nickname
from sip2gw.librarika.languages import Languages
from sip2gw.librarika.library import LibrarikaLibrary
from sip2gw.librarika.records import Tokens
from sip2gw.librarika.rules import RulesCache, rules_of
from sip2gw.librarika.verified import Verified
from sip2gw.library import Credentials, Refused
from sip2gw.metrics import Metrics

_LATELY = 1000
"""Libraries whose health is remembered while no terminal is signed in there."""
_LET_IN = 10_000
"""Hosts that are remembered because a terminal has logged in to a library there."""


class _Open(Account):
    """An open account with the rules of its library and the languages of its patrons.

    It is kept as long as a session uses it, or a login that opens it is remembered.
    """

    def __init__(
        self,
        api: API,
        credentials: Credentials,
        tokens: Tokens,
        rules_life: float,
        verified: Verified[_Open],
    ) -> None:
        self._verified = verified
        self._user = credentials.user
        self.rules_cache = RulesCache(self, rules_life)
        super().__init__(api, credentials, tokens)
        self.languages = Languages(api.client.now)

    def _take(self, tokens: Tokens) -> None:
        super()._take(tokens)
        if tokens.library is not None:
            self.rules_cache.put(rules_of(tokens.library))

    def of(self, api: API, user: str) -> bool:
        """Return whether this is an account of this user at this library, with any password."""
        return self.api.nickname == api.nickname and self._user == user

    def doubted(self) -> None:
        self._verified.forget(self)


class Librarika:
    """Open libraries at Librarika: `await librarika(nickname, credentials)`. Satisfies `library.OpenLibrary`.

    `url_template` has `{library}` in it once, and https, or http to a loopback host; otherwise a `ValueError` says how
    to write it. `trust` is a PEM file of the authorities to trust in place of the system's. A host with a private
    address is not found, unless `private_networks` is set or the template names such a host itself. `rules_life` and
    `login_life` are in seconds: how long rules are used, and for how long a right login is right without a call. `wall`
    returns the time of day in seconds since 1970. `http` replaces treq's client with a pool of our own (tests).
    """

    def __init__(
        self,
        reactor: Any,
        url_template: str,
        *,
        timeouts: Timeouts = Timeouts(),  # noqa: B008 (frozen)
        http: HTTPClient | None = None,
        trust: Path | None = None,
        limits: CallLimits = CallLimits(),
        metrics: Metrics | None = None,
        private_networks: bool = False,
        wall: Callable[[], float] = time,
        rules_life: float = 300.0,
        login_life: float = 600.0,
    ) -> None:
        self._template = Template(url_template)
        self._named: frozenset[str] = frozenset()
        self._let_in: OrderedDict[str, None] = OrderedDict()
        self._agent: Agent | None = None
        if http is None:
            policy = trusting(None if trust is None else trust.read_bytes())
            names = Names(reactor, self._is_known)
            guarded = names if private_networks or self._template.names_private else Guarded(names)
            endpoints = OriginEndpoints(guarded, policy, lambda: self._client.timeouts.connect)
            self._agent = Agent(reactor, endpoints, lambda: self._client.limits)
            http = StraightClient(self._agent)
        self._client = Client(reactor, http, timeouts, limits, metrics or Metrics(), wall)
        self._client.metrics.calls_in_flight.set_function(lambda: self._client.capacity.in_progress)
        self._client.metrics.calls_waiting.set_function(lambda: self._client.capacity.waiting)
        self._hosts: WeakValueDictionary[str, Breaker] = WeakValueDictionary()
        self._rules_life = rules_life
        self._lately: OrderedDict[str, API] = OrderedDict()
        self._apis: WeakValueDictionary[str, API] = WeakValueDictionary()
        self._accounts: WeakValueDictionary[bytes, _Open] = WeakValueDictionary()
        self.verified: Verified[_Open] = Verified(self._client.now, login_life)
        self._sign_ins: dict[bytes, SingleFlight[_Open]] = {}

    async def __call__(self, nickname: str, credentials: Credentials) -> LibrarikaLibrary:
        """Sign in, and return the open library. Raises `Refused` (`library_not_found`, ...) or `Unavailable`.

        Terminals that sign in with the same credentials at the same moment share one call.
        """
        api = self._api(checked_nickname(nickname))
        digest = self.verified.digest(nickname, credentials)
        if refusal := self.verified.refusal(digest, nickname):
            raise refusal
        account = self.verified.account(digest) or await self._sign_in(digest, api, credentials).join()
        return LibrarikaLibrary(Calls(account, account.rules_cache, account.languages))

    def name(self, nicknames: Iterable[str]) -> None:
        """Take these libraries as configured: their hosts are looked up before unknown ones."""
        self._named = frozenset(self._template.name(nickname) for nickname in nicknames)

    def _is_known(self, host: str) -> bool:
        """Return whether a host is the only one, or belongs to a library that is configured or was logged in to."""
        host = host.lower()
        return host in self._named or host in self._let_in or self._template.is_one_host

    def back_ends(self) -> tuple[BackEnd, ...]:
        """Return the health of each library that a terminal has logged in to lately, sorted by nickname."""
        known = [back_end(api) for api in self._apis.values() if api.counters.known]
        return tuple(sorted(known, key=lambda one: one.nickname))

    def reconfigure(self, timeouts: Timeouts, limits: CallLimits) -> None:
        """Use these from now on. Calls in progress end as they began."""
        client = self._client
        client.timeouts, client.limits = timeouts, limits
        client.capacity.widen(limits.calls)
        for api in list(self._apis.values()):
            api.admission.reconfigured()

    def asks(self, nickname: str, credentials: Credentials) -> bool:
        """Return whether opening would make a call: its outcome is not known, and no such call is in progress."""
        digest = self.verified.digest(nickname, credentials)
        known = self.verified.account(digest) or self.verified.refusal(digest, nickname)
        return known is None and digest not in self._sign_ins

    def close(self) -> Deferred[None]:
        """Close the idle connections. Calls in progress end by themselves."""
        return succeed(None) if self._agent is None else self._agent.pool.close()

    def _sign_in(self, digest: bytes, api: API, credentials: Credentials) -> SingleFlight[_Open]:
        """Return the sign-in in progress, or a new one."""
        flight = self._sign_ins.get(digest)
        if flight is None:

            async def opened() -> _Open:
                known = self.verified.is_known(digest)
                try:
                    tokens = await sign_in(api, credentials, low_priority=not known)
                    account = self._opened(digest, api, credentials, tokens)
                except Refused as refusal:
                    self.verified.wrong(digest, api.nickname, refusal)
                    raise
                self.verified.right(digest, account)
                return account

            flight = SingleFlight(opened, ended=lambda: self._sign_ins.__delitem__(digest))
            self._sign_ins[digest] = flight
        return flight

    def _api(self, nickname: str) -> API:
        api = self._apis.get(nickname)
        if api is None:
            base = self._template.base(nickname)
            host = self._template.host(nickname)
            breaker = self._hosts.setdefault(host, Breaker(self._client.now))
            api = self._apis[nickname] = API(self._client, nickname, base, breaker)
        self._lately[nickname] = api
        self._lately.move_to_end(nickname)
        if len(self._lately) > _LATELY:
            self._lately.popitem(last=False)
        return api

    def _opened(self, digest: bytes, api: API, credentials: Credentials, tokens: Tokens) -> _Open:
        """Return the account that this login has opened before, or a new one."""
        api.counters.name(api.nickname)
        host = self._template.name(api.nickname)
        self._let_in[host] = None
        self._let_in.move_to_end(host)
        if len(self._let_in) > _LET_IN:
            self._let_in.popitem(last=False)
        account = self._accounts.get(digest)
        if account is None:
            account = _Open(api, credentials, tokens, self._rules_life, self.verified)
            self._accounts[digest] = account
        else:
            account.signed_in(credentials, tokens)
        for other in list(self._accounts.values()):
            if other is not account and other.of(api, credentials.user):
                other.password_in_doubt()
        return account
