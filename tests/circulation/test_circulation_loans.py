"""Checkout and checkin: what is stored, and what is refused and why. No flag moves hardware without a stored loan."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from attrs import evolve
from desks import DeskCase
from said import Said, SaidCase

from sip2gw.circulation import Profile
from sip2gw.library import Charge, FeeKind, Item, Loan, Medium, Refused
from sip2gw.sip2 import format
from sip2gw.sip2.messages import Checkin, Checkout, ItemInformation

EMMA = Item("10001", "Emma", Medium.BOOK)
LENT = Loan(EMMA, date(2026, 3, 15), ref="501")


def checkout(patron: str, item: str, **more: Any) -> Checkout:
    return Checkout(
        transaction_date=None,
        institution_id="Riverside",
        patron_identifier=patron,
        item_identifier=item,
        **more,
    )


def checkin(item: str, **more: Any) -> Checkin:
    return Checkin(transaction_date=None, institution_id="riverside", item_identifier=item, **more)


class Checkouts(DeskCase):
    def test_a_checkout_of_an_available_item_is_stored(self) -> None:
        lent = self.ask(checkout("M-1001", "10001"))
        self.assertEqual(
            (lent.ok, lent.renewal_ok, lent.desensitize, lent.magnetic_media), (True, False, True, False)
        )
        self.assertEqual((lent.title_identifier, lent.media_type), ("Emma", "001"))
        self.assertEqual(lent.due_date, "20260315    235900")
        self.assertEqual(
            (lent.institution_id, lent.patron_identifier, lent.item_identifier),
            ("Riverside", "M-1001", "10001"),
        )
        self.assertEqual(lent.transaction_date, datetime(2026, 3, 1, 12, 0))
        self.assertEqual(self.kinds(), ["loan"])

    def test_a_card_number_with_blanks_around_it_is_known(self) -> None:
        self.assertTrue(self.ask(checkout(" M-1001 ", " 10001 ")).ok)

    def test_an_item_is_lent_by_label_barcode_or_ISBN(self) -> None:
        for name, title in (("AV-0005", "The Planets | Holst"), ("9780385474542", "Things Fall Apart")):
            lent = self.ask(checkout("M-1001", name))
            self.assertEqual((lent.ok, lent.title_identifier, lent.item_identifier), (True, title, name))

    def test_an_ISBN_lends_the_copy_of_the_terminals_branch(self) -> None:
        self.ask(checkout("M-1001", "9780141439587"), location="north")
        self.assertEqual([effect["accession_no"] for effect in self.sandbox.ledger()], ["10002"])

    def test_the_patrons_own_item_is_renewed_only_with_renewal_policy(self) -> None:
        self.ask(checkout("M-1001", "10001"))
        self.clock.advance(121)
        no = self.ask(checkout("M-1001", "10001"))
        self.assertEqual((no.ok, no.renewal_ok, no.desensitize, no.due_date), (False, True, False, ""))
        yes = self.ask(checkout("M-1001", "10001", sc_renewal_policy=True))
        self.assertEqual((yes.ok, yes.renewal_ok), (True, True))
        self.assertEqual(self.kinds(), ["loan", "renewal"])

    def test_a_refused_checkout_names_the_item_and_the_reason(self) -> None:
        self.ask(checkout("M-1001", "10001"))
        for patron, item, title, words in (
            ("M-1002", "10001", "Emma", "on loan to somebody else"),  # codespell:ignore
            ("M-1003", "10002", "Emma", "not active"),
            ("M-1004", "10002", "Emma", "unpaid fees"),
            ("M-1001", "10006", "Oxford English Dictionary", "in the library"),
            ("M-1001", "10100", "", "More than one item"),
            ("M-1001", "31337", "", "not known"),
            ("M-9999", "10002", "", "card is not known"),
            ("", "10002", "", "No card number"),
        ):
            refused = self.ask(checkout(patron, item))
            self.assertEqual((refused.ok, refused.desensitize, refused.due_date), (False, False, ""), words)
            self.assertIn(words, refused.screen_message[0])
            self.assertEqual(refused.title_identifier, title)
            self.assertEqual((refused.patron_identifier, refused.item_identifier), (patron, item))
        self.assertEqual(self.kinds(), ["loan"])

    def test_a_checkout_beyond_the_loan_limit_names_the_limit(self) -> None:
        self.sandbox.change_library("riverside", preferences={"booking_quota": 1})
        self.assertIn("limit of 1 item ", self.ask(checkout("M-1001", "10001")).screen_message[0])

    def test_an_item_on_hold_for_another_patron_is_refused(self) -> None:
        self.ask(checkin("10007"))
        refused = self.ask(checkout("M-1001", "10007"))
        self.assertFalse(refused.ok)
        self.assertIn("reserved for another reader", refused.screen_message[0])
        self.assertTrue(self.ask(checkout("M-1002", "10007")).ok)

    def test_K15_a_repeated_checkout_is_answered_with_the_loan(self) -> None:
        first = self.ask(checkout("M-1001", "10001"))
        for _ in range(2):
            self.clock.advance(5)
            again = self.ask(checkout("M-1001", "10001"))
            self.assertEqual((again.ok, again.renewal_ok, again.desensitize), (True, False, True))
            self.assertEqual(again.due_date, first.due_date)
        self.assertEqual(self.kinds(), ["loan"])

    def test_K15_a_loan_of_another_terminal_or_patron_is_not_repeated(self) -> None:
        self.ask(checkout("M-1001", "10001"), location="Main")
        self.assertFalse(self.ask(checkout("M-1001", "10001"), location="North").ok)
        self.assertFalse(self.ask(checkout("M-1002", "10001"), location="Main").ok)
        self.clock.advance(121)
        self.assertFalse(self.ask(checkout("M-1001", "10001"), location="Main").ok)
        self.assertEqual(self.kinds(), ["loan"])

    def test_a_write_during_an_outage_is_refused_as_in_doubt(self) -> None:
        """Each write was sent, and its answer is lost, so the result is not known."""
        for what in ("error", "reset_before", "garbage"):
            self.sandbox.misbehave(what)
            self.assertEqual(self.kinds(), [])
            for request in (checkout("M-1001", "10001"), checkin("10003")):
                refused = self.ask(request)
                self.assertFalse(refused.ok)
                self.assertIn("not certain", refused.screen_message[0])
            self.sandbox.behave()

    def test_F68_a_lost_answer_is_found_with_the_same_key(self) -> None:
        self.sandbox.misbehave("error_after_commit", endpoint="issue", times=1)
        lent = self.ask(checkout("M-1001", "10001"))
        self.assertEqual((lent.ok, lent.desensitize, lent.title_identifier), (True, True, "Emma"))
        self.assertEqual(self.kinds(), ["loan"])

    def test_F68_an_answer_that_stays_lost_sends_the_patron_to_staff(self) -> None:
        self.sandbox.misbehave("error_after_commit", endpoint="issue")
        refused = self.ask(checkout("M-1001", "10001"))
        self.assertEqual((refused.ok, refused.desensitize), (False, False))
        self.assertIn("not certain", refused.screen_message[0])
        self.assertEqual(self.kinds(), ["loan"])


class Checkins(DeskCase):
    def test_a_checkin_of_a_loan_is_stored(self) -> None:
        back = self.ask(checkin("10003"))
        self.assertEqual(
            (back.ok, back.resensitize, back.alert, back.magnetic_media), (True, True, False, False)
        )
        self.assertEqual(
            (back.permanent_location, back.title_identifier, back.patron_identifier),
            ("Main", "One Hundred Years of Solitude", None),
        )
        self.assertEqual(self.kinds(), ["return"])

    def test_a_checkin_of_an_item_not_on_loan_is_ok(self) -> None:
        back = self.ask(checkin("10001"))
        self.assertEqual(
            (back.ok, back.alert, back.screen_message), (True, False, ("This item was not on loan.",))
        )
        self.assertEqual(self.kinds(), [])

    def test_a_checkin_of_an_item_on_hold_alerts_and_masks_the_patron(self) -> None:
        back = self.ask(checkin("10007"))
        self.assertEqual((back.ok, back.alert), (True, True))
        self.assertIn("****02", back.screen_message[0])
        self.assertNotIn("M-1002", back.screen_message[0])

    def test_a_checkin_of_an_unknown_or_ambiguous_item_alerts(self) -> None:
        for item in ("31337", "10100", ""):
            refused = self.ask(checkin(item))
            self.assertEqual((refused.ok, refused.resensitize, refused.alert), (False, False, True))
            self.assertEqual(refused.permanent_location, "")

    def test_a_checkin_of_an_ISBN_with_two_loans_needs_the_patron(self) -> None:
        for patron in ("M-1001", "M-1002"):
            self.ask(checkout(patron, "9780385474542"))
        self.assertIn("own label", self.ask(checkin("9780385474542")).screen_message[0])
        self.assertTrue(self.ask(checkin("9780385474542"), reader="M-1002").ok)
        self.assertEqual(self.sandbox.ledger()[-1]["member_no"], "M-1002")

    def test_a_checkin_counts_from_the_terminals_return_date(self) -> None:
        self.ask(checkin("10003", return_date=datetime(2026, 2, 24, 9, 0)))
        self.assertEqual(self.sandbox.ledger()[-1]["amount"], "0.25", "one day late, not six")


class JustBeforeMidnight(DeskCase):
    """Ten minutes before midnight in Dhaka it is still the same day there."""

    library = "hillcrest"
    now = datetime(2026, 3, 1, 17, 50, tzinfo=UTC)

    def test_the_due_date_is_a_day_in_the_librarys_zone(self) -> None:
        lent = self.ask(checkout("7", "14"))
        self.assertEqual(lent.due_date, "20260308    235900")
        self.clock.advance(15 * 60)
        lent = self.ask(checkout("7", "15"))
        self.assertEqual(lent.due_date, "20260309    235900")


class Tapes(DeskCase):
    def test_a_checkout_of_a_tape_is_magnetic(self) -> None:
        self.assertIs(self.ask(checkout("M-1001", "10005")).magnetic_media, True)


class Fees(SaidCase):
    """A checkout is refused with its price first, and stored after the patron has accepted the fee."""

    def test_a_loan_with_a_fee_is_refused_with_its_price(self) -> None:
        for kind, code in (
            ("loan", "06"),
            ("administrative", "02"),
            ("damage", "03"),
            ("overdue", "04"),
            ("replacement", "07"),
            ("hold", "09"),
            ("other", "01"),
        ):
            price = Refused(
                "fee_required", facts={"amount": "1.5", "currency": "EUR", "kind": kind}, item=EMMA
            )
            for yes in (False, None):
                library = Said(lend=price)
                told = self.tell(library, checkout("M-1001", "10001", fee_acknowledged=yes))
                self.assertFalse(library.asked[0][1][2].fee_acknowledged)
            self.assertEqual((told.ok, told.desensitize, told.renewal_ok), (False, False, False))
            self.assertEqual(
                (told.fee_type, told.currency_type, told.fee_amount), (code, "EUR", Decimal("1.5"))
            )
            self.assertIn("1.50", told.screen_message[0])
            self.assertIn(b"|AH|BT" + code.encode() + b"|BHEUR|BV1.50|", format(told))

    def test_a_loan_with_an_accepted_fee_is_stored_and_charged(self) -> None:
        charge = Charge(Decimal("1.50"), "EUR", ref="T-9")
        library = Said(lend=evolve(LENT, charge=charge))
        told = self.tell(library, checkout("M-1001", "10001", fee_acknowledged=True))
        self.assertTrue(library.asked[0][1][2].fee_acknowledged)
        self.assertEqual((told.ok, told.desensitize), (True, True))
        self.assertEqual((told.fee_type, told.currency_type, told.fee_amount), ("06", "EUR", Decimal("1.50")))
        self.assertEqual(told.transaction_id, "T-9")

    def test_a_free_loan_has_no_fields_of_money(self) -> None:
        for charge in (None, Charge(Decimal(0), "EUR", FeeKind.LOAN)):
            told = self.tell(Said(lend=evolve(LENT, charge=charge)), checkout("M-1001", "10001"))
            self.assertEqual((told.fee_type, told.currency_type, told.fee_amount), (None, None, None))
            self.assertEqual(told.transaction_id, "501")

    def test_a_price_that_can_not_be_read_is_left_out_of_the_refusal(self) -> None:
        for facts in ({}, {"amount": "much", "currency": "EUR"}, {"amount": "1", "kind": "whim"}):
            told = self.tell(Said(lend=Refused("fee_required", facts=facts)), checkout("M-1001", "10001"))
            self.assertEqual((told.ok, told.desensitize, told.fee_amount), (False, False, None))
            self.assertTrue(told.screen_message)

    def test_a_refusal_for_another_reason_has_no_price(self) -> None:
        told = self.tell(
            Said(lend=Refused("quota_exceeded", item=EMMA)),
            checkout("M-1001", "10001", fee_acknowledged=True),
        )
        self.assertEqual((told.ok, told.fee_amount), (False, None))


class FeesOfTheSandbox(DeskCase):
    """Fees of the sandbox, which charges them."""

    def test_the_sandbox_lends_after_the_price_is_accepted(self) -> None:
        self.allow(borrowing_fee="1.50")
        no = self.ask(checkout("M-1001", "10001"))
        self.assertEqual((no.ok, no.desensitize), (False, False))
        self.assertEqual((no.fee_type, no.currency_type, no.fee_amount), ("06", "USD", Decimal("1.50")))
        self.assertEqual(self.kinds(), [])
        yes = self.ask(checkout("M-1001", "10001", fee_acknowledged=True))
        self.assertEqual((yes.ok, yes.fee_type, yes.fee_amount), (True, "06", Decimal("1.50")))
        self.assertTrue(yes.transaction_id)
        self.assertEqual([effect["amount"] for effect in self.sandbox.ledger()], ["1.50"])

    def test_an_undone_loan_cancels_its_fee(self) -> None:
        self.allow(borrowing_fee="1.50")
        self.ask(checkout("M-1001", "10001", fee_acknowledged=True))
        self.assertTrue(self.ask(checkin("10001", cancel=True)).ok)
        self.assertEqual(self.done(self.tenant.library.patron("M-1001")).patron.balance, 0)

    def test_an_offline_loan_is_charged_without_a_question(self) -> None:
        self.allow(borrowing_fee="1.50")
        self.assertTrue(self.ask(checkout("M-1001", "10001", no_block=True)).ok)


class WholeAnswers(DeskCase):
    def test_a_refused_12_has_every_field_that_3M_requires(self) -> None:
        """Lessons 43 and 45: AJ if it is known, AH empty, the true reason in AF, and no flag says yes."""
        line = format(self.ask(checkout("M-1003", "10002")))
        self.assertTrue(line.startswith(b"120NUN"), line)
        for field in (b"AA" + b"M-1003|", b"AB10002|", b"AJEmma|", b"AH|", b"not active"):
            self.assertIn(field, line)

    def test_CI_and_properties_that_are_not_stored_are_left_out(self) -> None:
        told = self.ask(checkout("M-1001", "10001", item_properties="w=1"))
        self.assertEqual((told.security_inhibit, told.item_properties), (None, None))

    def test_a_tape_is_magnetic_and_a_book_is_not_in_12_and_10(self) -> None:
        """Lesson 58: a tape is not demagnetised, and a book is."""
        for item, magnetic, medium in (("10005", True, "004"), ("10001", False, "001")):
            told = self.ask(checkout("M-1001", item))
            self.assertEqual((told.magnetic_media, told.media_type), (magnetic, medium))
            told = self.ask(checkin(item))
            self.assertEqual((told.magnetic_media, told.media_type), (magnetic, medium))

    def test_a_loan_receipt_fits_the_printer(self) -> None:
        told = self.ask(checkout("M-1001", "10004"), print_width=20)
        self.assertTrue(told.print_line)
        self.assertLessEqual(max(map(len, told.print_line)), 20)
        self.assertNotIn("M-1001", " ".join(told.print_line))
        self.assertEqual(self.ask(checkin("10004"), profile=Profile(receipts=False)).print_line, ())

    def test_a_return_is_at_the_branch_in_CP(self) -> None:
        """Lesson 59: the branch of a transaction is the one in CP."""
        self.ask(checkin("10001"), location="North")
        told = self.ask(checkin("10002"), location="Main")
        self.assertTrue(told.alert)
        self.assertIn("North", told.screen_message[-1])

    def test_a_hold_that_is_just_ready_refuses_another_patrons_loan(self) -> None:
        """Lesson 60: the gateway remembers nothing about a patron between two requests."""
        self.ask(checkin("10007"))
        self.assertFalse(self.ask(checkout("M-1001", "10007")).ok)
        self.assertTrue(self.ask(checkout("M-1002", "10007")).ok)

    def test_a_checkin_takes_two_calls_at_most(self) -> None:
        for item in ("10003", "10001", "31337"):
            self.sandbox.forget()
            self.ask(checkin(item))
            self.assertLessEqual(sum(self.asked().values()), 2, self.asked())

    def test_a_17_and_the_checkin_after_it_take_two_calls_at_most(self) -> None:
        self.sandbox.forget()
        told = self.ask(ItemInformation(transaction_date=None, institution_id="", item_identifier="10003"))
        self.assertEqual(told.circulation_status, "04")
        self.assertTrue(self.ask(checkin("10003")).ok)
        self.assertLessEqual(sum(self.asked().values()), 2, self.asked())


class Overdue(DeskCase):
    def test_a_refusal_names_no_day_in_the_past(self) -> None:
        self.assertIn("2026", self.ask(checkout("M-1001", "10002")).due_date)
        other = self.ask(checkout("M-1002", "10002"))
        self.assertIn("expected back", other.screen_message[0])
        self.clock.advance(40 * 86400)
        other = self.ask(checkout("M-1002", "10002"))
        self.assertIn("on loan", other.screen_message[0])
        self.assertNotIn("expected back", other.screen_message[0])
