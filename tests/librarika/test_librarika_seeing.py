"""Each write whose answer is lost, looked up once: told to be done if that is to be seen, and else in doubt."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from datetime import date
from decimal import Decimal
from typing import Any

from test_librarika_library import KIOSK, SandboxCase
from twisted.internet.defer import Deferred

from sip2gw.library import Credentials, InDoubt, LibraryError, Unavailable

Asking = Callable[[Any, Any], Coroutine[Any, Any, Any]]

HOLD = {"pickup": "Main", "expires": date(2026, 12, 31), "this_copy": False}
WRITES: dict[str, tuple[str, str, Asking]] = {
    "a loan": ("create_booking", "riverside", lambda it, at: it.lend("M-1001", "10001", at, renewal=False)),
    "a loan renewed": (
        "extend_booking",
        "riverside",
        lambda it, at: it.lend("M-1002", "10003", at, renewal=True),
    ),
    "a return": ("return_booking", "riverside", lambda it, at: it.take_back("10003", at, reader=None)),
    "a renewal": (
        "extend_booking",
        "riverside",
        lambda it, at: it.renew("M-1002", "10003", None, at, third_party=False),
    ),
    "a hold": (
        "create_booking",
        "riverside",
        lambda it, at: it.place_hold("M-1001", "10001", None, at, **HOLD),
    ),
}


class Seeing(SandboxCase):
    def writes(self, what: str) -> Any:
        _, _, ask = WRITES[what]
        return Deferred.fromCoroutine(ask(self.library, self.occasion()))

    def figure(self, outcome: str, library: str = "riverside") -> float:
        value = self.librarika._client.metrics.registry.get_sample_value(
            "sip2gw_in_doubt_total", {"library": library, "outcome": outcome}
        )
        return value or 0.0

    def test_F61_F68_what_was_done_is_seen(self) -> None:
        for number, (what, (operation, _, _)) in enumerate(WRITES.items(), 1):
            self.sandbox.misbehave("error_after_commit", endpoint=operation, times=1)
            straight = self.successResultOf(self.writes(what))
            self.assertEqual(len(self.sandbox.ledger()), 1, what)
            self.assertEqual(self.figure("settled"), number)
            self.sandbox.reset()
            self.sandbox.forget()
            self.setUpAgain()
            told = self.successResultOf(self.writes(what))
            kept = ("item", "due", "renewed", "was_on_loan", "patron_id", "title", "branch", "expires")
            for name in kept:
                self.assertEqual(getattr(straight, name, None), getattr(told, name, None), f"{what}: {name}")
            self.sandbox.reset()
            self.sandbox.forget()
            self.setUpAgain()
        self.assertEqual(self.figure("left"), 0)

    def setUpAgain(self) -> None:
        """Sign in anew at a library that is as at the start."""
        self.library = self.done(self.librarika("riverside", KIOSK))
        self.done(self.library.rules())

    def test_F61_F68_what_follows_a_write_is_seen_too(self) -> None:
        self.library = self.done(
            self.librarika("openall", Credentials("kiosk@openall.example", "open-secret"))
        )
        one = {"patron_id": "O-1", "item_id": "501"}
        patron = self.done(self.library.patron("O-1"))
        steps: list[tuple[str, Asking]] = [
            (
                "create_booking",
                lambda it, at: it.place_hold(**one, title=None, occasion=at, **{**HOLD, "pickup": "East"}),
            ),
            (
                "change_booking",
                lambda it, at: it.change_hold(
                    **one, title=None, occasion=at, pickup="", expires=date(2026, 12, 30)
                ),
            ),
            ("cancel_booking", lambda it, at: it.cancel_hold(**one, title=None, occasion=at)),
            ("create_booking", lambda it, at: it.lend(**one, occasion=at, renewal=False)),
            ("revert_booking", lambda it, at: it.undo_loan("501", at)),
            ("create_booking", lambda it, at: it.lend(**one, occasion=at, renewal=False)),
            ("return_booking", lambda it, at: it.take_back("501", at, reader=None)),
            ("revert_booking", lambda it, at: it.undo_return(**one, occasion=at)),
            ("update_copy", lambda it, at: it.update_item("501", "blue", at)),
            ("update_member", lambda it, at: it.block(patron, "lost", at)),
            ("update_member", lambda it, at: it.enable(patron, at)),
        ]
        for number, (operation, ask) in enumerate(steps, 1):
            self.sandbox.misbehave("error_after_commit", endpoint=operation, times=1)
            self.done(ask(self.library, self.occasion()))
            self.assertEqual(len(self.sandbox.ledger()), number, operation)
        for operation, ask in (steps[4], steps[8], steps[9]):
            self.sandbox.misbehave("error", endpoint=operation, times=1)
            if operation == "update_copy":
                ask = lambda it, at: it.update_item("501", "red", at)  # noqa: E731
            self.failureResultOf(Deferred.fromCoroutine(ask(self.library, self.occasion())), InDoubt)
        self.assertEqual(len(self.sandbox.ledger()), len(steps))

    def test_F61_F68_what_was_not_done_stays_in_doubt(self) -> None:
        for what, (operation, _, _) in WRITES.items():
            self.sandbox.misbehave("error", endpoint=operation, times=1)
            self.failureResultOf(self.writes(what), InDoubt)
            self.assertEqual(self.sandbox.ledger(), [], what)
        self.assertEqual((self.figure("left"), self.figure("settled")), (len(WRITES), 0))

    def test_F61_F68_what_was_not_done_to_a_hold_or_a_return_stays_in_doubt(self) -> None:
        self.library = self.done(
            self.librarika("openall", Credentials("kiosk@openall.example", "open-secret"))
        )
        one: dict[str, Any] = {"patron_id": "O-1", "item_id": "501"}
        titled = {**one, "title": None}
        hold = {"pickup": "East", "expires": date(2026, 12, 30), "this_copy": False}
        self.done(self.library.place_hold(**titled, occasion=self.occasion(), **hold))
        self.in_doubt("create_booking", lambda it, at: it.place_hold(**titled, occasion=at, **hold))
        for changed in ({"pickup": "Main", "expires": None}, {"pickup": "", "expires": date(2026, 12, 31)}):
            self.in_doubt(
                "change_booking",
                lambda it, at, changed=changed: it.change_hold(**titled, occasion=at, **changed),
            )
        self.in_doubt("cancel_booking", lambda it, at: it.cancel_hold(**titled, occasion=at))
        self.done(self.library.lend(**one, occasion=self.occasion(), renewal=False))
        self.done(self.library.take_back("501", self.occasion(), reader=None))
        self.done(self.library.lend("O-1", "502", self.occasion(), renewal=False))
        self.in_doubt("revert_booking", lambda it, at: it.undo_return(**one, occasion=at))
        self.assertEqual((self.figure("left", "openall"), self.figure("settled", "openall")), (5, 0))

    def in_doubt(self, operation: str, ask: Asking) -> None:
        """The API fails before it does anything, and nobody is told that it was done."""
        effects = len(self.sandbox.ledger())
        self.sandbox.misbehave("error", endpoint=operation, times=1)
        self.failureResultOf(Deferred.fromCoroutine(ask(self.library, self.occasion())), InDoubt)
        self.assertEqual(len(self.sandbox.ledger()), effects, operation)

    def test_what_is_done_only_after_the_look_stays_in_doubt(self) -> None:
        self.sandbox.misbehave("late_commit", endpoint="create_booking", seconds=12, times=1)
        lending = self.writes("a loan")
        self.clock.advance(10.1)
        self.failureResultOf(lending, InDoubt)
        self.clock.advance(2)
        self.assertEqual(len(self.sandbox.ledger()), 1)

    def test_it_is_looked_up_once_and_never_written_again(self) -> None:
        self.sandbox.misbehave("error", endpoint="create_booking")
        self.sandbox.misbehave("error", endpoint="list_bookings")
        self.http.asked.clear()
        self.failureResultOf(self.writes("a loan"), LibraryError)
        trips = self.trips()
        self.assertEqual((trips.count("POST bookings"), trips.count("GET bookings")), (1, 2))
        self.assertEqual(self.sandbox.ledger(), [])

    def test_time_is_left_for_the_look(self) -> None:
        self.sandbox.misbehave("slow", endpoint="find_member", seconds=9, times=1)
        self.sandbox.misbehave("hang_after_commit", endpoint="create_booking", times=1)
        self.sandbox.misbehave("slow", endpoint="list_bookings", seconds=4, times=1)
        lending = self.writes("a loan")
        for _ in range(38):
            self.clock.advance(0.5)
            self.http._treq.flush()
        self.assertEqual(self.successResultOf(lending).item.item_id, "10001")

    def test_a_loan_that_was_there_before_tells_nothing(self) -> None:
        self.sandbox.misbehave("error", endpoint="create_booking", times=1)
        asking = self.library.lend("M-1002", "10003", self.occasion(), renewal=False)
        self.failureResultOf(Deferred.fromCoroutine(asking), InDoubt)

    def pays(self, transaction_id: str) -> Deferred[Any]:
        self.http.asked.clear()
        said = {"payment_type": "", "transaction_id": transaction_id, "fee": None}
        paying = self.library.pay("M-1009", Decimal("0.25"), "USD", self.occasion(), **said)
        return Deferred.fromCoroutine(paying)

    def test_F61_F68_a_payment_with_a_number_is_asked_for_again_under_the_same_number(self) -> None:
        for number, kind in enumerate(("error_after_commit", "reset_after_commit", "error"), 1):
            self.sandbox.misbehave(kind, endpoint="pay_fees", times=1)
            paid = self.successResultOf(self.pays(f"T-{number}"))
            first, second = ((url, how) for method, url, how in self.http.asked if method == "POST")
            keys = [how["headers"].getRawHeaders("Idempotency-Key") for _, how in (first, second)]
            self.assertEqual(keys[0], keys[1])
            self.assertEqual((first[0], first[1]["data"]), (second[0], second[1]["data"]))
            self.assertEqual(self.trips(), ["GET members", "POST payments", "POST payments"], kind)
            self.assertEqual(len(self.sandbox.ledger()), number, kind)
            self.assertTrue(paid.ref)
            self.assertEqual((self.figure("settled"), self.figure("left")), (number, 0))

    def test_a_payment_that_is_booked_late_is_booked_once(self) -> None:
        self.sandbox.misbehave("late_commit", endpoint="pay_fees", seconds=12, times=1)
        paying = self.pays("T-1")
        self.clock.advance(10.1)
        self.http._treq.flush()
        self.successResultOf(paying)
        self.clock.advance(2)
        self.assertEqual(len(self.sandbox.ledger()), 1)

    def test_a_payment_is_asked_for_again_once_and_never_without_a_number(self) -> None:
        self.sandbox.misbehave("error_after_commit", endpoint="pay_fees")
        for number, transaction_id, posts in ((1, "T-1", 2), (2, "", 1)):
            self.failureResultOf(self.pays(transaction_id), InDoubt)
            self.assertEqual(self.trips(), ["GET members", *["POST payments"] * posts])
            self.assertEqual((len(self.sandbox.ledger()), self.figure("left")), (number, number))

    def test_who_gives_up_leaves_it_in_doubt(self) -> None:
        self.sandbox.misbehave("hang_after_commit", endpoint="create_booking", times=1)
        lending = self.writes("a loan")
        lending.cancel()
        self.failureResultOf(lending, InDoubt)
        self.assertEqual(self.figure("left"), 1)

    def test_several_questions_for_one_request_share_its_time(self) -> None:
        straight, self.library = self.library, self.library.within(25)
        self.clock.advance(9)
        self.sandbox.misbehave("hang_after_commit", endpoint="create_booking")
        lending = self.writes("a loan")
        self.clock.advance(6.1)  # A write that began afresh would be given up after 10.
        self.http._treq.flush()
        self.assertEqual(self.successResultOf(lending).item.item_id, "10001")
        self.failureResultOf(self.writes("a return"), Unavailable)
        self.assertEqual(len(self.sandbox.ledger()), 1)
        self.library = straight.within(0.5)
        self.sandbox.misbehave("hang", endpoint="find_member")
        asking = Deferred.fromCoroutine(self.library.patron("M-1001"))
        self.clock.advance(0.6)
        self.failureResultOf(asking, Unavailable)
        self.library = straight
        self.assertTrue(self.successResultOf(self.writes("a return")).was_on_loan)
