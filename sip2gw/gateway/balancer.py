"""Take a terminal's address from the PROXY header of a listed load balancer.

If balancers are listed, connections from other addresses are rejected, and the header is required. If none are
listed, there is no header.
"""

from __future__ import annotations

from collections.abc import Callable
from ipaddress import IPv4Network, IPv6Network
from typing import Any

from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.interfaces import (
    IAddress,
    IDelayedCall,
    IHalfCloseableProtocol,
    ILoggingContext,
    IProtocol,
    IProtocolFactory,
    IReactorTime,
)
from twisted.internet.protocol import Protocol, connectionDone
from twisted.protocols.policies import ProtocolWrapper, WrappingFactory
from twisted.python.failure import Failure
from zope.interface import directlyProvides, implementer, providedBy

from sip2gw.gateway.connection_limits import ConnectionLimits, Slot
from sip2gw.gateway.proxy_header import NoHeader, address_of, read_header

Networks = tuple[IPv4Network | IPv6Network, ...]

_FOREIGN = (
    "it came directly to a port of load balancers",
    "connect to the load balancer; if it is one itself, list it in proxy_from",
)
_REMEDY = "have the load balancer send a PROXY header of version 1 or 2, or remove it from proxy_from"

TurnedAway = Callable[[str, str, str], object]
"""Called with the address of a connection that gets no terminal, with the reason, and with the fix."""


@implementer(IHalfCloseableProtocol)
class BalancedConnection(ProtocolWrapper):
    """One connection of a balancer. The wrapped protocol starts after the header, with the address in it.

    A connection that a balancer makes for itself, such as a health check, keeps the balancer's address.
    """

    factory: BalancerFactory
    wrappedProtocol: Any
    transport: Any

    def __init__(self, factory: BalancerFactory, slot: Slot) -> None:
        super().__init__(factory, None)  # type: ignore[arg-type]  # until the header is there
        self._slot = slot
        """Held until the header is read; after that the terminal's own slot counts."""
        self._received = b""
        self._over = False
        self._deadline: IDelayedCall | None = None
        self._peer: IAddress | None = None

    def makeConnection(self, transport: Any) -> None:
        directlyProvides(self, providedBy(transport))
        self.factory.registerProtocol(self)  # type: ignore[no-untyped-call]  # Twisted's
        deadline = self.factory.connection_limits.limits().proxy_deadline
        self._deadline = self.factory.reactor.callLater(deadline, self._too_late)
        Protocol.makeConnection(self, transport)

    def getPeer(self) -> IAddress:
        peer: IAddress = self._peer or self.transport.getPeer()
        return peer

    def dataReceived(self, data: bytes) -> None:
        if self.wrappedProtocol is not None:
            self.wrappedProtocol.dataReceived(data)
        elif not self._over:
            self._received += data
            try:
                header = read_header(self._received)
            except NoHeader as none:
                self._refuse("refused", f"the load balancer sent {none}")
                return
            if header is not None:
                self._serve(header.source, self._received[header.size :])

    def readConnectionLost(self) -> None:
        """Note that the peer has sent its last byte."""
        if IHalfCloseableProtocol.implementedBy(type(self.wrappedProtocol)):
            self.wrappedProtocol.readConnectionLost()
        else:
            self.transport.loseConnection()

    def writeConnectionLost(self) -> None:
        """Do nothing: the gateway never closes one direction alone."""

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        if not self._over:
            self._end("lost")
        self.factory.unregisterProtocol(self)  # type: ignore[no-untyped-call]  # Twisted's
        if self.wrappedProtocol is not None:
            self.wrappedProtocol.connectionLost(reason)
            self.wrappedProtocol = None

    def _serve(self, source: tuple[str, int] | None, rest: bytes) -> None:
        self._received = b""
        self._end("local" if source is None else "ok")
        if source is not None:
            kind = IPv6Address if ":" in source[0] else IPv4Address
            self._peer = kind("TCP", *source)
        inner = self.factory.wrappedFactory.buildProtocol(self.getPeer())
        if inner is None:  # no free slot
            self.transport.loseConnection()
            return
        self.wrappedProtocol = inner
        inner.makeConnection(self)
        if rest:
            inner.dataReceived(rest)

    def _too_late(self) -> None:
        self.factory.metrics.struck("proxy_deadline")
        self._refuse("deadline", "the load balancer sent no PROXY header in time")

    def _refuse(self, outcome: str, why: str) -> None:
        self._end(outcome)
        self.factory.turned_away(_host(self.transport.getPeer()), why, _REMEDY)
        self.transport.loseConnection()

    def _end(self, outcome: str) -> None:
        """Stop waiting for the header: it was read, or was rejected."""
        self._over = True
        self._slot.leave()
        self.factory.metrics.proxy_headers.labels(outcome=outcome).inc()
        if self._deadline is not None and self._deadline.active():
            self._deadline.cancel()
        self._deadline = None


class BalancerFactory(WrappingFactory):
    """Make connections of `inner`, through the balancers in `networks`; without a balancer if that is empty."""

    noisy = False

    def __init__(
        self,
        inner: IProtocolFactory,
        networks: Networks,
        reactor: IReactorTime,
        connection_limits: ConnectionLimits,
        turned_away: TurnedAway = lambda *_: None,
    ) -> None:
        super().__init__(inner)  # type: ignore[no-untyped-call]  # Twisted's
        self.networks = networks
        self.reactor = reactor
        self.connection_limits = connection_limits
        self.metrics = connection_limits.metrics
        self.turned_away = turned_away

    def buildProtocol(self, addr: IAddress | None) -> IProtocol | None:  # type: ignore[override]  # as Factory's
        if not self.networks:
            return self.wrappedFactory.buildProtocol(addr)
        if not self._is_balancer(addr):
            self.metrics.proxy_headers.labels(outcome="foreign").inc()
            self.turned_away(_host(addr), *_FOREIGN)
            return None
        slot = self.connection_limits.admit("")
        return None if slot is None else BalancedConnection(self, slot)

    def logPrefix(self) -> str:
        """Return the wrapped factory's log prefix: balancers do not change the service."""
        inner = self.wrappedFactory
        return str(inner.logPrefix()) if ILoggingContext.providedBy(inner) else type(inner).__name__

    def _is_balancer(self, addr: IAddress | None) -> bool:
        try:
            address = address_of(_host(addr).partition("%")[0])
        except ValueError:  # not an IP address
            return False
        return any(address in network for network in self.networks)


def _host(addr: IAddress | None) -> str:
    return str(getattr(addr, "host", ""))
