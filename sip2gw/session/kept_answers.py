"""Keep the answers to writes, of all terminals of the process, for repeated lines (3M).

An answer belongs to the terminal and not to its connection: a terminal that missed the answer reconnects and asks
again, when the library has decided already. While it has not, the second try waits for the first.

Whole lines are compared: terminals that always send AY0 are common, and a checksum is a sum, so permuted barcodes
share it. A terminal whose clock stands still may mean the same line again: so an answer is repeated only while no
terminal of the library has written anything newer on that item (or, without an item, on that patron's account), and
until the terminal sends its next write on that connection.

If other processes answer the same terminals, nothing is kept here (`keeps`): only the journal knows all writes then.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum

from attrs import Factory, define, evolve, frozen

from sip2gw.library.terminals import DATED
from sip2gw.secret import Digests
from sip2gw.session.shares import Key, Shares

MOST = 131_072
"""How many items and accounts have their newest write remembered. An answer whose write was dropped is not repeated."""
MOST_ANSWERS = 16_384
"""How many answers are kept; `Shares` divides them."""
MOST_PER_TERMINAL = 64
"""How many of them belong to one terminal. A terminal that keeps its connection needs one."""


@frozen(eq=False, repr=False)
class Write:
    """One write on an item or an account, as recorded by `Newest`."""

    key: Key
    until: float


class Newest:
    """The newest write on each item and account, in all sessions of the process. Stores digests only."""

    def __init__(self, clock: Callable[[], float], most: int = MOST) -> None:
        self._clock = clock
        self._writes: Shares[Write] = Shares(most)

    def note(self, library: str, *what: str) -> Write:
        """Record a write on an item, an account or both, and return that on the first of them.

        Case and outer spaces do not count, as at the library.
        """
        now = self._clock()
        writes = [Write(Key(library, "", hash(one.strip().casefold())), now + DATED) for one in what]
        for write in writes:
            self._writes.put(write.key, write)
        self._writes.drop_oldest_while(lambda one: one.until <= now, library)
        return writes[0]

    def forget_old(self) -> None:
        """Drop writes that no answer depends on any longer."""
        now = self._clock()
        self._writes.drop_oldest_while(lambda one: one.until <= now)

    def __contains__(self, write: Write) -> bool:
        return self._writes.get(write.key) is write

    def __len__(self) -> int:
        return len(self._writes)


@frozen(repr=False)
class _Answered:
    answer: bytes | None
    """None once the terminal has sent another write: then the same line is not a repeat."""
    until: float
    write: Write | None
    has_item: bool


@define(eq=False, repr=False)
class FirstTry:
    """A write in progress that a second try of the same terminal waits for."""

    _key: Key
    _waiting: list[Callable[[], None]] = Factory(list)
    _hears: list[Callable[[], bool]] = Factory(list)

    @property
    def is_heard(self) -> bool | None:
        """Return whether a second try gets the answer. None if there is none: the terminal has not reconnected."""
        return any(hears() for hears in self._hears) if self._hears else None

    def when_over(self, go_on: Callable[[], None], hears: Callable[[], bool]) -> None:
        """Call `go_on` as soon as the write is over. `hears` says whether the second try still gets its answer."""
        self._waiting.append(go_on)
        self._hears.append(hears)

    def over(self) -> None:
        """End the write: it was answered, or refused without effect."""
        waiting, self._waiting = self._waiting, []
        for go_on in waiting:
            go_on()


class MeantAgain(Enum):
    """Says that a line was answered before and is not a repeat, because the terminal has sent another write since."""

    MEANT_AGAIN = "meant again"


MEANT_AGAIN = MeantAgain.MEANT_AGAIN


class KeptAnswers:
    """The answers to writes, of all terminals of the process. Terminal and line are stored as a digest.

    `clock` returns seconds.
    """

    def __init__(
        self,
        clock: Callable[[], float],
        *,
        most: int = MOST_ANSWERS,
        per_terminal: int = MOST_PER_TERMINAL,
        newest: Newest | None = None,
        keeps: bool = True,
    ) -> None:
        self.newest = Newest(clock) if newest is None else newest
        self._keeps = keeps
        self._clock = clock
        self._digests = Digests()
        self._answered: Shares[_Answered] = Shares(most, per_terminal)
        self._in_progress: dict[Key, FirstTry] = {}

    def __len__(self) -> int:
        return len(self._answered)

    def key(self, library: str, terminal: str, line: bytes) -> Key:
        """Return the key of this line of this terminal."""
        return Key(library, terminal, self._digests.of(library, terminal, line))

    def keep(self, key: Key, answer: bytes, life: float, write: Write | None, *, has_item: bool) -> None:
        """Keep an answer for `life` seconds, or until there is a newer `write` on its item or account."""
        if self._keeps:
            self._answered.put(key, _Answered(answer, self._clock() + life, write, has_item))

    def before(self, key: Key) -> bytes | FirstTry | MeantAgain | None:
        """Return the answer, if it still holds; the same write while it is in progress; None for a new line."""
        before = self._answered.get(key)
        if before is None:
            return self._in_progress.get(key)
        superseded = before.write is not None and before.write not in self.newest
        over = self._clock() >= before.until
        if before.answer is None:
            return self._in_progress.get(key) or (None if over else MEANT_AGAIN)
        if superseded or over:
            self._answered.drop(key)
            return self._in_progress.get(key)
        return before.answer

    def drop(self, key: Key) -> None:
        """Drop the answer."""
        self._answered.drop(key)

    def go_on_from(self, key: Key) -> None:
        """Record that the terminal has received this answer. The entry is kept only if the write names no item."""
        before = self._answered.get(key)
        if before is not None and not before.has_item:
            self._answered.put(key, evolve(before, answer=None))
        else:
            self._answered.drop(key)

    def forget_old(self) -> None:
        """Drop expired answers and writes, in the order in which they were kept."""
        now = self._clock()
        self._answered.drop_oldest_while(lambda one: one.until <= now)
        self.newest.forget_old()

    def begin(self, key: Key) -> FirstTry:
        """Record that this write is in progress."""
        self._in_progress[key] = first = FirstTry(key)
        return first

    def over(self, first: FirstTry) -> None:
        """Record that it is over."""
        del self._in_progress[first._key]
        first.over()
