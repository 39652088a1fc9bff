"""Find where a server endpoint string would listen, by a rehearsal with a reactor that only records calls.

So each form is understood as Twisted understands it, and no port is bound while a file is checked.
"""

from __future__ import annotations

import os
import re
from typing import Any

from attrs import frozen
from twisted.internet.endpoints import serverFromString
from twisted.internet.interfaces import IReactorCore, IStreamServerEndpoint
from twisted.internet.protocol import Factory

from sip2gw import addresses
from sip2gw.config.scalars import text
from sip2gw.faults import Wrong

EXAMPLES = '"tcp:6009", "tcp:6001:interface=127.0.0.1" or "unix:/run/sip2gw.sock:mode=660"'

_REHEARSED = ("tcp", "tcp6", "unix")
"""The kinds that do nothing when they listen but ask the reactor to."""

_IPV6 = re.compile(r":interface=\[?((?:[0-9A-Fa-f]{0,4}:){2,}[0-9A-Fa-f]{0,4})\]?\Z")
"""An IPv6 address in its usual form, which Twisted does not accept."""

_FAMILIES = {"tcp6": "IPv6"}

BACKLOG = 1024
"""Connections that may wait to be accepted, unless the string has a number: all terminals may reconnect at once."""


@frozen
class Endpoint:
    """A server endpoint string that Twisted understands."""

    description: str
    address: str = ""
    """Where it would listen: an IP address, a host name or a path; "" if unknown."""
    port: int = 0
    """0 for any free port, or for no port."""
    local: bool = False
    """Whether only this machine can reach it; false if unknown."""

    def __str__(self) -> str:
        return self.description

    @property
    def is_path(self) -> bool:
        """Whether it is a socket in the file system."""
        return self.description.partition(":")[0] == "unix"

    @property
    def ipv4_only(self) -> bool:
        """Whether only IPv4 clients can connect."""
        ip = None if self.is_path else addresses.read(self.address)
        return ip is not None and ip.version == 4

    @property
    def url(self) -> str:
        """The URL by which this machine reaches it over HTTP; empty if there is none."""
        ip = addresses.read(self.address)
        if self.is_path or not self.port:
            return ""
        host = self.address if ip is None else str(ip)
        if ip is not None and ip.is_unspecified:
            host = "127.0.0.1" if ip.version == 4 else "::1"
        return f"http://{f'[{host}]' if ':' in host else host or '127.0.0.1'}:{self.port}"

    def clashes(self, other: Endpoint) -> bool:
        """Return whether only one of the two can be listened on."""
        if self.is_path or other.is_path:
            return self.is_path and other.is_path and self.address == other.address
        if not self.port or self.port != other.port:
            return False
        here, there = addresses.read(self.address), addresses.read(other.address)
        if here is None or there is None:
            return self.address == other.address
        # One that listens on all addresses of IPv6 takes those of IPv4 as well.
        everywhere = [one for one in (here, there) if one.is_unspecified]
        return here == there or any(one.version == 6 or here.version == there.version for one in everywhere)

    @classmethod
    def read(cls, description: str) -> Endpoint:
        """Return the endpoint. Raises `Wrong` if Twisted could not listen on it."""
        _refuse_form(description)
        kind, notes = description.partition(":")[0], _Notes()
        try:
            endpoint = serverFromString(notes, description)
            if kind in _REHEARSED:
                endpoint.listen(Factory())
        except LookupError:
            # systemd: the sockets are handed over only when it starts the gateway, not when a file is checked.
            return cls(description)
        except Exception as error:  # each kind of endpoint raises errors of its own
            raise Wrong(
                f"is {description!r}, not a server endpoint: {_plain(error)}", endpoint_of(description)
            ) from None
        if not 0 <= notes.port <= 65535:
            raise Wrong(
                f"is {description!r}, with the port {notes.port}", "ports are 1 to 65535; 0 is any free one"
            )
        ip = addresses.read(notes.address)
        wrong = _like_an_ip(notes.address) if ip is None else ":" not in notes.address and kind == "tcp6"
        if wrong and not notes.path:
            raise Wrong(
                f"is {description!r}, with the interface {notes.address}, "
                f"not an address of {_FAMILIES.get(kind, 'IP')}",
                'write for example "tcp:6009:interface=127.0.0.1" or "tcp6:6009:interface=\\:\\:1"',
            )
        return cls(description, notes.address, notes.port, notes.local)

    def on(self, reactor: IReactorCore) -> IStreamServerEndpoint:
        """Return Twisted's endpoint. Raises LookupError for a socket that systemd has not handed over."""
        description = self.description
        if description.partition(":")[0] in _REHEARSED and ":backlog=" not in description:
            description += f":backlog={BACKLOG}"
        endpoint: IStreamServerEndpoint = serverFromString(reactor, description)
        return endpoint


def _refuse_form(description: str) -> None:
    """Raise `Wrong` for what Twisted may listen on, but not as it is meant."""
    kind = description.partition(":")[0]
    if kind == "haproxy":
        raise Wrong(
            f"is {description!r}, which would let any client state a false address",
            'write it with tcp, such as "tcp:6009", and proxy_from = ["10.0.0.0/8"] beside it',
        )
    if kind in ("ssl", "tls"):
        raise Wrong(
            f"is {description!r}, which does TLS by itself",
            'write it with tcp, such as "tcp:6009", and certificates = "..." beside it',
        )
    if address := _IPV6.search(description):
        escaped = address[1].replace(":", "\\\\:")
        raise Wrong(
            f"is {description!r}, where a colon begins something else",
            f'write the address with escaped colons: "{description[: address.start()]}:interface={escaped}"',
        )


def endpoint(value: Any) -> Endpoint:
    """Return the endpoint in the configuration. Raises `Wrong`."""
    if isinstance(value, int) and not isinstance(value, bool):
        raise Wrong(f"must be text, not {value}", endpoint_of(str(value)))
    return Endpoint.read(text(value, EXAMPLES))


class _Notes:
    """A stand-in for a reactor that records where it was asked to listen."""

    def __init__(self) -> None:
        self.address = ""
        self.path = False
        self.local = False
        self.port = 0

    def listenTCP(self, port: int, *_: object, interface: str = "", **__: object) -> None:
        self.port = port
        self.local = addresses.is_loopback(interface)
        self.address = {"": "0.0.0.0", "localhost": "127.0.0.1"}.get(interface, interface)  # noqa: S104 (what Twisted means by it)

    def listenUNIX(self, address: str, *_: object, **__: object) -> None:
        self.local = True
        self.path = True
        self.address = os.path.abspath(address)


def _like_an_ip(address: str) -> bool:
    """Return whether a text that is not an IP address was meant to be one."""
    return ":" in address or address.replace(".", "").isdecimal()


def _plain(error: Exception) -> str:
    """Return Twisted's text, without the names of its functions."""
    text = str(error)
    if isinstance(error, TypeError):
        return text.partition("() ")[2] or text
    return text


def endpoint_of(description: str) -> str:
    """Return the fix for a text that is not an endpoint."""
    if description.isdecimal():
        return f'write "tcp:{description}" or "tcp:{description}:interface=127.0.0.1"'
    return f"write for example {EXAMPLES}"
