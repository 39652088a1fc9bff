"""Who may see the board: operators with an account, those whom a proxy names, and a library's staff with a link.

A client without any of these gets the same answer to every request. On this machine it may read, but only
while there is no account, no token and no proxy: then the gateway has a single user.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Hashable
from hashlib import sha256
from ipaddress import IPv4Network, IPv6Network
from secrets import token_bytes
from typing import Any

from attrs import frozen
from twisted.internet.defer import DeferredSemaphore
from twisted.internet.threads import deferToThreadPool
from twisted.web.http import Request

from sip2gw.addresses import counted_network, is_loopback, read
from sip2gw.board import audit, links, operators
from sip2gw.board.sessions import Sessions, Visitor, token_of
from sip2gw.pages.http import address_of, host_of, is_here
from sip2gw.secret import Secret
from sip2gw.store.port import Store, StoreFailed
from sip2gw.throttle import Allowance, Throttle

PROXY_HEADER = b"x-forwarded-user"
"""What a listed proxy must set itself, and take out of a client's request: the name of the person."""
HERE = "this machine"
"""The name of a visitor without an account, on this machine."""
FRESH = 5.0
"""Seconds after which accounts and links are read again: then sessions of those that were removed end."""
PER_NETWORK = Allowance(most=20, period=900.0, free=4)
PER_NAME = Allowance(most=60, period=900.0, free=20)
_AUDITED, _MOST_AUDITED, _HOUR = "refused logins in the audit", 200, 3600.0
"""Strangers must not fill the audit table: so many refused logins of an hour are entered."""
_MOST_KNOWN = 1_000
_WAITING = 8
"""Logins that may wait for the one that is being checked."""


@frozen
class Access:
    """How the board may be entered. `proxies` are networks whose header `X-Forwarded-User` is believed."""

    token: bool = False
    """Whether the admin endpoint has a token: then nothing is shown without an account."""
    proxies: tuple[IPv4Network | IPv6Network, ...] = ()


@frozen
class Refused:
    """A login that is refused. `wait` is in seconds; 0 if the name or the password is wrong."""

    wait: float = 0.0


