"""Remember right and wrong logins and their networks, as digests and within bounds."""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Callable
from math import inf

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

    def was_right(self, login: bytes) -> bool:
        """Return whether this login was right at its last try."""
        return login in self._logins

    def has_pair(self, pair: bytes) -> bool:
        """Return whether a login to this account from this network was ever right."""
        return pair in self._pairs

    def networks(self, account: bytes) -> int:
        """Return from how many networks a login to this account was right."""
        return self._networks[account]

    def was_wrong(self, login: bytes, period: float) -> bool:
        """Return whether this login was wrong within the last `period` seconds."""
        return self._now() - self._wrong.get(login, -inf) < period

    def right(self, login: bytes, pair: bytes, account: bytes) -> None:
        """Remember that this login was right."""
        self._wrong.pop(login, None)
        self._logins[login] = None
        self._logins.move_to_end(login)
        if len(self._logins) > _MOST:
            self._logins.popitem(last=False)
        if pair not in self._pairs:
            self._networks[account] += 1
        self._pairs[pair] = account
        self._pairs.move_to_end(pair)
        if len(self._pairs) > _MOST:
            _, evicted = self._pairs.popitem(last=False)
            self._networks[evicted] -= 1
            if not self._networks[evicted]:
                del self._networks[evicted]

    def wrong(self, login: bytes) -> None:
        """Remember that this login was wrong, and no longer that it was right."""
        self._logins.pop(login, None)
        self._wrong[login] = self._now()
        self._wrong.move_to_end(login)
        if len(self._wrong) > _MOST:
            self._wrong.popitem(last=False)
