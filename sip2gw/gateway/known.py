"""Remember right and wrong logins and their networks, as digests and within bounds."""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Callable
from math import inf
from typing import TypeVar

from sip2gw.gateway.stored_logins import Recalled

T = TypeVar("T")

_MOST = 50_000


class Known:
    """Logins that the library has judged. `now` returns seconds.

    A `login` stands for account, password and network; a `pair` for account and network; an `account` for itself.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._logins: OrderedDict[bytes, None] = OrderedDict()
        self._pairs: OrderedDict[bytes, bytes] = OrderedDict()
        self._networks: Counter[bytes] = Counter()
        self._wrong: OrderedDict[bytes, float] = OrderedDict()
        self._elsewhere: OrderedDict[bytes, int] = OrderedDict()
        """Networks of an account by the store, which has those of other processes and starts as well."""

    def was_right(self, login: bytes) -> bool:
        """Return whether this login was right at its last try."""
        return login in self._logins

    def has_pair(self, pair: bytes) -> bool:
        """Return whether a login to this account from this network was ever right."""
        return pair in self._pairs

    def networks(self, account: bytes) -> int:
        """Return from how many networks a login to this account was right."""
        return max(self._networks[account], self._elsewhere.get(account, 0))

    def was_wrong(self, login: bytes, period: float) -> bool:
        """Return whether this login was wrong within the last `period` seconds."""
        return self._now() - self._wrong.get(login, -inf) < period

    def right(self, login: bytes, pair: bytes, account: bytes) -> None:
        """Remember that this login was right."""
        self._right(login)
        self._pair(pair, account)

    def wrong(self, login: bytes) -> None:
        """Remember that this login was wrong, and no longer that it was right."""
        self._wrong_at(login, self._now())

    def recall(self, login: bytes, pair: bytes, account: bytes, found: Recalled) -> None:
        """Take over what the store knows, unless this process knows something newer."""
        now = self._now()
        if found.wrong is not None:
            self._wrong_at(login, max(now - found.wrong, self._wrong.get(login, -inf)))
        elif found.right is not None and now - found.right > self._wrong.get(login, -inf):
            self._right(login)
        if found.pair:
            self._pair(pair, account)
        _put(self._elsewhere, account, found.networks)

    def _right(self, login: bytes) -> None:
        self._wrong.pop(login, None)
        _put(self._logins, login, None)

    def _wrong_at(self, login: bytes, when: float) -> None:
        self._logins.pop(login, None)
        _put(self._wrong, login, when)

    def _pair(self, pair: bytes, account: bytes) -> None:
        if pair not in self._pairs:
            self._networks[account] += 1
        if evicted := _put(self._pairs, pair, account):
            self._networks[evicted] -= 1
            if not self._networks[evicted]:
                del self._networks[evicted]


def _put(known: OrderedDict[bytes, T], key: bytes, value: T) -> T | None:
    """Put a value last; return the one that is evicted for it, if any."""
    known[key] = value
    known.move_to_end(key)
    return known.popitem(last=False)[1] if len(known) > _MOST else None
