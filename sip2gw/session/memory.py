"""What was said last, for 97; and the answer to the last write, for when the same bytes come again (3M).

Whole lines are compared: terminals that always send AY0 are common, and a checksum is a sum, so permuted barcodes
share it. Even the same line may be meant anew, by a terminal whose clock stands still: an answer is given again only
while nobody, at any terminal of the library, has written anything newer on that item.
"""

from __future__ import annotations

from collections.abc import Callable

from attrs import frozen

MEMORY = 300.0
"""How long, in seconds, the answer to a write is given again for the same bytes."""
UNDATED = 90.0
"""The same for a write without a date, which may be meant anew: no terminal goes on retrying for longer."""


MOST = 65_536
"""Of so many writes it is known which is the newest on its item. An answer that fell out of them is not given again."""


@frozen(eq=False, repr=False)
class Write:
    """One write on an item, as `Newest` knows it."""

    item: int
    until: float


class Newest:
    """Which write on each item is the newest, in all sessions of the process. Nothing of the items is kept."""

    def __init__(self, clock: Callable[[], float], most: int = MOST) -> None:
        self._clock = clock
        self._most = most
        self._writes: dict[int, Write] = {}

    def note(self, library: str, item: str) -> Write:
        """An item was just written on. How it was spelled matters as little as for the library itself."""
        now = self._clock()
        write = Write(hash((library, item.strip().casefold())), now + MEMORY)
        self._writes.pop(write.item, None)
        self._writes[write.item] = write
        while (oldest := next(iter(self._writes.values()))).until <= now or len(self._writes) > self._most:
            del self._writes[oldest.item]
        return write

    def __contains__(self, write: Write) -> bool:
        return self._writes.get(write.item) is write

    def __len__(self) -> int:
        return len(self._writes)


@frozen(repr=False)
class _Answered:
    line: bytes
    answer: bytes
    until: float
    write: Write | None


class Memory:
    """Remembers for one session, whose `library` is empty until it is known. `clock` counts seconds."""

    def __init__(self, clock: Callable[[], float], newest: Newest | None = None) -> None:
        self.last_sent: bytes | None = None
        self.library = ""
        self._clock = clock
        self._newest = Newest(clock) if newest is None else newest
        self._answered: _Answered | None = None

    def keep(self, line: bytes, answer: bytes, *, item: str, dated: bool) -> None:
        """The write in `line` was answered so. `item` is what it was on; empty if it was on none."""
        write = self._newest.note(self.library, item) if item else None
        self._answered = _Answered(line, answer, self._clock() + (MEMORY if dated else UNDATED), write)

    def again(self, line: bytes) -> bytes | None:
        """The answer to `line`, if it is the last write over again."""
        before = self._answered
        if before is None or before.line != line or self._clock() >= before.until:
            return None
        if before.write is not None and before.write not in self._newest:
            return None
        self.last_sent = before.answer
        return before.answer
