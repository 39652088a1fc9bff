"""Renewals (29, 65): by item or title, each refusal with its reason, and not more at once than the profile allows."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from attrs import evolve
from desks import DeskCase
from said import Said, SaidCase

from sip2gw.circulation import Profile
from sip2gw.library import Charge, FeeKind, Item, Loan, Medium, Refused, RenewedAll
from sip2gw.sip2 import format
from sip2gw.sip2.messages import Checkout, Renew, RenewAll

EMMA = Item("10001", "Emma", Medium.BOOK)
RENEWED = Loan(EMMA, date(2026, 3, 15), renewed=True, ref="501")


def renew(item: str | None = "10001", patron: str = "M-1001", **more: Any) -> Renew:
    return Renew(
        transaction_date=None,
        institution_id="",
        patron_identifier=patron,
        item_identifier=item,
        **more,
    )


def renew_all(patron: str = "M-1001", **more: Any) -> RenewAll:
    return RenewAll(transaction_date=None, institution_id="", patron_identifier=patron, **more)


class Renewals(DeskCase):
    def lend(self, *items: str, patron: str = "M-1001") -> None:
        for item in items:
            lent = self.ask(
                Checkout(
                    transaction_date=None, institution_id="", patron_identifier=patron, item_identifier=item
                )
            )
            self.assertTrue(lent.ok, lent.screen_message)
        self.clock.advance(3 * 86400)
        self.connect()

    def test_a_renewal_by_item_has_title_and_due_date(self) -> None:
        """Lesson 43: AJ and AH are not empty."""
        self.lend("10001")
        told = self.ask(renew())
        self.assertEqual((told.ok, told.renewal_ok, told.desensitize), (True, True, True))
        self.assertEqual((told.title_identifier, told.due_date), ("Emma", "20260318    235900"))
        self.assertEqual((told.patron_identifier, told.item_identifier), ("M-1001", "10001"))
        self.assertEqual(told.screen_message, ("Renewed.",))

    def test_a_renewal_by_title_names_the_item(self) -> None:
        self.lend("10001")
        told = self.ask(renew(None, title_identifier="Emma"))
        self.assertEqual((told.ok, told.item_identifier, told.title_identifier), (True, "10001", "Emma"))

    def test_a_renewal_by_item_and_title_uses_the_item(self) -> None:
        self.lend("10001", "10004")
        told = self.ask(renew("10004", title_identifier="Emma"))
        self.assertEqual((told.ok, told.item_identifier), (True, "10004"))
        self.assertIn("Pather Panchali", told.title_identifier)

    def test_a_renewal_by_title_with_two_copies_is_refused(self) -> None:
        self.lend("10008", "10009")
        told = self.ask(renew(None, title_identifier="Things Fall Apart"))
        self.assertFalse(told.ok)
        self.assertEqual(self.kinds(), ["loan", "loan"])

    def test_a_renewal_for_another_patron_needs_third_party_allowed(self) -> None:
        self.lend("10001")
        no = self.ask(renew(patron="M-1002"))
        self.assertEqual((no.ok, no.renewal_ok, no.desensitize, no.due_date), (False, False, False, ""))
        self.assertIn("not on loan to you", no.screen_message[0])
        yes = self.ask(renew(patron="M-1002", third_party_allowed=True))
        self.assertEqual((yes.ok, yes.patron_identifier), (True, "M-1002"))

    def test_a_refused_renewal_has_its_reason(self) -> None:
        """Lesson 44: a 30 with ok 0 and the right reason."""
        self.lend("10001")
        self.assertTrue(self.ask(renew()).ok)
        self.assertTrue(self.ask(renew()).ok)
        for request, title, words in (
            (renew(), "Emma", "can't be renewed again"),
            (renew("10007"), "Middlemarch", "reserved for another reader"),
            (renew("10004"), "Pather Panchali", "not on loan"),
            (renew("31337"), "", "not known"),
            (renew(patron="M-9999"), "", "card is not known"),
            (renew(None), "", "No item or title was named"),
            (renew(None, title_identifier="No Such Book"), "No Such Book", ""),
        ):
            told = self.ask(request)
            self.assertEqual((told.ok, told.renewal_ok, told.desensitize), (False, False, False), words)
            self.assertIn(words, told.screen_message[0])
            self.assertIn(title, told.title_identifier)
            self.assertTrue(format(told).startswith(b"300NUN"))
            self.assertIn(b"|AH|", format(told))
        self.assertEqual(self.kinds(), ["loan", "renewal", "renewal"])

    def test_the_true_reason_of_a_refused_renewal_is_for_the_patron_only(self) -> None:
        """Lesson 44, also for a renewal by checkout: another person does not learn what the patron owes."""
        self.lend("10001")
        self.allow(fee_limit="0.00")
        by_checkout = Checkout(
            sc_renewal_policy=True,
            transaction_date=None,
            institution_id="",
            patron_identifier="M-1001",
            item_identifier="10001",
        )
        for request, renewal_ok in ((renew(), False), (by_checkout, True)):
            told = self.ask(request)
            self.assertIn("unpaid fees", told.screen_message[0])
            self.assertEqual((told.ok, told.desensitize, told.renewal_ok), (False, False, renewal_ok))
        told = self.ask(renew(patron="M-1005", third_party_allowed=True))
        self.assertIn("can't be renewed", told.screen_message[0])

    def test_66_counts_the_loans_in_BM_and_BN(self) -> None:
        """BN has the reasons."""
        self.lend("10001", "10004")
        told = self.ask(renew_all())
        self.assertTrue(told.ok)
        self.assertEqual(sorted(told.renewed_items), ["10001", "10004"])
        self.assertEqual(len(told.unrenewed_items), 1)
        self.assertTrue(told.unrenewed_items[0].startswith("10007 "))
        self.assertIn("reserved for another reader", told.unrenewed_items[0])
        self.assertEqual((told.renewed_count, told.unrenewed_count), (2, 1))

    def test_renew_all_without_loans_is_ok(self) -> None:
        told = self.ask(renew_all("M-1005"))
        self.assertEqual((told.ok, told.renewed_count, told.unrenewed_count), (True, 0, 0))

    def test_renew_all_for_an_unknown_card_is_refused(self) -> None:
        told = self.ask(renew_all("M-9999"))
        self.assertEqual((told.ok, told.renewed_count, told.unrenewed_count), (False, 0, 0))
        self.assertTrue(format(told).startswith(b"6600000000"))

    def test_renew_all_lists_loans_beyond_the_limit_as_not_tried(self) -> None:
        """Lesson 57: they are counted, too."""
        self.lend("10001", "10004")
        told = self.ask(renew_all(), profile=Profile(list_limit=1))
        self.assertTrue(told.ok)
        self.assertEqual(told.renewed_count + told.unrenewed_count, 3)
        self.assertLessEqual(len(told.renewed_items), 1)
        self.assertEqual(told.unrenewed_count, len(told.unrenewed_items))
        self.assertTrue(any("no time for this one" in line for line in told.unrenewed_items))

    def test_the_sandbox_charges_one_renewal_and_all_renewals(self) -> None:
        """Lesson 56: with BO the fees of all items are accepted."""
        self.lend("10001", "10004")
        self.allow(borrowing_fee="0.50")
        no = self.ask(renew())
        self.assertEqual((no.ok, no.fee_type, no.fee_amount), (False, "06", Decimal("0.50")))
        none = self.ask(renew_all())
        self.assertEqual((none.ok, none.renewed_count, none.unrenewed_count), (True, 0, 3))
        self.assertIn("10001 Loan fee", none.unrenewed_items)
        self.assertTrue(self.ask(renew(fee_acknowledged=True)).ok)
        self.assertEqual(self.ask(renew_all(fee_acknowledged=True)).renewed_count, 2)


class Fees(SaidCase):
    def test_a_renewal_with_a_fee_is_refused_with_its_price(self) -> None:
        """Lesson 56: BO counts for renewals."""
        price = Refused(
            "fee_required", facts={"amount": "1.50", "currency": "USD", "kind": "loan"}, item=EMMA
        )
        library = Said(renew=price)
        told = self.tell(library, renew(fee_acknowledged=False))
        self.assertEqual((told.ok, told.desensitize, told.title_identifier), (False, False, "Emma"))
        self.assertEqual((told.fee_type, told.currency_type, told.fee_amount), ("06", "USD", Decimal("1.50")))
        self.assertIn("1.50", told.screen_message[0])
        self.assertFalse(library.asked[0][1][3].fee_acknowledged)

    def test_a_renewal_with_an_accepted_fee_has_its_receipt_number(self) -> None:
        charge = Charge(Decimal("1.50"), "USD", FeeKind.ADMINISTRATIVE, ref="T-9")
        library = Said(renew=evolve(RENEWED, charge=charge))
        told = self.tell(library, renew(fee_acknowledged=True))
        self.assertTrue(library.asked[0][1][3].fee_acknowledged)
        self.assertEqual((told.ok, told.fee_type, told.fee_amount), (True, "02", Decimal("1.50")))
        self.assertEqual(told.transaction_id, "T-9")

    def test_renew_all_counts_the_loans_that_the_library_does_not_list(self) -> None:
        library = Said(renew_all=RenewedAll((RENEWED,), ((EMMA, "not_tried"),), more=800))
        told = self.tell(library, renew_all())
        self.assertEqual((told.renewed_count, told.unrenewed_count, len(told.unrenewed_items)), (1, 801, 1))

    def test_renew_all_passes_BO_to_the_library(self) -> None:
        library = Said(renew_all=RenewedAll((RENEWED,)))
        for yes in (True, False, None):
            self.tell(library, renew_all(fee_acknowledged=yes))
        self.assertEqual(
            [positional[1].fee_acknowledged for _, positional, _ in library.asked], [True, False, False]
        )

    def test_renew_all_passes_the_profiles_limit_to_the_library(self) -> None:
        library = Said(renew_all=RenewedAll())
        self.tell(library, renew_all(), profile=Profile(list_limit=7))
        self.assertEqual(library.asked[0][2], {"limit": 7, "password": None})
