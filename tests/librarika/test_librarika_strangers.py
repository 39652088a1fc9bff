"""Logins that were never right before get few of a library's places, and names nobody knows few threads."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from sip2gw.librarika.http.bulkhead import Bulkhead, Capacity


class Places(SynchronousTestCase):
    def test_R5_strangers_get_a_quarter_of_a_librarys_places(self) -> None:
        lane = Bulkhead(Capacity(256), 16)
        places = [lane.enter(stranger=True) for _ in range(40)]
        self.assertEqual(sum(place is None for place in places), 4)
        self.assertEqual([lane.enter() for _ in range(12)], [None] * 12, "the others are for known ones")
        self.assertIsNotNone(lane.enter())

    def test_R5_strangers_never_get_the_last_place(self) -> None:
        lane = Bulkhead(Capacity(256), 16)
        for _ in range(15):
            self.assertIsNone(lane.enter())
        stranger = lane.enter(stranger=True)
        self.assertIsNone(lane.enter())
        lane.leave()
        self.assertNoResult(stranger)
        lane.leave()
        self.assertIsNone(self.successResultOf(stranger))

    def test_R5_a_known_call_passes_strangers_that_wait(self) -> None:
        lane = Bulkhead(Capacity(256), 16)
        for _ in range(10):
            lane.enter(stranger=True)
        self.assertIsNone(lane.enter())

    def test_R5_a_stranger_that_leaves_lets_the_next_stranger_in(self) -> None:
        lane = Bulkhead(Capacity(256), 16)
        places = [lane.enter(stranger=True) for _ in range(6)]
        lane.leave(stranger=True)
        self.assertIsNone(self.successResultOf(places[4]))
        self.assertNoResult(places[5])

    def test_R5_a_library_with_one_place_lets_strangers_in(self) -> None:
        lane = Bulkhead(Capacity(256), 1)
        self.assertIsNone(lane.enter(stranger=True))

    def test_R5_strangers_of_all_libraries_get_half_of_all_places(self) -> None:
        road = Capacity(16)
        taken = [Bulkhead(road, 16).enter(stranger=True) is None for _ in range(30)]
        self.assertEqual(sum(taken), 8)
        self.assertIsNone(Bulkhead(road, 16).enter())

    @given(
        width=st.integers(1, 20),
        moves=st.lists(st.sampled_from(["known", "stranger", "leave"]), max_size=120),
    )
    def test_R5_whatever_comes_and_goes_no_place_is_lost(self, width: int, moves: list[str]) -> None:
        road = Capacity(32)
        lane = Bulkhead(road, width)
        inside: list[bool] = []
        for move in moves:
            stranger = move == "stranger"
            if move == "leave":
                if inside:
                    lane.leave(stranger=inside.pop(0))
                continue
            place = lane.enter(stranger=stranger)
            if place is None:
                inside.append(stranger)
            else:
                place.addCallback(lambda _, stranger=stranger: inside.append(stranger))
            self.assertEqual(lane.in_progress, len(inside))
            self.assertLessEqual(sum(inside), max(width // 4, 1))
        while inside:
            lane.leave(stranger=inside.pop(0))
        self.assertEqual((lane.waiting, lane.in_progress, road.in_progress, road.strangers), (0, 0, 0, 0))
