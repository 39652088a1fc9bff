"""What was said last, for 97; and the answer to the last write, for when the same bytes come again (3M).

Whole lines are compared: terminals that always send AY0 are common, and a checksum is a sum, so permuted barcodes
share it.
"""

from __future__ import annotations

from collections.abc import Callable

from attrs import frozen

MEMORY = 300.0
"""How long, in seconds, the answer to a write is given again for the same bytes."""
UNDATED = 90.0
"""The same for a write without a date, which may be meant anew: no terminal goes on retrying for longer."""


@frozen(repr=False)
class _Answered:
    line: bytes
    answer: bytes
    until: float


class Memory:
    """Remembers for one session. `clock` counts seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.last_sent: bytes | None = None
        self._clock = clock
        self._answered: _Answered | None = None

    def keep(self, line: bytes, answer: bytes, *, dated: bool) -> None:
        """The write in `line` was answered so."""
        self._answered = _Answered(line, answer, self._clock() + (MEMORY if dated else UNDATED))

    def again(self, line: bytes) -> bytes | None:
        """The answer to `line`, if it is the last write over again."""
        before = self._answered
        if before is None or before.line != line or self._clock() >= before.until:
            return None
        self.last_sent = before.answer
        return before.answer
