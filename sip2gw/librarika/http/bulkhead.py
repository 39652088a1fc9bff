"""So many calls are under way at once, and the others wait; the more places are taken, the fewer one library may have.

The first half of the places is for whoever asks. In the other half a library may have ever fewer of its own, down to
one: as the part of that half that is left. So libraries that hang, however many, leave places to those that answer.
"""

from __future__ import annotations

from collections import deque
from functools import partial

from twisted.internet.defer import Deferred

STRANGERS = 4
"""Logins that were never right before get one in so many of a library's places, and never the last."""
ALL_STRANGERS = 2
"""The same, of all places of the process."""
_AFTER = 1 << 20
"""The turn of strangers: after all others."""


class TurnedAway(Exception):
    """Nobody who waits will get a place."""


class Capacity:
    """The `width` places of the process, which the bulkheads of all libraries share.

    A place that is given back goes to the library with the fewest.
    """

    def __init__(self, width: int) -> None:
        self._width = width
        self._bulkheads: dict[int, dict[Bulkhead, None]] = {}
        """Those in which somebody waits, by who comes first: so that it costs the same however many there are."""
        self._letting_in = False
        self.under_way = 0
        self.strangers = 0

    @property
    def admits_strangers(self) -> bool:
        """Whether another stranger may have a place."""
        return self.strangers < max(self._width // ALL_STRANGERS, 1)

    @property
    def waiting(self) -> int:
        """How many wait for a place, in all bulkheads."""
        return sum(bulkhead.waiting for bulkheads in self._bulkheads.values() for bulkhead in bulkheads)

    def has_room(self, theirs: int, most: int) -> bool:
        """Whether a bulkhead with `theirs` places of `most` may have another of all."""
        left = self._width - self.under_way
        return left > 0 and theirs * self._width < most * 2 * left

    def widen(self, width: int) -> None:
        """So many places from now on; if there are fewer than before, those who have one keep it."""
        self._width = width
        self.let_in()

    def put(self, bulkhead: Bulkhead, before: int | None, now: int | None) -> None:
        """This bulkhead's turn comes otherwise than before, after those of the same; None if nobody waits in it."""
        if before is not None:
            bulkheads = self._bulkheads[before]
            del bulkheads[bulkhead]
            if not bulkheads:
                del self._bulkheads[before]
        if now is not None:
            self._bulkheads.setdefault(now, {})[bulkhead] = None

    def let_in(self) -> None:
        """Give away the places that somebody may have. Who is let in may leave at once: that is seen here as well."""
        if self._letting_in or not self._bulkheads:
            return
        self._letting_in = True
        try:
            while (bulkhead := self._first()) is not None:
                bulkhead.let_one_in()
        finally:
            self._letting_in = False

    def _first(self) -> Bulkhead | None:
        """The bulkhead whose turn it is."""
        if self.under_way < self._width:
            for turn in sorted(self._bulkheads):
                for bulkhead in self._bulkheads[turn]:
                    if bulkhead.has_room:
                        return bulkhead
        return None


class Bulkhead:
    """One library's part of the road, `width` places at most. Whoever got one leaves it; to cancel a wait gives it up.

    Calls go in the order of asking, strangers after the others.
    """

    def __init__(self, capacity: Capacity, width: int) -> None:
        self._capacity = capacity
        self._width = width
        self.under_way = 0
        self._strangers = 0
        self._queue: deque[Deferred[None]] = deque()
        self._strange: deque[Deferred[None]] = deque()
        self._turn: int | None = None

    @property
    def waiting(self) -> int:
        """How many wait for a place."""
        return len(self._queue) + len(self._strange)

    def is_full(self, *, stranger: bool = False) -> bool:
        """Whether it has as many under way as it may ever have, or as many strangers."""
        return self.under_way >= self._width or (stranger and not self._admits_strangers)

    @property
    def has_room(self) -> bool:
        """Whether the next who waits may go."""
        return bool(self._queue and self._may_go()) or bool(self._strange and self._may_go(stranger=True))

    def enter(self, *, stranger: bool = False) -> Deferred[None] | None:
        """Take a place: None if it is taken, else it fires when it is. Fails with `TurnedAway`."""
        if not (self._queue or (stranger and self._strange)) and self._may_go(stranger=stranger):
            self._take(stranger)
            return None
        queue = self._strange if stranger else self._queue
        place: Deferred[None] = Deferred(partial(self._give_up, queue))
        queue.append(place)
        self._changed()
        return place

    def leave(self, *, stranger: bool = False) -> None:
        """Give a place back."""
        self.under_way -= 1
        self._capacity.under_way -= 1
        self._strangers -= stranger
        self._capacity.strangers -= stranger
        if self._turn is not None:
            self._changed()
        self._capacity.let_in()

    def widen(self, width: int) -> None:
        """So many places from now on; if there are fewer than before, those who have one keep it."""
        self._width = width
        self._capacity.let_in()

    def turn_away(self) -> None:
        """Let nobody wait any longer."""
        while queue := self._queue or self._strange:
            place = queue.popleft()
            self._changed()
            place.errback(TurnedAway())

    def let_one_in(self) -> None:
        """A place for the next who waits."""
        stranger = not self._queue
        place = (self._queue or self._strange).popleft()
        self._take(stranger)
        self._changed()
        place.callback(None)

    @property
    def _admits_strangers(self) -> bool:
        few = self._strangers < max(self._width // STRANGERS, 1)
        return few and (self._width == 1 or self.under_way < self._width - 1)

    def _may_go(self, *, stranger: bool = False) -> bool:
        if self.under_way >= self._width or not self._capacity.has_room(self.under_way, self._width):
            return False
        return not stranger or (self._admits_strangers and self._capacity.admits_strangers)

    def _take(self, stranger: bool) -> None:
        self.under_way += 1
        self._capacity.under_way += 1
        self._strangers += stranger
        self._capacity.strangers += stranger

    def _give_up(self, queue: deque[Deferred[None]], place: Deferred[None]) -> None:
        queue.remove(place)
        self._changed()

    def _changed(self) -> None:
        """A bulkhead keeps its turn until it is let in, or leaves; who else comes or gives up there takes none away."""
        before = self._turn
        if self._queue or self._strange:
            self._turn = self.under_way if self._queue else self.under_way + _AFTER
        else:
            self._turn = None
        if self._turn != before:
            self._capacity.put(self, before, self._turn)
