"""Who is at the other end of a connection, as far as the network can tell."""

from __future__ import annotations

from attrs import frozen

from sip2gw.gateway.networks import network_around, read

FULL = "full"


@frozen
class Peer:
    """`address` is the terminal's own, also behind a load balancer; empty if there is none (a Unix socket).

    `certificate` is the name in the client certificate that was verified; empty without one.
    """

    address: str = ""
    certificate: str = ""

    def __str__(self) -> str:
        return self._at(network_of(self.address))

    def __format__(self, spec: str) -> str:
        """`{peer}` in a log names the network alone; `{peer:full}` is for what somebody may have to be kept out for."""
        return self._at(self.address) if spec == FULL else format(str(self), spec)

    def _at(self, where: str) -> str:
        return f"{self.certificate or 'terminal'} at {where or 'this machine'}"


def network_of(address: str) -> str:
    """The network that an address is in, /24 or /48: whose it is at home can't be told from that."""
    found = read(address)
    return address if found is not None and found.is_loopback else network_around(address, 24, 48)
