"""Items: 17 always gets an 18, and 19 stores properties only if library and profile allow it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from attrs import evolve
from desks import DeskCase
from said import RULES, Said, SaidCase

from sip2gw.circulation import Profile
from sip2gw.library import Item, ItemState, ItemStatus, Medium, Refused, Unavailable
from sip2gw.sip2 import format
from sip2gw.sip2.messages import Checkin, Checkout, ItemInformation, ItemStatusUpdate

EMMA = Item("10001", "Emma", Medium.BOOK, "Main", "Fiction", "823.7 AUS", properties="w=1")


def item(number: str = "10001") -> ItemInformation:
    return ItemInformation(transaction_date=None, institution_id="", item_identifier=number)


def update(properties: str = "w=2", number: str = "10001") -> ItemStatusUpdate:
    return ItemStatusUpdate(
        transaction_date=None, institution_id="", item_identifier=number, item_properties=properties
    )


class Statuses(SaidCase):
    def test_each_state_of_an_item_has_its_circulation_status(self) -> None:
        for state, code in (
            (ItemState.AVAILABLE, "03"),
            (ItemState.ON_LOAN, "04"),
            (ItemState.ON_HOLD_SHELF, "08"),
            (ItemState.OTHER, "01"),
        ):
            told = self.tell(Said(item=ItemStatus(EMMA, state)), item())
            self.assertEqual(told.circulation_status, code)

    def test_18_has_every_known_field(self) -> None:
        status = ItemStatus(
            EMMA,
            ItemState.ON_HOLD_SHELF,
            due=date(2026, 3, 9),
            holds_waiting=2,
            pickup_by=date(2026, 3, 12),
            copies=5,
            copies_available=2,
        )
        told = self.tell(Said(item=status), item(" 10001 "), profile=Profile(call_number=True))
        self.assertEqual((told.item_identifier, told.title_identifier), (" 10001 ", "Emma"))
        self.assertEqual((told.hold_queue_length, told.due_date), (2, "20260309    235900"))
        self.assertEqual(told.hold_pickup_date, datetime(2026, 3, 12, 23, 59))
        self.assertEqual((told.owner, told.media_type), ("Riverside Public Library", "001"))
        self.assertEqual((told.permanent_location, told.current_location), ("Main", "Fiction"))
        self.assertEqual((told.item_properties, told.extensions), ("w=1", (("CS", "823.7 AUS"),)))
        self.assertEqual(told.screen_message, ("2 of 5 available.",))

    def test_CS_is_sent_only_if_the_profile_has_it(self) -> None:
        self.assertEqual(self.tell(Said(item=ItemStatus(EMMA, ItemState.AVAILABLE)), item()).extensions, ())

    def test_17_is_answered_by_the_old_rules_if_new_ones_can_not_be_fetched(self) -> None:
        told = self.tell(Said(Unavailable("get_library"), item=ItemStatus(EMMA, ItemState.AVAILABLE)), item())
        self.assertEqual((told.circulation_status, told.owner), ("03", "Riverside Public Library"))

    def test_one_copy_gets_no_line_about_copies(self) -> None:
        told = self.tell(Said(item=ItemStatus(EMMA, ItemState.AVAILABLE, copies_available=1)), item())
        self.assertEqual(told.screen_message, ())

    def test_the_profiles_prefix_is_removed_from_AB_for_the_library(self) -> None:
        library = Said(item=ItemStatus(EMMA, ItemState.AVAILABLE))
        told = self.tell(library, item("A10001"), profile=Profile(strip_prefix="A"))
        self.assertEqual(library.asked[0][1], ("10001",))
        self.assertEqual(told.item_identifier, "A10001")


class Updates(SaidCase):
    profile = Profile(item_updates=True)

    def test_20_has_the_properties_that_the_library_has_stored(self) -> None:
        library = Said(update_item=evolve(EMMA, properties="w=2"))
        told = self.tell(library, update(), profile=self.profile)
        self.assertEqual((told.item_properties_ok, told.item_properties), (True, "w=2"))
        self.assertEqual((told.item_identifier, told.title_identifier), ("10001", "Emma"))
        self.assertEqual(library.asked[0][1][:2], ("10001", "w=2"))

    def test_19_needs_the_permission_of_library_and_profile(self) -> None:
        for rules, profile in (
            (evolve(RULES, item_updates=False), self.profile),
            (RULES, Profile()),
        ):
            library = Said(rules)
            told = self.tell(library, update(), profile=profile, rules=rules)
            self.assertEqual((told.item_properties_ok, told.item_identifier), (False, "10001"))
            self.assertTrue(told.screen_message)
            self.assertEqual(library.asked, [])

    def test_19_for_an_unknown_item_is_refused_in_20(self) -> None:
        told = self.tell(Said(update_item=Refused("copy_not_found")), update(), profile=self.profile)
        self.assertFalse(told.item_properties_ok)


class Items(DeskCase):
    def transact(self, kind: Any, number: str, **more: Any) -> None:
        done = self.ask(kind(transaction_date=None, institution_id="", item_identifier=number, **more))
        self.assertTrue(done.ok, done.screen_message)

    def test_18_tells_available_on_loan_and_on_the_hold_shelf_apart(self) -> None:
        free = self.ask(item("10004"))
        self.assertEqual((free.circulation_status, free.due_date, free.hold_queue_length), ("03", None, 0))
        lent = self.ask(item("10007"))
        self.assertEqual(
            (lent.circulation_status, lent.due_date, lent.hold_queue_length), ("04", "20260312    235900", 1)
        )
        self.transact(Checkin, "10007")
        held = self.ask(item("10007"))
        self.assertEqual((held.circulation_status, held.due_date), ("08", None))

    def test_an_item_not_for_loan_has_status_01(self) -> None:
        self.assertEqual(self.ask(item("10006")).circulation_status, "01")

    def test_18_names_no_patron(self) -> None:
        line = format(self.ask(item("10007")))
        for private in (b"M-1001", b"M-1002", b"Amina"):
            self.assertNotIn(private, line)

    def test_an_unknown_or_ambiguous_item_has_status_01(self) -> None:
        """Lesson 48: an item that is not found is a valid 18 with status 01."""
        for number in ("31337", "10100", "", "../copies", "*"):
            told = self.ask(item(number))
            self.assertEqual((told.circulation_status, told.title_identifier), ("01", ""))
            self.assertEqual(told.item_identifier, number)
            self.assertTrue(told.screen_message)
            self.assertTrue(format(told).startswith(b"18010101"))
            self.assertIn(b"|AJ|", format(told))

    def test_an_ISBN_gets_a_line_about_its_copies(self) -> None:
        self.transact(Checkout, "10008", patron_identifier="M-1001")
        told = self.ask(item("9780385474542"))
        self.assertEqual((told.circulation_status, told.title_identifier), ("03", "Things Fall Apart"))
        self.assertEqual(told.screen_message, ("1 of 2 available.",))

    def test_18_has_the_media_type_of_a_tape(self) -> None:
        """Lesson 58."""
        self.assertEqual(self.ask(item("10005")).media_type, "004")
        self.assertEqual(self.ask(item("10001")).media_type, "001")

    def test_18_during_an_outage_has_status_01_and_a_text(self) -> None:
        self.sandbox.misbehave("error")
        told = self.ask(item("10001"))
        self.assertEqual((told.circulation_status, told.title_identifier), ("01", ""))
        self.assertIn("try again", told.screen_message[0])

    def test_properties_from_19_are_in_a_later_18(self) -> None:
        profile = Profile(item_updates=True)
        self.assertFalse(self.ask(update(), profile=profile).item_properties_ok)
        self.allow(item_updates=True)
        self.assertTrue(self.ask(update("weight=420"), profile=profile).item_properties_ok)
        self.assertEqual(self.ask(item("10001")).item_properties, "weight=420")
        self.assertFalse(self.ask(update()).item_properties_ok, "not by this profile")
        self.assertEqual(self.kinds(), ["copy_update"])
