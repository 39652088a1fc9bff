"""A library's API is slow, wrong or gone, seen over many calls: what goes out, and what terminals are told.

Time stands still unless a test lets it pass; what went out is counted at the sandbox.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from test_librarika_library import KIOSK, SandboxCase
from twisted.internet.defer import Deferred, fail
from twisted.internet.error import ConnectionRefusedError
from twisted.logger import globalLogPublisher

from sip2gw.librarika import CallLimits, Librarika, Timeouts
from sip2gw.librarika.http.connections import NotConnected
from sip2gw.librarika.http.urls import ReadyURL
from sip2gw.library import Credentials, Found, Refused, Unavailable
from sip2gw.secret import Secret

OPENALL = Credentials("kiosk@openall.example", "open-secret")


class Outage(SandboxCase):
    def asked(self, library: str = "riverside") -> int:
        """How many calls have come to the sandbox for a library since the last time."""
        count = sum(1 for _, url, _ in self.http.asked if f"/{library}/" in url)
        self.http.asked[:] = [one for one in self.http.asked if f"/{library}/" not in one[1]]
        return count

    def patron(self) -> Deferred[Any]:
        return Deferred.fromCoroutine(self.library.patron("M-1001"))

    def fails(self, times: int) -> None:
        for _ in range(times):
            self.failureResultOf(self.patron(), Unavailable)

    def state(self, library: str = "riverside") -> str:
        return next(one.state for one in self.librarika.back_ends() if one.nickname == library)

    def once(self) -> None:
        """Make no call twice."""
        self.librarika.reconfigure(Timeouts(), CallLimits(retry_share=0.0))

    def figure(self, name: str, **labels: str) -> float:
        return self.librarika._client.metrics.registry.get_sample_value(f"sip2gw_{name}", labels) or 0.0

    def told(self) -> list[str]:
        """The names of what is logged from now on."""
        said: list[str] = []
        observe = lambda event: said.append(event.get("log_format") or "")  # noqa: E731
        globalLogPublisher.addObserver(observe)
        self.addCleanup(globalLogPublisher.removeObserver, observe)
        return said

    def test_F74_a_storm_of_failures_is_no_storm_of_calls(self) -> None:
        for before in (0, 100):
            for _ in range(before):
                self.done(self.library.patron("M-1001"))
            self.sandbox.misbehave("error", library="riverside")
            calls, again = before, self.figure("call_retries_total", library="riverside")
            while self.state() == "closed":
                self.fails(1)
                calls += 1
            again = self.figure("call_retries_total", library="riverside") - again
            self.assertEqual(self.asked(), calls + again)
            self.assertGreater(again, 0)
            self.assertLessEqual(again, max(0.1 * calls, 2))
            self.fails(50)
            self.assertEqual(self.asked(), 0)
            self.sandbox.behave()
            self.clock.advance(31)
            for _ in range(31):
                self.done(self.library.patron("M-1001"))
            self.clock.advance(11)
            self.asked()

    def test_K24_a_breaker_that_has_closed_is_closed_since_then(self) -> None:
        self.librarika._client.wall = self.clock.seconds
        self.sandbox.misbehave("error", library="riverside")
        while self.state() == "closed":
            self.fails(1)
        self.sandbox.behave()
        self.clock.advance(31)
        for _ in range(31):
            self.done(self.library.patron("M-1001"))
        self.assertEqual(self.state(), "closed")
        closed = datetime.fromtimestamp(self.clock.seconds(), UTC)
        self.clock.advance(100)
        self.assertEqual(self.librarika.back_ends()[0].since, closed)

    def test_F64_a_read_that_was_lost_is_made_again_once(self) -> None:
        self.sandbox.misbehave("error", endpoint="find_member", times=1)
        self.assertEqual(self.successResultOf(self.patron()).patron.name, "Amina Rahman")
        self.assertEqual(self.asked(), 2)
        self.assertEqual(self.figure("call_retries_total", library="riverside"), 1)
        self.sandbox.misbehave("error", endpoint="find_member", times=1)
        checking = Deferred.fromCoroutine(self.library.patron("M-1001", password=Secret("1234")))
        self.failureResultOf(checking, Unavailable)  # Each try of a password counts there.
        self.assertEqual(self.asked(), 1)

    def test_F74_with_half_of_its_time_gone_no_read_is_made_again(self) -> None:
        self.sandbox.misbehave("hang", endpoint="find_member", times=1)
        asking = self.patron()
        self.clock.advance(10)
        self.failureResultOf(asking, Unavailable)
        self.assertEqual(self.asked(), 1)

    def test_F60_what_was_not_sent_is_made_again(self) -> None:
        straight, lost = self.http.request, [NotConnected("ConnectionRefusedError")]

        def request(method: str, url: Any, **how: Any) -> Any:
            if method == "POST" and lost:
                return fail(lost.pop())
            return straight(method, url, **how)

        self.http.request = request
        self.assertEqual(self.done(self.lend("M-1001", "10001")).item.item_id, "10001")
        self.assertEqual(len(self.sandbox.ledger()), 1)

    def test_F69_a_no_is_an_answer_and_opens_no_breaker(self) -> None:
        for _ in range(25):
            with self.assertRaises(Refused):
                self.failureResultOf(self.lend_to_nobody()).raiseException()
        self.sandbox.misbehave("error", status=403, body="<html>", endpoint="find_member")
        self.fails(25)
        self.assertEqual(self.state(), "closed")

    def lend_to_nobody(self) -> Deferred[Any]:
        return Deferred.fromCoroutine(self.lend("M-1003", "99999"))

    def test_F70_a_redirect_is_an_alarm(self) -> None:
        said = self.told()
        self.sandbox.misbehave("redirect", endpoint="find_member", location="http://evil.invalid/")
        self.fails(1)
        self.assertEqual(self.asked(), 1)
        self.assertTrue([text for text in said if text.startswith("librarika_redirected")])
        self.assertEqual(self.figure("call_failures_total", failure="redirected"), 1)

    def test_F75_F76_one_librarys_outage_is_nobody_elses_and_ends_slowly(self) -> None:
        other = self.done(self.librarika("openall", OPENALL))
        self.once()
        self.sandbox.misbehave("error", library="riverside")
        self.fails(20)
        self.assertEqual((self.state(), self.state("openall")), ("open", "closed"))
        self.assertEqual(self.done(other.patron("O-1")).patron.patron_id, "O-1")
        self.asked()
        self.clock.advance(1)
        self.fails(3)  # The first of them waits for a health check, which fails.
        self.assertEqual(self.asked(), 1)
        self.sandbox.behave()
        self.clock.advance(2)
        self.sandbox.misbehave("slow", library="riverside", seconds=1)
        calls = [self.patron() for _ in range(40)]
        timeline = []
        for _ in range(7):
            timeline.append(self.asked())
            self.clock.advance(1)
            self.http._treq.flush()
            calls += [self.patron() for _ in range(40)]
        # The health check, the one that waited for it and one more, four, eight, sixteen at a time.
        self.assertEqual(timeline, [1, 2, 4, 8, 16, 16, 16])
        self.assertEqual(self.state(), "closed")
        for call in calls:
            call.addErrback(lambda _: None)

    def test_F75_a_host_that_is_gone_is_gone_for_all_its_libraries(self) -> None:
        other = self.done(self.librarika("openall", OPENALL))
        self.once()
        straight = self.http.request
        self.http.request = lambda *_, **__: fail(ConnectionRefusedError())
        self.fails(5)
        self.failureResultOf(Deferred.fromCoroutine(other.patron("O-1")), Unavailable)
        self.assertEqual((self.state(), self.state("openall")), ("open", "open"))
        self.http.request = straight
        self.clock.advance(1)
        self.assertEqual(self.done(other.patron("O-1")).patron.patron_id, "O-1")
        self.assertEqual(self.done(self.library.patron("M-1001")).patron.patron_id, "M-1001")

    def test_F75_a_host_of_its_own_is_gone_for_no_other_library(self) -> None:
        straight, gone = self.http.request, set()

        def request(method: str, url: Any, **how: Any) -> Any:
            host, _, path = url.to_text().removeprefix("http://").partition(".localhost/")
            if host in gone:
                return fail(ConnectionRefusedError())
            return straight(method, ReadyURL(f"http://localhost/{host}/{path}"), **how)

        self.http.request = request
        self.librarika = Librarika(self.clock, "http://{library}.localhost/api/v1", http=self.http)  # type: ignore[arg-type]
        self.library = self.done(self.librarika("riverside", KIOSK))
        other = self.done(self.librarika("openall", OPENALL))
        self.once()
        gone.add("riverside")
        self.fails(10)
        self.assertEqual(self.done(other.patron("O-1")).patron.patron_id, "O-1")
        self.assertEqual((self.state(), self.state("openall")), ("open", "closed"))

    def test_F75_F76_a_health_check_that_is_lost_is_made_again(self) -> None:
        """One had no place in time, and another met a bug."""
        self.once()
        self.sandbox.misbehave("error", library="riverside")
        self.fails(20)
        self.sandbox.behave()
        self.sandbox.misbehave("hang", library="openall")
        other = Deferred.fromCoroutine(self.librarika("openall", OPENALL))
        self.librarika.reconfigure(Timeouts(), CallLimits(calls=1, retry_share=0.0))
        self.clock.advance(1)
        waiting = self.patron()
        self.clock.advance(3)
        self.failureResultOf(waiting, Unavailable)
        self.clock.advance(20)
        self.failureResultOf(other, Unavailable)
        drift = self.library._calls.account.api._drift
        wall, drift._wall = drift._wall, lambda: 1 / 0
        self.clock.advance(61)
        self.failureResultOf(self.patron(), ZeroDivisionError)
        drift._wall = wall
        self.clock.advance(31)
        self.assertEqual(self.successResultOf(self.patron()).patron.name, "Amina Rahman")

    def test_F76_a_host_is_probed_by_a_library_that_is_on_its_way_back(self) -> None:
        other = self.done(self.librarika("openall", OPENALL))
        self.once()
        self.sandbox.misbehave("error", library="riverside")
        self.fails(20)
        self.sandbox.behave()
        self.clock.advance(1)
        self.done(self.library.patron("M-1001"))
        self.assertEqual(self.state(), "half-open")
        straight = self.http.request
        self.http.request = lambda *_, **__: fail(ConnectionRefusedError())
        for _ in range(5):
            self.failureResultOf(Deferred.fromCoroutine(other.patron("O-1")), Unavailable)
        self.http.request = straight
        self.fails(1)
        self.clock.advance(1)
        self.assertEqual(self.done(self.library.patron("M-1001")).patron.patron_id, "M-1001")

    def test_one_that_hangs_and_is_full_is_nobody_elses_matter(self) -> None:
        other = self.done(self.librarika("openall", OPENALL))
        self.sandbox.misbehave("hang", library="riverside")
        hanging = [self.patron() for _ in range(300)]
        self.assertEqual(self.asked(), 16)
        mine = self.librarika.back_ends()[1]
        self.assertEqual((mine.nickname, mine.in_flight, mine.waiting), ("riverside", 16, 284))
        for number in range(50):
            self.assertEqual(self.done(other.patron("O-1")).patron.patron_id, "O-1", number)
        self.assertEqual(self.asked("openall"), 50 + 1)
        self.clock.advance(20)
        for asked in hanging:
            self.failureResultOf(asked, Unavailable)
        self.assertEqual(self.done(other.patron("O-1")).patron.patron_id, "O-1")
        self.assertEqual(self.figure("limit_strikes_total", limit="calls_per_library"), 284)

    def test_F61_a_write_that_gets_its_turn_too_late_is_not_made(self) -> None:
        self.done(self.lend("M-1001", "10001"))
        self.done(self.library.item("10001"))
        effects = self.effects()
        self.librarika.reconfigure(Timeouts(), CallLimits(calls_per_library=1))
        self.sandbox.misbehave("slow", library="riverside", seconds=6)
        first = self.patron()
        returning = Deferred.fromCoroutine(self.take_back("10001"))
        self.clock.advance(5.1)
        self.failureResultOf(returning, Unavailable)
        self.clock.advance(1)
        self.http._treq.flush()
        self.assertEqual(self.successResultOf(first).patron.name, "Amina Rahman")
        self.assertEqual(self.effects(), effects)
        self.assertEqual(self.state(), "closed")

    def test_F75_one_that_is_busier_than_it_can_be_opens_no_breaker(self) -> None:
        self.librarika.reconfigure(Timeouts(), CallLimits(calls_per_library=4))
        self.sandbox.misbehave("slow", library="riverside", seconds=2)
        asked: list[Deferred[Any]] = []
        for _ in range(30):
            asked += [self.patron() for _ in range(4)]
            self.clock.advance(1)
            self.http._treq.flush()
        self.assertEqual(self.state(), "closed")
        self.clock.advance(20)
        answered = [one for one in asked if isinstance(one.result, Found)]
        self.assertGreaterEqual(len(answered), 4 * 30 / 2 - 4, "as many as it can answer in that time")
        for one in asked:
            one.addErrback(lambda error: error.trap(Unavailable))

    def test_F67_a_library_that_asks_for_it_is_left_alone(self) -> None:
        for status in (429, 503):
            self.sandbox.misbehave("rate_limited", status=status, retry_after="7", times=1)
            first = self.patron()
            self.assertEqual(self.asked(), 1)
            second = self.patron()
            self.clock.advance(6.9)
            self.assertEqual(self.asked(), 0)
            self.clock.advance(0.2)
            self.assertEqual(
                self.successResultOf(first).patron.name, self.successResultOf(second).patron.name
            )
            self.assertEqual(self.asked(), 2)
            self.clock.advance(10)

    def test_F67_who_can_not_wait_so_long_hears_at_once(self) -> None:
        self.sandbox.misbehave("rate_limited", retry_after="99999", times=1)
        self.fails(2)
        self.assertEqual(self.asked(), 1)
        other = self.done(self.librarika("openall", OPENALL))
        self.assertEqual(self.done(other.patron("O-1")).patron.patron_id, "O-1")
        self.clock.advance(60.1)
        self.assertEqual(self.successResultOf(self.patron()).patron.name, "Amina Rahman")

    def test_F42_F67_while_nobody_can_wait_so_long_it_is_off_line(self) -> None:
        online = lambda: self.done(self.library.reachable())  # noqa: E731
        self.sandbox.misbehave("rate_limited", retry_after="60", times=1)
        self.fails(1)
        self.asked()
        self.assertFalse(online())
        self.assertFalse(self.librarika.back_ends()[0].online)
        self.clock.advance(39.9)
        self.assertFalse(online())
        self.clock.advance(0.2)
        self.assertTrue(online(), "whoever asks now waits, and gets an answer")
        self.assertTrue(self.librarika.back_ends()[0].online)
        self.assertEqual(self.asked(), 0)

    def test_F47_F67_whoever_guesses_passwords_has_no_library_left_alone(self) -> None:
        for endpoint in ("create_token", "find_member"):
            self.sandbox.misbehave("rate_limited", retry_after="60", endpoint=endpoint)
            for number in range(30):
                guess: Any = (
                    self.librarika("riverside", Credentials("kiosk", f"guess-{number}"))
                    if endpoint == "create_token"
                    else self.library.patron("M-1001", password=Secret(f"{number}"))
                )
                self.asked()
                self.failureResultOf(Deferred.fromCoroutine(guess), Unavailable)
                self.assertEqual(self.asked(), 1, "it is not tried again")
                self.assertTrue(self.done(self.library.reachable()))
            self.sandbox.behave()
            self.done(self.library.patron("M-1001"))
            self.assertEqual((self.asked(), self.state()), (1, "closed"))

    def test_F67_a_retry_after_that_says_nothing_is_a_failure_like_others(self) -> None:
        for said in ("-5", "soon", "1.5"):
            self.sandbox.misbehave("rate_limited", retry_after=said, times=1)
            self.fails(1)
            self.assertEqual(self.asked(), 1, said)
            self.successResultOf(self.patron())
            self.asked()

    def test_F42_terminals_are_told_the_truth_and_not_to_and_fro(self) -> None:
        self.once()
        online = lambda: self.done(self.library.reachable())  # noqa: E731
        self.assertTrue(online())
        self.assertEqual(self.asked(), 0)  # Calls went well just now.
        self.clock.advance(6)
        self.sandbox.misbehave("error", endpoint="get_health", times=1)
        self.assertTrue(online())
        self.assertEqual(self.asked(), 2)  # One that was lost proves nothing.
        self.sandbox.misbehave("error", library="riverside")
        self.fails(1)
        self.assertFalse(online())
        self.sandbox.behave()
        self.sandbox.misbehave("error", endpoint="get_health", times=1)
        self.assertFalse(online())
        self.asked()
        self.assertTrue(online())
        self.assertEqual(self.asked(), 2)  # Nor does one that gets through.

    def test_F42_no_call_is_made_to_say_that_nothing_goes(self) -> None:
        self.once()
        self.sandbox.misbehave("error", library="riverside")
        self.fails(20)
        self.asked()
        for _ in range(10):
            self.assertFalse(self.done(self.library.reachable()))
        self.assertEqual(self.asked(), 0)
        self.assertFalse(self.librarika.back_ends()[0].online)
        self.sandbox.behave()
        self.clock.advance(1)
        self.assertTrue(self.done(self.library.reachable()))

    def test_a_reload_takes_effect_at_once(self) -> None:
        self.sandbox.misbehave("hang", library="riverside")
        hanging = [self.patron() for _ in range(30)]
        self.assertEqual(self.asked(), 16)
        self.librarika.reconfigure(Timeouts(call=4.0, headers=2.0), CallLimits(calls_per_library=20))
        self.assertEqual(self.asked(), 4)
        hanging.append(self.patron())
        self.clock.advance(20)
        for asked in hanging:
            self.failureResultOf(asked, Unavailable)

    def test_F41_a_clock_that_differs_is_told_once_an_hour(self) -> None:
        said = self.told()
        warned = lambda: len([text for text in said if text.startswith("librarika_clock_differs")])  # noqa: E731
        wall = self.clock.seconds()
        self.librarika._client.wall = lambda: wall
        drift = self.library._calls.account.api._drift
        drift._wall = lambda: wall
        for ahead, warnings in ((29, 0), (31, 1), (500, 1), (0, 1)):
            self.clock.advance(61)
            wall = self.clock.seconds() - ahead
            self.see(drift)
            self.assertEqual(warned(), warnings, ahead)
        self.clock.advance(3600)
        wall = self.clock.seconds() + 31
        self.see(drift)
        self.assertEqual(warned(), 2)

    def see(self, drift: Any) -> None:
        from email.utils import formatdate

        drift.see({b"date": formatdate(self.clock.seconds(), usegmt=True).encode()})
