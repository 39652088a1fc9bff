"""The connected terminal: its session and slot, its account and seat after the login, and its lines in the log."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import blake2b

from attrs import define, field

from sip2gw.addresses import Peer
from sip2gw.circulation.wrong_passwords import Asker
from sip2gw.gateway.connection_events import ConnectionEvents
from sip2gw.gateway.connection_limits import Slot
from sip2gw.seats import Holder, Lease
from sip2gw.secret import joined
from sip2gw.session import Session
from sip2gw.tenants import Tenant

HELD = 300.0
"""Seconds of silence that a held login may last, while it waits for the first patron: many terminals send a status
request every few minutes."""


def _nothing() -> None:
    """Do nothing: no connection is attached yet."""


@define(eq=False, repr=False)
class Terminal:
    """One connection of a terminal, as the parts of the door share it.

    `name` is unique among connections. `heard` is the time of the last request; `busy` means that one is in progress.
    `leave` closes the connection after the request in progress; `gone` means that it has ended. `tenant` is that of
    the last login. `events` publishes what happens.
    """

    session: Session
    slot: Slot
    name: str
    events: ConnectionEvents
    peer: Peer = field(factory=Peer)
    heard: float = 0.0
    busy: bool = False
    gone: bool = False
    leave: Callable[[], None] = _nothing
    lease: Lease | None = None
    tenant: Tenant | None = None
    _asker: Asker = field(factory=Asker, init=False)
    _asked_for: tuple[str, ...] = field(default=(), init=False)
    """What the asker was made of."""

    @property
    def digest(self) -> str:
        """The digest that is the same for each session of this terminal; empty before the login."""
        return self.lease.holder.terminal if self.lease is not None else ""

    def asker(self) -> Asker:
        """Return the place where patrons enter their passwords."""
        account = self.tenant.account if self.tenant is not None else ""
        certificate, network = self.peer.certificate, self.slot.network
        terminal = self.lease.holder.terminal if self.lease is not None else ""
        who = terminal, account, certificate, network
        if who != self._asked_for:
            source = (certificate,) if certificate else (account, network)
            self._asker = Asker(terminal, _digest(*source), _digest(account.casefold()))
            self._asked_for = who
        return self._asker

    def waits_for_its_first_reader(self, now: float) -> bool:
        """Return whether the login is held and the terminal still sends status requests: it may wait for a patron."""
        return self.session.waits_for_its_first_reader and now - self.heard < HELD

    def holder(self, tenant: Tenant, location: str, since: float) -> Holder:
        """Return the holder of a seat for this terminal, which is known by its certificate if it has one."""
        certificate, address = self.peer.certificate, self.peer.address
        said = ("certificate", certificate) if certificate else ("account", tenant.account, location, address)
        return Holder(_digest(*said), self.name, since, address, location, certificate)


def _digest(*said: str) -> str:
    return blake2b(joined(*said), digest_size=16).hexdigest()
