"""Connect to APIs. A connection counts as made when a request may go out on it; before that nothing was sent.

With TLS that is after the handshake, so a wrong certificate is found before the first byte of a request. Certificates
are always verified, against the system's authorities or a file of the operator's.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import HostnameEndpoint, wrapClientTLS
from twisted.internet.interfaces import (
    IAddress,
    IHandshakeListener,
    IHostnameResolver,
    IProtocol,
    IProtocolFactory,
    IResolutionReceiver,
    IStreamClientEndpoint,
)
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.internet.ssl import Certificate, trustRootFromCertificates
from twisted.python.failure import Failure
from twisted.web.client import URI, BrowserLikePolicyForHTTPS
from twisted.web.iweb import IAgentEndpointFactory
from zope.interface import directlyProvides, implementer, providedBy

from sip2gw.addresses import read

_ORIGINS_KEPT = 1024
_ONLY_ONE = 0.01
"""Seconds until a host that is an address, and so has no second one, is known to refuse a connection."""


class NotConnected(Exception):
    """No connection was made, so nothing was sent. The text names the kind of failure only."""


def trusting(ca_pem: bytes | None) -> BrowserLikePolicyForHTTPS:
    """Return the HTTPS policy: trust the system's authorities, or only the certificates in `ca_pem`."""
    if ca_pem is None:
        return BrowserLikePolicyForHTTPS()  # type: ignore[no-untyped-call]
    ends = b"-----END CERTIFICATE-----"
    certificates = [Certificate.loadPEM(part + ends) for part in ca_pem.split(ends)[:-1]]
    if not certificates:
        raise ValueError("holds no PEM certificate")
    roots = trustRootFromCertificates(certificates)  # type: ignore[no-untyped-call]
    return BrowserLikePolicyForHTTPS(trustRoot=roots)  # type: ignore[no-untyped-call]


@implementer(IHandshakeListener)
class _Greeter(Protocol):
    """Take the place of the HTTP protocol until the handshake is over."""

    def __init__(self, factory: IProtocolFactory) -> None:
        self._factory = factory
        self._successor: IProtocol | None = None
        self.greeted: Deferred[IProtocol] = Deferred(self._give_up)

    def _give_up(self, _: Deferred[IProtocol]) -> None:
        if self.transport is not None:
            self.transport.abortConnection()  # type: ignore[attr-defined]  # TLS transports have it

    def handshakeCompleted(self) -> None:
        """Let the HTTP protocol take over: the certificate is right."""
        transport: Any = self.transport
        successor = self._factory.buildProtocol(transport.getPeer())
        if successor is None or self.greeted.called:
            transport.abortConnection()
            return
        # Over TLS loseConnection() waits for the peer's agreement, without an end if it stays silent.
        transport.loseConnection = transport.abortConnection
        self._successor = successor
        self.dataReceived = successor.dataReceived  # type: ignore[method-assign]
        successor.makeConnection(transport)
        self.greeted.callback(successor)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Report a failed handshake; after the handshake, pass the end on to the HTTP protocol."""
        if self._successor is not None:
            self._successor.connectionLost(reason)
        elif not self.greeted.called:
            self.greeted.errback(reason)


@implementer(IStreamClientEndpoint)
class OriginEndpoint:
    """The endpoint of one origin. Every failure to connect, and being cancelled, is `NotConnected`."""

    def __init__(
        self, endpoint: IStreamClientEndpoint, *, secure: bool, within: Callable[[], float], reactor: Any
    ) -> None:
        self._endpoint, self._secure, self._within, self._reactor = endpoint, secure, within, reactor

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[IProtocol]:
        """Connect, with the handshake, within the given time."""
        connecting = Deferred.fromCoroutine(self._connect(protocolFactory))
        return connecting.addTimeout(self._within(), self._reactor)

    async def _connect(self, factory: IProtocolFactory) -> IProtocol:
        try:
            if not self._secure:
                return await self._endpoint.connect(factory)
            greeter = _Greeter(factory)
            stage: Factory = Factory.forProtocol(lambda: greeter)
            stage.noisy = False
            await self._endpoint.connect(stage)
            return await greeter.greeted
        except (
            Exception
        ) as error:  # name server, socket, TLS: each fails in its own way, and nothing was sent
            raise NotConnected(_kind(error)) from None


def _kind(error: Exception) -> str:
    """Return the class of a failure; for a certificate also OpenSSL's reason, which has no data of the peer."""
    reasons = error.args[0] if error.args and type(error).__module__ == "OpenSSL.SSL" else None
    words = [str(reason[-1]) for reason in reasons if reason] if isinstance(reasons, list) else []
    return ": ".join([type(error).__name__, *words])


