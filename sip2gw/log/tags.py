"""Tags that stand for patrons in the log: they tell patrons apart for one day, and can't be resolved.

Tags are made with a key of the library, derived from a key of the process, which stays in memory for a day at most
and is then discarded: the log and a list of all card numbers together do not reveal the patron of a tag. A plain hash
would, by trying all numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from hashlib import blake2b
from secrets import token_bytes

LENGTH = 6
"""Hex digits of a tag: few enough to read out, and enough to tell a library's patrons of one day apart, nearly
always."""


def _today() -> date:
    return datetime.now(UTC).date()


class Tags:
    """The tags of one process. With `items_in_clear` an item is logged by its own number, as some libraries want."""

    def __init__(self, *, items_in_clear: bool = False, today: Callable[[], date] = _today) -> None:
        self.items_in_clear = items_in_clear
        self._today = today
        self._day = today()
        self._key = token_bytes(32)

    def patron(self, library: str, patron_id: str) -> str:
        """Return today's tag for the patron with this card at this library."""
        return self._tag("p", library, patron_id)

    def item(self, library: str, item_id: str) -> str:
        """Return today's tag, or the number, of this item."""
        return repr(item_id[:64]) if self.items_in_clear else self._tag("i", library, item_id)

    def _tag(self, kind: str, library: str, number: str) -> str:
        today = self._today()
        if today != self._day:
            self._day, self._key = today, token_bytes(32)
        of_library = blake2b(library.encode(), key=self._key, digest_size=32).digest()
        text = f"{kind}:{number}".encode("utf-8", "surrogatepass")
        return f"{kind}:{blake2b(text, key=of_library).hexdigest()[:LENGTH]}"
