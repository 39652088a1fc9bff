"""Check lists of networks."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Annotated, Any

from sip2gw.config.checks import Checked
from sip2gw.config.scalars import say, text
from sip2gw.faults import Wrong

_EXAMPLE = '["10.0.0.0/8", "2001:db8::17"]'


def networks(value: Any) -> tuple[IPv4Network | IPv6Network, ...]:
    """Return networks that do not overlap; a single address is one. Raises `Wrong`."""
    if isinstance(value, str):
        raise Wrong(f"must be a list of networks, not {say(value)}", f"write [{say(value)}]")
    if not isinstance(value, list) or not value:
        raise Wrong(f"must be a list of networks, not {say(value)}", f"write for example {_EXAMPLE}")
    found: list[IPv4Network | IPv6Network] = []
    for one in value:
        network = _network(text(one, _EXAMPLE))
        if around := next((other for other in found if _overlap(other, network)), None):
            raise Wrong(f"has both {around} and {network}, which overlap", "leave out the smaller one")
        found.append(network)
    return tuple(found)


Networks = Annotated[tuple[IPv4Network | IPv6Network, ...], Checked(networks, "list of texts")]


def _network(value: str) -> IPv4Network | IPv6Network:
    try:
        return ip_network(value)
    except ValueError as error:
        wrong = f"has {say(value)}: {error}"
    try:
        meant = ip_network(value, strict=False)
    except ValueError:
        raise Wrong(wrong, f"write for example {_EXAMPLE}") from None
    raise Wrong(wrong, f'write "{meant}", or the one address without a slash')


def _overlap(one: IPv4Network | IPv6Network, other: IPv4Network | IPv6Network) -> bool:
    return one.version == other.version and one.overlaps(other)
