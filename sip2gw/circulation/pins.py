"""Whoever tries a patron's password too often at one terminal is told that it is wrong, and the library is not asked.

It holds for that patron at that terminal alone: nobody can lock a patron out anywhere else. Who it was is kept as a
digest with a key of this process.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from sip2gw.digests import Digests
from sip2gw.throttle import Allowance, Throttle


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
        self, library: str, patron_id: str, terminal: str, ask: Callable[[], Awaitable[bool]]
    ) -> bool:
        """What `ask` says of a password of this patron at this terminal; False, unasked, after too many wrong ones.

        Raises what it raises, and does not count that.
        """
        who = self._digests.of(library, patron_id, terminal)
        if self._tries.wait(who, self._allowed()) > 0:
            self._struck()
            return False
        noted = self._tries.note(who)
        try:
            right = await ask()
        except Exception:  # whatever it was, nobody has said that the password is wrong
            self._tries.forgive(who, noted)
            raise
        if right:
            self._tries.clear(who)
        return right
