"""What borrowing and reserving cost: nothing is charged that was not accepted, and an undo takes it back."""

from __future__ import annotations

from sandbox_support import SandboxCase


class PriceTests(SandboxCase):
    """`accept_fee`."""

    def price(self, **preferences: str) -> None:
        self.sandbox.change_library("oak", preferences=preferences)

    def test_a_loan(self) -> None:
        self.price(borrowing_fee="1.50")
        assert self.copy("1")["media"]["borrowing_fee"] == "1.50"
        for accepted in (None, "0.00", "1.49"):
            reply = self.issue("A1", "1", accept_fee=accepted)
            facts = [reply.body[key] for key in ("code", "amount", "currency", "fee_type")]
            assert (reply.status, facts) == (409, ["fee_required", "1.50", "USD", "borrowing"])
        reply = self.issue("A1", "1", accept_fee="1.50")
        assert reply.body["fee"] == {"id": 1, "type": "borrowing", "amount": "1.50", "currency": "USD"}
        (entry,) = self.get("/members/1/transactions?open=true").body["items"]
        assert (entry["outstanding"], entry["title"], entry["accession_no"]) == ("1.50", "Emma", "1")

    def test_other_reasons_come_first(self) -> None:
        self.price(borrowing_fee="1.50")
        assert self.issue("A1", "4").code == "circulation_disabled"

    def test_off_line_it_is_charged_and_listed(self) -> None:
        self.price(borrowing_fee="1.50")
        reply = self.issue("A1", "1", offline_at="2026-09-21T10:00:00Z")
        assert [one["code"] for one in reply.body["conflicts"]] == ["fee_required"]
        assert self.member("A1")["balance"] == "1.50"

    def test_an_undo_takes_it_back(self) -> None:
        self.price(borrowing_fee="1.50")
        loan = self.issue("A1", "1", accept_fee="2").body["id"]
        assert self.post(f"/bookings/{loan}/revert").status == 200
        assert self.member("A1")["balance"] == "0.00"

    def test_another_term(self) -> None:
        loan = self.issue("A1", "1").body["id"]
        self.price(borrowing_fee="1.50")
        path = f"/bookings/{loan}/extend"
        assert self.post(path).code == "fee_required"
        assert self.post(path, {"accept_fee": "1.50"}).body["fee"]["amount"] == "1.50"
        (refused,) = self.post("/members/1/bookings/extend-all").body["refused"]
        assert refused["code"] == "fee_required"
        reply = self.post("/members/1/bookings/extend-all", {"accept_fees": True})
        assert [one["id"] for one in reply.body["extended"]] == [loan]
        assert self.member("A1")["balance"] == "3.00"

    def test_a_reservation(self) -> None:
        self.price(reservation_fee="0.40")
        assert self.reserve("A1", "3").body["fee_type"] == "reservation"
        assert self.reserve("A1", "3", accept_fee="0.40").body["fee"]["type"] == "reservation"
        assert self.member("A1")["balance"] == "0.40"

    def test_a_titles_own_price_and_none_without_fees(self) -> None:
        self.open(None)
        self.token = self.sign_in({"username": "kiosk@riverside.example", "password": "kiosk-secret"})
        assert self.copy("10305")["media"]["borrowing_fee"] == "1.50"
        self.sandbox.change_library("riverside", preferences={"fees": False})
        assert self.copy("10305")["media"]["borrowing_fee"] == "0.00"
        assert self.issue("M-1001", "10305").status == 201


class TitleTests(SandboxCase):
    """`find_media`, and the narrower lists of bookings."""

    def test_by_its_whole_name(self) -> None:
        assert [one["title"] for one in self.get("/media?title=%20eMMA").body["items"]] == ["Emma"]
        assert self.get("/media?title=Emm").body["items"] == []
        assert self.get("/media?title=").code == "validation_failed"

    def test_no_types_are_all_types(self) -> None:
        assert len(self.get("/copies?identifier=1&types=").body["items"]) == 1

    def test_what_came_back_last_comes_first(self) -> None:
        loans = [self.issue("A1", number) for number in ("1", "2", "3")]
        for loan in (loans[1], loans[0], loans[2]):
            self.clock.advance(60)
            assert self.give_back(loan, branch="North").body["booking"]["return_branch"] == "North"
        emma = loans[0].body["media"]["id"]
        reply = self.get(f"/members/1/bookings?status=returned&order=newest&media_id={emma}&limit=1")
        assert (reply.body["total"], reply.body["items"][0]["id"]) == (2, loans[0].body["id"])
        reply = self.get(f"/members/1/bookings?status=returned&copy_id={loans[2].body['copy']['id']}")
        assert [one["id"] for one in reply.body["items"]] == [loans[2].body["id"]]
        assert self.get("/members/1/bookings?order=random").code == "validation_failed"


class KeepingTests(SandboxCase):
    """`change_booking` and `expires_at`."""

    def change(self, booking: int, **changes: str) -> str:
        reply = self.ask("PATCH", f"/bookings/{booking}", changes)
        return reply.body["status"] if reply.status == 200 else reply.code

    def test_where_and_until_when(self) -> None:
        booking = self.reserve("A1", "3").body["id"]
        assert self.change(booking, branch="North", expires_at="2026-10-01") == "Reserved"
        (shown,) = self.get("/members/1/bookings").body["items"]
        assert (shown["branch"], shown["expires_at"], shown["ready"]) == ("North", "2026-10-01", True)
        assert self.copy("3")["next_reservation"]["expires_at"] == "2026-10-01"
        assert self.change(booking, branch="South") == "unknown_branch"
        assert self.change(booking, expires_at="2026-09-20") == "dates_not_available"
        assert self.change(self.issue("A1", "1").body["id"], branch="North") == "not_changeable"
        assert self.change(99) == "booking_not_found"

    def test_after_its_last_day_the_next_is_served(self) -> None:
        self.reserve("A1", "3", expires_at="2026-09-22")
        self.reserve("B2", "3")
        self.days(1)
        assert self.copy("3")["next_reservation"]["member"]["member_no"] == "A1"
        self.days(1)
        assert self.copy("3")["next_reservation"]["member"]["member_no"] == "B2"
        (over,) = self.get("/members/1/bookings?status=cancelled").body["items"]
        assert over["remark"] == "expired"
        assert [entry["kind"] for entry in self.sandbox.ledger()][-1] == "cancellation"
