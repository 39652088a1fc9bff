"""Join the lines of a hex dump, as Wireshark, tcpdump, xxd and hexdump print them, to what was on the wire."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

_LINE = re.compile(
    rb"\s*(?:0x)?([0-9A-Fa-f]{4,8}):?[ \t]{1,3}((?:[0-9A-Fa-f]{2}){1,2}(?: {1,2}(?:[0-9A-Fa-f]{2}){1,2})*)(.*)"
)
_A_LINE = 16
"""Bytes in each line but the last."""


def joined(lines: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
    """Yield each line with its number, and each dump as one line of bytes with the number of its first.

    A dump begins at the offset 0, and each of its lines at the offset where the one before ends.
    """
    first, dump = 0, b""
    for number, line in enumerate(lines, 1):
        found = _LINE.fullmatch(line)
        offset = int(found[1], 16) if found else -1
        goes_on = bool(dump) and offset == len(dump)
        if dump and not goes_on:
            yield first, dump
            dump = b""
        if found and (goes_on or offset == 0):
            first = first if goes_on else number
            dump += bytes.fromhex(found[2].decode())[:_A_LINE]
        else:
            yield number, line
    if dump:
        yield first, dump
