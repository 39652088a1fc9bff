"""In the log a patron is a tag that tells them from others for a day, and is nothing to anybody on the next.

Tags are made with a key of the library that comes from one of the process, which lives in memory, for a day at most,
and then is thrown away: whoever has the log and every card's number can't tell whose tag it was. A plain hash would
fall to trying all numbers.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from datetime import UTC, date, datetime
from secrets import token_bytes

LENGTH = 6
"""Hex digits of a tag: few enough to read out, enough to tell a day's readers of one library apart, nearly always."""


def _today() -> date:
    return datetime.now(UTC).date()


class Tags:
    """The tags of one process. With `items_in_clear` an item's is its own number, which some libraries want."""

    def __init__(self, *, items_in_clear: bool = False, today: Callable[[], date] = _today) -> None:
        self.items_in_clear = items_in_clear
        self._today = today
        self._day = today()
        self._key = token_bytes(32)

    def patron(self, library: str, patron_id: str) -> str:
        """The patron of this card at this library, today."""
        return self._tag("p", library, patron_id)

    def item(self, library: str, item_id: str) -> str:
        """The item of this number."""
        return repr(item_id[:64]) if self.items_in_clear else self._tag("i", library, item_id)

    def _tag(self, kind: str, library: str, number: str) -> str:
        today = self._today()
        if today != self._day:
            self._day, self._key = today, token_bytes(32)
        of_library = hmac.digest(self._key, library.encode(), "sha256")
        text = f"{kind}:{number}".encode("utf-8", "surrogatepass")
        return f"{kind}:{hmac.digest(of_library, text, 'sha256').hex()[:LENGTH]}"
