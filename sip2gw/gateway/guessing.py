"""Guessing a library's password takes for ever, and locks nobody out but the one who guesses, where they are.

Tries are counted for an account from one network, and for an address whatever it tries. Only what the library would be
asked about is a try. Who has logged in before, with the same password from the same network, has part of the allowance
to themselves and is not held to what their address did; and a password that was wrong a while ago leaves part of it to
others. So no stranger, no broken terminal, and none that still has an old password, shuts a library out.

There is no store that several processes would share: each counts for itself, and can't be switched off.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from math import inf

from attrs import evolve, frozen

from sip2gw.digests import Digests
from sip2gw.gateway.census import network_of
from sip2gw.gateway.networks import network_around
from sip2gw.library import Credentials, Refused
from sip2gw.limits import Limits
from sip2gw.metrics import Metrics
from sip2gw.throttle import Allowance, Throttle

FREE = 3
"""Tries for one account that need not wait."""
RESERVED = 3
"""Tries of an account's allowance that are only for whoever has logged in before, and as many that are not for a
password that was wrong already."""
_NO_END = 1_000_000
"""Tries that the library has not looked at have to wait longer each time, and are not used up: it may have had enough
of everybody for a while, and after that nobody is to wait for more than a minute."""
_MOST = 50_000


@frozen(repr=False)
class Try:
    """One login of which nobody knows yet whether it is right."""

    guessing: Guessing
    pair: bytes
    address: str
    login: bytes
    noted: float

    def right(self) -> None:
        """It was."""
        self.forgive()
        self.guessing.remember(self.pair, self.login)

    def wrong(self) -> None:
        """It was not."""
        self.guessing.remember_wrong(self.login)

    def undecided(self) -> None:
        """The library has not looked at it: it finds too many were tried, or something else amiss.

        Perhaps because of this one, if it is not known to be right.
        """
        self.forgive()
        if not self.guessing.knows(self.login):
            self.guessing.undecided.note(self.pair)
            self.guessing.undecided.note(self.address)

    def forgive(self) -> None:
        """It was no guess, or nobody could say."""
        self.guessing.pairs.forgive(self.pair, self.noted)
        self.guessing.addresses.forgive(self.address, self.noted)


class Guessing:
    """Knows how often was tried what from where. `limits` gives those of this moment."""

    def __init__(self, limits: Callable[[], Limits], metrics: Metrics, now: Callable[[], float]) -> None:
        self.pairs = Throttle(now)
        self.addresses = Throttle(now)
        self.undecided = Throttle(now)
        self._limits = limits
        self._metrics = metrics
        self._digests = Digests()
        self._now = now
        self._known: OrderedDict[bytes, None] = OrderedDict()
        self._wrong: OrderedDict[bytes, float] = OrderedDict()

    def check(self, library: str, credentials: Credentials, address: str) -> Try:
        """Note a try. Raises `Refused("throttled")` if it has to wait."""
        limits = self._limits()
        network, place = network_around(address, 24, 64), network_of(address)
        pair = self._digests.of(library, credentials.user, network)
        login = self._digests.of(library, credentials.username, network, credentials.password.reveal())
        most, period = limits.logins_per_account, limits.login_period
        if self.knows(login):
            allowed = Allowance(most, period, free=most)
        else:
            tried = self._now() - self._wrong.get(login, -inf) < period
            reserved = RESERVED * ((pair in self._known) + tried)
            allowed = Allowance(max(most - reserved, 1), period, FREE)
            around = Allowance(limits.logins_per_address, period, limits.logins_per_address // 2)
            self._refuse_if(self.addresses.wait(place, around), "logins_per_address")
            self._refuse_if(self.undecided.wait(place, evolve(around, most=_NO_END)), "logins_per_address")
            slowly = Allowance(_NO_END, period, FREE)
            self._refuse_if(self.undecided.wait(pair, slowly), "logins_per_account")
        self._refuse_if(self.pairs.wait(pair, allowed), "logins_per_account")
        noted = self.pairs.note(pair)
        self.addresses.note(place)
        return Try(self, pair, place, login, noted)

    def knows(self, login: bytes) -> bool:
        """Whether this login was right when it was tried last."""
        return login in self._known

    def remember(self, pair: bytes, login: bytes) -> None:
        """This login of this pair was right."""
        self._wrong.pop(login, None)
        for known in (pair, login):
            self._known[known] = None
            self._known.move_to_end(known)
        while len(self._known) > _MOST:
            self._known.popitem(last=False)

    def remember_wrong(self, login: bytes) -> None:
        """This login was wrong, whatever it was before."""
        self._known.pop(login, None)
        self._wrong[login] = self._now()
        self._wrong.move_to_end(login)
        if len(self._wrong) > _MOST:
            self._wrong.popitem(last=False)

    def _refuse_if(self, wait: float, limit: str) -> None:
        if wait > 0:
            self._metrics.struck(limit)
            raise Refused("throttled", f"{limit}: again in {wait:.0f} s")
