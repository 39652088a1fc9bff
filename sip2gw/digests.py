"""A digest stands for what was said, to whoever made it alone: nobody else can tell what that was, nor try it out.

Several texts become one digest, and the same letters cut in another way another one.
"""

from __future__ import annotations

from hashlib import blake2b
from secrets import token_bytes


class Digests:
    """Digests with a key of their own, which is made with this object and never leaves it."""

    def __init__(self) -> None:
        self._key = token_bytes(32)

    def of(self, *said: str | bytes) -> bytes:
        """What stands for these texts here, in this order."""
        return blake2b(joined(*said), key=self._key, digest_size=32).digest()


def joined(*said: str | bytes) -> bytes:
    """The texts as one, from which each can be told."""
    parts = (one if isinstance(one, bytes) else one.encode("utf-8", "surrogatepass") for one in said)
    return b"".join(b"%d:%s" % (len(part), part) for part in parts)
