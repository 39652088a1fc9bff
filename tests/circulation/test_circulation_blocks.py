"""Blocking (01), enabling (25) and the end of a session (35)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from desks import DeskCase

from sip2gw.circulation import Profile, decline
from sip2gw.library import Refused
from sip2gw.sip2 import DENIED, PatronFlag, Secret
from sip2gw.sip2.messages import BlockPatron, EndPatronSession, PatronEnable

NO_LOANS = {
    PatronFlag.CHARGE_PRIVILEGES_DENIED,
    PatronFlag.RENEWAL_PRIVILEGES_DENIED,
    PatronFlag.HOLD_PRIVILEGES_DENIED,
}
"""The flags of a patron to whom nothing is lent: 11, 29 and 15 are refused."""
TRUSTED = Profile(patron_updates=True)


def block(number: str) -> BlockPatron:
    return BlockPatron(
        card_retained=True,
        transaction_date=None,
        institution_id="riverside",
        blocked_card_msg="Card left in the slot",
        patron_identifier=number,
    )


def enable(number: str, pin: str | None = None) -> PatronEnable:
    return PatronEnable(
        transaction_date=None,
        institution_id="riverside",
        patron_identifier=number,
        patron_password=None if pin is None else Secret(pin),
    )


class Allowed(DeskCase):
    profile = TRUSTED

    def setUp(self) -> None:
        super().setUp()
        self.allow(member_updates=True)

    def test_a_block_is_stored_and_24_has_its_flags(self) -> None:
        answer = self.ask(block("M-1001"))
        self.assertEqual((answer.patron_status, answer.valid_patron), (NO_LOANS, True))
        self.assertEqual((answer.language, answer.valid_patron_password), ("000", None))
        self.assertEqual((answer.personal_name, answer.fee_amount), ("Amina Rahman", Decimal("0.00")))
        self.assertEqual(answer.screen_message, (self.speaker.say("member_inactive"),))
        self.assertEqual(self.kinds(), ["member_update"])

    def test_24_and_26_are_written_in_full(self) -> None:
        blocked = self.line(self.ask(block("M-1001")))
        why = self.speaker.say("member_inactive")
        self.assertEqual(
            blocked,
            "24YY Y          00020260301    120000AOriverside|AAM-1001|AEAmina Rahman|BLY|BHUSD|BV0.00|"
            f"AF{why}|",
        )
        enabled = self.line(self.ask(enable("M-1001", "1234")))
        self.assertEqual(
            enabled, "26              00020260301    120000AOriverside|AAM-1001|AEAmina Rahman|BLY|CQY|"
        )

    def test_a_blocked_patron_is_enabled(self) -> None:
        self.ask(block("M-1001"))
        for pin, right in ((None, None), ("1234", True)):
            answer = self.ask(enable("M-1001", pin))
            self.assertEqual((answer.patron_status, answer.valid_patron_password), (frozenset(), right))
            self.assertEqual((answer.personal_name, answer.screen_message), ("Amina Rahman", ()))

    def test_a_wrong_password_in_25_enables_no_patron(self) -> None:
        for pin, name in (("wrong", ""), ("", "Wei Chen")):
            answer = self.ask(enable("M-1003", pin))
            self.assertEqual((answer.patron_status, answer.valid_patron_password), (NO_LOANS, False))
            self.assertEqual(answer.personal_name, name)
        self.assertEqual(self.kinds(), [])

    def test_a_password_in_25_is_ignored_if_the_profile_checks_none(self) -> None:
        answer = self.ask(
            enable("M-1003", "wrong"), profile=Profile(patron_updates=True, patron_password=False)
        )
        self.assertEqual((answer.patron_status, answer.valid_patron_password), (frozenset(), None))

    def test_an_unknown_card_in_01_and_25_gets_BL_N(self) -> None:
        for request in (block("M-9999"), enable("M-9999"), block(""), enable("", "1234")):
            answer = self.ask(request)
            self.assertEqual((answer.valid_patron, answer.patron_status), (False, DENIED))
        self.assertEqual(self.kinds(), [])

    def test_a_block_in_doubt_leaves_BL_out(self) -> None:
        self.sandbox.misbehave("error", endpoint="block_member")
        answer = self.ask(block("M-1001"))
        self.assertEqual((answer.valid_patron, answer.patron_status), (None, DENIED))
        self.assertEqual(answer.screen_message, (self.speaker.say("in_doubt"),))

    def test_a_rule_that_has_just_changed_refuses_01_and_25(self) -> None:
        self.sandbox.change_library("riverside", preferences={"member_updates": False})
        for request in (block("M-1001"), enable("M-1001")):
            answer = self.ask(request)
            self.assertEqual((answer.patron_status, answer.valid_patron), (frozenset(), True))
            self.assertEqual(answer.screen_message, (self.speaker.say("not_offered"),))
        self.assertEqual(self.kinds(), [])


class NotAllowed(DeskCase):
    """The library and the profile must both allow it. Else the answer has the patron's unchanged state."""

    def unchanged(self, profile: Profile) -> None:
        self.sandbox.forget()
        for request, status in (
            (block("M-1001"), frozenset()),
            (enable("M-1003"), NO_LOANS),
            (enable("M-1003", "1111"), NO_LOANS),
        ):
            answer = self.ask(request, profile=profile)
            self.assertEqual((answer.patron_status, answer.valid_patron), (status, True))
            self.assertEqual(answer.screen_message[0], self.speaker.say("not_offered"))
        self.assertEqual(set(self.asked()), {"find_member"})

    def test_01_and_25_change_nothing_if_the_library_forbids_them(self) -> None:
        self.unchanged(TRUSTED)

    def test_01_and_25_change_nothing_if_the_profile_forbids_them(self) -> None:
        self.allow(member_updates=True)
        self.unchanged(Profile())


class EndOfSession(DeskCase):
    def end(self, number: str, institution_id: str = "riverside") -> Any:
        return self.ask(
            EndPatronSession(transaction_date=None, institution_id=institution_id, patron_identifier=number)
        )

    def test_lesson_74_35_is_always_answered_yes(self) -> None:
        self.sandbox.forget()
        for number in ("M-1001", "M-9999", ""):
            answer = self.end(number)
            self.assertEqual((answer.end_session, answer.patron_identifier), (True, number))
        self.assertEqual(self.asked(), {})
        self.assertTrue(self.line(self.end("M-1001", "")).startswith("36Y20260301    120000AOriverside|"))

    def test_lesson_74_35_is_answered_yes_after_a_refusal(self) -> None:
        request = EndPatronSession(transaction_date=None, institution_id="", patron_identifier="M-1001")
        answer = decline(request, self.desk(), Refused("permission_missing"))
        self.assertEqual((self.line(answer)[:3], answer.print_line), ("36Y", ()))

    def test_lesson_74_35_is_answered_yes_during_an_outage(self) -> None:
        self.sandbox.misbehave("refuse")
        self.clock.advance(301)
        self.assertTrue(self.end("M-1001").end_session)
