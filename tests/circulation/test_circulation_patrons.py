"""Patron status (23): known or not, what is allowed, and CQ=Y only after a password check."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from desks import DeskCase

from sip2gw.circulation import Profile
from sip2gw.sip2 import DENIED, PatronFlag, Secret
from sip2gw.sip2.messages import PatronStatusRequest

NO_LOANS = {
    PatronFlag.CHARGE_PRIVILEGES_DENIED,
    PatronFlag.RENEWAL_PRIVILEGES_DENIED,
    PatronFlag.HOLD_PRIVILEGES_DENIED,
}
"""The flags of a patron to whom nothing is lent: 11, 29 and 15 are refused."""


def patron(number: str, pin: str | None = None) -> PatronStatusRequest:
    return PatronStatusRequest(
        language="001",
        transaction_date=None,
        institution_id="riverside",
        patron_identifier=number,
        patron_password=None if pin is None else Secret(pin),
    )


class Patrons(DeskCase):
    def check(self, number: str, pin: str | None = None, profile: Profile | None = None) -> Any:
        return self.ask(patron(number, pin), profile=profile)

    def test_a_patron_without_blocks_has_no_flags(self) -> None:
        known = self.check("M-1001")
        self.assertEqual((known.valid_patron, known.personal_name), (True, "Amina Rahman"))
        self.assertEqual((known.patron_status, known.screen_message), (frozenset(), ()))
        self.assertEqual((known.fee_amount, known.currency_type), (Decimal("0.00"), "USD"))
        self.assertEqual((known.language, known.patron_identifier), ("001", "M-1001"))

    def test_lesson_30_an_unknown_card_gets_a_whole_24(self) -> None:
        for number in ("M-9999", "m-1001", "", "*", "M-1001' or '1'='1", "../members"):
            unknown = self.check(number)
            self.assertEqual((unknown.valid_patron, unknown.personal_name), (False, ""))
            self.assertEqual((unknown.patron_status, unknown.patron_identifier), (DENIED, number))

    def test_lesson_28_CQ_in_24_is_Y_only_after_a_check(self) -> None:
        for number, pin, right in (
            ("M-1001", None, None),
            ("M-1001", "1234", True),
            ("M-1001", "4321", False),
            ("M-1001", "", False),
            ("M-1005", "anything", False),
        ):
            self.assertIs(self.check(number, pin).valid_patron_password, right, (number, pin))

    def test_lesson_31_a_wrong_password_gets_only_the_flags_in_24(self) -> None:
        blocked = self.check("M-1004", "wrong")
        self.assertEqual(blocked.screen_message, (self.speaker.say("password_wrong"),))
        wrong = self.check("M-1002", "wrong")
        self.assertEqual((wrong.personal_name, wrong.fee_amount, wrong.valid_patron), ("", None, True))

    def test_lesson_28_an_empty_password_gets_the_patrons_name(self) -> None:
        self.assertEqual(self.check("M-1001", "").personal_name, "Amina Rahman")

    def test_lesson_27_no_password_takes_no_password_check(self) -> None:
        self.sandbox.forget()
        self.check("M-1001")
        self.check("M-1001", "")
        self.assertEqual(self.sandbox.requests()["riverside"], {"find_member": 2})

    def test_lesson_28_24_has_no_CQ_if_the_profile_checks_no_password(self) -> None:
        self.sandbox.forget()
        for pin in (None, "", "wrong", "1234"):
            known = self.check("M-1001", pin, Profile(patron_password=False))
            self.assertEqual((known.valid_patron_password, known.personal_name), (None, "Amina Rahman"))

    def test_lesson_29_only_blanks_around_a_card_number_are_ignored(self) -> None:
        self.assertTrue(self.check(" M-1001 ").valid_patron)
        for number in ("M-100", "M-10011", "10007", "Amina Rahman"):
            self.assertIs(self.check(number).valid_patron, False, number)

    def test_lesson_42_AE_is_written_by_the_profiles_template(self) -> None:
        for template, told in (("{patron_id}", "M-1001"), ("{name} ({patron_id})", "Amina Rahman (M-1001)")):
            known = self.check("M-1001", profile=Profile(name_template=template))
            self.assertEqual(known.personal_name, told)

    def test_lesson_36_a_blocked_patron_has_flags_and_reasons(self) -> None:
        for number, flags, words in (
            ("M-1003", NO_LOANS, "not active"),
            ("M-1004", NO_LOANS | {PatronFlag.EXCESSIVE_OUTSTANDING_FINES}, "unpaid fees"),
        ):
            blocked = self.check(number)
            self.assertEqual(blocked.patron_status, flags)
            self.assertIn(words, blocked.screen_message[0])

    def test_the_loan_limit_and_missing_services_set_flags(self) -> None:
        self.sandbox.change_library("riverside", preferences={"booking_quota": 1, "requests": False})
        self.clock.advance(301)
        limited = self.check("M-1001")
        self.assertEqual(
            limited.patron_status,
            {PatronFlag.TOO_MANY_ITEMS_CHARGED, PatronFlag.HOLD_PRIVILEGES_DENIED},
        )

    def test_a_type_of_patrons_without_self_service_is_denied_loans(self) -> None:
        self.sandbox.change_library("riverside", preferences={"member_types": ["Regular"]})
        flags = {PatronFlag.CHARGE_PRIVILEGES_DENIED, PatronFlag.HOLD_PRIVILEGES_DENIED}
        self.assertEqual(self.check("M-1002").patron_status, flags)

    def test_an_outage_leaves_BL_out_of_24(self) -> None:
        self.sandbox.misbehave("error")
        for pin, right in ((None, None), ("1234", False)):
            doubt = self.check("M-1001", pin)
            self.assertEqual((doubt.valid_patron, doubt.valid_patron_password), (None, right))
            self.assertEqual((doubt.patron_status, doubt.personal_name), (DENIED, ""))


class TerminalAccount(DeskCase):
    def test_a_refused_terminal_account_is_not_a_wrong_password(self) -> None:
        self.sandbox.misbehave("unauthorized", endpoint="find_member")
        answer = self.ask(patron("M-1001", "1234"))
        self.assertIsNone(answer.valid_patron)
        self.assertEqual(answer.patron_status, DENIED)