class Entrance:
    """Find out who has sent a request. `now` returns seconds of the epoch."""

    def __init__(self, store: Store, reactor: Any, now: Callable[[], float], access: Access) -> None:
        self.access = access
        self.sessions = Sessions(now)
        self._store = store
        self._reactor = reactor
        self._now = now
        self._key = token_bytes(32)
        self._tries = Throttle(now, entries=5_000)
        self._known: dict[tuple[str, str], None] = {}
        """Names, with networks from which they have logged in."""
        self._one = DeferredSemaphore(1)
        self._waiting = 0
        self._read = float("-inf")
        self._names: frozenset[str] | None = None

    async def visitor(self, request: Request, *, heard: bool = True) -> Visitor | None:
        """Return who has sent a request; None for a stranger. `heard` keeps a session alive."""
        await self._refresh()
        if (name := self._named_by_proxy(request)) is not None:
            return Visitor(name, csrf=self._csrf(name))
        token = token_of(request.received_cookies, secure=is_secure(request))
        if token and (found := self.sessions.find(token, heard=heard)) is not None:
            return found
        return Visitor(HERE, may_act=False, csrf=self._csrf(HERE)) if self._is_own(request) else None

    async def log_in(self, request: Request, name: str, password: Secret) -> str | Refused:
        """Return the token of a session, or why there is none. Raises `StoreFailed`."""
        network = self._network(request)
        keys: list[tuple[Hashable, Allowance]] = [(network, PER_NETWORK)]
        if (
            name,
            network,
        ) not in self._known:  # others' guesses do not lock the operator out where they have been
            keys.append((("name", name[:64].lower()), PER_NAME))
        wait = max(self._tries.wait(key, allowed) for key, allowed in keys)
        if wait > 0 or self._waiting >= _WAITING:
            return Refused(max(wait, 1.0))
        noted = [(key, self._tries.note(key)) for key, _ in keys]
        kept = await self._store.read(lambda tx: operators.kept_hash(tx, name))
        if not await self._fits(password, kept):
            await self._enter_refused(network or HERE)
            return Refused()
        for key, one in noted:
            self._tries.forgive(key, one)
        self._known[name, network] = None
        if len(self._known) > _MOST_KNOWN:
            del self._known[next(iter(self._known))]
        await self._store.change(lambda tx: audit.enter(tx, name, "login", network or HERE))
        self._names = (self._names or frozenset()) | {name}
        return self.sessions.begin(Visitor(name))

    async def follow(self, request: Request, secret: str) -> str | Refused:
        """Return the token of a session for a link's secret, or why there is none. Raises `StoreFailed`."""
        network = self._network(request)
        if (wait := self._tries.wait(network, PER_NETWORK)) > 0:
            return Refused(wait)
        link = await self._store.read(lambda tx: links.find(tx, secret))
        if link is None:
            self._tries.note(network)
            return Refused()
        name = f"link {link.id}"
        await self._store.change(lambda tx: audit.enter(tx, name, "link followed", link.library))
        self._names = (self._names or frozenset()) | {name}
        return self.sessions.begin(Visitor(name, library=link.library, may_act=False, ends=link.expires))

    def forget(self) -> None:
        """Read accounts and links again at the next request, because they have changed."""
        self._read = float("-inf")

    async def _enter_refused(self, subject: str) -> None:
        if self._tries.count(_AUDITED, _HOUR) < _MOST_AUDITED:
            self._tries.note(_AUDITED)
            await self._store.change(lambda tx: audit.enter(tx, "a stranger", "login refused", subject))

    async def _fits(self, password: Secret, kept: str | None) -> bool:
        self._waiting += 1
        await self._one.acquire()
        try:
            pool = self._reactor.getThreadPool()
            right: bool = await deferToThreadPool(self._reactor, pool, operators.fits, password, kept)
            return right
        finally:
            self._waiting -= 1
            self._one.release()

    async def _refresh(self) -> None:
        """End the sessions of accounts and links that were removed. A store that fails changes nothing."""
        if abs(self._now() - self._read) < FRESH:
            return
        self._read = self._now()
        try:
            people, good = await self._store.read(lambda tx: (operators.accounts(tx), links.good(tx)))
        except StoreFailed:
            return
        names = frozenset([one.name for one in people] + [f"link {one}" for one in good])
        self._names = names
        self.sessions.end_of(lambda visitor: visitor.name not in names)

    def _named_by_proxy(self, request: Request) -> str | None:
        peer = read(address_of(request))
        if peer is None or not any(peer in network for network in self.access.proxies):
            return None
        named = request.requestHeaders.getRawHeaders(PROXY_HEADER, [])
        if len(named) != 1:
            return None
        name: str = named[0].decode("utf-8", "replace").strip()
        return name if operators.NAME.fullmatch(name) else None

    def _network(self, request: Request) -> str:
        """Return the network in which tries are counted: behind a proxy that is known or here, that of its client."""
        address = address_of(request)
        peer = read(address)
        proxied = peer is not None and any(peer in network for network in self.access.proxies)
        if proxied or is_loopback(address):
            said = request.getHeader(b"x-forwarded-for") or b""  # type: ignore[no-untyped-call]  # Twisted's
            last = said.rpartition(b",")[2].decode("ascii", "replace").strip()
            address = last if read(last) is not None else address
        return counted_network(address)

    def _is_own(self, request: Request) -> bool:
        """Whether the request comes from this machine, to a gateway with a single user."""
        if self.access.token or self.access.proxies or self._names is None:
            return False
        if any(not name.startswith("link ") for name in self._names):
            return False
        return bool(address_of(request)) and is_here(request)

    def _csrf(self, name: str) -> Secret:
        return Secret(hmac.new(self._key, name.encode(), sha256).hexdigest())


def is_secure(request: Request) -> bool:
    """Return whether a browser reaches the board through TLS: by any name that is not this machine's."""
    return not is_loopback(host_of(request))
