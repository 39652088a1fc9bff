"""What a question costs in calls, and what happens when the library answers otherwise half-way. Time is an argument."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from test_librarika_library import KIOSK, SandboxCase
from treq.testing import StubTreq
from twisted.internet.defer import Deferred

from sip2gw.librarika import Librarika
from sip2gw.library import FeeKind


class Trips(SandboxCase):
    def test_lists(self) -> None:
        patron = self.done(self.library.patron("M-1006"))
        self.assertEqual(patron.counts.on_loan, 14)
        self.assertEqual(self.trips(), ["GET members"])
        for overdue, start, count, found in ((False, 0, 5, 5), (False, 10, 9, 4), (True, 0, 200, 2)):
            loans = self.done(self.library.loans(patron, start=start, count=count, overdue=overdue))
            self.assertEqual((len(loans), self.trips()), (found, ["GET bookings"]))
        self.assertEqual((self.done(self.library.loans(patron, start=0, count=0)), self.trips()), ((), []))
        self.done(self.library.fees(patron))
        self.assertEqual(self.trips(), ["GET transactions"])

    def test_reservations_in_each_state(self) -> None:
        patron = self.done(self.library.patron("M-1008"))
        ready = self.done(self.library.holds(patron, start=0, count=9, ready=True))
        waiting = self.done(self.library.holds(patron, start=0, count=9, ready=False))
        self.assertEqual([hold.title for hold in ready], ["Rayuela"])
        self.assertEqual([hold.title for hold in waiting], ["Jane Eyre", "Gitanjali"])
        self.assertEqual((patron.counts.holds_ready, patron.counts.holds_waiting), (1, 2))

    def test_fees_of_each_kind(self) -> None:
        patron = self.done(self.library.patron("M-1009"))
        fees = self.done(self.library.fees(patron))
        kinds = [FeeKind.OVERDUE, FeeKind.DAMAGE, FeeKind.ADMINISTRATIVE, FeeKind.OTHER]
        self.assertEqual([fee.kind for fee in fees], kinds)
        self.assertEqual((fees[0].outstanding, fees[0].item_id), (Decimal("1.00"), "10303"))
        self.assertEqual(self.done(self.library.fees(self.done(self.library.patron("M-1010")))), ())

    def test_a_status_and_then_a_return(self) -> None:
        self.done(self.library.item("10003"))
        self.assertTrue(self.done(self.take_back("10003")).was_on_loan)
        self.assertEqual(self.trips(), ["GET copies", "POST return"])
        self.done(self.library.item("10003"))
        self.assertFalse(self.done(self.take_back("10003")).was_on_loan)
        self.assertEqual(self.trips(), ["GET copies", "GET copies"])

    def test_a_glance_counts_for_seconds_and_for_one_account(self) -> None:
        self.done(self.library.item("10003"))
        self.clock.advance(6)
        self.done(self.take_back("10003"))
        self.assertEqual(self.trips(), ["GET copies", "GET copies", "POST return"])

    def test_a_glance_at_a_loan_that_has_ended(self) -> None:
        self.done(self.library.item("10007"))
        other = self.done(
            Librarika(self.clock, "http://localhost/{library}/api/v1", http=StubTreq(self.sandbox.resource))(
                "riverside", KIOSK
            )
        )
        self.done(other.take_back("10007", self.occasion(), reader=None))
        self.trips()
        self.assertFalse(self.done(self.take_back("10007")).was_on_loan)
        self.assertEqual(self.trips(), ["POST return", "GET copies"])

    def test_renewing_all(self) -> None:
        done = self.done(self.library.renew_all("M-1006", self.occasion(), limit=20))
        self.assertEqual((len(done.renewed) + len(done.refused), len(done.refused)), (14, 1))
        self.assertEqual(self.trips(), ["GET members", "POST extend-all"])
        done = self.done(self.library.renew_all("M-1006", self.occasion(), limit=3))
        self.assertEqual([code for _, code in done.refused].count("not_tried"), 11)
        self.assertEqual(self.trips(), ["GET members", "GET bookings"] + ["POST extend"] * 3)

    def test_giving_up_a_reservation_is_seen(self) -> None:
        self.done(self.library.cancel_hold("M-1008", None, "Rayuela", self.occasion()))
        self.assertEqual(self.trips(), ["GET members", "GET bookings", "POST cancel", "GET bookings"])
        self.sandbox.misbehave("error", endpoint="cancel_booking", times=1)
        self.done(self.library.cancel_hold("M-1008", None, "Gitanjali", self.occasion()))
        trips = ["GET members", "GET bookings", "POST cancel", "POST cancel", "GET bookings"]
        self.assertEqual(self.trips(), trips)

    def test_a_name_of_two_titles(self) -> None:
        asking = self.library.place_hold(
            "M-1001", "10100", None, self.occasion(), pickup="", expires=None, this_copy=False
        )
        self.assertEqual(self.refused(asking).code, "item_ambiguous")

    def test_policies_that_are_off(self) -> None:
        patron = self.patron("M-1001")
        for asking in (
            self.library.block(patron, "lost", self.occasion()),
            self.library.enable(patron, self.occasion()),
            self.library.update_item("10001", "x", self.occasion()),
        ):
            self.assertEqual(self.refused(asking).code, "not_allowed")
        self.assertFalse(self.done(self.library.rules()).patron_updates)

    def test_what_was_accepted_goes_with_the_write(self) -> None:
        """A price that goes up between the reading and the write is refused again by the library."""
        self.assertEqual(self.refused(self.lend("M-1001", "10305")).facts["amount"], "1.50")
        self.done(self.lend("M-1001", "10305", fee_acknowledged=True))
        sent = [json.loads(how["data"]) for method, _, how in self.http.asked if method == "POST"]
        self.assertEqual([body.get("accept_fee") for body in sent], [None, "1.50"])

    def patron(self, number: str) -> Any:
        return self.done(self.library.patron(number))

    def failure(self, asking: Any) -> BaseException:
        error: BaseException = self.failureResultOf(Deferred.fromCoroutine(asking)).value
        return error
