"""What was said last, for 97; and the answers to writes, for when the same bytes come again (3M).

An answer belongs to the terminal rather than to its connection: whoever did not hear it reconnects and asks again, and
the library has decided already. As long as it has not, the second try waits for the first one.

Whole lines are compared: terminals that always send AY0 are common, and a checksum is a sum, so permuted barcodes
share it. Even the same line may be meant anew, by a terminal whose clock stands still: an answer is given again only
while nobody, at any terminal of the library, has written anything newer on that item, and until the terminal goes on
to its next write on that connection.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from secrets import token_hex

from attrs import Factory, define, frozen

from sip2gw.digests import Digests

MEMORY = 300.0
"""How long, in seconds, the answer to a write is given again for the same bytes."""
UNDATED = 90.0
"""The same for a write without a date, which may be meant anew: no terminal goes on retrying for longer."""


MOST = 65_536
"""Of so many writes it is known which is the newest on its item. An answer that fell out of them is not given again."""
MOST_ANSWERS = 16_384
"""So many answers are kept, of those terminals that wrote last."""


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
    answer: bytes
    until: float
    write: Write | None


@define(eq=False, repr=False)
class First:
    """A write in hand, for which the same one of the same terminal waits: when it is `over`, it may be answered."""

    _key: bytes
    _waiting: list[Callable[[], None]] = Factory(list)

    def when_over(self, go_on: Callable[[], None]) -> None:
        """Have this called as soon as it is."""
        self._waiting.append(go_on)

    def over(self) -> None:
        """It is: answered, or refused without effect."""
        waiting, self._waiting = self._waiting, []
        for go_on in waiting:
            go_on()


class Answers:
    """The answers to writes, of all terminals of the process. Whose they are, and to what, is kept as a digest.

    `clock` counts seconds.
    """

    def __init__(
        self, clock: Callable[[], float], *, most: int = MOST_ANSWERS, newest: Newest | None = None
    ) -> None:
        self.newest = Newest(clock) if newest is None else newest
        self._clock = clock
        self._most = most
        self._digests = Digests()
        self._answered: OrderedDict[bytes, _Answered] = OrderedDict()
        self._in_hand: dict[bytes, First] = {}

    def __len__(self) -> int:
        return len(self._answered)

    def key(self, library: str, terminal: str, line: bytes) -> bytes:
        """What stands for this line of this terminal."""
        return self._digests.of(library, terminal, line)

    def keep(self, key: bytes, answer: bytes, life: float, write: Write | None) -> None:
        """This is the answer, for `life` seconds or until there is a newer `write` on its item."""
        self._answered[key] = _Answered(answer, self._clock() + life, write)
        self._answered.move_to_end(key)
        while len(self._answered) > self._most:
            self._answered.popitem(last=False)

    def get(self, key: bytes) -> bytes | None:
        """The answer given before, if that still holds."""
        before = self._answered.get(key)
        if before is None:
            return None
        superseded = before.write is not None and before.write not in self.newest
        if superseded or self._clock() >= before.until:
            del self._answered[key]
            return None
        return before.answer

    def drop(self, key: bytes) -> None:
        """Nobody will ask for this one again."""
        self._answered.pop(key, None)

    def forget_old(self) -> None:
        """Let go of what is not given again any more, in the order in which it was kept."""
        now = self._clock()
        while self._answered and next(iter(self._answered.values())).until <= now:
            self._answered.popitem(last=False)

    def in_hand(self, key: bytes) -> First | None:
        """The same write, while it is not over."""
        return self._in_hand.get(key)

    def begin(self, key: bytes) -> First:
        """This write is in hand now."""
        self._in_hand[key] = first = First(key)
        return first

    def over(self, first: First) -> None:
        """It is no longer."""
        del self._in_hand[first._key]
        first.over()


class Memory:
    """Remembers for one session. Whose it is must be told before a write; until then nobody shares with it."""

    def __init__(self, clock: Callable[[], float], answers: Answers | None = None) -> None:
        self.last_sent: bytes | None = None
        self._answers = Answers(clock) if answers is None else answers
        self._library = ""
        self._terminal = token_hex(16)
        self._last: bytes | None = None
        self._first: First | None = None

    def belongs_to(self, library: str, terminal: str) -> None:
        """The session is bound; `terminal` is the same text for the same one, and empty if that can't be told."""
        self._library = library
        self._terminal = terminal or self._terminal

    def again(self, line: bytes) -> bytes | First | None:
        """The answer to `line`, or the same line in hand on another connection; None if it is to be done."""
        key = self._key(line)
        if answer := self._answers.get(key):
            self._go_on_to(key)
            self.last_sent = answer
            return answer
        return self._answers.in_hand(key)

    def begin(self, line: bytes) -> None:
        """The write in `line` is being done. `over` must follow."""
        self._first = self._answers.begin(self._key(line))

    def keep(self, line: bytes, answer: bytes, *, item: str, dated: bool) -> None:
        """The write in `line` was answered so. `item` is what it was on; empty if it was on none."""
        write = self._answers.newest.note(self._library, item) if item else None
        key = self._key(line)
        self._go_on_to(key)
        self._answers.keep(key, answer, MEMORY if dated else UNDATED, write)

    def over(self) -> None:
        """The write that was begun, if one was, is no longer in hand."""
        first, self._first = self._first, None
        if first is not None:
            self._answers.over(first)

    def _go_on_to(self, key: bytes) -> None:
        """Whoever writes next has heard the answer before."""
        if self._last not in (None, key):
            self._answers.drop(self._last)
        self._last = key

    def _key(self, line: bytes) -> bytes:
        return self._answers.key(self._library, self._terminal, line)
