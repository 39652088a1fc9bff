"""Secrets, shown only by `reveal()`, a word that can be searched for; and keyed digests of texts.

The language and the port both carry secrets and do not import each other, so this module stands alone.
"""

from __future__ import annotations

import hmac
from hashlib import blake2b
from secrets import token_bytes
from typing import NoReturn


class Secret:
    """A password or a token, from its source to the place that checks it."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the secret itself. The caller is responsible for where it goes."""
        return self._value

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        mine, theirs = (secret._value.encode("utf-8", "surrogatepass") for secret in (self, other))
        return hmac.compare_digest(mine, theirs)

    def __hash__(self) -> int:
        return hash((Secret, self._value))

    def __repr__(self) -> str:
        return "***"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return format("***", spec)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not pickled")


def as_secret(value: str | Secret) -> Secret:
    """Return a value as a secret; a secret stays as it is."""
    return value if isinstance(value, Secret) else Secret(value)


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
