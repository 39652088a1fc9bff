"""Checkout and checkin: what is lent, what is refused and why; no flag moves hardware without a stored loan."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from desks import DeskCase

from sip2gw.sip2.messages import Checkin, Checkout


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
    def test_a_free_item(self) -> None:
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

    def test_blanks_around_a_card_do_not_matter(self) -> None:
        self.assertTrue(self.ask(checkout(" M-1001 ", " 10001 ")).ok)

    def test_an_item_by_any_of_its_names(self) -> None:
        for name, title in (("AV-0005", "The Planets | Holst"), ("9780385474542", "Things Fall Apart")):
            lent = self.ask(checkout("M-1001", name))
            self.assertEqual((lent.ok, lent.title_identifier, lent.item_identifier), (True, title, name))

    def test_the_terminals_branch_comes_first(self) -> None:
        self.ask(checkout("M-1001", "9780141439587"), location="north")
        self.assertEqual([effect["accession_no"] for effect in self.sandbox.ledger()], ["10002"])

    def test_ones_own_item_is_renewed_only_if_the_terminal_wants_it(self) -> None:
        self.ask(checkout("M-1001", "10001"))
        no = self.ask(checkout("M-1001", "10001"))
        self.assertEqual((no.ok, no.renewal_ok, no.desensitize, no.due_date), (False, True, False, ""))
        yes = self.ask(checkout("M-1001", "10001", sc_renewal_policy=True))
        self.assertEqual((yes.ok, yes.renewal_ok), (True, True))
        self.assertEqual(self.kinds(), ["loan", "renewal"])

    def test_refusals_name_the_item_and_the_reason(self) -> None:
        self.ask(checkout("M-1001", "10001"))
        for patron, item, title, words in (
            ("M-1002", "10001", "Emma", "on loan to somebody else"),
            ("M-1003", "10002", "Emma", "not active"),
            ("M-1004", "10002", "Emma", "unpaid fees"),
            ("M-1001", "10006", "Oxford English Dictionary", "in the library"),
            ("M-1001", "10100", "", "More than one item"),
            ("M-1001", "31337", "", "not known"),
            ("M-9999", "10002", "", "card is not known"),
            ("", "10002", "", "card is not known"),
        ):
            refused = self.ask(checkout(patron, item))
            self.assertEqual((refused.ok, refused.desensitize, refused.due_date), (False, False, ""), words)
            self.assertIn(words, refused.screen_message[0])
            self.assertEqual(refused.title_identifier, title)
            self.assertEqual((refused.patron_identifier, refused.item_identifier), (patron, item))
        self.assertEqual(self.kinds(), ["loan"])

    def test_the_loan_limit_is_named(self) -> None:
        self.sandbox.change_library("riverside", preferences={"booking_quota": 1})
        self.assertIn("limit of 1 items", self.ask(checkout("M-1001", "10001")).screen_message[0])

    def test_what_is_reserved_for_somebody_else(self) -> None:
        self.ask(checkin("10007"))
        refused = self.ask(checkout("M-1001", "10007"))
        self.assertFalse(refused.ok)
        self.assertIn("reserved for another reader", refused.screen_message[0])
        self.assertTrue(self.ask(checkout("M-1002", "10007")).ok)

    def test_while_the_library_is_gone_nothing_is_promised(self) -> None:
        for what in ("error", "garbage", "reset_before"):
            self.sandbox.misbehave(what)
            for request in (checkout("M-1001", "10001"), checkin("10003")):
                refused = self.ask(request)
                self.assertFalse(refused.ok)
                self.assertIn("try again", refused.screen_message[0])
            self.sandbox.behave()
        self.assertEqual(self.kinds(), [])

    def test_an_answer_that_was_lost_sends_to_the_staff(self) -> None:
        self.sandbox.misbehave("error_after_commit", endpoint="create_booking")
        refused = self.ask(checkout("M-1001", "10001"))
        self.assertEqual((refused.ok, refused.desensitize), (False, False))
        self.assertIn("not certain", refused.screen_message[0])
        self.assertEqual(self.kinds(), ["loan"])


class Checkins(DeskCase):
    def test_a_loan_comes_back(self) -> None:
        back = self.ask(checkin("10003"))
        self.assertEqual(
            (back.ok, back.resensitize, back.alert, back.magnetic_media), (True, True, False, False)
        )
        self.assertEqual(
            (back.permanent_location, back.title_identifier, back.patron_identifier),
            ("Main", "One Hundred Years of Solitude", None),
        )
        self.assertEqual(self.kinds(), ["return"])

    def test_what_was_not_on_loan_is_welcome(self) -> None:
        back = self.ask(checkin("10001"))
        self.assertEqual(
            (back.ok, back.alert, back.screen_message), (True, False, ("This item was not on loan.",))
        )
        self.assertEqual(self.kinds(), [])

    def test_what_is_reserved_raises_the_alert_and_keeps_the_readers_number(self) -> None:
        back = self.ask(checkin("10007"))
        self.assertEqual((back.ok, back.alert), (True, True))
        self.assertIn("****02", back.screen_message[0])
        self.assertNotIn("M-1002", back.screen_message[0])

    def test_unknown_and_ambiguous_items_raise_the_alert(self) -> None:
        for item in ("31337", "10100", ""):
            refused = self.ask(checkin(item))
            self.assertEqual((refused.ok, refused.resensitize, refused.alert), (False, False, True))
            self.assertEqual(refused.permanent_location, "")

    def test_an_isbn_with_two_loans_needs_the_reader(self) -> None:
        for patron in ("M-1001", "M-1002"):
            self.ask(checkout(patron, "9780385474542"))
        self.assertIn("own label", self.ask(checkin("9780385474542")).screen_message[0])
        self.assertTrue(self.ask(checkin("9780385474542"), reader="M-1002").ok)
        self.assertEqual(self.sandbox.ledger()[-1]["member_no"], "M-1002")

    def test_the_return_date_of_a_book_drop_counts(self) -> None:
        self.ask(checkin("10003", return_date=datetime(2026, 2, 24, 9, 0)))
        self.assertEqual(self.sandbox.ledger()[-1]["amount"], "0.25", "one day late, not six")


class LastMinute(DeskCase):
    """Ten minutes to midnight in Dhaka is still the same day there."""

    library = "hillcrest"
    now = datetime(2026, 3, 1, 17, 50, tzinfo=UTC)

    def test_the_due_date_is_a_day_of_the_librarys_own(self) -> None:
        lent = self.ask(checkout("7", "14"))
        self.assertEqual(lent.due_date, "20260308    235900")
        self.clock.advance(15 * 60)
        lent = self.ask(checkout("7", "15"))
        self.assertEqual(lent.due_date, "20260309    235900")


class Tapes(DeskCase):
    def test_a_tape_is_magnetic(self) -> None:
        self.assertIs(self.ask(checkout("M-1001", "10005")).magnetic_media, True)
