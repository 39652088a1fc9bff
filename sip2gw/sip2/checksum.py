"""The checksum is the negated sum of the bytes sent, as four upper-case hex digits (3M, error detection)."""

from __future__ import annotations


def checksum(body: bytes) -> bytes:
    """The four digits that follow `body`, which ends with the letters AZ."""
    return b"%04X" % (-sum(body) & 0xFFFF)


def _fits(total: int, digits: bytes) -> bool:
    return (total + int(digits, 16)) & 0xFFFF == 0


def verify(body: bytes, digits: bytes, charset: str) -> bool:
    """Whether `digits` fit `body`, which ends with the letters AZ.

    Terminals differ in what they add up for text beyond ASCII: the bytes, the code points of the text, or a question
    mark for each such character. Any of the three is good.
    """
    if _fits(sum(body), digits):
        return True
    if body.isascii():
        return False
    try:
        text = body.decode(charset)
    except UnicodeDecodeError:
        return False
    return _fits(sum(map(ord, text)), digits) or _fits(sum(text.encode("ascii", "replace")), digits)
