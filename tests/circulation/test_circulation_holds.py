"""Holds: placed, changed and given up, and every answer says what the library made of it."""

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


class WhatGoesThrough(SaidCase):
    def placed(self, request: HoldRequest, **desk: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
        library = Said(place_hold=KEPT, change_hold=KEPT, cancel_hold=KEPT)
        self.answer = self.tell(library, request, **desk)
        [(_, positional, named)] = library.asked
        return positional, named

    def test_item_or_title_and_the_item_counts(self) -> None:
        for mode in "+-*":
            for item, title, expected in (
                ("10001", None, ("10001", None)),
                (None, "Emma", (None, "Emma")),
                ("10001", "Middlemarch", ("10001", None)),
                ("  ", " Emma ", (None, "Emma")),
            ):
                positional, _ = self.placed(hold(mode, item, title))
                self.assertEqual(positional[1:3], expected)

    def test_hold_types(self) -> None:
        for kind, this_copy in ((None, False), ("1", False), ("2", False), ("3", True), ("4", False)):
            _, named = self.placed(hold("+", "10001", hold_type=kind))
            self.assertIs(named["this_copy"], this_copy)

    def test_a_given_copy_must_be_given(self) -> None:
        library = Said(place_hold=KEPT)
        told = self.tell(library, hold("+", None, "Emma", hold_type="3"))
        self.assertFalse(told.ok)
        self.assertEqual(library.asked, [])

    def test_where_it_is_collected(self) -> None:
        """BS, else the terminal's branch; a change without BS changes nothing of that."""
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

    def test_until_when(self) -> None:
        """BW is a day of the library's calendar, also when the terminal writes it by another clock."""
        for text, expected in (
            ("20260401    235900", date(2026, 4, 1)),
            ("20260401   Z033000", date(2026, 3, 31)),
            (" " * 18, None),
        ):
            request, _ = parse(f"15+20260301    120000BW{text}|AO|AAM-1001|AB10001|".encode())
            assert isinstance(request, HoldRequest)
            _, named = self.placed(request)
            self.assertEqual(named["expires"], expected)

    def test_what_is_told_of_it(self) -> None:
        """Lesson 55: a hold of a title is told with its title."""
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

    def test_of_a_cancelled_one_nothing_stands_any_more(self) -> None:
        self.placed(hold("-", "10001"))
        told = self.answer
        self.assertEqual((told.ok, told.available), (True, False))
        self.assertEqual(
            (told.queue_position, told.expiration_date, told.pickup_location), (None, None, None)
        )

    def test_no_such_mode(self) -> None:
        for mode in ("?", "", "0"):
            library = Said(place_hold=KEPT, change_hold=KEPT, cancel_hold=KEPT)
            told = self.tell(library, hold(mode, "10001"))
            self.assertFalse(told.ok)
            self.assertTrue(told.screen_message)
            self.assertEqual(library.asked, [])

    def test_a_fee_is_asked_for_first(self) -> None:
        price = Refused("fee_required", facts={"amount": "0.50", "currency": "USD", "kind": "hold"})
        told = self.tell(Said(place_hold=price), hold("+", "10001"))
        self.assertFalse(told.ok)
        self.assertIn("0.50", told.screen_message[0])
        positional, _ = self.placed(hold("+", "10001", fee_acknowledged=True))
        self.assertTrue(positional[3].fee_acknowledged)

    def test_an_outcome_that_is_not_known_is_not_called_one(self) -> None:
        """Lesson 54: a cancellation reports the real outcome."""
        told = self.tell(Said(cancel_hold=InDoubt("cancel_reservation")), hold("-", "10001"))
        self.assertFalse(told.ok)
        self.assertIn("not certain", told.screen_message[0])


class Holds(DeskCase):
    def test_what_stands_on_the_shelf_is_there_at_once(self) -> None:
        told = self.ask(hold("+", "10004", pickup_location="North"))
        self.assertEqual((told.ok, told.available, told.pickup_location), (True, True, "North"))
        self.assertEqual((told.patron_identifier, told.item_identifier), ("M-1001", "10004"))
        self.assertIn("Pather Panchali", told.title_identifier)
        self.assertEqual(self.kinds(), ["reservation"])

    def test_what_is_on_loan_is_waited_for(self) -> None:
        told = self.ask(hold("+", "10003"))
        self.assertEqual((told.ok, told.available, told.queue_position), (True, False, 1))
        again = self.ask(hold("+", "10003", patron_identifier="M-1005"))
        self.assertEqual((again.ok, again.queue_position), (True, 2))

    def test_by_title(self) -> None:
        told = self.ask(hold("+", None, "Emma"))
        self.assertEqual((told.ok, told.title_identifier), (True, "Emma"))

    def test_any_copy_is_not_this_copy(self) -> None:
        """Lesson 53: a hold of one copy waits for that copy, a hold of any takes the first that is free."""
        self.lend("10001", "M-1002")
        self.assertFalse(self.ask(hold("+", "10001", hold_type="3")).available)
        self.assertTrue(self.ask(hold("+", "10001", hold_type="2", patron_identifier="M-1005")).available)

    def test_a_loan_keeps_the_holds_of_others(self) -> None:
        """Lesson 53: a checkout removes no extra hold."""
        for patron in ("M-1001", "M-1005"):
            self.assertTrue(self.ask(hold("+", "10004", patron_identifier=patron)).ok)
        self.lend("10004", "M-1001")
        told = self.ask(hold("*", "10004", patron_identifier="M-1005", pickup_location="North"))
        self.assertEqual((told.ok, told.queue_position), (True, 1))

    def test_refusals(self) -> None:
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

    def test_what_it_costs(self) -> None:
        self.allow(reservation_fee="0.75")
        self.assertIn("0.75", self.ask(hold("+", "10004")).screen_message[0])
        self.assertTrue(self.ask(hold("+", "10004", fee_acknowledged=True)).ok)
        self.assertEqual([effect["amount"] for effect in self.sandbox.ledger()], ["0.75"])

    def test_until_when_it_is_wanted(self) -> None:
        told = self.ask(hold("+", "10003", expiration_date=datetime(2026, 4, 1, 12, 0)))
        self.assertEqual(told.expiration_date, datetime(2026, 4, 1, 23, 59))
        told = self.ask(
            hold("*", "10003", expiration_date=datetime(2026, 5, 2, 12, 0), pickup_location="north")
        )
        self.assertEqual(
            (told.expiration_date, told.pickup_location), (datetime(2026, 5, 2, 23, 59), "North")
        )

    def test_where_holds_are_not_offered(self) -> None:
        self.allow(requests=False)
        self.assertIn("can't be reserved", self.ask(hold("+", "10004")).screen_message[0])

    def test_given_up(self) -> None:
        self.ask(hold("+", "10004"))
        told = self.ask(hold("-", "10004"))
        self.assertEqual((told.ok, told.available), (True, False))
        self.assertEqual(self.kinds(), ["reservation", "cancellation"])
        self.assertFalse(self.ask(hold("-", "10004")).ok)
        self.assertTrue(self.ask(hold("+", "10004")).ok)

    def test_a_cancellation_whose_answer_was_lost(self) -> None:
        """Lesson 54: it is only called done when it is."""
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
