"""Answer that a patron's password is wrong, without asking the library, where too many wrong ones were tried.

Wrong passwords are counted for a patron at one terminal, for a patron at all terminals that log in as it does from
where it is (a terminal can call itself anything), and for a terminal account over all patrons. So nobody can lock a
patron out anywhere else, and one stolen account can't try one password each of all patrons: an unknown patron counts as
well. Once an account has used up its tries, passwords that were right before are still asked about. Patrons and
passwords are kept as digests with a key of this process.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable

from attrs import frozen

from sip2gw.digests import Digests
from sip2gw.throttle import Allowance, Throttle

TERMINALS = 4
"""So many terminals' worth of wrong passwords may come from one source."""
HOUR = 3600.0
_OF_ACCOUNT = "pins_per_account"
"""The name of the limit for a terminal account over all patrons."""
_MOST = 50_000
"""Right passwords that are remembered."""


@frozen
class Asker:
    """Where a password was entered: the `terminal` as it calls itself, the `source`, which it can't choose, and the
    `account` that it logged in with, both as digests."""

    terminal: str = ""
    source: str = ""
    account: str = ""


@frozen
class PinLimits:
    """`per_terminal` is for one patron at one terminal; `per_account` wrong ones an hour for an account."""

    per_terminal: Allowance
    per_account: int


class Pins:
    """Counts wrong passwords. `limits` is read at each; `struck` is called with the name of a limit that is hit."""

    def __init__(
        self, now: Callable[[], float], limits: Callable[[], PinLimits], struck: Callable[[str], None]
    ) -> None:
        self._tries = Throttle(now)
        self._limits = limits
        self._struck = struck
        self._digests = Digests()
        self._right: OrderedDict[bytes, None] = OrderedDict()

    async def check(
        self,
        library: str,
        patron_id: str,
        password: str,
        asker: Asker,
        ask: Callable[[], Awaitable[bool]],
    ) -> bool:
        """What `ask` says of a password of this patron that was entered there.

        After too many wrong ones it is False, unasked. Raises what `ask` raises, and does not count that.
        """
        tries = self._tries
        allowances = self._allowances(library, patron_id, asker)
        pin = self._digests.of(library, patron_id, "password", password)
        if limit := self._reached(allowances, known=pin in self._right):
            self._struck(limit)
            return False
        noted = {who: tries.note(who) for who in allowances}
        try:
            right = await ask()
        except Exception:  # whatever it was, nobody has said that the password is wrong
            for who, when in noted.items():
                tries.forgive(who, when)
            raise
        if right:
            self._remember(pin)
            for who, when in noted.items():
                if (
                    allowances[who][0] == _OF_ACCOUNT
                ):  # one right password makes no wrong ones of other patrons good
                    tries.forgive(who, when)
                else:
                    tries.clear(who)
        else:
            self._right.pop(pin, None)
        return right

    def unknown(self, library: str, asker: Asker) -> None:
        """Count a patron whom the library does not know as a wrong password."""
        self._tries.note(self._account(library, asker))

    def _account(self, library: str, asker: Asker) -> bytes:
        return self._digests.of(library, "account", asker.account)

    def _allowances(self, library: str, patron_id: str, asker: Asker) -> dict[bytes, tuple[str, Allowance]]:
        """What a try counts for, with the limit's name."""
        limits = self._limits()
        one = limits.per_terminal
        there = self._digests.of(library, patron_id, "terminal", asker.terminal)
        around = self._digests.of(library, patron_id, "source", asker.source)
        more = Allowance(one.most * TERMINALS, one.period, one.free * TERMINALS)
        whole = Allowance(limits.per_account, HOUR, limits.per_account)
        return {
            there: ("pins_per_terminal", one),
            around: ("pins_per_terminal", more),
            self._account(library, asker): (_OF_ACCOUNT, whole),
        }

    def _reached(self, allowances: dict[bytes, tuple[str, Allowance]], *, known: bool) -> str:
        """The limit that this try would go over; that of the account is not for a password that was right before."""
        for who, (limit, allowed) in allowances.items():
            if not (known and limit == _OF_ACCOUNT) and self._tries.wait(who, allowed) > 0:
                return limit
        return ""

    def _remember(self, pin: bytes) -> None:
        self._right[pin] = None
        self._right.move_to_end(pin)
        if len(self._right) > _MOST:
            self._right.popitem(last=False)
