"""A dialect is one frozen value: the oddities of one make of terminal, as data."""

from __future__ import annotations

from collections.abc import Callable

from attrs import frozen


@frozen
class Dialect:
    """How a terminal spells SIP2. What it sends is read tolerantly whatever stands here; this is how it is answered.

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


DEFAULT = Dialect()
