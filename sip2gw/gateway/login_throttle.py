"""Throttle password guessing without locking out terminals that have the right password.

Wrong logins are counted for an account from one network, for an account from all networks, and for an address with
any account. A try in progress counts for its account until it is judged; a right one, and one that the library did
not judge, no longer counts after that. A login that was right before, with the same password from the same network,
has an allowance of its own. A password that was wrong a while ago leaves part of the allowance to others. So a
stranger, a broken terminal, or one with an old password does not lock a library out.

Other processes and machines, and this one after a restart, know wrong and right logins from the store. A try in
progress counts in its own process alone. While the store fails, each process counts for itself, and allows half as
much to logins that are not known. The throttle can't be switched off.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator

from attrs import evolve

from sip2gw.gateway.known import Known
from sip2gw.gateway.login_keys import LoginKeys
from sip2gw.gateway.login_try import Notes, Try
from sip2gw.gateway.stored_logins import StoredLogins, Wrong
from sip2gw.library import Credentials, Refused
from sip2gw.limits import Limits
from sip2gw.metrics import Metrics
from sip2gw.secret import Digests
from sip2gw.throttle import Allowance, Throttle

FREE = 3
"""Tries for one account without a wait, and throttled logins from one address without a slower answer."""
RESERVED = 3
"""Tries of an account's allowance that are kept for networks with a right login before, and as many that are kept
for passwords that were not wrong before."""
HOUR = 3600.0
SLOWEST = 5.0
"""How many times `login_floor` the answer to a failed login takes at most."""
_CUSTOMER = 4
"""How many addresses' worth of wrong logins one /48 of IPv6, the network of one customer, may send."""
_PENDING = 2
"""How many times `logins_per_address` an address may have in tries in progress and wrong ones together."""
_NO_END = 1_000_000
"""Tries that the library has not judged wait longer each time and are not used up, because the library may reject
all logins for a while. After that a terminal waits a minute at most."""


