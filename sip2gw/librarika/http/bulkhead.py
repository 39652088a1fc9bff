"""So many calls are under way at once, and the others wait; the more places are taken, the fewer one library may have.

The first half of the places is for whoever asks. In the other half a library may have ever fewer of its own, down to
one: as the part of that half that is left. So libraries that hang, however many, leave places to those that answer.
"""

from __future__ import annotations

from collections import deque

from twisted.internet.defer import Deferred


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
        if self._letting_in:
            return
        self._letting_in = True
        try:
            while (bulkhead := self._first()) is not None:
                bulkhead.let_one_in()
        finally:
            self._letting_in = False

    def _first(self) -> Bulkhead | None:
        """The bulkhead whose turn it is."""
        if self.under_way >= self._width:
            return None
        return next(
            (
                bulkhead
                for turn in sorted(self._bulkheads)
                for bulkhead in self._bulkheads[turn]
                if bulkhead.has_room
            ),
            None,
        )


class Bulkhead:
    """One library's part of the road, `width` places at most. Whoever got one leaves it; to cancel a wait gives it up.

    Calls go in the order of asking.
    """

    def __init__(self, capacity: Capacity, width: int) -> None:
        self._capacity = capacity
        self._width = width
        self.under_way = 0
        self._queue: deque[Deferred[None]] = deque()
        self._turn: int | None = None

    @property
    def waiting(self) -> int:
        """How many wait for a place."""
        return len(self._queue)

    @property
    def full(self) -> bool:
        """Whether it has as many under way as it may ever have."""
        return self.under_way >= self._width

    @property
    def has_room(self) -> bool:
        """Whether another may go."""
        return not self.full and self._capacity.has_room(self.under_way, self._width)

    def enter(self) -> Deferred[None] | None:
        """Take a place: None if it is taken, else it fires when it is. Fails with `TurnedAway`."""
        if not self.waiting and self.has_room:
            self._take()
            return None
        place: Deferred[None] = Deferred(self._give_up)
        self._queue.append(place)
        self._changed()
        return place

    def leave(self) -> None:
        """Give a place back."""
        self.under_way -= 1
        self._capacity.under_way -= 1
        self._changed()
        self._capacity.let_in()

    def widen(self, width: int) -> None:
        """So many places from now on; if there are fewer than before, those who have one keep it."""
        self._width = width
        self._capacity.let_in()

    def turn_away(self) -> None:
        """Let nobody wait any longer."""
        while self._queue:
            place = self._queue.popleft()
            self._changed()
            place.errback(TurnedAway())

    def let_one_in(self) -> None:
        """A place for the next who waits."""
        place = self._queue.popleft()
        self._take()
        self._changed()
        place.callback(None)

    def _take(self) -> None:
        self.under_way += 1
        self._capacity.under_way += 1

    def _give_up(self, place: Deferred[None]) -> None:
        self._queue.remove(place)
        self._changed()

    def _changed(self) -> None:
        """A bulkhead keeps its turn until it is let in, or leaves; who else comes or gives up there takes none away."""
        before = self._turn
        self._turn = self.under_way if self.waiting else None
        if self._turn != before:
            self._capacity.put(self, before, self._turn)
