"""What strangers can cause to be logged is logged a few times a minute for each kind, and the rest is counted.

Kinds are words of the program's own, never of the wire; so there are few of them, whoever knocks. Of terminals that are
logged in, each source has kinds of its own: an account at an address, or a client certificate.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from twisted.logger import Logger

LINES = 5
LINES_OF_A_SOURCE = 1000
"""Enough for all terminals that a branch has behind one address."""
PERIOD = 60.0
"""Seconds."""
_MOST = 10_000
"""Kinds that are counted at a time, of all sources."""


def _nothing() -> None:
    """Nobody counts."""


class Sparing:
    """Says for each kind whether it may be logged. `lines` of one kind are, within `period` seconds of the first, and
    `lines_of_a_source` of terminals that are logged in.

    `left_out` is called for each line that is not logged.
    """

    def __init__(
        self,
        seconds: Callable[[], float],
        *,
        lines: int = LINES,
        lines_of_a_source: int = LINES_OF_A_SOURCE,
        period: float = PERIOD,
        left_out: Callable[[], None] = _nothing,
    ) -> None:
        self._seconds = seconds
        self._lines = lines
        self._lines_of_a_source = lines_of_a_source
        self._period = period
        self._count_one = left_out
        self._counted: OrderedDict[tuple[str, str], tuple[float, int]] = OrderedDict()

    def tell(self, log: Logger, level: Any, kind: str, text: str, *, of: str = "", **fields: object) -> None:
        """Log `text`, a format, if one more of this kind may be; and how many were left out, if any were.

        `of` is the source of the terminal that it is told of, if it is logged in.
        """
        more = self.left_out(kind, of)
        if more is None:
            self._count_one()
        else:
            log.emit(level, text + ("; {more} others not logged" if more else ""), more=more, **fields)

    def left_out(self, kind: str, of: str = "") -> int | None:
        """None if this one is not to be logged; else how many of its kind were left out since the last that was."""
        most = self._lines_of_a_source if of else self._lines
        key = (of, kind)
        began, count = self._counted.get(key, (self._seconds(), 0))
        past = self._seconds() - began >= self._period
        if count >= most and not past:
            self._counted[key] = began, count + 1
            return None
        self._counted[key] = (self._seconds(), 1) if past else (began, count + 1)
        self._counted.move_to_end(key)
        if len(self._counted) > _MOST:
            self._counted.popitem(last=False)
        return max(0, count - most) if past else 0
