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


class DayKey:
    """A key for each day. A new day has a new one at random.

    If the key of a day is `shared` with other processes, the next one is made from it, so that all have the same one.
    Keys of days before can't be made from it.
    """

    def __init__(self, today: Callable[[], date] = _today, shared: tuple[date, bytes] | None = None) -> None:
        self._today = today
        self._shared = shared is not None
        self._day, self._key = shared or (today(), token_bytes(32))

    def now(self) -> tuple[date, bytes]:
        """Return the current day and its key."""
        today = self._today()
        if today != self._day:
            if self._shared:
                for _ in range((today - self._day).days):
                    self._key = blake2b(b"the next day", key=self._key, digest_size=32).digest()
                self._day = max(today, self._day)
            else:
                self._day, self._key = today, token_bytes(32)
        return self._day, self._key


class Tags:
    """The tags of one process. With `items_in_clear` an item is logged by its own number, as some libraries want.

    `shared` is the day and the key that all worker processes use.
    """

    def __init__(
        self,
        *,
        items_in_clear: bool = False,
        today: Callable[[], date] = _today,
        shared: tuple[date, bytes] | None = None,
    ) -> None:
        self.items_in_clear = items_in_clear
        self._keys = DayKey(today, shared)
        self._day: date | None = None
        self._of_library: dict[str, bytes] = {}
        """The keys of libraries on this day; only of those where a terminal is logged in, so there are few."""

    def patron(self, library: str, patron_id: str) -> str:
        """Return today's tag for the patron with this card at this library."""
        return self._tag("p", library, patron_id)

    def item(self, library: str, item_id: str) -> str:
        """Return today's tag, or the number, of this item."""
        return repr(item_id[:64]) if self.items_in_clear else self._tag("i", library, item_id)

    def _tag(self, kind: str, library: str, number: str) -> str:
        day, key = self._keys.now()
        if day != self._day:
            self._day, self._of_library = day, {}
        of_library = self._of_library.get(library)
        if of_library is None:
            of_library = blake2b(library.encode(), key=key, digest_size=32).digest()
            self._of_library[library] = of_library
        text = f"{kind}:{number}".encode("utf-8", "surrogatepass")
        return f"{kind}:{blake2b(text, key=of_library).hexdigest()[:LENGTH]}"
