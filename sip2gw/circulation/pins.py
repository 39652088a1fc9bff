"""Whoever tries a patron's password too often at one terminal is told that it is wrong, and the library is not asked.

It holds for that patron at that terminal alone, and after more tries for all that log in as it does from where it is: a
terminal can call itself anything. So nobody can lock a patron out anywhere else. Who it was is kept as a digest with a
key of this process.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from attrs import frozen

from sip2gw.digests import Digests
from sip2gw.throttle import Allowance, Throttle

TERMINALS = 4
"""So many terminals' worth of wrong passwords may come from one source."""


@frozen
class Asker:
    """Where a password was entered: the `terminal` as it calls itself, and the `source`, which it can't choose."""

    terminal: str = ""
    source: str = ""


class Pins:
    """Counts wrong passwords. `allowed` is read at each; `struck` is told when it is used up."""

    def __init__(
        self, now: Callable[[], float], allowed: Callable[[], Allowance], struck: Callable[[], None]
    ) -> None:
        self._tries = Throttle(now)
        self._allowed = allowed
        self._struck = struck
        self._digests = Digests()

    async def check(
        self, library: str, patron_id: str, asker: Asker, ask: Callable[[], Awaitable[bool]]
    ) -> bool:
        """What `ask` says of a password of this patron that was entered there.

        After too many wrong ones it is False, unasked. Raises what `ask` raises, and does not count that.
        """
        allowed, tries = self._allowed(), self._tries
        there = self._digests.of(library, patron_id, "terminal", asker.terminal)
        around = self._digests.of(library, patron_id, "source", asker.source)
        more = Allowance(allowed.most * TERMINALS, allowed.period, allowed.free * TERMINALS)
        if tries.wait(there, allowed) > 0 or tries.wait(around, more) > 0:
            self._struck()
            return False
        noted = {who: tries.note(who) for who in (there, around)}
        try:
            right = await ask()
        except Exception:  # whatever it was, nobody has said that the password is wrong
            for who, when in noted.items():
                tries.forgive(who, when)
            raise
        if right:
            for who in noted:
                tries.clear(who)
        return right
