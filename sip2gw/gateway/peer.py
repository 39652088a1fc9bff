"""Who is at the other end of a connection, as far as the network can tell."""

from __future__ import annotations

from ipaddress import IPv4Address, ip_address, ip_network

from attrs import frozen

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
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if not isinstance(found, IPv4Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    if found.is_loopback:
        return address
    return str(ip_network((found, 24 if isinstance(found, IPv4Address) else 48), strict=False))
