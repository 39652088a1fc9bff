"""A secret never shows itself: only `reveal()` gives it away, and that word can be searched for.

The language and the port both carry secrets and know nothing of each other; so this stands beside them, and alone.
"""

from __future__ import annotations

import hmac
from typing import NoReturn


class Secret:
    """A password or a token, on its way from the wire to whoever has to check it."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The secret itself. Whoever calls this answers for where it goes."""
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
    """A secret, be it one already."""
    return value if isinstance(value, Secret) else Secret(value)
