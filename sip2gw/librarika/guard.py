"""A library's name leads to the public internet and nowhere else, whatever its DNS says at that moment.

Names of libraries come off the wire, and whoever rules a name's DNS could point it at machines of the operator's own
network. So private addresses are dropped from what a name resolves to, each time, unless the operator has said that
the API is there: by `private_networks`, or by naming an address or this machine in the URL.
"""

from __future__ import annotations

from ipaddress import ip_address
from typing import Any

from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.interfaces import IAddress, IHostnameResolver, IResolutionReceiver
from zope.interface import directlyProvides, implementer, providedBy


def is_public(host: str) -> bool:
    """Whether this address is anybody's to connect to. A mapped IPv4 address counts as what it stands for."""
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None) or address
    return mapped.is_global and not mapped.is_multicast


@implementer(IResolutionReceiver)
class _PublicOnly:
    """Passes on what may be connected to."""

    def __init__(self, receiver: IResolutionReceiver) -> None:
        self._receiver = receiver
        self.resolutionBegan = receiver.resolutionBegan
        self.resolutionComplete = receiver.resolutionComplete

    def addressResolved(self, address: IAddress) -> None:
        """One of the name's addresses."""
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
    """The reactor, but for names that lead where they mustn't: they are not found."""

    def __init__(self, reactor: Any) -> None:
        self._reactor = reactor
        directlyProvides(self, providedBy(reactor))

    @property
    def nameResolver(self) -> IHostnameResolver:
        """See `IReactorPluggableNameResolver`."""
        return _Resolver(self._reactor.nameResolver)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reactor, name)
