"""Remember logins that were right or wrong a moment ago, so that they need no call. Passwords are keyed digests.

The key is made when the process starts, and is never stored. A right login is remembered for `life` seconds, and
forgotten at once when the API rejects its account. A wrong one is remembered for some seconds only, so that many
terminals with the same wrong password cost one call.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

from attrs import frozen

from sip2gw.library import Credentials, Refused
from sip2gw.secret import Digests

A = TypeVar("A")

REFUSED_FOR = 5.0
"""Seconds for which a refusal is repeated without a call."""
NO_LIBRARY_FOR = 60.0
"""The same for a library that does not exist, for all logins: terminals often send a location as the library."""
_MOST = 10_000
"""Logins that are remembered, of each kind."""
_MOST_KNOWN = 50_000


@frozen(repr=False)
class _Kept(Generic[A]):
    what: A
    until: float


class Verified(Generic[A]):
    """The accounts of remembered logins. `now` returns seconds."""

    def __init__(self, now: Callable[[], float], life: float) -> None:
        self.life = life
        self._now = now
        self._digests = Digests()
        self._right: OrderedDict[bytes, _Kept[A]] = OrderedDict()
        self._wrong: OrderedDict[bytes, _Kept[Refused]] = OrderedDict()
        self._known: OrderedDict[bytes, None] = OrderedDict()

    def digest(self, library: str, credentials: Credentials) -> bytes:
        """Return the digest of a login."""
        return self._digests.of(library, credentials.username, credentials.password.reveal())

    def right(self, digest: bytes, account: A) -> None:
        """Remember that this login has just opened this account."""
        self._wrong.pop(digest, None)
        self._known[digest] = None
        self._known.move_to_end(digest)
        if len(self._known) > _MOST_KNOWN:
            self._known.popitem(last=False)
        now = self._now()
        _keep(self._right, digest, _Kept(account, now + self.life), now)

    def wrong(self, digest: bytes, library: str, error: Refused) -> None:
        """Remember that this login has just been refused."""
        self._right.pop(digest, None)
        self._known.pop(digest, None)
        if error.code == "library_not_found":
            digest, life = library.encode(), NO_LIBRARY_FOR
        else:
            life = REFUSED_FOR
        now = self._now()
        _keep(self._wrong, digest, _Kept(error, now + life), now)

    def is_known(self, digest: bytes) -> bool:
        """Return whether this login was right the last time it was checked, however long ago."""
        return digest in self._known

    def account(self, digest: bytes) -> A | None:
        """Return the account that this login opened a while ago; None if a call is needed."""
        _let_go(self._right, self._now())
        kept = self._right.get(digest)
        return kept.what if kept is not None and self._now() < kept.until else None

    def refusal(self, digest: bytes, library: str) -> Refused | None:
        """Return the refusal of this login a moment ago; None if there was none."""
        for key in (digest, library.encode()):
            kept = self._wrong.get(key)
            if kept is not None and self._now() < kept.until:
                return Refused(kept.what.code, kept.what.reason)
        return None

    def forget(self, account: A) -> None:
        """Forget all right logins of this account, so that the next one needs a call."""
        for digest in [digest for digest, kept in self._right.items() if kept.what is account]:
            del self._right[digest]


def _keep(kept_ones: OrderedDict[bytes, _Kept[A]], digest: bytes, kept: _Kept[A], now: float) -> None:
    kept_ones[digest] = kept
    kept_ones.move_to_end(digest)
    _let_go(kept_ones, now)


def _let_go(kept_ones: OrderedDict[bytes, _Kept[A]], now: float) -> None:
    """Drop the entries that are too old or too many. The newest are last, so the oldest are found first."""
    while kept_ones and (len(kept_ones) > _MOST or next(iter(kept_ones.values())).until <= now):
        kept_ones.popitem(last=False)
