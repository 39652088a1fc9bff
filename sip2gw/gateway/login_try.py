"""One try of a login: its result decides which of its counts stay."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from attrs import define, field

from sip2gw.gateway.login_keys import LoginKeys
from sip2gw.throttle import Noted, Throttle

if TYPE_CHECKING:
    from sip2gw.gateway.login_throttle import LoginThrottle

Notes: TypeAlias = "dict[tuple[Throttle, bytes | str], Noted]"
"""The tries that were counted, by throttle and key."""


@define(repr=False, eq=False)
class Try:
    """One login that the library is being asked about. Only its first result counts."""

    throttle: LoginThrottle
    keys: LoginKeys
    noted: Notes
    _ended: bool = field(default=False, init=False)

    def right(self) -> None:
        """Record that the password was right."""
        if self._end(forgive=True):
            keys = self.keys
            self.throttle.known.right(keys.login, keys.pair, keys.account)
            if self.throttle.stored is not None:
                self.throttle.stored.right(keys.subjects)

    def wrong(self) -> None:
        """Record that the password was wrong."""
        if self._end(forgive=False):
            throttle, keys = self.throttle, self.keys
            throttle.known.wrong(keys.login)
            for place in filter(None, (keys.place, keys.around)):
                self.noted[throttle.addresses, place] = throttle.addresses.note(place)
            if throttle.stored is not None:
                throttle.stored.wrong(keys.subjects, throttle.to_store(keys, self.noted))

    def too_many(self) -> None:
        """Record that the library did not judge it, because it found too many tries for this account.

        This try may be the cause, if it is not known to be right.
        """
        self._undecided(self.keys.pair)

    def odd(self) -> None:
        """Record that the library refused it for a reason other than the password."""
        self._undecided(self.keys.pair, self.keys.place)

    def forgive(self) -> None:
        """Record that the library did not judge it, because it could not be reached."""
        self._end(forgive=True)

    def _undecided(self, *counted: bytes | str) -> None:
        throttle = self.throttle
        if not self._end(forgive=True) or throttle.known.was_right(self.keys.login):
            return
        noted: Notes = {(throttle.undecided, key): throttle.undecided.note(key) for key in counted}
        if throttle.stored is not None:
            throttle.stored.undecided(throttle.to_store(self.keys, noted))

    def _end(self, *, forgive: bool) -> bool:
        """End the try, and return whether it was still in progress."""
        if self._ended:
            return False
        self._ended = True
        self.throttle.ended(self.keys.place)
        if forgive:
            for (counter, key), noted in self.noted.items():
                counter.forgive(key, noted)
        return True
