"""Fees for borrowing and reserving: only an accepted fee is charged, and an undo takes it back."""

from __future__ import annotations

from sandbox_support import SandboxCase


class PriceTests(SandboxCase):
    """`accept_fee`."""

    def price(self, **preferences: str) -> None:
        self.sandbox.change_library("oak", preferences=preferences)

    def test_a_loan_with_a_fee_needs_its_acceptance(self) -> None:
        self.price(borrowing_fee="1.50")
        assert self.copy("1")["media"]["borrowing_fee"] == "1.50"
        for more in ({}, {"accept_fee": False}):
            reply = self.issue("A1", "1", **more)
            facts = [reply.body[key] for key in ("code", "amount", "currency", "fee_type")]
            assert (reply.status, facts) == (409, ["fee_required", "1.50", "USD", "borrowing"])
        reply = self.issue("A1", "1", accept_fee=True)
        assert reply.body["fee"] == {"id": 1, "type": "borrowing", "amount": "1.50", "currency": "USD"}
        (entry,) = self.listed("A1", "fees")
        assert (entry["outstanding"], entry["title"], entry["accession_no"]) == ("1.50", "Emma", "1")

    def test_a_loan_is_refused_for_other_reasons_before_its_fee(self) -> None:
        self.price(borrowing_fee="1.50")
        assert self.issue("A1", "4").code == "circulation_disabled"

    def test_an_offline_loan_is_charged_and_its_fee_is_listed(self) -> None:
        self.price(borrowing_fee="1.50")
        reply = self.issue("A1", "1", offline_at="2026-09-21T10:00:00Z")
        assert [one["code"] for one in reply.body["conflicts"]] == ["fee_required"]
        assert self.member("A1")["balance"] == "1.50"

    def test_an_undo_takes_the_fee_back(self) -> None:
        self.price(borrowing_fee="1.50")
        self.issue("A1", "1", accept_fee=True)
        assert self.post("/loans/undo", {"identifier": "1"}).status == 200
        assert self.member("A1")["balance"] == "0.00"

    def test_a_renewal_is_charged_as_a_loan(self) -> None:
        loan = self.issue("A1", "1").body["id"]
        self.price(borrowing_fee="1.50")
        assert self.extend("A1", "1").code == "fee_required"
        assert self.extend("A1", "1", accept_fee=True).body["fee"]["amount"] == "1.50"
        (refused,) = self.post("/loans/extend-all", {"member_no": "A1"}).body["refused"]
        assert refused["code"] == "fee_required"
        reply = self.post("/loans/extend-all", {"member_no": "A1", "accept_fee": True})
        assert [one["id"] for one in reply.body["extended"]] == [loan]
        assert self.member("A1")["balance"] == "3.00"

    def test_a_reservation_with_a_fee_needs_its_acceptance(self) -> None:
        self.price(reservation_fee="0.40")
        assert self.reserve("A1", "3").body["fee_type"] == "reservation"
        assert self.reserve("A1", "3", accept_fee=True).body["fee"]["type"] == "reservation"
        assert self.member("A1")["balance"] == "0.40"

    def test_a_title_s_own_fee_counts_and_none_where_fees_are_off(self) -> None:
        self.open(None)
        self.token = self.sign_in({"username": "kiosk@riverside.example", "password": "kiosk-secret"})
        assert self.copy("10305")["media"]["borrowing_fee"] == "1.50"
        self.sandbox.change_library("riverside", preferences={"fees": False})
        assert self.copy("10305")["media"]["borrowing_fee"] == "0.00"
        assert self.issue("M-1001", "10305").status == 200
