"""The breaker, the lane, and what may be made again: by themselves, on a clock that stands still."""

from __future__ import annotations

import pytest
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from sip2gw.librarika.http.breaker import Breaker, RetryBudget, State
from sip2gw.librarika.http.bulkhead import Bulkhead, Capacity, TurnedAway
from sip2gw.librarika.http.call import rest


class Breaking(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.changes: list[tuple[State, int]] = []
        self.breaker = Breaker(
            self.clock.seconds,
            most=lambda: 16,
            changed=lambda: self.changes.append((self.breaker.state, self.breaker.width)),
        )

    def calls(self, passed: int, failed: int, *, connected: bool = True) -> State:
        for _ in range(passed):
            self.breaker.passed(self.breaker.era)
        for _ in range(failed):
            self.breaker.failed(self.breaker.era, connected=connected)
        return self.breaker.state

    def test_F75_opens_when_half_of_twenty_fail(self) -> None:
        self.assertIs(self.calls(10, 9), State.CLOSED)
        self.assertIs(self.calls(0, 1), State.OPEN)
        self.assertFalse(self.breaker.admits)

    def test_F75_fewer_than_twenty_or_less_than_half_open_nothing(self) -> None:
        self.assertIs(self.calls(0, 19), State.CLOSED)
        self.clock.advance(11)  # They are forgotten.
        self.assertIs(self.calls(0, 19), State.CLOSED)
        self.clock.advance(11)
        self.assertIs(self.calls(51, 49), State.CLOSED)

    def test_F75_opens_after_five_connections_in_a_row_that_fail(self) -> None:
        self.assertIs(self.calls(0, 4, connected=False), State.CLOSED)
        self.assertIs(self.calls(1, 4, connected=False), State.CLOSED)
        self.assertIs(self.calls(0, 1, connected=False), State.OPEN)

    def test_F76_comes_back_by_one_two_four(self) -> None:
        self.calls(0, 5, connected=False)
        self.assertFalse(self.breaker.due)
        self.clock.advance(1)
        self.assertTrue(self.breaker.due)
        self.breaker.resume()
        self.assertFalse(self.breaker.admits, "only the one that probes")
        for width in (1, 2, 4, 8, 16):
            self.assertEqual((self.breaker.state, self.breaker.width), (State.HALF_OPEN, width))
            self.calls(width - 1, 0)
            self.assertEqual(self.breaker.width, width)
            self.calls(1, 0)
        self.assertIs(self.breaker.state, State.CLOSED)
        self.assertEqual(
            self.changes,
            [(State.OPEN, 0), *((State.HALF_OPEN, width) for width in (1, 2, 4, 8, 16)), (State.CLOSED, 32)],
        )

    def test_F75_stays_open_for_longer_each_time(self) -> None:
        self.calls(0, 5, connected=False)
        for pause in (1, 2, 4, 8, 16, 30, 30):
            self.clock.advance(pause - 0.1)
            self.assertFalse(self.breaker.due)
            self.clock.advance(0.1)
            self.assertTrue(self.breaker.due)
            self.breaker.resume()
            self.assertIs(self.calls(0, 1), State.OPEN)

    def test_what_began_before_it_opened_tells_nothing(self) -> None:
        old = self.breaker.era
        self.calls(0, 5, connected=False)
        self.clock.advance(1)
        self.breaker.resume()
        self.breaker.failed(old, connected=True)
        self.breaker.passed(old)
        self.assertEqual((self.breaker.state, self.breaker.width), (State.HALF_OPEN, 1))

    def test_a_bad_moment_long_ago_is_forgotten(self) -> None:
        self.calls(0, 5, connected=False)
        self.clock.advance(1)
        self.breaker.resume()
        self.calls(31, 0)
        self.assertIs(self.breaker.state, State.CLOSED)
        self.calls(0, 5, connected=False)
        self.assertEqual(self.breaker.until - self.clock.seconds(), 1)


class Lanes(SynchronousTestCase):
    def wait(self, lane: Bulkhead) -> Deferred[None]:
        place = lane.enter()
        assert place is not None
        return place

    def lane(self, width: int = 1) -> Bulkhead:
        return Bulkhead(Capacity(16), width)

    def test_F76_calls_go_in_the_order_of_asking(self) -> None:
        lane, order = self.lane(), []
        self.assertIsNone(lane.enter())
        for name in "abcd":
            self.wait(lane).addCallback(lambda _, name=name: order.append(name))
        for _ in range(4):
            lane.leave()
        self.assertEqual(order, ["a", "b", "c", "d"])
        self.assertEqual((lane.in_progress, lane.waiting), (1, 0))

    def test_who_waits_does_not_lose_the_place_to_who_comes(self) -> None:
        lane = self.lane()
        lane.enter()
        waiting = self.wait(lane)
        lane.widen(2)
        self.successResultOf(waiting)
        self.assertEqual(lane.in_progress, 2)
        lane.widen(1)
        lane.leave()
        self.wait(lane).addErrback(lambda _: None)

    def test_to_give_up_gives_the_place_to_the_next(self) -> None:
        lane = self.lane()
        lane.enter()
        first, second = self.wait(lane), self.wait(lane)
        first.cancel()
        self.failureResultOf(first, CancelledError)
        lane.leave()
        self.successResultOf(second)

    def test_turned_away(self) -> None:
        lane = self.lane()
        lane.enter()
        waiting = [self.wait(lane), self.wait(lane)]
        lane.turn_away()
        for place in waiting:
            self.failureResultOf(place, TurnedAway)
        self.assertEqual(lane.waiting, 0)


class Roads(SynchronousTestCase):
    def fill(self, road: Capacity, lanes: int, width: int) -> list[Bulkhead]:
        """So many lanes, in each of which more want to go than ever may."""
        all_of_them = [Bulkhead(road, width) for _ in range(lanes)]
        for _ in range(2 * width):
            for lane in all_of_them:
                lane.enter()
        return all_of_them

    def test_F75_however_many_hang_there_is_a_place_for_another(self) -> None:
        for hanging, each in ((1, 16), (7, 16), (16, 11), (50, 5), (100, 3), (200, 2), (255, 1)):
            road = Capacity(256)
            lanes = self.fill(road, hanging, 16)
            self.assertEqual(max(lane.in_progress for lane in lanes), each)
            self.assertGreaterEqual(min(lane.in_progress for lane in lanes), each - 1, "all fare alike")
            self.assertEqual(road.waiting, 32 * hanging - road.in_progress)
            self.assertIsNone(Bulkhead(road, 16).enter(), hanging)

    def test_one_alone_has_all_that_it_may_have(self) -> None:
        for width, most, gets in ((256, 16, 16), (16, 16, 11), (3, 2, 2), (2, 16, 2), (1, 16, 1), (1, 1, 1)):
            self.assertEqual(self.fill(Capacity(width), 1, most)[0].in_progress, gets)

    def test_a_place_goes_to_the_library_that_has_fewest(self) -> None:
        road, order = Capacity(2), []
        busy, free = (Bulkhead(road, 3) for _ in range(2))
        for _ in range(2):
            self.assertIsNone(busy.enter())
        for name, lane in (("b", busy), ("f", free)):
            place = lane.enter()
            assert place is not None
            place.addCallback(lambda _, name=name: order.append(name))
        for lane in (busy, busy, free):
            lane.leave()
        self.assertEqual((order, road.in_progress, road.waiting), (["f", "b"], 1, 0))

    def test_F75_who_asks_often_is_not_put_behind_others(self) -> None:
        road, order = Capacity(1), []
        busy, other = Bulkhead(road, 3), Bulkhead(road, 3)
        holder = Bulkhead(road, 3)
        self.assertIsNone(holder.enter())
        places = [lane.enter() for lane in (busy, other, busy, busy)]
        for name, place in zip(("first", "other", "given up", "last"), places, strict=True):
            assert place is not None
            place.addCallbacks(lambda _, name=name: order.append(name), lambda _: None)
        assert places[2] is not None
        places[2].cancel()
        for lane in (holder, busy, other, busy):
            lane.leave()
        self.assertEqual((order, road.in_progress, road.waiting), (["first", "other", "last"], 0, 0))

    def test_any_number_may_leave_as_soon_as_they_are_let_in(self) -> None:
        road, left, errors = Capacity(1), [], []
        lanes = [Bulkhead(road, 3) for _ in range(3)]
        lanes[0].enter()
        for number in range(600):
            lane = lanes[number % 3]
            place = lane.enter()
            assert place is not None
            place.addCallback(lambda _, lane=lane: (left.append(lane), lane.leave()))
            place.addErrback(errors.append)
        lanes[0].leave()
        self.assertEqual((len(left), errors, road.in_progress, road.waiting), (600, [], 0, 0))

    def test_F75_to_find_the_next_costs_the_same_however_many_libraries_wait(self) -> None:
        looked = []

        class Seen(Bulkhead):
            @property
            def has_room(self) -> bool:
                looked.append(self)
                return super().has_room

        road = Capacity(2)
        lanes = [Seen(road, 16) for _ in range(1000)]
        for lane in lanes:
            lane.enter()
        looked.clear()
        for lane in lanes:
            lane.leave()
        self.assertEqual((road.in_progress, road.waiting), (0, 0))
        self.assertLessEqual(len(looked), 2000)

    def test_as_many_places_as_there_are_now(self) -> None:
        road = Capacity(1)
        lane = Bulkhead(road, 16)
        lane.enter()
        places = [lane.enter() for _ in range(3)]
        road.widen(64)
        for place in places:
            assert place is not None
            self.successResultOf(place)
        road.widen(1)
        lane.enter()
        for _ in range(4):
            self.assertEqual(road.waiting, 1)
            lane.leave()
        self.assertEqual((road.in_progress, road.waiting), (1, 0))


def test_F74_a_tenth_may_be_made_again() -> None:
    budget, again = RetryBudget(), 0
    for call in range(1000):
        budget.asked(call / 200)
        again += budget.spend(call / 200, 0.1)
    assert again == 100
    assert not budget.spend(5, 0.1)
    assert budget.spend(30, 0.1), "a few may at any rate"
    assert budget.spend(30, 0.1)
    assert not budget.spend(30, 0.1)
    assert not RetryBudget().spend(0, 0.0)


NOW = 1_800_000_000.0  # Fri, 15 Jan 2027 08:00:00 GMT


@pytest.mark.parametrize(
    ("said", "date", "seconds"),
    [
        (b"7", None, 7.0),
        (b"0", None, 0.0),
        (b"61", None, 60.0),
        (b"9999999999", None, 60.0),
        (b"99999999999999999999", None, None),
        (b"-5", None, None),
        (b"1.5", None, None),
        (b"soon", None, None),
        (b"\xff\x00", None, None),
        (b"Fri, 15 Jan 2027 08:00:20 GMT", None, 20.0),
        (b"Fri, 15 Jan 2027 09:00:20 GMT", None, 60.0),
        (b"Fri, 15 Jan 2027 07:00:00 GMT", None, 0.0),
        (b"Fri, 15 Jan 2027 07:00:30 GMT", b"Fri, 15 Jan 2027 07:00:00 GMT", 30.0),
        (b"Fri, 99 Jan 2027 07:00:30 GMT", None, None),
    ],
)
def test_F67_retry_after_in_each_form(said: bytes, date: bytes | None, seconds: float | None) -> None:
    headers = {b"retry-after": said}
    if date is not None:
        headers[b"date"] = date
    assert rest(headers, NOW, 60.0) == seconds


def test_no_retry_after() -> None:
    assert rest({}, NOW, 60.0) is None
