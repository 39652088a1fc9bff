"""A visit is one terminal's connection, as those know it who let it in, look after it, and send it away."""

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
    """Nobody is connected yet."""


@define(eq=False)
class Visit:
    """`leave` hangs up, once the request in hand is answered. `heard` is when the last request came, in seconds."""

    session: Session
    place: Slot
    name: str
    """One that no other connection has."""
    peer: Peer = field(factory=Peer)
    heard: float = 0.0
    busy: bool = False
    """A request is in hand."""
    gone: bool = False
    leave: Callable[[], None] = _nothing
    grip: Lease | None = None
    """Its seat, once it is logged in."""
    tenant: Tenant | None = None
    """What it logged in to last."""

    @property
    def terminal(self) -> str:
        """Which terminal it is, once it is logged in; the same text for the same one."""
        return self.grip.holder.terminal if self.grip is not None else ""

    @property
    def asker(self) -> Asker:
        """Where it is that patrons enter their passwords."""
        account = self.tenant.account if self.tenant is not None else ""
        said = (self.peer.certificate,) if self.peer.certificate else (account, self.place.network)
        return Asker(self.terminal, _digest(*said), _digest(account.casefold()))

    def holder(self, tenant: Tenant, location: str, since: float) -> Holder:
        """Who this terminal is, for whoever counts seats."""
        return Holder(
            terminal=self._terminal(tenant.account, location),
            session=self.name,
            since=since,
            address=self.peer.address,
            location=location,
            certificate=self.peer.certificate,
        )

    def _terminal(self, account: str, location: str) -> str:
        """By its client certificate, else by account, location and address; as a digest, since others may see it."""
        certificate = self.peer.certificate
        said = (
            ("certificate", certificate) if certificate else ("account", account, location, self.peer.address)
        )
        return _digest(*said)


def _digest(*said: str) -> str:
    return blake2b(joined(*said), digest_size=16).hexdigest()
