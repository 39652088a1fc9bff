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
from typing import TypeAlias

from attrs import define, evolve, field, frozen

from sip2gw.addresses import counted_network, network_around
from sip2gw.gateway.known import Known
from sip2gw.gateway.stored_logins import StoredLogins, Subjects, Wrong
from sip2gw.library import Credentials, Refused
from sip2gw.limits import Limits
from sip2gw.metrics import Metrics
from sip2gw.secret import Digests
from sip2gw.throttle import Allowance, Noted, Throttle

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


_Notes: TypeAlias = "dict[tuple[Throttle, bytes | str], Noted]"


@frozen(repr=False)
class _Source:
    """The keys that one login is counted under."""

    login: bytes
    account: bytes
    pair: bytes
    place: str
    around: str
    """The /48 of an address of IPv6; empty for others."""
    wide_pair: bytes
    stored: dict[bytes | str, bytes]
    """The digest that the store has of each key of a throttle: addresses are not in it as they are."""

    @property
    def subjects(self) -> Subjects:
        """What the store knows this login by."""
        return Subjects(self.login, self.pair, self.account, tuple(self.stored.values()))


@define(repr=False, eq=False)
class Try:
    """One login that the library is being asked about. Only its first result counts."""

    guessing: Guessing
    source: _Source
    noted: _Notes
    _ended: bool = field(default=False, init=False)

    def right(self) -> None:
        """Record that the password was right."""
        if self._end(forgive=True):
            source = self.source
            self.guessing.known.right(source.login, source.pair, source.account)
            if self.guessing.stored is not None:
                self.guessing.stored.right(source.subjects)

    def wrong(self) -> None:
        """Record that the password was wrong."""
        if self._end(forgive=False):
            guessing, source = self.guessing, self.source
            guessing.known.wrong(source.login)
            for place in filter(None, (source.place, source.around)):
                self.noted[guessing.addresses, place] = guessing.addresses.note(place)
            if guessing.stored is not None:
                guessing.stored.wrong(source.subjects, guessing.to_store(source, self.noted))

    def too_many(self) -> None:
        """Record that the library did not judge it, because it found too many tries for this account.

        This try may be the cause, if it is not known to be right.
        """
        self._undecided(self.source.pair)

    def odd(self) -> None:
        """Record that the library refused it for a reason other than the password."""
        self._undecided(self.source.pair, self.source.place)

    def forgive(self) -> None:
        """Record that the library did not judge it, because it could not be reached."""
        self._end(forgive=True)

    def _undecided(self, *keys: bytes | str) -> None:
        guessing = self.guessing
        if not self._end(forgive=True) or guessing.known.was_right(self.source.login):
            return
        noted: _Notes = {(guessing.undecided, key): guessing.undecided.note(key) for key in keys}
        if guessing.stored is not None:
            guessing.stored.undecided(guessing.to_store(self.source, noted))

    def _end(self, *, forgive: bool) -> bool:
        """End the try, and return whether it was still in progress."""
        if self._ended:
            return False
        self._ended = True
        self.guessing.ended(self.source.place)
        if forgive:
            for (throttle, key), noted in self.noted.items():
                throttle.forgive(key, noted)
        return True


