"""Many libraries share one process: when many of them hang at the same moment, the others are answered all the same.

Time stands still unless a test lets it pass; what went out is counted at the sandbox.
"""

from __future__ import annotations

from typing import Any

from test_librarika_library import START, Counting
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from sip2gw.librarika import CallLimits, Librarika
from sip2gw.library import Credentials, Library, Unavailable
from sip2gw.sandbox import Sandbox

KIOSK = Credentials("kiosk", "secret")
HANGING = tuple(f"hangs-{number}" for number in range(17))
"""One more than would fill all places, if each had all that it may have."""


def library(nickname: str) -> dict[str, Any]:
    return {
        "nickname": nickname,
        "users": [{"username": "kiosk", "password": "secret"}],
        "members": [{"member_no": "M-1", "name": "Ada"}],
        "media": [{"title": "Emma", "copies": [{"accession_no": "101"}]}],
    }


class ManyHang(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.clock.advance(START)
        libraries = [library(nickname) for nickname in ("well", *HANGING)]
        self.sandbox = Sandbox({"libraries": libraries}, clock=self.clock)
        self.addCleanup(self.sandbox.close)
        self.http = Counting(self.sandbox)
        self.librarika = Librarika(
            self.clock,
            "http://localhost/{library}/api/v1",
            limits=CallLimits(calls=64, calls_per_library=4),
            http=self.http,  # type: ignore[arg-type]
        )
        self.well = self.opened("well")

    def opened(self, nickname: str) -> Library:
        library = self.successResultOf(Deferred.fromCoroutine(self.librarika(nickname, KIOSK)))
        self.successResultOf(Deferred.fromCoroutine(library.rules()))
        return library

    def patron(self, library: Library) -> Deferred[Any]:
        return Deferred.fromCoroutine(library.patron("M-1"))

    def hang(self) -> list[Deferred[Any]]:
        """All terminals of many libraries ask, six of each, and none is answered."""
        theirs = [self.opened(nickname) for nickname in HANGING]
        for nickname in HANGING:
            self.sandbox.misbehave("hang", library=nickname)
        hanging = [self.patron(library) for _ in range(6) for library in theirs]
        self.addCleanup(self.end, hanging)
        return hanging

    def end(self, hanging: list[Deferred[Any]]) -> None:
        """None of those is answered, and none takes a place any longer."""
        self.assertFalse([one for one in hanging if one.called])
        self.clock.advance(20)
        for one in hanging:
            self.failureResultOf(one, Unavailable)
        self.assertEqual((self.figure("calls_in_flight"), self.figure("calls_waiting")), (0, 0))

    def pass_seconds(self, seconds: int) -> None:
        for _ in range(seconds):
            self.clock.advance(1)
            self.http._treq.flush()

    def in_flight(self) -> dict[str, int]:
        return {one.nickname: one.in_flight for one in self.librarika.back_ends()}

    def figure(self, name: str, **labels: str) -> float:
        registry = self.librarika._client.metrics.registry
        return registry.get_sample_value(f"sip2gw_{name}", labels) or 0.0

    def test_F75_the_terminals_of_another_are_answered_at_once(self) -> None:
        self.hang()
        for _ in range(3):
            asked = [self.patron(self.well) for _ in range(16)]
            self.assertEqual([self.successResultOf(one).patron.name for one in asked], ["Ada"] * 16)

    def test_F75_a_busy_one_has_about_as_many_places_as_each_that_hangs(self) -> None:
        hanging = self.hang()
        self.sandbox.misbehave("slow", library="well", seconds=1)
        asked = [self.patron(self.well) for _ in range(8)]
        each = self.in_flight()
        mine = each.pop("well")
        self.assertEqual((mine, set(each.values())), (2, {2, 3}))
        self.assertEqual(self.figure("calls_in_flight"), sum(each.values()) + mine)
        self.assertEqual(self.figure("calls_waiting"), len(hanging) + 8 - self.figure("calls_in_flight"))
        self.pass_seconds(4)
        self.assertEqual([self.successResultOf(one).patron.name for one in asked], ["Ada"] * 8)

    def test_F75_one_that_is_busy_while_nobody_hangs_has_all_that_it_may(self) -> None:
        self.sandbox.misbehave("slow", library="well", seconds=1)
        asked = [self.patron(self.well) for _ in range(10)]
        for left in (4, 4, 2):
            self.assertEqual(self.in_flight()["well"], left)
            self.pass_seconds(1)
        self.assertEqual([self.successResultOf(one).patron.name for one in asked], ["Ada"] * 10)
        self.assertEqual(self.figure("limit_strikes_total", limit="calls"), 0)
        self.assertEqual(self.figure("limit_strikes_total", limit="calls_per_library"), 6)
