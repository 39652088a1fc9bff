"""Fees: exact sums, payments against them, and the currency's own decimals."""

from __future__ import annotations

from typing import Any

from sandbox_support import Reply, SandboxCase, library

OWED = [
    {"member_no": "A1", "type": "lost", "amount": "0.10"},
    {"member_no": "A1", "type": "card", "amount": "0.20"},
    {"member_no": "B2", "type": "gift", "amount": "-3.00"},
]


class PaymentTests(SandboxCase):
    """`pay`, and the list of fees."""

    def setUp(self) -> None:
        super().setUp()
        self.open({"libraries": [library(transactions=OWED)]})

    def pay(self, amount: str, key: str | None = None, currency: str = "USD", **more: Any) -> Reply:
        return self.post(
            "/payments", {"member_no": "A1", "amount": amount, "currency": currency, **more}, key
        )

    def outstanding(self) -> list[tuple[str, str]]:
        return [(one["type"], one["outstanding"]) for one in self.listed("A1", "fees")]

    def test_the_sum_of_fees_is_exact(self) -> None:
        assert self.member("A1")["balance"] == "0.30"
        assert self.member("B2")["balance"] == "-3.00"

    def test_a_payment_is_set_off_against_the_oldest_fee_first(self) -> None:
        reply = self.pay("0.15")
        assert (reply.status, reply.body["balance"]) == (200, "0.15")
        assert self.outstanding() == [("card", "0.15")]
        assert self.member("A1")["counts"]["fees"] == 1
        assert self.pay("0.15").body["balance"] == "0.00"
        (entry, _) = self.sandbox.ledger()
        assert (entry["kind"], entry["amount"], entry["member_no"]) == ("payment", "0.15", "A1")

    def test_a_payment_for_a_fee_is_set_off_against_it(self) -> None:
        assert self.pay("0.20", fee_id=2).status == 200
        assert self.outstanding() == [("lost", "0.10")]
        assert self.pay("0.01", fee_id=2).code == "fee_not_found"
        assert self.pay("0.11", fee_id=1).body["payable"] == "0.10"

    def test_a_payment_that_does_not_fit_is_refused(self) -> None:
        assert self.pay("0.31").code == "payment_too_large"
        assert self.pay("0.10", currency="EUR").code == "currency_mismatch"
        for amount in ("0", "0.00", "-1.00", "0.001", "1e1", "NaN", "1,00", "", " 1"):
            assert self.pay(amount).code == "validation_failed", amount
        assert self.pay(0.1).code == "validation_failed"  # type: ignore[arg-type]
        self.sandbox.change_library("oak", preferences={"fees": False})
        assert self.pay("0.10").code == "fees_disabled"
        assert self.sandbox.ledger() == []

    def test_the_same_transaction_pays_once(self) -> None:
        first = self.pay("0.10", "k1", transaction_id="T1")
        again = self.pay("0.10", "k2", transaction_id="T1")
        assert again.body == first.body
        assert self.pay("0.11", "k3", transaction_id="T1").code == "payment_differs"
        assert self.member("A1")["balance"] == "0.20"
        assert len(self.sandbox.ledger()) == 1

    def test_a_currency_without_decimals_has_whole_amounts(self) -> None:
        owed = [{"member_no": "A1", "type": "lost", "amount": "500"}]
        self.open({"libraries": [library(currency="JPY", transactions=owed)]})
        assert self.member("A1")["balance"] == "500"
        assert self.pay("0.5", currency="JPY").code == "validation_failed"
        assert self.pay("200", currency="JPY").body["balance"] == "300"
