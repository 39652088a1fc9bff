"""Attempts to get in that failed, grouped by network, step and reason. Strangers can fill it, so it has an end."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator

from attrs import define, field

from sip2gw.events import Closed, Event, LoggedIn, LoginRefused, Noticed, Secured
from sip2gw.record.connections import Connection

GROUPS = 1_000
"""Groups that are kept; the one that had no attempt for longest is dropped first."""
KEPT = 24 * 3600.0
"""Seconds after its last attempt for which a group is kept."""

NEAR = frozenset({"account", "library"})
"""Kinds of notices that say more of the login that was refused right before."""

Place = tuple[str, str, str, str]
"""Network, step, reason and library."""


@define(eq=False)
class Attempts:
    """Failed attempts of one network that failed alike. `address` is that of the last one."""

    network: str
    rung: str
    reason: str
    library: str
    text: str
    fix: str
    first: float
    last: float
    count: int = 0
    got_in: float = 0.0
    """When a terminal of the network got in at the library after that; 0 if none did."""
    account: str = ""
    address: str = field(default="", repr=False)


class FailedAttempts:
    """The failed attempts at one process."""

    def __init__(self) -> None:
        self._groups: OrderedDict[Place, Attempts] = OrderedDict()

    def __len__(self) -> int:
        return len(self._groups)

    def take(self, event: Event, one: Connection) -> None:
        """Note an event of this connection, if it shows that an attempt has failed."""
        match event:
            case LoginRefused():
                self._add(event, one, event.rung, event.code, event.advice, event.library, event.account)
            case Secured(failure=failure) if failure:
                text, fix = event.parted()
                self._add(event, one, "tls", text, fix)
            case LoggedIn():
                self._got_in(event, one.network)
            case Noticed(kind=kind) if kind in NEAR and one.refused is not None:
                self._explain(event, one, one.refused)
            case Closed() if one.where and not (
                one.login or one.refused or (one.secured and one.secured.failure)
            ):
                last = one.notices[-1] if one.notices else None
                reason = last.text if last else event.why or _left(one, event)
                self._add(event, one, one.rung, reason, last.fix if last else "")

    def groups(self, now: float) -> Iterator[Attempts]:
        """Yield the groups, the latest first."""
        while self._groups and now - next(iter(self._groups.values())).last > KEPT:
            self._groups.popitem(last=False)
        return reversed(self._groups.values())

    def _add(
        self,
        event: Event,
        one: Connection,
        rung: str,
        reason: str,
        fix: str,
        library: str = "",
        account: str = "",
    ) -> None:
        place = one.network, rung, reason, library
        text = reason.replace("_", " ")
        group = self._groups.get(place)
        if group is None:
            group = Attempts(one.network, rung, reason, library, text, fix, event.at, event.at)
            self._groups[place] = group
        group.count += 1
        # What was nearly right about an earlier one is not true of this one.
        group.text = text
        group.last, group.fix, group.got_in = event.at, fix or group.fix, 0.0
        group.account, group.address = account or group.account, one.address
        self._groups.move_to_end(place)
        if len(self._groups) > GROUPS:
            self._groups.popitem(last=False)

    def _explain(self, event: Noticed, one: Connection, refused: LoginRefused) -> None:
        """Say of the group of a refused login what was nearly right."""
        group = self._groups.get((one.network, refused.rung, refused.code, refused.library))
        if group is not None:
            group.text, group.fix = event.text, event.fix or group.fix

    def _got_in(self, event: LoggedIn, network: str) -> None:
        for group in self._groups.values():
            if group.network == network and group.library in ("", event.library):
                group.got_in = event.at


def _left(one: Connection, event: Closed) -> str:
    if event.requests:
        return "left without a login"
    return "left after the handshake" if one.secured else "left without a line"
