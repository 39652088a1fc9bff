"""Find the account that the configuration gives to a terminal that can't log in, by its certificate or its address."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network

from attrs import frozen
from twisted.internet.interfaces import IAddress
from twisted.internet.protocol import ServerFactory

from sip2gw.addresses import Peer, read
from sip2gw.gateway.factory import TerminalFactory
from sip2gw.gateway.protocol import TerminalProtocol
from sip2gw.session import Login


@frozen
class Given:
    """A login for the terminals with this certificate, in these networks; empty and None match any."""

    login: Login
    certificate: str = ""
    networks: tuple[IPv4Network | IPv6Network, ...] | None = None

    def bits(self, peer: Peer) -> int | None:
        """Return how closely it matches a peer, as bits of the network prefix; None if it does not match."""
        if self.certificate and self.certificate != peer.certificate:
            return None
        if self.networks is None:
            return 0
        address = read(peer.address)
        fitting = [net.prefixlen for net in self.networks if address is not None and address in net]
        return max(fitting, default=None)


def login_given(all_given: tuple[Given, ...], peer: Peer) -> Login | None:
    """Return a terminal's login: the one for its certificate first, else the one for the narrowest network."""
    fitting = [
        (bool(given.certificate), bits, -number)
        for number, given in enumerate(all_given)
        if (bits := given.bits(peer)) is not None
    ]
    return all_given[-max(fitting)[2]].login if fitting else None


class EndpointFactory(ServerFactory):
    """The terminals of one endpoint: connections of `terminals`, with the accounts that this endpoint gives.

    `given` may be replaced at any time, and applies to connections that are not logged in.
    """

    noisy = False

    def __init__(self, terminals: TerminalFactory, given: tuple[Given, ...] = ()) -> None:
        self.given = given
        self._terminals = terminals

    def buildProtocol(self, addr: IAddress | None) -> TerminalProtocol | None:
        """See `TerminalFactory.buildProtocol`."""
        return self._terminals.buildProtocol(addr, self.login_of)

    def login_of(self, peer: Peer) -> Login | None:
        """Return the login that this endpoint gives to a terminal, or None."""
        return login_given(self.given, peer)