@implementer(IAgentEndpointFactory)
class OriginEndpoints:
    """One endpoint for each origin, kept, because making it for every request would cost a fifth of the call."""

    def __init__(self, reactor: Any, policy: BrowserLikePolicyForHTTPS, within: Callable[[], float]) -> None:
        self._reactor, self._policy, self._within = reactor, policy, within
        self._kept: dict[tuple[bytes, bytes, int], OriginEndpoint] = {}

    def endpointForURI(self, uri: URI) -> OriginEndpoint:
        """Return the endpoint of this URI's origin."""
        origin = (uri.scheme, uri.host, uri.port)
        endpoint = self._kept.get(origin)
        if endpoint is None:
            if len(self._kept) >= _ORIGINS_KEPT:
                self._kept.clear()
            endpoint = self._kept[origin] = self._new(uri)
        return endpoint

    def _new(self, uri: URI) -> OriginEndpoint:
        host = uri.host.decode("ascii")
        # Twisted pauses after each address of a host, also after the last, before it says that none can be reached.
        pause = None if read(host) is None else _ONLY_ONE
        endpoint: IStreamClientEndpoint = HostnameEndpoint(
            self._reactor, host, uri.port, timeout=self._within(), attemptDelay=pause
        )
        secure = uri.scheme == b"https"
        if secure:
            endpoint = wrapClientTLS(self._policy.creatorForNetloc(uri.host, uri.port), endpoint)
        return OriginEndpoint(endpoint, secure=secure, within=self._within, reactor=self._reactor)


def is_public(host: str) -> bool:
    """Return whether this address is a public one. A mapped IPv4 address counts as the IPv4 address."""
    address = read(host)
    return address is not None and address.is_global and not address.is_multicast


@implementer(IResolutionReceiver)
class _PublicOnly:
    """Pass on only the addresses that may be connected to."""

    def __init__(self, receiver: IResolutionReceiver) -> None:
        self._receiver = receiver
        self.resolutionBegan = receiver.resolutionBegan
        self.resolutionComplete = receiver.resolutionComplete

    def addressResolved(self, address: IAddress) -> None:
        """Pass on one address of the name."""
        if isinstance(address, IPv4Address | IPv6Address) and is_public(address.host):
            self._receiver.addressResolved(address)


@implementer(IHostnameResolver)
class _Resolver:
    def __init__(self, resolver: IHostnameResolver) -> None:
        self._resolver = resolver

    def resolveHostName(self, resolutionReceiver: IResolutionReceiver, *args: Any, **kwargs: Any) -> Any:
        """See `IHostnameResolver`."""
        return self._resolver.resolveHostName(_PublicOnly(resolutionReceiver), *args, **kwargs)


class Guarded:
    """The reactor, with a resolver that does not find names with private addresses."""

    def __init__(self, reactor: Any) -> None:
        self._reactor = reactor
        directlyProvides(self, providedBy(reactor))

    @property
    def nameResolver(self) -> IHostnameResolver:
        """See `IReactorPluggableNameResolver`."""
        return _Resolver(self._reactor.nameResolver)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reactor, name)
