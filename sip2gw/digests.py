"""Digests of texts with a key: without the key the texts can't be read or guessed.

Several texts become one digest; texts split in another way become another one.
"""

from __future__ import annotations

from hashlib import blake2b
from secrets import token_bytes


class Digests:
    """Digests with a key of at most 64 bytes. Without one, a key is made with this object and never leaves it."""

    def __init__(self, key: bytes | None = None) -> None:
        self._key = key or token_bytes(32)

    def of(self, *said: str | bytes) -> bytes:
        """Return the digest of these texts, in this order."""
        return blake2b(joined(*said), key=self._key, digest_size=32).digest()


def joined(*said: str | bytes) -> bytes:
    """Return the texts as one, from which each can be recovered."""
    whole = b""
    for one in said:
        part = one if isinstance(one, bytes) else one.encode("utf-8", "surrogatepass")
        whole += b"%d:%b" % (len(part), part)
    return whole
