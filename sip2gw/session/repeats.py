"""What was said last, for 97; and the answers to writes, for when the same bytes come again (3M).

An answer belongs to the terminal rather than to its connection: whoever did not hear it reconnects and asks again, and
the library has decided already. As long as it has not, the second try waits for the first one.

Whole lines are compared: terminals that always send AY0 are common, and a checksum is a sum, so permuted barcodes
share it. Even the same line may be meant anew, by a terminal whose clock stands still: an answer is given again only
while nobody, at any terminal of the library, has written anything newer on that item (or, if it names none, on that
patron's account), and until the terminal goes on to its next write on that connection.
"""

from __future__ import annotations

from collections.abc import Callable
from secrets import token_hex

from attrs import Factory, define, evolve, frozen

from sip2gw.digests import Digests
from sip2gw.session.hand import InHand
from sip2gw.session.shares import Key, Shares

MEMORY = 300.0
"""How long, in seconds, the answer to a write is given again for the same bytes."""
UNDATED = 90.0
"""The same for a write without a date, which may be meant anew: no terminal goes on retrying for longer."""
MOST = 131_072
"""Of so many items and accounts the newest write is known. An answer whose write fell out is not given again."""
MOST_ANSWERS = 16_384
"""So many answers are kept; see `Shares` for whose."""
MOST_PER_TERMINAL = 64
"""So many of them are of one terminal. One that keeps its connection needs one."""


@frozen(eq=False, repr=False)
class Write:
    """One write on an item or an account, as `Newest` knows it."""

    key: Key
    until: float


class Newest:
    """Which write on each item and account is the newest, in all sessions of the process. Nothing of them is kept."""

    def __init__(self, clock: Callable[[], float], most: int = MOST) -> None:
        self._clock = clock
        self._writes: Shares[Write] = Shares(most)

    def note(self, library: str, what: str) -> Write:
        """It was just written on. How it was spelled matters as little as for the library itself."""
        now = self._clock()
        write = Write(Key(library, "", hash(what.strip().casefold())), now + MEMORY)
        self._writes.put(write.key, write)
        self._writes.drop_oldest_while(lambda one: one.until <= now, library)
        return write

    def forget_old(self) -> None:
        """Let go of what no answer is kept for any more."""
        now = self._clock()
        self._writes.drop_oldest_while(lambda one: one.until <= now)

    def __contains__(self, write: Write) -> bool:
        return self._writes.get(write.key) is write

    def __len__(self) -> int:
        return len(self._writes)


@frozen(repr=False)
class _Answered:
    answer: bytes | None
    """None once the terminal has gone on to another write: the same line is no repeat then."""
    until: float
    write: Write | None
    has_item: bool


@define(eq=False, repr=False)
class First:
    """A write in hand, for which the same one of the same terminal waits: when it is `over`, it may be answered."""

    _key: Key
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
        self,
        clock: Callable[[], float],
        *,
        most: int = MOST_ANSWERS,
        per_terminal: int = MOST_PER_TERMINAL,
        newest: Newest | None = None,
    ) -> None:
        self.newest = Newest(clock) if newest is None else newest
        self._clock = clock
        self._digests = Digests()
        self._answered: Shares[_Answered] = Shares(most, per_terminal)
        self._in_hand: dict[Key, First] = {}

    def __len__(self) -> int:
        return len(self._answered)

    def key(self, library: str, terminal: str, line: bytes) -> Key:
        """What stands for this line of this terminal."""
        return Key(library, terminal, self._digests.of(library, terminal, line))

    def keep(self, key: Key, answer: bytes, life: float, write: Write | None, *, has_item: bool) -> None:
        """This is the answer, for `life` seconds or until there is a newer `write` on its item or account."""
        self._answered.put(key, _Answered(answer, self._clock() + life, write, has_item))

    def get(self, key: Key) -> bytes | None:
        """The answer given before, if that still holds."""
        before = self._answered.get(key)
        if before is None or before.answer is None:
            return None
        superseded = before.write is not None and before.write not in self.newest
        if superseded or self._clock() >= before.until:
            self._answered.drop(key)
            return None
        return before.answer

    def drop(self, key: Key) -> None:
        """It does not hold any more."""
        self._answered.drop(key)

    def has_gone_on(self, key: Key) -> bool:
        """Whether this line was answered, and the terminal has written something else since."""
        before = self._answered.get(key)
        return before is not None and before.answer is None and self._clock() < before.until

    def go_on_from(self, key: Key) -> None:
        """The terminal has heard this answer. That it was given is of use where no item would show it."""
        before = self._answered.get(key)
        if before is not None and not before.has_item:
            self._answered.put(key, evolve(before, answer=None))
        else:
            self._answered.drop(key)

    def forget_old(self) -> None:
        """Let go of what is not given again any more, in the order in which it was kept."""
        now = self._clock()
        self._answered.drop_oldest_while(lambda one: one.until <= now)
        self.newest.forget_old()

    def in_hand(self, key: Key) -> First | None:
        """The same write, while it is not over."""
        return self._in_hand.get(key)

    def begin(self, key: Key) -> First:
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
        self._last: Key | None = None
        self._answered_last: Key | None = None
        self._first: First | None = None

    def belongs_to(self, library: str, terminal: str) -> None:
        """The session is bound; `terminal` is the same text for the same one, and empty if that can't be told."""
        self._library = library
        self._terminal = terminal or self._terminal

    def answered(self, line: bytes) -> None:
        """The request in `line` got its answer, whatever it was and whoever gave it."""
        self._answered_last = self._key(line)

    def was_answered_last(self, line: bytes) -> bool:
        """Whether the answer that went out last was the one to `line`."""
        return self._answered_last == self._key(line)

    def again(self, line: bytes) -> bytes | First | None:
        """The answer to `line`, or the same line in hand on another connection; None if it is to be done."""
        key = self._key(line)
        return self._answers.get(key) or self._answers.in_hand(key)

    def said_again(self, line: bytes, answer: bytes) -> None:
        """`line` was a repeat, and this the answer."""
        key = self._key(line)
        self._go_on_to(key)
        self.last_sent = answer
        self._answered_last = key

    def forget(self, line: bytes) -> None:
        """The answer to `line` does not hold any more."""
        self._answers.drop(self._key(line))

    def is_anew(self, line: bytes) -> bool:
        """Whether `line` was answered before, and yet is no repeat: the terminal has gone on since."""
        return self._answers.has_gone_on(self._key(line))

    def begin(self, line: bytes) -> None:
        """The write in `line` is being done. `over` must follow."""
        self._first = self._answers.begin(self._key(line))

    def keep(self, hand: InHand, answer: bytes) -> None:
        """This write was answered so."""
        note, item, account = self._answers.newest.note, hand.item.strip(), hand.account.strip()
        of_account = note(self._library, f"account {account}") if account else None
        write = note(self._library, f"item {item}") if item else of_account
        key = self._key(hand.line)
        self._go_on_to(key)
        self._answers.keep(key, answer, MEMORY if hand.is_dated else UNDATED, write, has_item=bool(item))

    def over(self) -> None:
        """The write that was begun, if one was, is no longer in hand."""
        first, self._first = self._first, None
        if first is not None:
            self._answers.over(first)

    def _go_on_to(self, key: Key) -> None:
        """Whoever writes next has heard the answer before."""
        if self._last is not None and self._last != key:
            self._answers.go_on_from(self._last)
        self._last = key

    def _key(self, line: bytes) -> Key:
        return self._answers.key(self._library, self._terminal, line)
