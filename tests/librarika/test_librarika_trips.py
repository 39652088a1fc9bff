"""Each request of a terminal is one call, whatever it asks. Time is an argument."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from test_librarika_library import SandboxCase

from sip2gw.library import FeeKind, Found, Listing, ListKind


class Trips(SandboxCase):
    def found(self, number: str, kind: ListKind, start: int = 0, count: int = 9) -> Found:
        found: Found = self.done(self.library.patron(number, listing=Listing(kind, start, count)))
        self.assertEqual(self.trips(), ["POST members/find"])
        return found

    def test_lists(self) -> None:
        for kind, start, count, length in (
            (ListKind.LOANS, 0, 5, 5),
            (ListKind.LOANS, 10, 9, 4),
            (ListKind.OVERDUE, 0, 200, 2),
            (ListKind.LOANS, 0, 0, 0),
            (ListKind.LOANS, 10**30, 9, 0),
        ):
            found = self.found("M-1006", kind, start, count)
            self.assertEqual((len(found.loans), found.patron.counts.on_loan), (length, 14))

    def test_reservations_in_each_state(self) -> None:
        for kind, titles in (
            (ListKind.HOLDS_READY, ["Rayuela"]),
            (ListKind.HOLDS_WAITING, ["Jane Eyre", "Gitanjali"]),
            (ListKind.HOLDS, ["Rayuela", "Jane Eyre", "Gitanjali"]),
        ):
            found = self.found("M-1008", kind)
            self.assertEqual([hold.title for hold in found.holds], titles)
            self.assertEqual((found.patron.counts.holds_ready, found.patron.counts.holds_waiting), (1, 2))

    def test_fees_of_each_kind(self) -> None:
        found = self.found("M-1009", ListKind.FEES)
        kinds = [FeeKind.OVERDUE, FeeKind.DAMAGE, FeeKind.ADMINISTRATIVE, FeeKind.OTHER]
        self.assertEqual([fee.kind for fee in found.fees], kinds)
        self.assertEqual((found.fees[0].outstanding, found.fees[0].item_id), (Decimal("1.00"), "10303"))
        self.assertEqual(found.patron.counts.fees, 4)
        self.assertEqual(self.found("M-1010", ListKind.FEES).fees, ())

    def test_each_write_is_one_call(self) -> None:
        library: Any = self.library
        kept = {"pickup": "", "expires": None}
        for asking, path in (
            (self.lend("M-1001", "10001"), "loans"),
            (library.renew("M-1006", None, "Emma", self.occasion(), third_party=False), "extend"),
            (self.take_back("10001"), "returns"),
            (library.undo_return("M-1001", "10001", self.occasion()), "undo"),
            (library.undo_loan("10001", self.occasion()), "undo"),
            (
                library.place_hold("M-1001", "10001", None, self.occasion(), this_copy=False, **kept),
                "reservations",
            ),
            (library.change_hold("M-1001", "10001", None, self.occasion(), **kept), "change"),
            (library.cancel_hold("M-1001", "10001", None, self.occasion()), "cancel"),
            (library.renew_all("M-1006", self.occasion(), limit=3), "extend-all"),
            (library.block("M-1001", "lost", self.occasion()), "block"),
            (library.enable("M-1001", self.occasion()), "enable"),
            (library.update_item("10001", "x", self.occasion()), "update"),
        ):
            try:
                self.done(asking)
            except self.failureException:
                self.flushLoggedErrors()
            self.assertEqual(self.trips(), [f"POST {path}"])

    def test_renewing_all(self) -> None:
        done = self.done(self.library.renew_all("M-1006", self.occasion(), limit=20))
        self.assertEqual((len(done.renewed) + len(done.refused), len(done.refused)), (14, 1))
        done = self.done(self.library.renew_all("M-1006", self.occasion(), limit=3))
        self.assertEqual([code for _, code in done.refused].count("not_tried"), 11)

    def test_a_name_of_two_titles(self) -> None:
        asking = self.library.place_hold(
            "M-1001", "10100", None, self.occasion(), pickup="", expires=None, this_copy=False
        )
        self.assertEqual(self.refused(asking).code, "item_ambiguous")

    def test_policies_that_are_off(self) -> None:
        for asking in (
            self.library.block("M-1001", "lost", self.occasion()),
            self.library.enable("M-1001", self.occasion()),
            self.library.update_item("10001", "x", self.occasion()),
        ):
            self.assertEqual(self.refused(asking).code, "not_allowed")
        self.assertFalse(self.done(self.library.rules()).patron_updates)

    def test_what_costs_something_is_accepted_with_the_write(self) -> None:
        self.assertEqual(self.refused(self.lend("M-1001", "10305")).facts["amount"], "1.50")
        self.assertIsNotNone(self.done(self.lend("M-1001", "10305", fee_acknowledged=True)).charge)

    def test_nothing_that_names_a_person_stands_in_a_url(self) -> None:
        self.done(self.library.patron("M-1001"))
        self.done(self.lend("M-1001", "10001"))
        self.assertFalse([url for _, url, _ in self.http.asked if "1001" in url or "?" in url])
