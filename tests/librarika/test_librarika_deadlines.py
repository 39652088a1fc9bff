"""One timer for all calls: each ends in time, whatever the others do, and nothing is left behind."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from sip2gw.alarm import Alarm, Deadline


class Deadlines(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.alarm = Alarm(self.clock)

    def waiting(self, when: float) -> tuple[Deadline, Deferred[None]]:
        deadline = self.alarm.deadline(when)
        return deadline, deadline.over(Deferred())

    def test_calls_share_one_timer_and_leave_none(self) -> None:
        calls = [self.waiting(10 + number) for number in range(100)]
        self.assertEqual(len(self.clock.getDelayedCalls()), 1)
        for deadline, _ in calls:
            deadline.end()
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.assertEqual(self.alarm._queue, [])

    def test_an_earlier_deadline_is_not_kept_waiting_by_a_later_one(self) -> None:
        late, early = self.waiting(10), self.waiting(3)
        self.clock.advance(3)
        self.failureResultOf(early[1], CancelledError)
        self.assertEqual((early[0].late, late[0].late), (True, False))
        early[0].end()
        self.clock.advance(7)
        self.failureResultOf(late[1], CancelledError)

    def test_a_deadline_that_is_moved_strikes_at_the_new_moment(self) -> None:
        for first, then in ((5, 9), (9, 5)):
            start = self.clock.seconds()
            deadline, waiting = self.waiting(start + first)
            deadline.move(start + then)
            self.clock.pump([0.5] * (2 * then - 1))
            self.assertNoResult(waiting)
            self.clock.advance(0.5)
            self.failureResultOf(waiting, CancelledError)
            deadline.end()

    def test_an_ended_deadline_strikes_nobody(self) -> None:
        (ended, quiet), (_, other) = self.waiting(1), self.waiting(5)
        ended.end()
        self.clock.advance(2)
        self.assertNoResult(quiet)
        self.assertNoResult(other)
        self.assertFalse(ended.late)

    def test_calls_that_came_and_went_take_no_memory(self) -> None:
        self.waiting(1000)
        for _ in range(1000):
            self.waiting(20)[0].end()
        self.assertLess(len(self.alarm._queue), 100)


@given(st.lists(st.tuples(st.integers(1, 20), st.integers(1, 20), st.booleans()), max_size=20))
def test_each_deadline_strikes_in_its_second(plan: list[tuple[int, int, bool]]) -> None:
    clock = Clock()
    alarm = Alarm(clock)
    calls = []
    for first, then, ends in plan:
        deadline = alarm.deadline(first)
        waiting: Deferred[None] = deadline.over(Deferred())
        struck: list[float] = []
        waiting.addErrback(lambda _, struck=struck: struck.append(clock.seconds()))
        deadline.move(then)
        if ends:
            deadline.end()
        calls.append((then, ends, struck, deadline))
    for _ in range(21):
        clock.advance(1)
        for _, ends, struck, deadline in calls:
            if struck and not ends and not deadline.ended:
                deadline.end()
    assert [struck for _, _, struck, _ in calls] == [[] if ends else [then] for then, ends, _, _ in calls]
    assert clock.getDelayedCalls() == []
