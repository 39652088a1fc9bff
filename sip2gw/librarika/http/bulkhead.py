"""Limit the calls in progress, and share the slots for them fairly among the libraries; other calls wait.

Every library may use the first half of the slots. In the other half the share of a library shrinks with the slots that
are left there, down to one. So even if many libraries hang, those that answer get slots.
"""

from __future__ import annotations

from collections import deque
from functools import partial

from twisted.internet.defer import Deferred

LOW_PRIORITY = 4
"""The share of a library's slots for calls of low priority: one in so many, and never the last."""
LOW_PRIORITY_OF_ALL = 2
"""The same, of all slots of the process."""
_AFTER = 1 << 20
"""Added to the turn of a bulkhead in which only calls of low priority wait, so that it comes after all others."""


class TurnedAway(Exception):
    """No waiting call gets a slot any more."""


class Capacity:
    """The `width` slots of the process, which the bulkheads of all libraries share.

    A free slot goes to the library with the fewest calls in progress.
    """

    def __init__(self, width: int) -> None:
        self._width = width
        self._bulkheads: dict[int, dict[Bulkhead, None]] = {}
        """Bulkheads with waiting calls, by their turn: the least first. The cost does not grow with their number."""
        self._letting_in = False
        self.in_progress = 0
        self.low_priority = 0

    @property
    def admits_low_priority(self) -> bool:
        """Whether another call of low priority may have a slot."""
        return self.low_priority < max(self._width // LOW_PRIORITY_OF_ALL, 1)

    @property
    def waiting(self) -> int:
        """The number of calls that wait for a slot, in all bulkheads."""
        return sum(bulkhead.waiting for bulkheads in self._bulkheads.values() for bulkhead in bulkheads)

    def has_room(self, theirs: int, most: int) -> bool:
        """Return whether a bulkhead with `theirs` of at most `most` slots may have another one."""
        left = self._width - self.in_progress
        return left > 0 and theirs * self._width < most * 2 * left

    def widen(self, width: int) -> None:
        """Have so many slots from now on. Calls in progress keep theirs."""
        self._width = width
        self.let_in()

    def put(self, bulkhead: Bulkhead, before: int | None, now: int | None) -> None:
        """Change the turn of a bulkhead; it comes after others with the same turn. None if no call waits in it."""
        if before is not None:
            bulkheads = self._bulkheads[before]
            del bulkheads[bulkhead]
            if not bulkheads:
                del self._bulkheads[before]
        if now is not None:
            self._bulkheads.setdefault(now, {})[bulkhead] = None

    def let_in(self) -> None:
        """Give free slots to waiting calls. A call may end while this runs: its slot is given away as well."""
        if self._letting_in or not self._bulkheads:
            return
        self._letting_in = True
        try:
            while (bulkhead := self._first()) is not None:
                bulkhead.let_one_in()
        finally:
            self._letting_in = False

    def _first(self) -> Bulkhead | None:
        """Return the bulkhead whose turn it is; None if there is none."""
        if self.in_progress < self._width:
            for turn in sorted(self._bulkheads):
                for bulkhead in self._bulkheads[turn]:
                    if bulkhead.has_room:
                        return bulkhead
        return None


class Bulkhead:
    """One library's part of the capacity, `width` slots at most. To cancel a wait gives it up.

    Each slot that was taken is given back with `leave`. Calls go in their order, those of low priority (see `Call`)
    after the others.
    """

    def __init__(self, capacity: Capacity, width: int) -> None:
        self._capacity = capacity
        self._width = width
        self.in_progress = 0
        self._low_priority = 0
        self._queue: deque[Deferred[None]] = deque()
        self._low_queue: deque[Deferred[None]] = deque()
        self._turn: int | None = None

    @property
    def waiting(self) -> int:
        """The number of calls that wait for a slot."""
        return len(self._queue) + len(self._low_queue)

    def is_full(self, *, low_priority: bool = False) -> bool:
        """Return whether the most slots are taken that this library may ever have, or that low priority may."""
        return self.in_progress >= self._width or (low_priority and not self._admits_low_priority)

    @property
    def has_room(self) -> bool:
        """Whether the next waiting call may go."""
        if self._queue and self._may_go():
            return True
        return bool(self._low_queue) and self._may_go(low_priority=True)

    def enter(self, *, low_priority: bool = False) -> Deferred[None] | None:
        """Take a slot. Returns None if it has one at once; otherwise fires when it has. Fails with `TurnedAway`."""
        is_next = not (self._queue or (low_priority and self._low_queue))
        if is_next and self._may_go(low_priority=low_priority):
            self._take(low_priority)
            return None
        queue = self._low_queue if low_priority else self._queue
        waiting: Deferred[None] = Deferred(partial(self._give_up, queue))
        queue.append(waiting)
        self._changed()
        return waiting

    def leave(self, *, low_priority: bool = False) -> None:
        """Give a slot back."""
        self.in_progress -= 1
        self._capacity.in_progress -= 1
        self._low_priority -= low_priority
        self._capacity.low_priority -= low_priority
        if self._turn is not None:
            self._changed()
        self._capacity.let_in()

    def widen(self, width: int) -> None:
        """Have so many slots from now on. Calls in progress keep theirs."""
        self._width = width
        self._capacity.let_in()

    def turn_away(self) -> None:
        """Let all waiting calls fail with `TurnedAway`."""
        while queue := self._queue or self._low_queue:
            waiting = queue.popleft()
            self._changed()
            waiting.errback(TurnedAway())

    def let_one_in(self) -> None:
        """Give a slot to the next waiting call."""
        low_priority = not self._queue
        waiting = (self._queue or self._low_queue).popleft()
        self._take(low_priority)
        self._changed()
        waiting.callback(None)

    @property
    def _admits_low_priority(self) -> bool:
        few = self._low_priority < max(self._width // LOW_PRIORITY, 1)
        return few and (self._width == 1 or self.in_progress < self._width - 1)

    def _may_go(self, *, low_priority: bool = False) -> bool:
        if self.in_progress >= self._width or not self._capacity.has_room(self.in_progress, self._width):
            return False
        return not low_priority or (self._admits_low_priority and self._capacity.admits_low_priority)

    def _take(self, low_priority: bool) -> None:
        self.in_progress += 1
        self._capacity.in_progress += 1
        self._low_priority += low_priority
        self._capacity.low_priority += low_priority

    def _give_up(self, queue: deque[Deferred[None]], waiting: Deferred[None]) -> None:
        queue.remove(waiting)
        self._changed()

    def _changed(self) -> None:
        """Take a new turn if it changed. A turn is kept until a call gets a slot or one ends."""
        before = self._turn
        if self._queue or self._low_queue:
            self._turn = self.in_progress if self._queue else self.in_progress + _AFTER
        else:
            self._turn = None
        if self._turn != before:
            self._capacity.put(self, before, self._turn)
