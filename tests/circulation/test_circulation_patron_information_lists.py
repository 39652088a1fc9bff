"""The lists of patron information: each page is a slice of its list, and no entry is empty."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from asking_about_patrons import LISTS, InformationCase, information
from desks import DeskCase
from hypothesis import given
from hypothesis import strategies as st
from said import Said, SaidCase
from shelves import BUSY, FEES, LOANS, OVERDUE, READY, WAITING

from sip2gw.circulation import Profile
from sip2gw.library import Counts, Found, Item, Listing, ListKind, Loan, Patron
from sip2gw.sip2 import SummaryList, format

LOAN = Loan(Item("10001", "A title"), date(2026, 3, 10))
EVERY_HOLD = Profile(holds_ready_only=False)


class Lists(InformationCase):
    def test_a_summary_without_Y_gets_no_list(self) -> None:
        told = self.about()
        self.assertEqual(self.lists(told), {})
        self.assertEqual(self.counts(told), (3, 2, 7, 4, 0, 3))

    def test_each_list_is_in_its_own_field(self) -> None:
        for wanted, field, lines in (
            (SummaryList.HOLD_ITEMS, "hold_items", READY),
            (SummaryList.OVERDUE_ITEMS, "overdue_items", OVERDUE),
            (SummaryList.CHARGED_ITEMS, "charged_items", LOANS),
            (SummaryList.UNAVAILABLE_HOLDS, "unavailable_hold_items", WAITING),
        ):
            self.assertEqual(self.lists(self.about(wanted)), {field: lines})
        self.assertEqual(self.lists(self.about(SummaryList.RECALL_ITEMS)), {})

    def test_the_first_list_of_several_is_sent(self) -> None:
        told = self.about(SummaryList.FINE_ITEMS, SummaryList.OVERDUE_ITEMS)
        self.assertEqual(self.lists(told), {"overdue_items": OVERDUE})

    def test_lesson_40_the_counts_do_not_depend_on_the_page(self) -> None:
        for wanted in SummaryList:
            for part in ({}, {"start_item": 1, "end_item": 1}, {"start_item": 90}):
                self.assertEqual(self.counts(self.about(wanted, **part)), (3, 2, 7, 4, 0, 3))

    def test_lesson_40_BP_and_BQ_count_from_1_and_belong_to_the_page(self) -> None:
        for first, last, lines in (
            (None, None, LOANS),
            (1, 2, LOANS[:2]),
            (2, 2, LOANS[1:2]),
            (6, 99, LOANS[5:]),
            (0, 3, LOANS[:3]),
            (3, None, LOANS[2:]),
            (8, 9, ()),
            (5, 4, ()),
        ):
            told = self.about(SummaryList.CHARGED_ITEMS, start_item=first, end_item=last)
            self.assertEqual(told.charged_items, lines, (first, last))

    def test_F39_a_list_has_at_most_the_profiles_limit(self) -> None:
        short = Profile(list_limit=3)
        self.assertEqual(self.about(SummaryList.CHARGED_ITEMS, profile=short).charged_items, LOANS[:3])
        told = self.about(SummaryList.FINE_ITEMS, start_item=2, end_item=9, profile=short)
        self.assertEqual(len(told.fine_items), 3)
        self.assertEqual((told.charged_items_count, told.fine_items_count), (7, 4))

    def test_F39_any_page_of_any_list_is_a_slice_of_it(self) -> None:
        everything = {
            SummaryList.HOLD_ITEMS: READY + WAITING,
            SummaryList.OVERDUE_ITEMS: OVERDUE,
            SummaryList.CHARGED_ITEMS: LOANS,
            SummaryList.FINE_ITEMS: tuple(self.about(SummaryList.FINE_ITEMS).fine_items),
        }
        number = st.none() | st.integers(0, 9) | st.integers(0, 10**19)

        @given(st.sampled_from(sorted(everything)), number, number, st.integers(1, 6))
        def slices(wanted: SummaryList, first: int | None, last: int | None, limit: int) -> None:
            profile = Profile(holds_ready_only=False, list_limit=limit)
            told = self.about(wanted, start_item=first, end_item=last, profile=profile)
            asked = everything[wanted][max(first or 1, 1) - 1 : last or None][:limit]
            self.assertEqual(getattr(told, LISTS[wanted]), asked)
            self.assertEqual(self.counts(told), (6, 2, 7, 4, 0, 0))

        slices()

    def test_lesson_55_all_holds_are_one_list_if_the_profile_says_so(self) -> None:
        told = self.about(SummaryList.HOLD_ITEMS, profile=EVERY_HOLD)
        self.assertEqual(told.hold_items, READY + WAITING)
        self.assertEqual((told.hold_items_count, told.unavailable_holds_count), (6, 0))
        told = self.about(SummaryList.UNAVAILABLE_HOLDS, profile=EVERY_HOLD)
        self.assertEqual(self.lists(told), {})

    def test_lesson_38_a_patron_in_credit_has_no_fees(self) -> None:
        told = self.ask(information("M-2004", SummaryList.FINE_ITEMS))
        self.assertEqual((told.fee_amount, told.fine_items, told.fine_items_count), (Decimal("0.00"), (), 0))

    def test_lesson_38_only_open_fees_are_listed_with_their_open_amounts(self) -> None:
        told = self.about(SummaryList.FINE_ITEMS)
        self.assertEqual([line.split()[0] for line in told.fine_items], list(FEES))
        self.assertEqual(told.fine_items[0], "3.00 USD Overdue Title 20001")
        self.assertEqual(told.fine_items[1], "1.25 USD Replacement")

    def test_lesson_42_the_profiles_templates_write_fees_and_name(self) -> None:
        worded = Profile(
            fee_template="{kind}: {amount} {item_id} {since}", name_template="{patron_id} {name}"
        )
        told = self.about(SummaryList.FINE_ITEMS, profile=worded)
        self.assertTrue(told.fine_items[0].startswith(f"{self.speaker.say('fee_overdue')}: 3.00"))
        self.assertEqual(told.personal_name, f"{BUSY} Ada Example")
        numbered = self.about(SummaryList.FINE_ITEMS, profile=Profile(fee_template="{ref}"))
        self.assertEqual(len(set(numbered.fine_items)), 4)
        blank = self.about(SummaryList.FINE_ITEMS, profile=Profile(fee_template="  "))
        self.assertEqual((blank.fine_items, blank.fine_items_count), ((), 4))

    def test_lesson_39_an_empty_entry_is_left_out(self) -> None:
        for wanted in SummaryList:
            line = self.line(self.ask(information("M-2002", wanted)))
            for empty in (
                "None",
                "|AS",
                "|AT",
                "|AU",
                "|AV",
                "|BU",
                "|CD",
                "|BD",
                "|BE",
                "|BF",
                "|BZ",
                "|CA",
            ):
                self.assertNotIn(empty, line)


class ManyLoans(SaidCase):
    """A patron with ten thousand loans."""

    def test_F39_the_library_is_asked_only_for_the_page(self) -> None:
        patron = Patron("M-1", "A reader", counts=Counts(on_loan=10_000, overdue=10_000))
        for first, last, start, count in (
            (None, None, 0, 100),
            (1, 10_000, 0, 100),
            (9_951, None, 9_950, 100),
            (9_951, 99_999, 9_950, 100),
            (5_001, 5_010, 5_000, 10),
            (10_001, 10_002, 10_000, 2),
        ):
            library = Said(patron=Found(patron, loans=(LOAN,) * max(min(count, 10_000 - start), 0)))
            told = self.tell(
                library,
                information("M-1", SummaryList.CHARGED_ITEMS, start_item=first, end_item=last),
            )
            asked = [named["listing"] for _, _, named in library.asked]
            self.assertEqual(asked, [Listing(ListKind.LOANS, start, count)])
            self.assertEqual(told.charged_items_count, 10_000)
            self.assertLess(len(format(told)), 4096)


MANY, MOST = 600, 200
"""More loans than one call may ask for, and the most that it may."""
LABELS = tuple(str(100_001 + number) for number in range(MANY))


class ManyLoansAtTheSandbox(DeskCase):
    """A patron with several hundred loans, over the adapter and the API."""

    data = {  # noqa: RUF012 (read only)
        "libraries": [
            {
                "nickname": "riverside",
                "users": [{"username": "kiosk@riverside.example", "password": "kiosk-secret"}],
                "members": [{"member_no": "M-1", "name": "A reader"}],
                "media": [{"title": "Emma", "copies": [{"accession_no": label} for label in LABELS]}],
                "bookings": [{"member_no": "M-1", "accession_no": label} for label in LABELS],
            }
        ]
    }

    def test_F39_a_page_of_many_loans_takes_one_call(self) -> None:
        for first, last, limit, lines in (
            (None, None, 100, LABELS[:100]),
            (551, None, 100, LABELS[550:]),
            (301, 310, 100, LABELS[300:310]),
            (1, 10_000, 1000, LABELS[:MOST]),
            (401, 10_000, 1000, LABELS[400:]),
            (601, None, 1000, ()),
        ):
            self.sandbox.forget()
            request = information("M-1", SummaryList.CHARGED_ITEMS, start_item=first, end_item=last)
            told = self.ask(request, profile=Profile(list_limit=limit))
            self.assertEqual((told.charged_items, told.charged_items_count), (lines, MANY))
            self.assertEqual(self.asked(), {"find_member": 1}, (first, last))
