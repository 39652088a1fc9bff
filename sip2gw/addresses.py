"""Addresses of peers, and the networks in which they are counted and shown.

A stranger with one address of a network usually has others of it.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from attrs import frozen


def read(address: str) -> IPv4Address | IPv6Address | None:
    """An address, that of IPv4 where IPv6 only wraps one; None for what is none, such as that of a Unix socket."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found


def network_around(address: str, ipv4: int, ipv6: int) -> str:
    """The network of so many bits that an address is in; what is no address is its own."""
    found = read(address)
    if found is None:
        return address
    bits = ipv4 if found.version == 4 else ipv6
    return str(found if bits == found.max_prefixlen else ip_network((found, bits), strict=False))


def shown_network(address: str) -> str:
    """The network of an address as the log shows it, /24 or /48, which does not identify a person."""
    found = read(address)
    return address if found is not None and found.is_loopback else network_around(address, 24, 48)


FULL = "full"


@frozen
class Peer:
    """`address` is the terminal's own, also behind a load balancer; empty if there is none (a Unix socket).

    `certificate` is the name in the client certificate that was verified; empty without one.
    """

    address: str = ""
    certificate: str = ""

    def __str__(self) -> str:
        return self._at(shown_network(self.address))

    def __format__(self, spec: str) -> str:
        """`{peer}` in a log names the network alone; `{peer:full}` is for what somebody may have to be kept out for."""
        return self._at(self.address) if spec == FULL else format(str(self), spec)

    def _at(self, where: str) -> str:
        return f"{self.certificate or 'terminal'} at {where or 'this machine'}"
