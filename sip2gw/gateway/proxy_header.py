"""Parse the PROXY header of a load balancer, version 1 or 2, strictly.

Returns the header, or that more bytes are needed; nothing is guessed or fixed. The format is at
https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address

from attrs import frozen

LONGEST_V1 = 107
"""Bytes of a header of version 1, with its line end."""

LONGEST = 536
"""Bytes of a header of version 2, with its extensions."""

_V1 = b"PROXY "
_V2 = b"\r\n\r\n\0\r\nQUIT\n"
_QUIT = b"QUIT"
"""What the line reader leaves of the signature of version 2; NUL is part of a line end."""

_FIXED = 16
"""Bytes of version 2 before the addresses; the last two hold the length of the rest."""

_LOCAL, _PROXY = 0x20, 0x21
_SIZES = {0x00: 0, 0x11: 12, 0x21: 36}
"""Bytes of addresses before the extensions: unspecified connection, TCP over IPv4, TCP over IPv6."""

Address = IPv4Address | IPv6Address

_KINDS: dict[str, type[IPv4Address] | type[IPv6Address]] = {"TCP4": IPv4Address, "TCP6": IPv6Address}


class NoHeader(ValueError):
    """Bytes that are not, and can't become, a PROXY header. The text repeats none of them."""


@frozen
class Header:
    """A header of `size` bytes. `source` is the terminal's address and port; None for the balancer itself."""

    size: int
    source: tuple[str, int] | None = None


def read_header(received: bytes) -> Header | None:
    """Return the header at the start, or None if more bytes are needed. Raises `NoHeader`."""
    for signature, read in ((_V1, _version_1), (_V2, _version_2)):
        if received.startswith(signature):
            return read(received)
        if signature.startswith(received):
            return None
    raise NoHeader("no PROXY header")


def begins_header(line: bytes) -> bool:
    """Return whether a line is the first line of a PROXY header, of either version."""
    return line.startswith(_V1) or line == _QUIT


def address_of(text: str) -> Address:
    """Return an IP address; an IPv4-mapped IPv6 address is returned as IPv4. Raises ValueError."""
    address = ip_address(text)
    return getattr(address, "ipv4_mapped", None) or address


def _version_1(received: bytes) -> Header | None:
    line, end, _ = received[:LONGEST_V1].partition(b"\r\n")
    if not end:
        if len(received) >= LONGEST_V1:
            raise NoHeader(f"a PROXY header of more than {LONGEST_V1} bytes")
        return None
    size = len(line) + len(end)
    if line == b"PROXY UNKNOWN" or line.startswith(b"PROXY UNKNOWN "):
        return Header(size)  # ignored by the specification
    try:
        _, family, source, target, *ports = line.decode("ascii").split(" ")
        kind = _KINDS[family]
        kind(target)
        port, _ = (_port(text) for text in ports)
        return Header(size, (_plain(kind(source)), port))
    except (ValueError, KeyError):
        raise NoHeader("a PROXY header without valid addresses") from None


def _version_2(received: bytes) -> Header | None:
    if len(received) < _FIXED:
        return None
    command, family = received[12], received[13]
    if command not in (_LOCAL, _PROXY):
        raise NoHeader("a PROXY header of an unknown version or command")
    size = _FIXED + int.from_bytes(received[14:_FIXED])
    if size > LONGEST:
        raise NoHeader(f"a PROXY header of more than {LONGEST} bytes")
    if command == _PROXY and (family not in _SIZES or size < _FIXED + _SIZES[family]):
        raise NoHeader("a PROXY header that is not of a TCP connection")
    if len(received) < size:
        return None
    if command == _LOCAL or family == 0x00:
        return Header(size)
    addresses, extensions = (
        received[_FIXED : _FIXED + _SIZES[family]],
        received[_FIXED + _SIZES[family] : size],
    )
    _check(extensions)
    width = (len(addresses) - 4) // 2
    source: Address = (IPv4Address if width == 4 else IPv6Address)(addresses[:width])
    return Header(size, (_plain(source), int.from_bytes(addresses[2 * width : 2 * width + 2])))


def _check(extensions: bytes) -> None:
    """Check the extensions: a type, a length in two bytes, and that many bytes each. Their values are not needed."""
    while extensions:
        size = 3 + int.from_bytes(extensions[1:3])
        if len(extensions) < size:
            raise NoHeader("a PROXY header with a damaged extension")
        extensions = extensions[size:]


def _plain(address: Address) -> str:
    if getattr(address, "scope_id", None):
        raise ValueError
    return str(address_of(str(address)))


def _port(text: str) -> int:
    if not (text.isascii() and text.isdecimal()) or str(int(text)) != text or int(text) > 65535:
        raise ValueError
    return int(text)
