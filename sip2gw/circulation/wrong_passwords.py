"""Limits on wrong passwords of patrons: after too many of them a password is wrong without a call to the library.

Wrong passwords are counted for a patron at one terminal; for a patron at all terminals with the same login and source,
because a terminal chooses its own name; and for a terminal account over all patrons. So a patron can't be locked out
elsewhere, and a stolen account can't try one password with each patron: an unknown patron counts as a wrong password. A
password that was right before is still checked after the account has reached its limit. Patrons and passwords are kept
as digests with a key of this process.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

from attrs import define, frozen

from sip2gw.secret import Digests
from sip2gw.throttle import Allowance, Noted, Throttle

TERMINALS = 4
"""One source has the allowance of this many terminals."""
HOUR = 3600.0
_OF_ACCOUNT = "pins_per_account"
"""The name of the limit for a terminal account over all patrons."""
_MOST = 50_000
"""Right passwords that are remembered."""

Key = tuple[str | bytes, ...]
"""What a try counts for, without a patron's number."""


@frozen
class Asker:
    """Where a password was entered.

    `terminal` is the terminal's own name. The `source`, which it can't choose, and the `account` of its login are
    digests.
    """

    terminal: str = ""
    source: str = ""
    account: str = ""


@frozen
class PinLimits:
    """The limits: `per_terminal` for one patron at one terminal, and `per_account` an hour for an account."""

    per_terminal: Allowance
    per_account: int


class Attempt:
    """One try of a password. This one is not counted; `allowed` says whether the library may compare it."""

    allowed = True

    def right(self) -> None:
        """Note that the password is right."""

    def wrong(self) -> None:
        """Note that the password is wrong."""

    def forgive(self) -> None:
        """Take the try back, because the library has not compared the password."""


@define(eq=False)
class _Counted(Attempt):
    """A try that counts as wrong until it is right or taken back. `noted` has it by key, with the limit's name."""

    pins: Pins
    pin: bytes
    noted: dict[Key, tuple[str, Noted]]

    def right(self) -> None:
        """See `Attempt.right`. The wrong passwords of this patron no longer count, except for the account."""
        self.pins.remember(self.pin)
        for key, (limit, noted) in self.noted.items():
            if limit == _OF_ACCOUNT:
                self.pins.tries.forgive(key, noted)
            else:
                self.pins.tries.clear(key)

    def wrong(self) -> None:
        """See `Attempt.wrong`."""
        self.pins.forget(self.pin)

    def forgive(self) -> None:
        """See `Attempt.forgive`."""
        for key, (_, noted) in self.noted.items():
            self.pins.tries.forgive(key, noted)


class _Rejected(Attempt):
    """A try beyond a limit."""

    allowed = False


class Pins:
    """Count wrong passwords.

    `now` returns seconds. `limits` returns the current limits. `struck` is called with the name of a limit that is hit.
    """

    def __init__(
        self, now: Callable[[], float], limits: Callable[[], PinLimits], struck: Callable[[str], None]
    ) -> None:
        self.tries = Throttle(now)
        self._limits = limits
        self._struck = struck
        self._digests = Digests()
        self._right: OrderedDict[bytes, None] = OrderedDict()

    def attempt(self, library: str, patron_id: str, password: str, asker: Asker) -> Attempt:
        """Return a try of this password, which is not allowed after too many wrong ones."""
        patron = self._digests.of(library, patron_id)
        pin = self._digests.of(patron, password)
        allowances = self._allowances(library, patron, asker)
        for key, (limit, allowed) in allowances.items():
            exempt = limit == _OF_ACCOUNT and pin in self._right
            if not exempt and self.tries.wait(key, allowed) > 0:
                self._struck(limit)
                return _Rejected()
        return _Counted(
            self, pin, {key: (limit, self.tries.note(key)) for key, (limit, _) in allowances.items()}
        )

    def unknown(self, library: str, asker: Asker) -> None:
        """Count a patron whom the library does not know as a wrong password."""
        self.tries.note(_account(library, asker))

    def remember(self, pin: bytes) -> None:
        """Remember the digest of a right password."""
        self._right[pin] = None
        self._right.move_to_end(pin)
        if len(self._right) > _MOST:
            self._right.popitem(last=False)

    def forget(self, pin: bytes) -> None:
        """Forget the digest of a password that is wrong now."""
        self._right.pop(pin, None)

    def _allowances(self, library: str, patron: bytes, asker: Asker) -> dict[Key, tuple[str, Allowance]]:
        """Return the keys for which a try counts, with the name and the allowance of each limit."""
        limits = self._limits()
        one = limits.per_terminal
        more = Allowance(one.most * TERMINALS, one.period, one.free * TERMINALS)
        whole = Allowance(limits.per_account, HOUR, limits.per_account)
        return {
            (patron, "terminal", asker.terminal): ("pins_per_terminal", one),
            (patron, "source", asker.source): ("pins_per_terminal", more),
            _account(library, asker): (_OF_ACCOUNT, whole),
        }


def _account(library: str, asker: Asker) -> Key:
    return ("account", library, asker.account)