class LoginThrottle:
    """Count login tries by account, network and address. `limits` returns the current limits."""

    def __init__(
        self,
        limits: Callable[[], Limits],
        metrics: Metrics,
        now: Callable[[], float],
        stored: StoredLogins | None = None,
    ) -> None:
        self.stored = stored
        self._now = now
        self.pairs = Throttle(now)
        self.accounts = Throttle(now)
        self.addresses = Throttle(now)
        self.undecided = Throttle(now)
        self.known = Known(now)
        self._throttled = Throttle(now)
        self._pending: Counter[str] = Counter()
        self._limits = limits
        self._metrics = metrics
        self._digests = Digests() if stored is None else stored.digests
        self._throttles = {
            "pair": self.pairs,
            "account": self.accounts,
            "address": self.addresses,
            "undecided": self.undecided,
        }

    async def recall(self, library: str, credentials: Credentials, address: str) -> None:
        """Learn from the store what other processes and earlier starts know of this login. Call it before `check`.

        A login that this process knows to be right needs no look.
        """
        if self.stored is None:
            return
        keys = self._keys(library, credentials, address)
        if self.known.was_right(keys.login):
            return
        found = await self.stored.recall(keys.subjects)
        if found is None:
            return
        now = self._now()
        for what, throttle in self._throttles.items():
            for key, subject in keys.stored.items():
                throttle.recall(key, [now - age for age in found.tries.get((what, subject), ())])
        self.known.recall(keys.login, keys.pair, keys.account, found)

    def to_store(self, keys: LoginKeys, noted: Notes) -> list[Wrong]:
        """Return these tries as the store keeps them."""
        names = {id(throttle): what for what, throttle in self._throttles.items()}
        return [Wrong(names[id(throttle)], keys.stored[key], one) for (throttle, key), one in noted.items()]

    def check(self, library: str, credentials: Credentials, address: str) -> Try:
        """Record a try. Raises `Refused("throttled")` if it has to wait."""
        keys = self._keys(library, credentials, address)
        if not self.known.was_right(keys.login):
            self._check_place(keys)
        self._check_account(keys)
        self._pending[keys.place] += 1
        noted: Notes = {(throttle, key): throttle.note(key) for throttle, key in self._counted(keys)}
        return Try(self, keys, noted)

    def slowness(self, library: str, credentials: Credentials, address: str) -> float:
        """Return how many times `login_floor` the answer to this login takes, if it fails.

        It grows with the earlier throttled logins from there, so it does not show whether this login is throttled. A
        password that was wrong before, and is throttled repeatedly, makes only its own answers slower.
        """
        keys, period = self._keys(library, credentials, address), self._limits().login_period
        hits = max(self._throttled.count(key, period) for key in (keys.place, keys.login))
        return min(2.0 ** min(max(hits - FREE, 0), 8), SLOWEST)

    def ended(self, place: str) -> None:
        """End one try from this place."""
        self._pending[place] -= 1
        if not self._pending[place]:
            del self._pending[place]

    def _keys(self, library: str, credentials: Credentials, address: str) -> LoginKeys:
        return LoginKeys.of(self._digests, library, credentials, address)

    def _counted(self, keys: LoginKeys) -> Iterator[tuple[Throttle, bytes]]:
        """Yield the throttles and keys that a try counts for until it is judged."""
        yield self.pairs, keys.pair
        if not self.known.has_pair(keys.pair):
            yield self.accounts, keys.account
            if keys.wide_pair:
                yield self.pairs, keys.wide_pair

    def _check_place(self, keys: LoginKeys) -> None:
        """Refuse a try if its address, or its /48, has sent too many."""
        limits = self._limits()
        most, period = self._allowed(limits.logins_per_address), limits.login_period
        here = Allowance(most, period, most // 2)
        self._refuse_if(self.addresses.wait(keys.place, here), "logins_per_address", keys)
        in_progress = self._pending.get(keys.place, 0)
        if in_progress and in_progress + self.addresses.count(keys.place, period) >= _PENDING * most:
            self._refuse_if(1.0, "logins_per_address", keys)
        if keys.around:
            wide = Allowance(most * _CUSTOMER, period, most * _CUSTOMER // 2)
            self._refuse_if(self.addresses.wait(keys.around, wide), "logins_per_address", keys)
        self._refuse_if(
            self.undecided.wait(keys.place, evolve(here, most=_NO_END)), "logins_per_address", None
        )
        slowly = Allowance(_NO_END, period, FREE)
        self._refuse_if(self.undecided.wait(keys.pair, slowly), "logins_per_account", None)

    def _check_account(self, keys: LoginKeys) -> None:
        """Refuse a try if its account had too many, from this network or from all unknown networks."""
        limits, known = self._limits(), self.known
        most, period = limits.logins_per_account, limits.login_period
        if known.was_right(keys.login):
            allowed = Allowance(most, period, free=most)
        else:
            reserved = RESERVED * (known.has_pair(keys.pair) + known.was_wrong(keys.login, period))
            allowed = Allowance(max(self._allowed(most) - reserved, 1), period, FREE)
        self._refuse_if(self.pairs.wait(keys.pair, allowed), "logins_per_account", keys)
        if known.has_pair(keys.pair):
            return
        if keys.wide_pair:
            self._refuse_if(self.pairs.wait(keys.wide_pair, allowed), "logins_per_account", keys)
        everywhere = self._allowed(limits.logins_per_account_anywhere) + known.networks(keys.account)
        anywhere = Allowance(everywhere, HOUR, everywhere)
        self._refuse_if(self.accounts.wait(keys.account, anywhere), "logins_per_account_anywhere", keys)

    def _allowed(self, most: int) -> int:
        """Return a limit; half of it while nothing is known of what other processes count."""
        return most if self.stored is None or not self.stored.failing else (most + 1) // 2

    def _refuse_if(self, wait: float, limit: str, guesser: LoginKeys | None) -> None:
        """Refuse a try that has to wait. With a `guesser`, wrong tries caused it, and later answers get slower."""
        if wait <= 0:
            return
        self._metrics.struck(limit)
        if guesser is not None:
            repeated = self.known.was_wrong(guesser.login, self._limits().login_period)
            self._throttled.note(guesser.login if repeated else guesser.place)
        why, facts = _WHY[limit] if guesser else _UNJUDGED, {}
        if guesser is not None and self._pending.get(guesser.place) and not self._wrong_from(guesser):
            why, facts = "many logins from its address are in progress at once", {IN_PROGRESS: "yes"}
        raise Refused("throttled", f"{why} ({limit}), again in {wait:.0f} s", facts)

    def _wrong_from(self, keys: LoginKeys) -> int:
        """Return how many logins from this address were wrong lately."""
        return self.addresses.count(keys.place, self._limits().login_period)


IN_PROGRESS = "in_progress"
"""The fact of a refusal that no wrong login has caused."""
_WHY = {
    "logins_per_account": "too many logins to this account from its network were wrong, or are in progress",
    "logins_per_address": "too many logins from its address were wrong, or are in progress",
    "logins_per_account_anywhere": "too many logins to this account were wrong, from all networks together",
}
_UNJUDGED = "the library has refused to judge logins from there"
