"""The fields of a returned item for a machine: alert, CV, CT, CS, CR, CY, DA and CL, as its profile has them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from attrs import evolve
from said import Said, SaidCase

from sip2gw.circulation import Profile
from sip2gw.circulation.profile import Alert
from sip2gw.circulation.sorting import BinRule
from sip2gw.library import Hold, InDoubt, Item, Medium, Refused, Return, Unavailable
from sip2gw.sip2 import format
from sip2gw.sip2.messages import Checkin

EMMA = Item("10001", "Emma", Medium.BOOK, "Main", "Fiction", "823.7 AUS", ref="77")
HERE, THERE = Hold("M-1002", "Main", "José Ångström"), Hold("M-1002", "North", "José Ångström")
SORTER_CV = Profile(
    call_number=True,
    destination=True,
    destination_always=True,
    alert_type=True,
    alert_type_on_success=True,
    hold_patron=True,
    receipts=False,
)
SORTER_CL = Profile(sort_bin=True, receipts=False)
BINS = (
    BinRule("99", unknown=True),
    BinRule("90", hold=True, transit=False),
    BinRule("80", transit=True),
    BinRule("95", alert=True),
    BinRule("1", call_numbers=("800", "899")),
)
NOT_FOUND = Refused("copy_not_found")
REFERENCE = Refused("overdue_checkin_not_allowed", item=EMMA)


def checkin(**more: Any) -> Checkin:
    return Checkin(**{"transaction_date": None, "institution_id": "", "item_identifier": "10001"} | more)


class Machines(SaidCase):
    def back(self, result: Return | Exception, profile: Profile, *, undo: bool = False, **desk: Any) -> Any:
        library = Said(**{"undo_loan" if undo else "take_back": result})
        desk = {"location": "Main", "profile": profile, "bins": BINS} | desk
        return self.tell(library, checkin(cancel=undo), **desk)

    def test_K16_a_sorter_with_its_own_rules_gets_CT_CV_and_alert(self) -> None:
        """Lesson 49: an item in transit has CT, CV and the right alert."""
        shelf = {"CR": "Fiction", "CS": "823.7 AUS"}
        patron = {"CY": "****02", "DA": "J*** Å***"}
        for result, alert, fields in (
            (Return(EMMA), False, {"CT": "Main", "CV": "00"} | shelf),
            (Return(EMMA, hold=HERE), True, {"CT": "Main", "CV": "01"} | shelf | patron),
            (Return(EMMA, hold=THERE), True, {"CT": "North", "CV": "02"} | shelf | patron),
            (Return(evolve(EMMA, branch="North")), True, {"CT": "North", "CV": "04"} | shelf),
            (Return(EMMA, was_on_loan=False), False, {"CT": "Main", "CV": "00"} | shelf),
            (NOT_FOUND, True, {"CV": "99"}),
            (REFERENCE, True, {"CT": "Main", "CV": "99"} | shelf),
        ):
            told = self.back(result, SORTER_CV)
            self.assertEqual((told.alert, dict(told.extensions)), (alert, fields))
            self.assertEqual(told.ok, isinstance(result, Return))
            self.assertEqual(told.resensitize, told.ok)
            self.assertIsNone(told.sort_bin)

    def test_a_sorter_without_rules_gets_the_bin(self) -> None:
        for result, bin_ in (
            (Return(EMMA), "1"),
            (Return(EMMA, hold=HERE), "90"),
            (Return(EMMA, hold=THERE), "80"),
            (Return(evolve(EMMA, branch="North")), "80"),
            (Return(evolve(EMMA, call_number="")), None),
            (NOT_FOUND, "99"),
            (Refused("item_ambiguous"), "99"),
            (REFERENCE, "95"),
        ):
            told = self.back(result, SORTER_CL)
            self.assertEqual((told.sort_bin, told.extensions), (bin_, ()), result)

    def test_a_kiosk_gets_no_fields_of_a_sorter(self) -> None:
        for result in (Return(EMMA, hold=THERE), NOT_FOUND, REFERENCE):
            told = self.back(result, Profile())
            self.assertEqual((told.extensions, told.sort_bin), ((), None))

    def test_CT_is_sent_only_for_an_item_in_transit(self) -> None:
        profile = Profile(destination=True)
        for result, place in (
            (Return(EMMA), None),
            (Return(EMMA, hold=HERE), None),
            (Return(EMMA, hold=THERE), "North"),
            (Return(evolve(EMMA, branch="North")), "North"),
        ):
            self.assertEqual(dict(self.back(result, profile).extensions).get("CT"), place)

    def test_CV_00_is_sent_only_if_the_profile_has_it(self) -> None:
        self.assertEqual(self.back(Return(EMMA), Profile(alert_type=True)).extensions, ())

    def test_only_the_profiles_alerts_are_raised(self) -> None:
        away = Return(evolve(EMMA, branch="North"))
        for alerts, expected in (
            (frozenset(), (False, False, False, False)),
            (frozenset({Alert.HOLD}), (True, False, False, False)),
            (frozenset({Alert.TRANSIT}), (False, True, False, False)),
            (frozenset({Alert.UNKNOWN}), (False, False, True, False)),
            (frozenset({Alert.REFUSED}), (False, False, True, True)),
        ):
            profile = Profile(alerts=alerts, alert_type=True)
            told = [self.back(one, profile) for one in (Return(EMMA, hold=HERE), away, NOT_FOUND, REFERENCE)]
            self.assertEqual(tuple(one.alert for one in told), expected)
            self.assertEqual(tuple("CV" in dict(one.extensions) for one in told), expected)

    def test_a_terminal_without_a_branch_has_no_transit(self) -> None:
        told = self.back(Return(evolve(EMMA, branch="North")), SORTER_CV, location="")
        self.assertFalse(told.alert)

    def test_AP_is_the_branch_if_CP_and_profile_have_none(self) -> None:
        """Lesson 46: an empty AP is no branch, and AQ is the item's own branch."""
        library = Said(take_back=Return(EMMA))
        for place, alert in (("north", True), ("main", False), ("", False), ("Shelf 3", False)):
            told = self.tell(library, checkin(current_location=place))
            self.assertEqual((told.alert, told.permanent_location), (alert, "Main"))

    def test_a_checkin_in_doubt_alerts_and_is_not_ok(self) -> None:
        told = self.back(InDoubt("return"), Profile(alerts=frozenset()))
        self.assertEqual((told.ok, told.resensitize, told.alert), (False, False, True))
        told = self.back(Unavailable("return"), SORTER_CV)
        self.assertEqual((told.ok, told.resensitize, told.alert), (False, False, False))

    def test_an_item_not_on_loan_is_ok_only_if_the_profile_says_so(self) -> None:
        """Lesson 50: the return of an item that was not on loan gets a whole 10."""
        strict = Profile(not_on_loan_ok=False, sort_bin=True)
        told = self.back(Return(EMMA, was_on_loan=False), strict)
        self.assertEqual((told.ok, told.resensitize, told.alert), (False, False, False))
        self.assertEqual(told.screen_message, ("This item was not on loan.",))
        self.assertEqual((told.title_identifier, told.sort_bin), ("Emma", "1"))
        told = self.back(Return(EMMA, was_on_loan=False), Profile())
        self.assertEqual((told.ok, told.resensitize), (True, True))

    def test_each_refused_checkin_is_a_whole_10_and_not_ok(self) -> None:
        """Lesson 47: a refused return gets a whole 10, and is never ok."""
        for error in (NOT_FOUND, REFERENCE, Refused("copy_inactive", item=EMMA), Refused("unheard_of")):
            told = self.back(error, SORTER_CV)
            line = format(told)
            self.assertTrue(line.startswith(b"100N"), line)
            self.assertIn(b"|AQ", line)
            self.assertEqual(told.item_identifier, "10001")
            self.assertTrue(told.screen_message)

    def test_AA_is_in_10_only_if_the_profile_shows_it(self) -> None:
        """Lesson 46."""
        had = Return(EMMA, patron_id="M-1001")
        self.assertIsNone(self.back(had, Profile()).patron_identifier)
        shown = Profile(hide=Profile().hide - {"10.AA"})
        self.assertEqual(self.back(had, shown).patron_identifier, "M-1001")

    def test_the_patron_who_waits_is_masked_on_the_screen(self) -> None:
        told = self.back(Return(EMMA, hold=THERE), SORTER_CV)
        self.assertNotIn(b"M-1002", format(told))
        self.assertNotIn("Ångström".encode(), format(told))
        self.assertIn("North", told.screen_message[0])

    def test_an_undone_loan_is_ok_without_alert(self) -> None:
        told = self.back(Return(EMMA, hold=HERE), SORTER_CV, undo=True)
        self.assertEqual((told.ok, told.resensitize, told.alert, told.extensions), (True, True, False, ()))
        told = self.back(Refused("cannot_revert", item=EMMA), SORTER_CV, undo=True)
        self.assertEqual((told.ok, told.resensitize, told.alert), (False, False, False))

    def test_a_return_receipt_is_sent_only_with_receipts(self) -> None:
        self.assertIn("Emma", self.back(Return(EMMA), Profile()).print_line)
        self.assertEqual(self.back(Return(EMMA), Profile(receipts=False)).print_line, ())
        self.assertEqual(self.back(NOT_FOUND, Profile()).print_line, ())

    def test_CH_is_in_10_only_if_it_is_stored(self) -> None:
        for has, said, told in (
            ("w=1", "w=1", "w=1"),
            ("", "w=1", None),
            ("w=2", "w=1", None),
            ("", "", None),
        ):
            library = Said(take_back=Return(evolve(EMMA, properties=has)))
            self.assertEqual(self.tell(library, checkin(item_properties=said)).item_properties, told)

    def test_a_return_is_dated_by_the_terminal_unless_in_the_future(self) -> None:
        """Lessons 46 and 52: the return date of a book drop counts."""
        morning, evening = datetime(2026, 2, 28, 9, 0), datetime(2026, 2, 28, 18, 0)
        noon = datetime(2026, 3, 1, 12, 0)
        for said, happened in (
            ({"return_date": morning, "transaction_date": evening}, morning),
            ({"transaction_date": evening}, evening),
            ({}, noon),
            ({"return_date": datetime(2026, 3, 9, 9, 0)}, noon),
        ):
            library = Said(take_back=Return(EMMA))
            self.tell(library, checkin(**said))
            [(_, (_, occasion), _)] = library.asked
            self.assertEqual(occasion.happened_at.replace(tzinfo=None), happened)
