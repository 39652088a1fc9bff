"""Calls of low priority get few of a library's slots, and never the last one."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from sip2gw.librarika.http.bulkhead import Bulkhead, Capacity


class Places(SynchronousTestCase):
    def test_R5_low_priority_gets_a_quarter_of_a_librarys_places(self) -> None:
        lane = Bulkhead(Capacity(256), 16)
        places = [lane.enter(low_priority=True) for _ in range(40)]
        self.assertEqual(sum(place is None for place in places), 4)
        self.assertEqual([lane.enter() for _ in range(12)], [None] * 12, "the others are for usual calls")
        self.assertIsNotNone(lane.enter())

    def test_R5_low_priority_never_gets_the_last_place(self) -> None:
        lane = Bulkhead(Capacity(256), 16)
        for _ in range(15):
            self.assertIsNone(lane.enter())
        waiting = lane.enter(low_priority=True)
        self.assertIsNone(lane.enter())
        lane.leave()
        self.assertNoResult(waiting)
        lane.leave()
        self.assertIsNone(self.successResultOf(waiting))

    def test_R5_a_usual_call_passes_those_of_low_priority_that_wait(self) -> None:
        lane = Bulkhead(Capacity(256), 16)
        for _ in range(10):
            lane.enter(low_priority=True)
        self.assertIsNone(lane.enter())

    def test_R5_a_call_of_low_priority_that_ends_lets_the_next_one_in(self) -> None:
        lane = Bulkhead(Capacity(256), 16)
        places = [lane.enter(low_priority=True) for _ in range(6)]
        lane.leave(low_priority=True)
        self.assertIsNone(self.successResultOf(places[4]))
        self.assertNoResult(places[5])

    def test_R5_a_library_with_one_place_lets_low_priority_in(self) -> None:
        lane = Bulkhead(Capacity(256), 1)
        self.assertIsNone(lane.enter(low_priority=True))

    def test_R5_low_priority_of_all_libraries_gets_half_of_all_places(self) -> None:
        road = Capacity(16)
        taken = [Bulkhead(road, 16).enter(low_priority=True) is None for _ in range(30)]
        self.assertEqual(sum(taken), 8)
        self.assertIsNone(Bulkhead(road, 16).enter())

    @given(
        width=st.integers(1, 20),
        moves=st.lists(st.sampled_from(["usual", "low", "leave"]), max_size=120),
    )
    def test_R5_whatever_comes_and_goes_no_place_is_lost(self, width: int, moves: list[str]) -> None:
        road = Capacity(32)
        lane = Bulkhead(road, width)
        inside: list[bool] = []
        for move in moves:
            low = move == "low"
            if move == "leave":
                if inside:
                    lane.leave(low_priority=inside.pop(0))
                continue
            place = lane.enter(low_priority=low)
            if place is None:
                inside.append(low)
            else:
                place.addCallback(lambda _, low=low: inside.append(low))
            self.assertEqual(lane.in_progress, len(inside))
            self.assertLessEqual(sum(inside), max(width // 4, 1))
        while inside:
            lane.leave(low_priority=inside.pop(0))
        self.assertEqual((lane.waiting, lane.in_progress, road.in_progress, road.low_priority), (0, 0, 0, 0))
