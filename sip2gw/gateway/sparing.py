"""What strangers can cause to be logged is logged a few times a minute for each kind, and the rest is counted.

Kinds are words of the program's own, never of the wire; so there are few of them, whoever knocks.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.logger import Logger

LINES = 5
PERIOD = 60.0
"""Seconds."""


class Sparing:
    """Says for each kind whether it may be logged. `lines` of one kind are, within `period` seconds of the first."""

    def __init__(self, seconds: Callable[[], float], *, lines: int = LINES, period: float = PERIOD) -> None:
        self._seconds = seconds
        self._lines = lines
        self._period = period
        self._counted: dict[str, tuple[float, int]] = {}

    def tell(self, log: Logger, level: Any, kind: str | None, text: str, **fields: object) -> None:
        """Log `text`, a format, if one more of this kind may be; and how many were left out, if any were.

        What is of no kind is always logged.
        """
        more = 0 if kind is None else self.left_out(kind)
        if more is not None:
            log.emit(level, text + ("; {more} others not logged" if more else ""), more=more, **fields)

    def left_out(self, kind: str) -> int | None:
        """None if this one is not to be logged; else how many of its kind were left out since the last that was."""
        began, count = self._counted.get(kind, (self._seconds(), 0))
        past = self._seconds() - began >= self._period
        if count >= self._lines and not past:
            self._counted[kind] = began, count + 1
            return None
        self._counted[kind] = (self._seconds(), 1) if past else (began, count + 1)
        return max(0, count - self._lines) if past else 0
