"""The repeats of one session: the last response, for 97, and whether a write was sent before."""

from __future__ import annotations

import re
from collections.abc import Callable
from hashlib import blake2b
from secrets import token_hex

from attrs import evolve

from sip2gw.library.terminals import DATED, UNDATED
from sip2gw.secret import joined
from sip2gw.session.kept_answers import MEANT_AGAIN, FirstTry, KeptAnswers
from sip2gw.session.shares import Key
from sip2gw.session.steps import Ask, Confirm, Ignore, Pending, Wait

_TRAILER = re.compile(rb"(?:AY.?)?(?:AZ[0-9A-Fa-f]{0,4})?\Z")
_LONGEST_TRAILER = 9
_LONG = re.compile(rb"AY([0-9]{2,9})AZ[0-9A-Fa-f]{1,4}\Z")


class Repeats:
    """What this session has sent. `belongs_to` comes before the first write; until then it shares with no session."""

    __slots__ = ("_answered_last", "_answers", "_first", "_last", "_library", "_terminal", "last_sent")

    def __init__(self, clock: Callable[[], float], answers: KeptAnswers | None = None) -> None:
        self.last_sent: bytes | None = None
        self._answers = KeptAnswers(clock) if answers is None else answers
        self._library = ""
        self._terminal = token_hex(16)
        self._last: Key | None = None
        self._answered_last: Key | None = None
        self._first: FirstTry | None = None

    @property
    def is_heard_elsewhere(self) -> bool | None:
        """See `FirstTry.is_heard`, of the write in progress."""
        return None if self._first is None else self._first.is_heard

    def belongs_to(self, library: str, terminal: str) -> None:
        """Bind the session. `terminal` is the same text for the same terminal, and empty if it can't be identified."""
        self._library = library
        self._terminal = terminal or self._terminal

    def once(self, ask: Ask, pending: Pending) -> Ask | Confirm | Wait | Ignore | bytes:
        """Return the step for a write, so that a write that was done, or is in progress, is not done twice.

        Bytes are the answer that was given before. After `Ask`, `over` must follow.
        """
        key = pending.key
        if key is None:
            key = pending.key = self._answers.key(self._library, self._terminal, pending.line)
        if pending.early and key == self._answered_last:
            return Ignore("said again before the answer was out", asked_again=True)
        before = self._answers.before(key)
        if before is None or before is MEANT_AGAIN:
            self._first = self._answers.begin(key)
            if before is MEANT_AGAIN:
                return evolve(ask, meant_again=True)
            return ask.of_line(self._digest(pending), dated=pending.is_dated)
        if isinstance(before, FirstTry):
            return Wait(before)
        if pending.item and before[2:3] == b"1":  # "ok" of 10, 12, 16, 20 and 30: the write was done
            return Confirm(ask)
        return before

    def answer_before(self, pending: Pending) -> bytes | None:
        """Return the answer that was given to this write before, if it still holds."""
        before = None if pending.key is None else self._answers.before(pending.key)
        return before if isinstance(before, bytes) else None

    def forget(self, pending: Pending) -> None:
        """Drop the answer to this write."""
        if pending.key is not None:
            self._answers.drop(pending.key)

    def said_again(self, pending: Pending, answer: bytes) -> None:
        """Record that this write was a repeat, answered with `answer`."""
        if pending.key is not None:
            self._go_on_to(pending.key)
        self.last_sent = answer
        self._answered_last = pending.key

    def answered(self, pending: Pending, answer: bytes, *, keep: bool) -> None:
        """Record that this request was answered. `keep` keeps the answer to a write, for repeats."""
        self._answered_last = key = pending.key
        if keep and key is not None:
            self._keep(key, pending, answer)
        self.over()

    def over(self) -> None:
        """End the write in progress, if there is one."""
        if self._first is not None:
            first, self._first = self._first, None
            self._answers.over(first)

    def _keep(self, key: Key, pending: Pending, answer: bytes) -> None:
        item, account = pending.item.strip(), pending.account.strip()
        what = [f"item {item}"] if item else []
        if account:
            what.append(f"account {account}")
        write = self._answers.newest.note(self._library, *what) if what else None
        self._go_on_to(key)
        self._answers.keep(key, answer, DATED if pending.is_dated else UNDATED, write, has_item=bool(item))

    def _digest(self, pending: Pending) -> bytes:
        """Return what this line has in common with its repeats. It is the same in every process.

        AY counts where no item is named: terminals number equal payments, and a payment twice is not a repeat.
        """
        line = without_trailer(pending.line, pending.trailer.sequence or "") if pending.item else pending.line
        return blake2b(joined(self._terminal, line), digest_size=16).digest()

    def _go_on_to(self, key: Key) -> None:
        """Record that the terminal has the answer to its former write, because it sends another one."""
        if self._last is not None and self._last != key:
            self._answers.go_on_from(self._last)
        self._last = key


def without_trailer(line: bytes, sequence: str = "") -> bytes:
    """Return a line without AY and AZ, or what a damaged line has of them, and without blanks at its end.

    `sequence` is the number as the line was read: a longer one than a digit may else be part of a value.
    """
    line = line.rstrip()
    if len(sequence) > 1 and (found := _LONG.search(line)) and found[1].decode() == sequence:
        return line[: found.start()]
    # From near the end only: a line may have thousands of blanks and letters before.
    trailer = _TRAILER.search(line, max(len(line) - _LONGEST_TRAILER, 0))
    return line if trailer is None else line[: trailer.start()]
