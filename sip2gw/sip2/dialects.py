"""Dialects: the oddities of one make of terminal, as data."""

from __future__ import annotations

import re
from collections.abc import Callable

from attrs import frozen


@frozen
class Dialect:
    """How a terminal spells SIP2. This is how it is answered; what it sends is read tolerantly in any dialect.

    `charset` is a Python codec name; `terminator` ends every line; `delimiter` ends every variable field.
    `max_length` is the longest value of a field, in bytes. `romanised` spells a character in Latin letters, for
    charsets that lack its script; without it such characters become `?`.
    """

    name: str = "default"
    charset: str = "utf-8"
    terminator: bytes = b"\r"
    delimiter: str = "|"
    max_length: int = 255
    romanised: Callable[[str], str] | None = None


_VERSION_1 = re.compile(r"1\.[0-9]+ *")


def spoken_version(said: str) -> str:
    """Return the version that answers a terminal that says `said` in 99: 1.00 for `1.` and digits, else 2.00."""
    return "1.00" if _VERSION_1.fullmatch(said) else "2.00"


DEFAULT = Dialect()
