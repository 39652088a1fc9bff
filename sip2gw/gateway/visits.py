"""The connected terminal, as logins, account checks and seats see it."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import blake2b

from attrs import define, field

from sip2gw.addresses import Peer
from sip2gw.circulation.pins import Asker
from sip2gw.digests import joined
from sip2gw.gateway.connection_limits import Slot
from sip2gw.seats import Holder, Lease
from sip2gw.session import Session
from sip2gw.tenants import Tenant


def _nothing() -> None:
    """Do nothing: no connection is attached yet."""


@define(eq=False)
class Visit:
    """A terminal's connection. `leave` closes it after the request in progress; `heard` is the time of the last one."""

    session: Session
    place: Slot
    name: str
    """Unique among connections."""
    peer: Peer = field(factory=Peer)
    heard: float = 0.0
    busy: bool = False
    """A request is in progress."""
    gone: bool = False
    leave: Callable[[], None] = _nothing
    grip: Lease | None = None
    """The seat, once it is logged in."""
    tenant: Tenant | None = None
    """The tenant of the last login."""
    _asker: Asker = field(factory=Asker, init=False, repr=False)
    _asked_for: tuple[str, ...] = field(default=(), init=False, repr=False)
    """What the asker was made of."""

    @property
    def terminal(self) -> str:
        """The terminal's digest, the same for each of its sessions; empty before the login."""
        return self.grip.holder.terminal if self.grip is not None else ""

    @property
    def asker(self) -> Asker:
        """The place where patrons enter their passwords."""
        account = self.tenant.account if self.tenant is not None else ""
        who = self.terminal, account, self.peer.certificate, self.place.network
        if who != self._asked_for:
            source = (self.peer.certificate,) if self.peer.certificate else (account, self.place.network)
            self._asker = Asker(self.terminal, _digest(*source), _digest(account.casefold()))
            self._asked_for = who
        return self._asker

    def holder(self, tenant: Tenant, location: str, since: float) -> Holder:
        """Return the holder of a seat for this terminal."""
        return Holder(
            terminal=self._terminal(tenant.account, location),
            session=self.name,
            since=since,
            address=self.peer.address,
            location=location,
            certificate=self.peer.certificate,
        )

    def _terminal(self, account: str, location: str) -> str:
        """Return a digest of the client certificate, or else of account, location and address."""
        certificate = self.peer.certificate
        said = (
            ("certificate", certificate) if certificate else ("account", account, location, self.peer.address)
        )
        return _digest(*said)


def _digest(*said: str) -> str:
    return blake2b(joined(*said), digest_size=16).hexdigest()
