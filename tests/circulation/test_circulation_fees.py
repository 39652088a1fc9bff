"""Fees (37): a payment is booked once and exactly, and the answer is yes only if it is booked."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from desks import DeskCase
from hypothesis import given
from hypothesis import strategies as st
from shelves import BUSY, busy

from sip2gw.circulation import Profile
from sip2gw.sip2 import SummaryList, parse
from sip2gw.sip2.messages import FeePaid, PatronInformation

AT_NOON = datetime(2026, 3, 1, 12, 0, 0)


def payment(amount: str | None, number: str = BUSY, **more: Any) -> FeePaid:
    said: dict[str, Any] = {
        "transaction_date": AT_NOON,
        "currency_type": "USD",
        "fee_amount": None if amount is None else Decimal(amount),
        "institution_id": "riverside",
        "patron_identifier": number,
    }
    return FeePaid(**(said | more))


class PayingCase(DeskCase):
    data = busy()

    def owed(self, number: str = BUSY) -> Decimal:
        return self.done(self.tenant.library.patron(number)).patron.balance

    def fees(self) -> list[str]:
        """Return the open fees as 64 has them: number, kind, amount."""
        request = PatronInformation(
            transaction_date=None,
            summary=frozenset({SummaryList.FINE_ITEMS}),
            institution_id="",
            patron_identifier=BUSY,
        )
        return list(self.ask(request, profile=Profile(fee_template="{ref} {amount}")).fine_items)

    def paid(self) -> list[str]:
        """Return the amount of each payment that the library has booked."""
        return [
            effect["amount"] for effect in self.sandbox.ledger(self.library) if effect["kind"] == "payment"
        ]


class Payments(PayingCase):
    def test_an_overpayment_is_booked_only_if_the_profile_allows_it(self) -> None:
        owed = self.owed()
        too_much = str(owed + 1)
        self.assertFalse(self.ask(payment(too_much, transaction_id="T-1")).payment_accepted)
        allowed = Profile(overpayment=True)
        self.assertTrue(self.ask(payment(too_much, transaction_id="T-2"), profile=allowed).payment_accepted)
        self.assertEqual(self.owed(), Decimal(-1))

    def test_R3_BK_names_a_payment_with_terminal_fee_amount_and_day(self) -> None:
        ref = self.fees()[2].split()[0]
        for request, location in (
            (payment("1.00", transaction_id="T-1"), "Main"),
            (payment("1.00", transaction_id="T-1"), "North"),
            (payment("2.00", transaction_id="T-1"), "Main"),
            (payment("1.00", transaction_id="T-1", fee_identifier=ref), "Main"),
            (payment("1.00", transaction_id="T-1", transaction_date=AT_NOON - timedelta(days=1)), "Main"),
        ):
            for _ in range(2):
                self.assertTrue(self.ask(request, location=location).payment_accepted)
        self.assertEqual(self.paid(), ["1.00", "1.00", "2.00", "1.00", "1.00"])

    def test_a_payment_is_booked_and_38_has_the_balance(self) -> None:
        answer = self.ask(payment("4.30", transaction_id="T-1"))
        self.assertEqual((answer.payment_accepted, answer.transaction_id), (True, "T-1"))
        self.assertEqual((answer.patron_identifier, answer.institution_id), (BUSY, "riverside"))
        words = self.speaker.say(
            "paid",
            amount=self.speaker.money(Decimal("4.30"), "USD"),
            balance=self.speaker.money(Decimal("10.00"), "USD"),
        )
        self.assertEqual(answer.screen_message, (words,))
        self.assertEqual((self.paid(), self.owed()), (["4.30"], Decimal("10.00")))

    def test_38_is_written_in_full(self) -> None:
        line = f"3720260301    1159000402USDBV4.30|AOriverside|AA{BUSY}|AC|AD|BKT-0001|"
        request, _ = parse(line.encode())
        said = self.line(self.ask(request, profile=Profile(receipts=False)))
        self.assertTrue(said.startswith("38Y20260301    120000AOriverside|AAM-2001|BKT-0001|AF"), said)
        refused = self.line(self.ask(parse(line.replace("4.30", "4,3o").encode())[0]))
        words = self.speaker.say("amount_unreadable")
        self.assertEqual(refused, f"38N20260301    120000AOriverside|AAM-2001|BKT-0001|AF{words}|")

    def test_lesson_38_a_part_payment_pays_the_oldest_fees(self) -> None:
        before = self.fees()
        self.ask(payment("4.00"))
        self.assertEqual([line.split()[1] for line in self.fees()], ["0.25", "10.00", "0.05"])
        self.assertEqual([line.split()[0] for line in self.fees()], [line.split()[0] for line in before[1:]])

    def test_lesson_38_CG_pays_one_fee(self) -> None:
        ref = self.fees()[2].split()[0]
        self.assertTrue(self.ask(payment("2.50", fee_identifier=ref)).payment_accepted)
        self.assertEqual([line.split()[1] for line in self.fees()], ["3.00", "1.25", "7.50", "0.05"])

    def test_a_payment_takes_one_call_with_CG_or_without(self) -> None:
        ref = self.fees()[2].split()[0]
        for named in (None, ref):
            self.sandbox.forget()
            self.ask(payment("1.00", fee_identifier=named))
            self.assertEqual(self.asked(), {"pay": 1})

    def test_lesson_38_CG_with_a_fee_type_before_it_pays_one_fee(self) -> None:
        overdue, other = self.fees()[0].split()[0], self.fees()[3].split()[0]
        self.assertTrue(self.ask(payment("1.00", fee_identifier=f"04{overdue}")).payment_accepted)
        told = self.ask(payment("0.05", fee_identifier=f"08{other}", fee_type="08"))
        self.assertTrue(told.payment_accepted)
        self.assertEqual([line.split()[1] for line in self.fees()], ["2.00", "1.25", "10.00"])

    def test_lesson_38_a_fee_that_is_not_open_is_refused(self) -> None:
        padded = f"00{self.fees()[0].split()[0]}"
        for named in ("999999", "04", padded, "nonsense", "-1", "1 OR 1=1"):
            answer = self.ask(payment("0.05", fee_identifier=named))
            self.assertEqual((answer.payment_accepted, answer.transaction_id), (False, None), named)
            self.assertEqual(answer.screen_message, (self.speaker.say("fee_not_found"),), named)
        self.assertEqual(self.paid(), [])

    def test_lesson_38_more_than_is_owed_is_refused(self) -> None:
        ref = self.fees()[3].split()[0]
        for request in (payment("14.31"), payment("0.06", fee_identifier=ref), payment("0.01", "M-2002")):
            answer = self.ask(request)
            self.assertFalse(answer.payment_accepted)
            self.assertEqual(answer.screen_message, (self.speaker.say("payment_too_large"),))
        self.assertEqual(self.paid(), [])

    def test_lesson_37_another_currency_is_refused(self) -> None:
        for currency in ("EUR", "US", ""):
            answer = self.ask(payment("1.00", currency_type=currency))
            self.assertFalse(answer.payment_accepted)
            self.assertEqual(answer.screen_message, (self.speaker.say("currency_mismatch"),))
        self.assertNotIn("pay", self.asked())
        self.assertTrue(self.ask(payment("1.00", currency_type="usd")).payment_accepted)

    def test_lesson_37_an_unreadable_amount_is_refused(self) -> None:
        self.sandbox.forget()
        for amount in (None, "0", "0.00", "-1.00"):
            answer = self.ask(payment(amount, transaction_id="T-9"))
            self.assertEqual((answer.payment_accepted, answer.transaction_id), (False, "T-9"))
            self.assertEqual(answer.screen_message, (self.speaker.say("amount_unreadable"),))
        self.assertEqual((self.paid(), self.asked().get("pay")), ([], None))

    def test_lesson_37_an_amount_below_the_smallest_coin_is_refused(self) -> None:
        for amount in ("0.0001", "1.00499"):
            answer = self.ask(payment(amount))
            self.assertEqual(answer.screen_message, (self.speaker.say("amount_unreadable"),))
        self.assertNotIn("pay", self.asked())
        self.assertFalse(self.ask(payment("1.005")).payment_accepted)
        self.assertTrue(self.ask(payment("1.500000")).payment_accepted)
        self.assertEqual(self.paid(), ["1.50"])

    def test_lesson_37_any_text_in_BV_is_paid_exactly_or_refused(self) -> None:
        numbers = iter(range(10**6))
        amounts = st.decimals(0, 3, places=2).map(str) | st.text("0123456789.,- +e", max_size=6)

        @given(amounts)
        def one(text: str) -> None:
            line = f"3720260301    1200000100USDBV{text}|AOriverside|AA{BUSY}|BKT{next(numbers)}|"
            request, _ = parse(line.encode())
            owed, booked = self.owed(), len(self.paid())
            answer = self.ask(request)
            change = owed - self.owed()
            if answer.payment_accepted:
                self.assertEqual(change, request.fee_amount)
                self.assertEqual(Decimal(self.paid()[-1]), change)
            else:
                self.assertEqual((change, len(self.paid())), (0, booked))

        one()

    def test_a_payment_of_an_unknown_card_is_refused(self) -> None:
        answer = self.ask(payment("1.00", "M-9999", transaction_id="T-1"))
        self.assertEqual((answer.payment_accepted, answer.transaction_id), (False, "T-1"))
        self.assertEqual(answer.screen_message, (self.speaker.say("member_not_found"),))

    def test_a_payment_receipt_fits_the_printer(self) -> None:
        lines = self.ask(payment("1.00", transaction_id="T-1"), print_width=24).print_line
        self.assertTrue(lines)
        self.assertLessEqual(max(map(len, lines)), 24)
        self.assertNotIn(BUSY, "".join(lines))
        silent = self.ask(payment("1.00", transaction_id="T-2"), profile=Profile(receipts=False))
        self.assertEqual(silent.print_line, ())


class Repeats(PayingCase):
    """A payment that is sent again, also over another connection, is the same payment."""

    def test_a_repeated_BK_is_booked_once(self) -> None:
        for _ in range(3):
            answer = self.ask(payment("14.30", transaction_id="T-0001"))
            self.assertEqual((answer.payment_accepted, answer.transaction_id), (True, "T-0001"))
            self.connect()
        self.assertEqual(self.paid(), ["14.30"])

    def test_a_repeated_BK_for_one_fee_is_booked_once(self) -> None:
        ref = self.fees()[2].split()[0]
        for _ in range(2):
            answer = self.ask(payment("10.00", transaction_id="T-0001", fee_identifier=ref))
            self.assertTrue(answer.payment_accepted)
            self.connect()
        self.assertEqual((self.paid(), self.owed()), (["10.00"], Decimal("4.30")))

    def test_a_repeated_line_without_BK_is_booked_once(self) -> None:
        refs = set()
        for _ in range(2):
            answer = self.ask(payment("1.00"))
            refs.add(answer.transaction_id)
            self.assertTrue(answer.payment_accepted)
            self.connect()
        self.assertEqual((self.paid(), len(refs), None in refs), (["1.00"], 1, False))

    def test_another_line_without_BK_is_another_payment(self) -> None:
        later = AT_NOON.replace(second=1)
        ref = self.fees()[2].split()[0]
        for request in (
            payment("1.00"),
            payment("1.00", transaction_date=later),
            payment("1.50"),
            payment("1.00", fee_identifier=ref),
            payment("1.00", transaction_date=None),
            payment("1.00", transaction_date=None),
        ):
            self.assertTrue(self.ask(request).payment_accepted)
        self.assertEqual(self.paid(), ["1.00", "1.00", "1.50", "1.00", "1.00", "1.00"])

    def test_the_same_payment_of_two_patrons_is_booked_twice(self) -> None:
        self.assertTrue(self.ask(payment("3.00", "M-1002")).payment_accepted)
        self.assertTrue(self.ask(payment("3.00", BUSY)).payment_accepted)
        self.assertEqual(self.paid(), ["3.00", "3.00"])

    def test_a_payment_in_doubt_is_refused_and_its_repeat_booked_once(self) -> None:
        for number in (None, "T-0001"):
            self.sandbox.forget()
            self.sandbox.misbehave("error_after_commit", endpoint="pay")
            request = payment("1.00", transaction_id=number)
            answer = self.ask(request)
            self.assertEqual((answer.payment_accepted, answer.transaction_id), (False, number))
            self.assertEqual(answer.screen_message, (self.speaker.say("in_doubt"),))
            self.sandbox.behave()
            self.connect()
            self.assertTrue(self.ask(request).payment_accepted)
            self.assertEqual(self.paid(), ["1.00"])

    def test_a_payment_during_an_outage_is_refused_and_not_booked(self) -> None:
        self.sandbox.misbehave("refuse")
        answer = self.ask(payment("1.00"))
        self.assertFalse(answer.payment_accepted)
        self.assertEqual(self.paid(), [])


class WithoutFees(DeskCase):
    library = "hillcrest"

    def test_a_payment_is_refused_if_the_library_has_no_fees(self) -> None:
        answer = self.ask(payment("1.00", "7", institution_id="hillcrest", currency_type="BDT"))
        self.assertFalse(answer.payment_accepted)
        self.assertEqual(answer.screen_message, (self.desk().speaker().say("fees_disabled"),))
