"""Patron information (63): counts of everything and a page of one list; its other fields agree with patron status."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from asking_about_patrons import InformationCase, information
from desks import DeskCase
from said import Said, SaidCase
from shelves import BUSY, LOANS

from sip2gw.circulation import Profile
from sip2gw.library import Found, Patron
from sip2gw.sip2 import DENIED, PatronFlag, Secret, SummaryList, parse
from sip2gw.sip2.messages import PatronStatusRequest


class Information(InformationCase):
    def test_64_is_written_in_full(self) -> None:
        line = (
            b"6300120260301    120000 Y   Y Y  AOriverside|AA"
            + BUSY.encode()
            + b"|AC|AD1234|BP00002|BQ00002|"
        )
        request, _ = parse(line)
        shown = Profile(hide=frozenset())
        self.assertEqual(
            self.line(self.ask(request, profile=shown)),
            "64              00120260301    120000000300020007000400000003AOriverside|AAM-2001|AEAda Example|"
            "CB0020|BLY|CQY|BHUSD|BV14.30|CC100.00|AT20002|"
            "BDSample Street 1|BEada@riverside.example|BF555-0199|",
        )

    def test_lesson_37_amounts_are_exact_and_the_currency_is_an_iso_code(self) -> None:
        told = self.about()
        self.assertEqual((told.fee_amount, told.currency_type), (Decimal("14.30"), "USD"))
        line = self.line(told)
        for field in ("|BHUSD|", "|BV14.30|", "|CC100.00|", "|CB0020|"):
            self.assertIn(field, line)

    def test_lesson_41_a_patron_without_an_address_is_valid(self) -> None:
        shown = Profile(hide=frozenset())
        quiet = self.ask(information("M-2002"), profile=shown)
        self.assertEqual((quiet.valid_patron, quiet.patron_status), (True, frozenset()))
        self.assertEqual((quiet.home_address, quiet.e_mail_address, quiet.home_phone_number), (None,) * 3)
        told = self.about(profile=shown)
        self.assertEqual(told.home_address, "Sample Street 1")
        self.assertEqual((told.e_mail_address, told.home_phone_number), ("ada@riverside.example", "555-0199"))

    def test_addresses_are_hidden_unless_the_profile_shows_them(self) -> None:
        told = self.about()
        self.assertEqual((told.home_address, told.e_mail_address, told.home_phone_number), (None,) * 3)

    @pytest.mark.untraced
    def test_lesson_35_information_and_status_agree(self) -> None:
        for rules in (
            {},
            {"booking_quota": 1},
            {"fee_limit": "1.00"},
            {"member_types": []},
            {"requests": False},
        ):
            self.allow(**rules)
            for number in (BUSY, "M-2002", "M-1001", "M-1002", "M-1003", "M-1004"):
                for pin in (None, "1234", "wrong", ""):
                    self.clock.advance(timedelta(hours=1).total_seconds())
                    secret = None if pin is None else Secret(pin)
                    status = self.ask(
                        PatronStatusRequest(
                            language="001",
                            transaction_date=None,
                            institution_id="riverside",
                            patron_identifier=number,
                            patron_password=secret,
                        )
                    )
                    told = self.ask(information(number, pin=pin))
                    for name in status.members:
                        self.assertEqual(
                            getattr(status, name), getattr(told, name), (rules, number, pin, name)
                        )

    def test_lesson_36_each_block_sets_its_own_flags_only(self) -> None:
        loans = {
            PatronFlag.CHARGE_PRIVILEGES_DENIED,
            PatronFlag.RENEWAL_PRIVILEGES_DENIED,
            PatronFlag.HOLD_PRIVILEGES_DENIED,
        }
        for rules, flags in (
            ({}, set()),
            ({"booking_quota": 7}, {PatronFlag.TOO_MANY_ITEMS_CHARGED}),
            ({"booking_quota": 20, "fee_limit": "14.30"}, loans | {PatronFlag.EXCESSIVE_OUTSTANDING_FINES}),
            ({"fee_limit": "14.31"}, set()),
            ({"requests": False}, {PatronFlag.HOLD_PRIVILEGES_DENIED}),
        ):
            self.allow(**rules)
            self.assertEqual(self.about().patron_status, flags, rules)

    def test_lesson_30_an_unknown_card_gets_a_whole_64(self) -> None:
        for number in ("M-9999", "", "*", "m-2001"):
            told = self.ask(information(number, SummaryList.CHARGED_ITEMS, pin="1234"))
            self.assertEqual((told.valid_patron, told.personal_name), (False, ""))
            self.assertEqual((told.patron_status, told.valid_patron_password), (DENIED, False))
            self.assertEqual(self.lists(told), {})

    def test_lesson_31_a_wrong_password_gets_only_the_flags_in_64(self) -> None:
        told = self.ask(
            information(BUSY, SummaryList.CHARGED_ITEMS, pin="wrong"), profile=Profile(hide=frozenset())
        )
        self.assertEqual((told.valid_patron, told.valid_patron_password), (True, False))
        self.assertEqual((told.patron_status, self.counts(told)), (frozenset(), (0,) * 6))
        self.assertEqual(self.lists(told), {})
        personal = ("currency_type", "fee_amount", "fee_limit", "home_address", "e_mail_address")
        self.assertEqual([getattr(told, name) for name in personal], [None] * 5)
        self.assertEqual(
            (told.personal_name, told.home_phone_number, told.charged_items_limit), ("", None, None)
        )

    def test_lesson_27_64_has_CQ_only_if_63_has_AD(self) -> None:
        self.sandbox.forget()
        self.assertIsNone(self.about().valid_patron_password)
        self.assertIs(self.about(pin="").valid_patron_password, False)
        self.assertEqual(self.about(pin="").personal_name, "Ada Example")

    def test_lesson_28_CQ_in_64_is_Y_only_after_a_check(self) -> None:
        self.sandbox.forget()
        self.assertIs(self.about(pin="1234").valid_patron_password, True)
        self.assertEqual(self.asked(), {"find_member": 1})

    def test_lesson_28_64_has_no_CQ_if_the_profile_checks_no_password(self) -> None:
        self.sandbox.forget()
        for pin in (None, "", "wrong", "1234"):
            told = self.about(pin=pin, profile=Profile(patron_password=False))
            self.assertEqual((told.valid_patron_password, told.personal_name), (None, "Ada Example"))

    def test_lesson_29_a_similar_card_number_is_unknown(self) -> None:
        for number in (LOANS[0], "20011", "Ada Example", "2001"):
            self.assertIs(self.ask(information(number)).valid_patron, False)

    def test_63_takes_one_call_with_or_without_list_and_password(self) -> None:
        for number in (BUSY, "M-2002", "M-1001"):
            for wanted in ((), *((one,) for one in SummaryList)):
                for pin in (None, "1234"):
                    self.sandbox.forget()
                    self.ask(information(number, *wanted, pin=pin))
                    self.assertEqual(self.asked(), {"find_member": 1})

    def test_an_outage_leaves_BL_out_of_64(self) -> None:
        self.sandbox.misbehave("error", endpoint="find_member")
        told = self.about(SummaryList.CHARGED_ITEMS)
        self.assertEqual((told.valid_patron, told.personal_name, told.patron_status), (None, "", DENIED))


class WithoutFees(DeskCase):
    library = "hillcrest"

    def test_64_has_no_fees_if_the_library_has_none(self) -> None:
        self.sandbox.forget()
        told = self.ask(information("7", SummaryList.FINE_ITEMS).but(institution_id="hillcrest"))
        self.assertEqual((told.fine_items, told.fine_items_count, told.fee_amount), ((), 0, Decimal("0.00")))
        self.assertEqual(self.asked(), {"find_member": 1})


class Limits(SaidCase):
    def test_a_fee_limit_below_zero_is_no_limit(self) -> None:
        for limit, told in (("-1", None), ("-0.01", None), ("0", Decimal("0.00")), ("5", Decimal("5.00"))):
            patron = Patron("M-1", "A reader", fee_limit=Decimal(limit))
            library = Said(patron=Found(patron))
            answer = self.tell(library, information("M-1"), profile=Profile(hide=frozenset()))
            self.assertEqual(answer.fee_limit, told)
