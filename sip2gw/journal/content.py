"""The encrypted content of a row: its call, and its result."""

from __future__ import annotations

from typing import Any

from sip2gw.journal.codec import Call, Misfit, packed, packed_result, unpacked, unpacked_result
from sip2gw.journal.crypto import Keys, Unreadable
from sip2gw.journal.rows import Stored

_ARGUMENTS, _OUTCOME = "arguments", "outcome"


def sealed_call(keys: Keys, library: str, call: Call) -> bytes:
    """Return a call, encrypted for its row."""
    return keys.seal(library, f"{call.occasion.key} {_ARGUMENTS}", packed(call))


def sealed_result(keys: Keys, library: str, key: str, result: Any) -> bytes | None:
    """Return a result, encrypted for the row with this key. None if there is none: the write was not done."""
    return None if result is None else keys.seal(library, f"{key} {_OUTCOME}", packed_result(result))


def opened(keys: Keys, row: Stored, name: str) -> bytes | None:
    """Return `arguments` or `outcome` of a row in JSON; None if it is deleted. Raises `Unreadable`."""
    content: bytes | None = getattr(row, name)
    return None if content is None else keys.open(row.library, f"{row.key} {name}", content)


def call_of(keys: Keys, row: Stored) -> Call:
    """Return what a row says. Raises `Unreadable` and `Misfit`."""
    if not row.is_known:
        raise Misfit("a newer version of the gateway has written it")
    content = opened(keys, row, _ARGUMENTS)
    if content is None:
        raise Unreadable("its content was deleted")
    return unpacked(row.method, content)


def result_of(keys: Keys, row: Stored) -> Any:
    """Return the stored result of a row. Raises `Unreadable` and `Misfit`."""
    content = opened(keys, row, _OUTCOME)
    if content is None:
        raise Misfit("it has no result")
    return unpacked_result(row.method, content)


def same_patron(number: str) -> str:
    """Return the number of a card as it is compared: case and outer spaces do not count, as at the library."""
    return number.strip().casefold()


def patron_tags(keys: Keys, library: str, number: str) -> list[bytes]:
    """Return the digests under which rows of a patron are found, that of new rows first."""
    return keys.tags(library, "patron", same_patron(number))