class Guessing:
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
        source = self._source(library, credentials, address)
        if self.known.was_right(source.login):
            return
        found = await self.stored.recall(source.subjects)
        if found is None:
            return
        now = self._now()
        for what, throttle in self._throttles.items():
            for key, subject in source.stored.items():
                throttle.recall(key, [now - age for age in found.tries.get((what, subject), ())])
        self.known.recall(source.login, source.pair, source.account, found)

    def to_store(self, source: _Source, noted: _Notes) -> list[Wrong]:
        """Return these tries as the store keeps them."""
        names = {id(throttle): what for what, throttle in self._throttles.items()}
        return [Wrong(names[id(throttle)], source.stored[key], one) for (throttle, key), one in noted.items()]

    def check(self, library: str, credentials: Credentials, address: str) -> Try:
        """Record a try. Raises `Refused("throttled")` if it has to wait."""
        source = self._source(library, credentials, address)
        if not self.known.was_right(source.login):
            self._check_place(source)
        self._check_account(source)
        self._pending[source.place] += 1
        noted: _Notes = {(throttle, key): throttle.note(key) for throttle, key in self._counted(source)}
        return Try(self, source, noted)

    def slowness(self, library: str, credentials: Credentials, address: str) -> float:
        """Return how many times `login_floor` the answer to this login takes, if it fails.

        It grows with the earlier throttled logins from there, so it does not show whether this login is throttled. A
        password that was wrong before, and is throttled repeatedly, makes only its own answers slower.
        """
        source, period = self._source(library, credentials, address), self._limits().login_period
        hits = max(self._throttled.count(key, period) for key in (source.place, source.login))
        return min(2.0 ** min(max(hits - FREE, 0), 8), SLOWEST)

    def ended(self, place: str) -> None:
        """End one try from this place."""
        self._pending[place] -= 1
        if not self._pending[place]:
            del self._pending[place]

    def _source(self, library: str, credentials: Credentials, address: str) -> _Source:
        user, network = credentials.user, network_around(address, 24, 64)
        around = network_around(address, 32, 48) if ":" in network else ""
        account, pair = self._digests.of(library, user), self._digests.of(library, user, network)
        wide_pair = self._digests.of(library, user, around) if around else b""
        place = counted_network(address)
        stored: dict[bytes | str, bytes] = {one: one for one in (account, pair, wide_pair) if one}
        stored |= {one: self._digests.of("address", one) for one in (place, around) if one}
        return _Source(
            login=self._digests.of(library, credentials.username, network, credentials.password.reveal()),
            account=account,
            pair=pair,
            place=place,
            around=around,
            wide_pair=wide_pair,
            stored=stored,
        )

    def _counted(self, source: _Source) -> Iterator[tuple[Throttle, bytes]]:
        """Yield the throttles and keys that a try counts for until it is judged."""
        yield self.pairs, source.pair
        if not self.known.has_pair(source.pair):
            yield self.accounts, source.account
            if source.wide_pair:
                yield self.pairs, source.wide_pair

    def _check_place(self, source: _Source) -> None:
        """Refuse a try if its address, or its /48, has sent too many."""
        limits = self._limits()
        most, period = self._allowed(limits.logins_per_address), limits.login_period
        here = Allowance(most, period, most // 2)
        self._refuse_if(self.addresses.wait(source.place, here), "logins_per_address", source)
        under_way = self._pending.get(source.place, 0)
        if under_way and under_way + self.addresses.count(source.place, period) >= _PENDING * most:
            self._refuse_if(1.0, "logins_per_address", source)
        if source.around:
            wide = Allowance(most * _CUSTOMER, period, most * _CUSTOMER // 2)
            self._refuse_if(self.addresses.wait(source.around, wide), "logins_per_address", source)
        self._refuse_if(
            self.undecided.wait(source.place, evolve(here, most=_NO_END)), "logins_per_address", None
        )
        slowly = Allowance(_NO_END, period, FREE)
        self._refuse_if(self.undecided.wait(source.pair, slowly), "logins_per_account", None)

    def _check_account(self, source: _Source) -> None:
        """Refuse a try if its account had too many, from this network or from all unknown networks."""
        limits, known = self._limits(), self.known
        most, period = limits.logins_per_account, limits.login_period
        if known.was_right(source.login):
            allowed = Allowance(most, period, free=most)
        else:
            reserved = RESERVED * (known.has_pair(source.pair) + known.was_wrong(source.login, period))
            allowed = Allowance(max(self._allowed(most) - reserved, 1), period, FREE)
        self._refuse_if(self.pairs.wait(source.pair, allowed), "logins_per_account", source)
        if known.has_pair(source.pair):
            return
        if source.wide_pair:
            self._refuse_if(self.pairs.wait(source.wide_pair, allowed), "logins_per_account", source)
        everywhere = self._allowed(limits.logins_per_account_anywhere) + known.networks(source.account)
        anywhere = Allowance(everywhere, HOUR, everywhere)
        self._refuse_if(self.accounts.wait(source.account, anywhere), "logins_per_account_anywhere", source)

    def _allowed(self, most: int) -> int:
        """Return a limit; half of it while nothing is known of what other processes count."""
        return most if self.stored is None or not self.stored.failing else (most + 1) // 2

    def _refuse_if(self, wait: float, limit: str, guesser: _Source | None) -> None:
        """Refuse a try that has to wait. With a `guesser`, wrong tries caused it, and later answers get slower."""
        if wait <= 0:
            return
        self._metrics.struck(limit)
        if guesser is not None:
            repeated = self.known.was_wrong(guesser.login, self._limits().login_period)
            self._throttled.note(guesser.login if repeated else guesser.place)
        why, facts = _WHY[limit] if guesser else _UNJUDGED, {}
        if guesser is not None and self._pending.get(guesser.place) and not self._wrong_from(guesser):
            why, facts = "many logins from its address are under way at once", {UNDER_WAY: "yes"}
        raise Refused("throttled", f"{why} ({limit}), again in {wait:.0f} s", facts)

    def _wrong_from(self, source: _Source) -> int:
        """Return how many logins from this address were wrong lately."""
        return self.addresses.count(source.place, self._limits().login_period)


UNDER_WAY = "under_way"
"""The fact of a refusal that no wrong login has caused."""
_WHY = {
    "logins_per_account": "too many logins to this account from its network were wrong, or are under way",
    "logins_per_address": "too many logins from its address were wrong, or are under way",
    "logins_per_account_anywhere": "too many logins to this account were wrong, from all networks together",
}
_UNJUDGED = "the library has refused to judge logins from there"
