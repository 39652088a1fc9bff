"""Short codes that people read out: of a connection, and of an exchange on the terminal's screen.

A code comes again only after all others. They start at a random place and are not in order, so that two that follow
each other do not look alike.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import gcd
from secrets import randbelow

CONN = "0123456789abcdef"
REF = "2346789ACDEFGHJKMNPQRTUVWXY"
"""Without signs that look alike on a screen or on paper: 0 and O, 1 and I and L, 5 and S, 8 and B, 2 and Z."""
_LIKE_SECRETS = "AC", "AD", "CN"
"""SIP2's codes of secret fields: `sip2gw decode` and the emulator hide what follows one behind a bracket."""


def conn_codes() -> Iterator[str]:
    """Yield the codes of connections: five hex digits."""
    return _codes(CONN, 5)


def ref_codes() -> Iterator[str]:
    """Yield the codes of exchanges: four letters and digits. None begins like a secret field."""
    return (code for code in _codes(REF, 4) if not code.startswith(_LIKE_SECRETS))


def _codes(signs: str, length: int) -> Iterator[str]:
    base = len(signs)
    count = base**length
    step = count * 61 // 100  # the golden ratio, about: neighbours are far apart
    while gcd(step, count) != 1:
        step += 1
    number = randbelow(count)
    while True:
        number = (number + step) % count
        rest, code = number, ""
        for _ in range(length):
            rest, digit = divmod(rest, base)
            code += signs[digit]
        yield code
