"""Error detection: sequence number and checksum at the end of a line.

The checksum is the negated sum of the bytes sent, as four upper-case hex digits (3M, error detection).
"""

from __future__ import annotations

from zlib import adler32

from attrs import frozen


@frozen
class Trailer:
    """How a message was protected, and so how its answer must be: sequence number echoed, checksum or none."""

    sequence: str | None = None
    checked: bool = False


PLAIN = Trailer()
"""Without error detection."""


def byte_sum(data: bytes) -> int:
    """Add up the bytes of `data`.

    The lower half of an Adler-32 is that sum and 1, modulo 65521, in a fifth of the time that `sum` takes; 256 bytes
    can't reach the modulus.
    """
    if len(data) <= 256:
        return (adler32(data) & 0xFFFF) - 1
    return sum([byte_sum(data[start : start + 256]) for start in range(0, len(data), 256)])


def checksum(body: bytes) -> bytes:
    """Compute the four digits that follow `body`, which ends with the letters AZ."""
    return b"%04X" % (-byte_sum(body) & 0xFFFF)


def _fits(total: int, digits: bytes) -> bool:
    return (total + int(digits, 16)) & 0xFFFF == 0


def verify(body: bytes, digits: bytes, charset: str) -> bool:
    """Tell whether `digits` fit `body`, which ends with the letters AZ.

    Terminals differ in what they add up for text beyond ASCII: the bytes, the code points of the text in `charset`, or
    a question mark for each such character. Each of the three is accepted.
    """
    if _fits(byte_sum(body), digits):
        return True
    if body.isascii():
        return False
    try:
        text = body.decode(charset)
    except UnicodeDecodeError:
        return False
    return _fits(sum(map(ord, text)), digits) or _fits(sum(text.encode("ascii", "replace")), digits)
