"""One timer for many deadlines: it is set for the first of them, and not set and cancelled for each."""

from __future__ import annotations

from heapq import heappop, heappush
from itertools import count
from typing import Any, TypeVar

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall

T = TypeVar("T")


class Deadline:
    """When something must be over. What it waits for is cancelled then, and `late` is true."""

    __slots__ = ("_alarm", "_waiting", "ended", "late", "when")

    def __init__(self, alarm: Alarm, when: float) -> None:
        self._alarm, self.when = alarm, when
        self._waiting: Deferred[Any] | None = None
        self.late = self.ended = False

    def over(self, waiting: Deferred[T]) -> Deferred[T]:
        """Wait for this at most so long."""
        self._waiting = waiting
        return waiting

    def move(self, when: float) -> None:
        """Move it to another moment. An earlier one costs a place in the queue, a later one nothing."""
        sooner, self.when = when < self.when, when
        if sooner:
            self._alarm.watch(self)

    def end(self) -> None:
        """Forget this deadline: nothing waits any longer."""
        self._waiting, self.ended = None, True
        self._alarm.forget()

    def reach(self) -> None:
        """End the wait: time is over."""
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            self.late = True
            waiting.cancel()


class Alarm:
    """The timer. `clock` is a reactor's."""

    def __init__(self, clock: Any) -> None:
        self._clock = clock
        self._queue: list[tuple[float, int, Deadline]] = []
        self._order = count()
        self._alive = 0
        self._timer: IDelayedCall | None = None

    def deadline(self, when: float) -> Deadline:
        """Make a deadline at this moment, which is watched until it is ended."""
        made = Deadline(self, when)
        self._alive += 1
        self.watch(made)
        return made

    def watch(self, deadline: Deadline) -> None:
        """Have this deadline reached in time."""
        heappush(self._queue, (deadline.when, next(self._order), deadline))
        if self._queue[0][2] is deadline:
            self._set()

    def forget(self) -> None:
        """One has ended. With the last one nothing is left behind, neither of calls nor of the timer."""
        self._alive -= 1
        if self._alive == 0:
            self._queue.clear()
            if self._timer is not None and self._timer.active():
                self._timer.cancel()
            self._timer = None
        elif len(self._queue) > 2 * self._alive + 64:
            self._queue = [one for one in self._queue if not one[2].ended]
            self._queue.sort()

    def _set(self) -> None:
        wait = max(self._queue[0][0] - self._clock.seconds(), 0.0)
        if self._timer is not None and self._timer.active():
            self._timer.reset(wait)
        else:
            self._timer = self._clock.callLater(wait, self._reach)

    def _reach(self) -> None:
        now = self._clock.seconds()
        while self._queue and self._queue[0][0] <= now:
            _, _, deadline = heappop(self._queue)
            if deadline.when > now:
                heappush(self._queue, (deadline.when, next(self._order), deadline))
            else:
                deadline.reach()
        if self._queue:
            self._set()
