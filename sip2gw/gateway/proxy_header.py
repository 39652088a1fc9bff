"""The PROXY header tells whom a load balancer speaks for, in version 1 or 2: it is read exactly, or it is none.

Bytes in, and out comes the header, or that more is needed; nothing is guessed and nothing is mended. The format is at
https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address

from attrs import frozen

LONGEST_V1 = 107
"""Bytes of a header of version 1, with its end of line."""

LONGEST = 536
"""Bytes of one of version 2, with its extensions."""

_V1 = b"PROXY "
_V2 = b"\r\n\r\n\0\r\nQUIT\n"
_QUIT = b"QUIT"
"""What a reader of lines makes of that; NUL is part of an end of line."""

_FIXED = 16
"""Bytes of version 2 before the addresses; their length is in the last two."""

_LOCAL, _PROXY = 0x20, 0x21
_SIZES = {0x00: 0, 0x11: 12, 0x21: 36}
"""What comes before the extensions: of an unspecified connection, of TCP over IPv4, and over IPv6."""

Address = IPv4Address | IPv6Address

_KINDS: dict[str, type[IPv4Address] | type[IPv6Address]] = {"TCP4": IPv4Address, "TCP6": IPv6Address}


class NoHeader(ValueError):
    """These bytes are not, and will not become, a PROXY header. The text has nothing of theirs."""


@frozen
class Header:
    """`size` bytes of it. `source` is the terminal's own address and port; None if the balancer speaks for itself."""

    size: int
    source: tuple[str, int] | None = None


def read_header(received: bytes) -> Header | None:
    """The header that a connection begins with; None as long as it may still become one. Raises `NoHeader`."""
    for signature, read in ((_V1, _version_1), (_V2, _version_2)):
        if received.startswith(signature):
            return read(received)
        if signature.startswith(received):
            return None
    raise NoHeader("no PROXY header")


def begins_header(line: bytes) -> bool:
    """Whether a line of a conversation is the first that is not empty of a PROXY header, of either version."""
    return line.startswith(_V1) or line == _QUIT


def address_of(text: str) -> Address:
    """An IP address; one of IPv4 in the clothes of IPv6 is one of IPv4. Raises ValueError."""
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
        return Header(size)  # what follows is to be ignored
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
    """Each is a type, a length in two bytes, and so many bytes; none says anything that is needed here."""
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
