"""Log each kind of event that strangers can cause a few times a minute, and count the rest.

Kinds are words of the program, never text from a client, so there are few. Each source of terminals that are logged
in, an account at an address or a client certificate, has kinds of its own.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from twisted.logger import Logger

LINES = 5
LINES_OF_A_SOURCE = 1000
"""Enough for all terminals of a branch behind one address."""
PERIOD = 60.0
"""Seconds."""
_MOST = 10_000
"""Kinds that are counted at the same time, of all sources."""


def _nothing() -> None:
    """Count nothing."""


class Sparing:
    """Decide for each kind whether a line may be logged: at most `lines` within `period` seconds of the first.

    For terminals that are logged in the limit is `LINES_OF_A_SOURCE`. `left_out` is called for each line that is not
    logged.
    """

    def __init__(
        self,
        seconds: Callable[[], float],
        *,
        lines: int = LINES,
        period: float = PERIOD,
        left_out: Callable[[], None] = _nothing,
    ) -> None:
        self._seconds = seconds
        self._lines = lines
        self._period = period
        self.count_one = left_out
        """Called for each line that is not logged."""
        self._counted: OrderedDict[tuple[str, str], tuple[float, int]] = OrderedDict()

    def tell(self, log: Logger, level: Any, kind: str, text: str, *, of: str = "", **fields: object) -> None:
        """Log `text`, a format, unless its kind was logged too often; with the number of lines left out before it.

        `of` is the source of the terminal, if it is logged in.
        """
        more = self.left_out(kind, of)
        if more is None:
            self.count_one()
        else:
            log.emit(level, text + ("; {more} others not logged" if more else ""), more=more, **fields)

    def left_out(self, kind: str, of: str = "") -> int | None:
        """Return None if a line is not to be logged; else how many of its kind were left out since the last one."""
        most = LINES_OF_A_SOURCE if of else self._lines
        key, now = (of, kind), self._seconds()
        began, count = self._counted.get(key, (now, 0))
        past = now - began >= self._period
        if count >= most and not past:
            self._counted[key] = began, count + 1
            return None
        self._counted[key] = (now, 1) if past else (began, count + 1)
        self._counted.move_to_end(key)
        if len(self._counted) > _MOST:
            self._counted.popitem(last=False)
        return max(0, count - most) if past else 0
