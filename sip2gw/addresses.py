"""Addresses of peers, and the networks in which they are counted and shown.

A stranger with one address of a network usually has others of it.
"""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from attrs import frozen


def read(address: str) -> IPv4Address | IPv6Address | None:
    """Return an address, an IPv4-mapped one as IPv4; None for other texts, such as a Unix socket's."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found


def is_loopback(host: str) -> bool:
    """Return whether a host name or an address is this machine itself."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    found = read(host)
    return found is not None and found.is_loopback


def network_around(address: str, ipv4: int, ipv6: int) -> str:
    """Return the network of so many bits around an address; another text is returned as it is."""
    found = read(address)
    if found is None:
        return address
    bits = ipv4 if found.version == 4 else ipv6
    return str(found if bits == found.max_prefixlen else ip_network((found, bits), strict=False))


@lru_cache(maxsize=4096)
def counted_network(address: str) -> str:
    """Return the network that counts as one address: for IPv6 the /64, for a Unix socket ""."""
    return network_around(address, 32, 64)


@lru_cache(maxsize=4096)  # each line of the log about a terminal names it
def shown_network(address: str) -> str:
    """Return the network of an address for the log, /24 or /48, which does not identify a person."""
    found = read(address)
    return address if found is not None and found.is_loopback else network_around(address, 24, 48)


def shown_port(port: object, *, tls: bool) -> str:
    """Return a listening port as people know it, such as "TLS port 6009"; without a number if it has none."""
    return f"{'TLS' if tls else 'plain'} port {port}".strip()


FULL = "full"


@frozen
class Peer:
    """`address` is the terminal's own, also behind a load balancer; empty for a Unix socket.

    `certificate` is the name in the verified client certificate; empty without one.
    """

    address: str = ""
    certificate: str = ""

    def __str__(self) -> str:
        return self._at(shown_network(self.address))

    def __format__(self, spec: str) -> str:
        """Format the peer for a log: `{peer}` shows the network, `{peer:full}` the address, for blocking it."""
        return self._at(self.address) if spec == FULL else format(str(self), spec)

    def _at(self, where: str) -> str:
        return f"{self.certificate or 'terminal'} at {where or 'this machine'}"
