"""Holds (15): placed, changed and cancelled, and 16 has the result."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from desks import DeskCase
from said import Said, SaidCase

from sip2gw.library import Hold, InDoubt, Item, Refused
from sip2gw.sip2 import format, parse
from sip2gw.sip2.messages import Checkout
from sip2gw.sip2.messages import Hold as HoldRequest

EMMA = Item("10001", "Emma", branch="Main")
KEPT = Hold("M-1001", "North", title="Emma", item=EMMA, position=3, expires=date(2026, 4, 1))


def hold(mode: str, item: str | None = None, title: str | None = None, **more: Any) -> HoldRequest:
    said = {"transaction_date": None, "institution_id": "", "patron_identifier": "M-1001"}
    return HoldRequest(
        **{**said, "hold_mode": mode, "item_identifier": item, "title_identifier": title, **more}
    )


class Requests(SaidCase):
    def placed(self, request: HoldRequest, **desk: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
        library = Said(place_hold=KEPT, change_hold=KEPT, cancel_hold=KEPT)
        self.answer = self.tell(library, request, **desk)
        [(_, positional, named)] = library.asked
        return positional, named

    def test_a_hold_is_of_the_item_before_the_title(self) -> None:
        for mode in "+-*":
            for item, title, expected in (
                ("10001", None, ("10001", None)),
                (None, "Emma", (None, "Emma")),
                ("10001", "Middlemarch", ("10001", None)),
                ("  ", " Emma ", (None, "Emma")),
            ):
                positional, _ = self.placed(hold(mode, item, title))
                self.assertEqual(positional[1:3], expected)

    def test_hold_type_3_means_this_copy_and_others_any_copy(self) -> None:
        for kind, this_copy in ((None, False), ("1", False), ("2", False), ("3", True), ("4", False)):
            _, named = self.placed(hold("+", "10001", hold_type=kind))
            self.assertIs(named["this_copy"], this_copy)

    def test_hold_type_3_without_AB_is_refused(self) -> None:
        library = Said(place_hold=KEPT)
        told = self.tell(library, hold("+", None, "Emma", hold_type="3"))
        self.assertFalse(told.ok)
        self.assertEqual(library.asked, [])

    def test_a_hold_is_collected_at_BS_else_at_the_terminals_branch(self) -> None:
        """A change without BS keeps the branch."""
        for mode, said, location, pickup in (
            ("+", "north", "Main", "North"),
            ("+", None, "main", "Main"),
            ("+", "", "", ""),
            ("+", "Elsewhere", "Main", "Elsewhere"),
            ("*", "north", "Main", "North"),
            ("*", None, "Main", ""),
        ):
            _, named = self.placed(
                hold(mode, "10001", pickup_location=said, hold_type="4"), location=location
            )
            self.assertEqual(named["pickup"], pickup)

    def test_BW_is_a_day_in_the_librarys_zone(self) -> None:
        """The terminal may write it in another zone."""
        for text, expected in (
            ("20260401    235900", date(2026, 4, 1)),
            ("20260401   Z033000", date(2026, 3, 31)),
            (" " * 18, None),
        ):
            request, _ = parse(f"15+20260301    120000BW{text}|AO|AAM-1001|AB10001|".encode())
            assert isinstance(request, HoldRequest)
            _, named = self.placed(request)
            self.assertEqual(named["expires"], expected)

    def test_16_has_the_position_branch_title_and_last_day_of_a_hold(self) -> None:
        """Lesson 55: a hold of a title has AJ."""
        self.placed(hold("+", None, "emma"))
        told = self.answer
        self.assertEqual((told.ok, told.available, told.queue_position), (True, False, 3))
        self.assertEqual((told.title_identifier, told.item_identifier), ("Emma", "10001"))
        self.assertEqual(told.pickup_location, "North")
        self.assertEqual(told.expiration_date, datetime(2026, 4, 1, 23, 59))
        self.assertEqual(
            format(told),
            b"161N20260301    120000BW20260401    235900|BR3|BSNorth|AO|AAM-1001|AB10001|AJEmma|AFReserved.|\r".replace(
                b"|AO|", b"|AOriverside|"
            ),
        )

    def test_16_for_a_cancelled_hold_has_no_position_and_no_day(self) -> None:
        self.placed(hold("-", "10001"))
        told = self.answer
        self.assertEqual((told.ok, told.available), (True, False))
        self.assertEqual(
            (told.queue_position, told.expiration_date, told.pickup_location), (None, None, None)
        )

    def test_an_unknown_hold_mode_is_refused(self) -> None:
        for mode in ("?", "", "0"):
            library = Said(place_hold=KEPT, change_hold=KEPT, cancel_hold=KEPT)
            told = self.tell(library, hold(mode, "10001"))
            self.assertFalse(told.ok)
            self.assertTrue(told.screen_message)
            self.assertEqual(library.asked, [])

    def test_a_hold_with_a_fee_is_refused_until_BO_is_Y(self) -> None:
        price = Refused("fee_required", facts={"amount": "0.50", "currency": "USD", "kind": "hold"})
        told = self.tell(Said(place_hold=price), hold("+", "10001"))
        self.assertFalse(told.ok)
        self.assertIn("0.50", told.screen_message[0])
        positional, _ = self.placed(hold("+", "10001", fee_acknowledged=True))
        self.assertTrue(positional[3].fee_acknowledged)

    def test_a_hold_in_doubt_is_refused(self) -> None:
        """Lesson 54: 16 for a cancellation has the real result."""
        told = self.tell(Said(cancel_hold=InDoubt("cancel_reservation")), hold("-", "10001"))
        self.assertFalse(told.ok)
        self.assertIn("not certain", told.screen_message[0])


class Holds(DeskCase):
    def test_a_hold_of_an_available_item_is_ready_at_once(self) -> None:
        told = self.ask(hold("+", "10004", pickup_location="North"))
        self.assertEqual((told.ok, told.available, told.pickup_location), (True, True, "North"))
        self.assertEqual((told.patron_identifier, told.item_identifier), ("M-1001", "10004"))
        self.assertIn("Pather Panchali", told.title_identifier)
        self.assertEqual(self.kinds(), ["reservation"])

    def test_a_hold_of_an_item_on_loan_has_a_queue_position(self) -> None:
        told = self.ask(hold("+", "10003"))
        self.assertEqual((told.ok, told.available, told.queue_position), (True, False, 1))
        again = self.ask(hold("+", "10003", patron_identifier="M-1005"))
        self.assertEqual((again.ok, again.queue_position), (True, 2))

    def test_a_hold_by_title_is_placed(self) -> None:
        told = self.ask(hold("+", None, "Emma"))
        self.assertEqual((told.ok, told.title_identifier), (True, "Emma"))

    def test_a_hold_of_any_copy_takes_the_first_free_one(self) -> None:
        """Lesson 53: a hold of one copy waits for that copy, and a hold of any copy takes the first free one."""
        self.lend("10001", "M-1002")
        self.assertFalse(self.ask(hold("+", "10001", hold_type="3")).available)
        self.assertTrue(self.ask(hold("+", "10001", hold_type="2", patron_identifier="M-1005")).available)

    def test_a_checkout_keeps_the_holds_of_other_patrons(self) -> None:
        """Lesson 53: a checkout removes only the hold of its own patron."""
        for patron in ("M-1001", "M-1005"):
            self.assertTrue(self.ask(hold("+", "10004", patron_identifier=patron)).ok)
        self.lend("10004", "M-1001")
        told = self.ask(hold("*", "10004", patron_identifier="M-1005", pickup_location="North"))
        self.assertEqual((told.ok, told.queue_position), (True, 1))

    def test_a_hold_is_refused_with_its_reason(self) -> None:
        self.ask(hold("+", "10004"))
        for request, words in (
            (hold("+", "10004"), "reserved this already"),
            (hold("+", "10007"), "already on loan to you"),
            (hold("+", "10005", pickup_location="Moon"), "no such branch"),
            (hold("+", "31337"), "not known"),
            (hold("+", None, "No Such Book"), ""),
            (hold("+"), "No item or title was named"),
            (hold("-", "10005"), "no such reservation"),
            (hold("*", "10005"), "no such reservation"),
            (hold("+", "10005", patron_identifier="M-9999"), "card is not known"),
            (hold("+", "10005", patron_identifier="M-1003"), "not active"),
        ):
            told = self.ask(request)
            self.assertEqual((told.ok, told.available), (False, False), words)
            self.assertIn(words, told.screen_message[0])
            self.assertTrue(format(told).startswith(b"160N"))
            self.assertEqual(told.patron_identifier, request.patron_identifier)
        self.assertEqual(self.kinds(), ["reservation"])

    def test_a_hold_that_is_not_free_names_its_price(self) -> None:
        self.allow(reservation_fee="0.75")
        self.assertIn("0.75", self.ask(hold("+", "10004")).screen_message[0])
        self.assertTrue(self.ask(hold("+", "10004", fee_acknowledged=True)).ok)
        self.assertEqual([effect["amount"] for effect in self.sandbox.ledger()], ["0.75"])

    def test_the_last_day_of_a_hold_is_stored_and_changed(self) -> None:
        told = self.ask(hold("+", "10003", expiration_date=datetime(2026, 4, 1, 12, 0)))
        self.assertEqual(told.expiration_date, datetime(2026, 4, 1, 23, 59))
        told = self.ask(
            hold("*", "10003", expiration_date=datetime(2026, 5, 2, 12, 0), pickup_location="north")
        )
        self.assertEqual(
            (told.expiration_date, told.pickup_location), (datetime(2026, 5, 2, 23, 59), "North")
        )

    def test_a_hold_is_refused_if_the_library_has_none(self) -> None:
        self.allow(requests=False)
        self.assertIn("can't be reserved", self.ask(hold("+", "10004")).screen_message[0])

    def test_a_hold_is_cancelled(self) -> None:
        self.ask(hold("+", "10004"))
        told = self.ask(hold("-", "10004"))
        self.assertEqual((told.ok, told.available), (True, False))
        self.assertEqual(self.kinds(), ["reservation", "cancellation"])
        self.assertFalse(self.ask(hold("-", "10004")).ok)
        self.assertTrue(self.ask(hold("+", "10004")).ok)

    def test_a_cancellation_in_doubt_is_refused_and_can_be_repeated(self) -> None:
        """Lesson 54: the answer is yes only if the hold is cancelled."""
        self.ask(hold("+", "10004"))
        self.sandbox.misbehave("error", endpoint="cancel_reservation")
        told = self.ask(hold("-", "10004"))
        self.assertFalse(told.ok)
        self.sandbox.behave()
        self.assertTrue(self.ask(hold("-", "10004")).ok)

    def lend(self, item: str, patron: str) -> None:
        lent = self.ask(
            Checkout(transaction_date=None, institution_id="", patron_identifier=patron, item_identifier=item)
        )
        self.assertTrue(lent.ok, lent.screen_message)
