"""Whoever has one address of a network has others of it, so what is counted or told is often the network."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network


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
