"""Whoever tries a patron's password too often at one terminal is told that it is wrong, and the library is not asked.

It holds for that patron at that terminal alone: nobody can lock a patron out anywhere else. Who it was is kept as a
digest with a key of this process.
"""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable
from secrets import token_bytes

from sip2gw.throttle import Allowance, Throttle


class Pins:
    """Counts wrong passwords. `allowed` is read at each; `struck` is told when it is used up."""

    def __init__(
        self, now: Callable[[], float], allowed: Callable[[], Allowance], struck: Callable[[], None]
    ) -> None:
        self._tries = Throttle(now)
        self._allowed = allowed
        self._struck = struck
        self._key = token_bytes(32)

    async def check(
        self, library: str, patron_id: str, terminal: str, ask: Callable[[], Awaitable[bool]]
    ) -> bool:
        """What `ask` says of a password of this patron at this terminal; False, unasked, after too many wrong ones.

        Raises what it raises, and does not count that.
        """
        parts = (part.encode("utf-8", "surrogatepass") for part in (library, patron_id, terminal))
        who = hmac.digest(self._key, b"".join(b"%d:%s" % (len(part), part) for part in parts), "sha256")
        if self._tries.wait(who, self._allowed()) > 0:
            self._struck()
            return False
        noted = self._tries.note(who)
        try:
            right = await ask()
        except Exception:
            self._tries.forgive(who, noted)
            raise
        if right:
            self._tries.clear(who)
        return right
