"""Returns, renewals and undoing: what ends or lengthens a loan, and what puts it back."""

from __future__ import annotations

from sandbox_support import SandboxCase


class ReturnTests(SandboxCase):
    """`return_booking`."""

    def test_a_return(self) -> None:
        loan = self.issue("A1", "1")
        self.clock.advance(60)
        reply = self.give_back(loan, returned_at="2026-09-21T14:13:30Z", branch="North", terminal="T1")
        assert reply.status == 200
        assert reply.body["booking"]["status"] == "Returned"
        assert reply.body["booking"]["received_at"] == "2026-09-21T14:13:30Z"
        assert (reply.body["due_amount"], reply.body["currency"]) == ("0.00", "USD")
        assert reply.body["next_reservation"] is None
        assert reply.body["copy"]["current_booking"] is None

    def test_twice_is_not_on_loan(self) -> None:
        loan = self.issue("A1", "1")
        self.give_back(loan)
        assert self.give_back(loan).code == "not_on_loan"
        assert self.post("/bookings/99/return", {}).code == "booking_not_found"

    def test_late_costs_by_the_day_it_came_back(self) -> None:
        loan = self.issue("A1", "1")
        self.days(14)
        reply = self.give_back(loan, returned_at="2026-10-04T12:00:00Z")
        assert reply.body["due_amount"] == "0.75"
        assert self.member("A1")["balance"] == "0.75"
        (entry,) = self.get("/members/1/transactions?open=true").body["items"]
        assert (entry["type"], entry["booking_id"], entry["title"]) == ("overdue", loan.body["id"], "Emma")

    def test_late_costs_nothing_without_fees_or_within_time(self) -> None:
        first, second = self.issue("A1", "1"), self.issue("A1", "2")
        self.days(10)
        assert self.give_back(first).body["due_amount"] == "0.00"
        self.days(3)
        self.sandbox.change_library("oak", preferences={"fees": False})
        assert self.give_back(second).body["due_amount"] == "0.00"

    def test_policies_and_what_overrides_them(self) -> None:
        loan = self.issue("A1", "1")
        self.sandbox.change_library("oak", preferences={"member_checkins": False})
        assert self.give_back(loan).code == "checkin_not_allowed"
        self.sandbox.change_library("oak", preferences={"member_checkins": True, "overdue_checkins": False})
        self.days(11)
        assert self.give_back(loan).code == "overdue_checkin_not_allowed"
        assert self.give_back(loan, returned_at="2026-10-01T12:00:00Z").status == 200

    def test_off_line_no_policy_is_asked(self) -> None:
        loan = self.issue("A1", "1")
        self.sandbox.change_library("oak", preferences={"member_checkins": False})
        self.days(13)
        assert self.give_back(loan, offline_at="2026-10-02T12:00:00Z").body["due_amount"] == "0.25"

    def test_an_off_line_return_from_before_the_loan_does_not_end_it(self) -> None:
        loan = self.issue("A1", "1")
        assert self.give_back(loan, offline_at="2026-09-21T10:00:00Z").code == "not_on_loan"

    def test_the_reservation_of_the_default_data(self) -> None:
        self.open(None)
        self.token = self.sign_in({"username": "kiosk@riverside.example", "password": "kiosk-secret"})
        loan = self.copy("10007")["current_booking"]
        assert loan["member"]["member_no"] == "M-1001"
        reply = self.post(f"/bookings/{loan['id']}/return", {})
        assert reply.body["next_reservation"]["member"]["member_no"] == "M-1002"
        assert reply.body["next_reservation"]["ready"] is True
        assert self.copy("10003")["current_booking"]["status"] == "Overdue"


class RenewalTests(SandboxCase):
    """`extend_booking` and `extend_all_bookings`."""

    def test_from_today_and_never_earlier(self) -> None:
        loan = self.issue("A1", "1", return_date="2026-10-20")
        path = f"/bookings/{loan.body['id']}/extend"
        assert self.post(path).body["return_date"] == "2026-10-20"
        assert self.post(path, {"return_date": "2026-11-01"}).body["return_date"] == "2026-11-01"
        assert self.post(path).body["reason"] == "renewals_used"

    def test_dates(self) -> None:
        loan = self.issue("A1", "1")
        reply = self.post(f"/bookings/{loan.body['id']}/extend", {"return_date": "2026-09-30"})
        assert reply.code == "dates_not_available"

    def test_every_reason_against_it(self) -> None:
        path = f"/bookings/{self.issue('A1', '3').body['id']}/extend"
        self.sandbox.change_library("oak", preferences={"renewals": 0, "member_updates": True})
        assert (self.post(path).code, self.post(path).body["reason"]) == ("not_renewable", "renewals_used")
        self.sandbox.change_library("oak", preferences={"renewals": None})
        self.reserve("B2", "3")
        assert self.post(path).body["reason"] == "reserved_for_other"
        self.ask("PATCH", "/members/1", {"status": "Inactive"})
        assert self.post(path).body["reason"] == "member_inactive"
        self.ask("PATCH", "/members/1", {"status": "Active"})
        self.sandbox.change_library("oak", preferences={"fee_limit": "0.00"})
        assert self.post(path).body["reason"] == "member_suspended"
        assert self.post(path, {"offline_at": "2026-09-21T10:00:00Z"}).status == 200

    def test_another_free_copy_serves_the_one_who_waits(self) -> None:
        loan = self.issue("A1", "1")
        self.reserve("B2", "1")
        assert self.post(f"/bookings/{loan.body['id']}/extend").status == 200

    def test_all_at_once(self) -> None:
        loans = [self.issue("A1", number).body["id"] for number in ("1", "2", "3")]
        self.reserve("B2", "3")
        reply = self.post("/members/1/bookings/extend-all")
        assert [one["id"] for one in reply.body["extended"]] == loans[:2]
        (refused,) = reply.body["refused"]
        assert (refused["id"], refused["code"]) == (loans[2], "not_renewable")
        assert (refused["reason"], refused["booking"]["media"]["title"]) == ("reserved_for_other", "Atlas")
        assert self.post("/members/99/bookings/extend-all").code == "member_not_found"

    def test_only_a_loan(self) -> None:
        booking = self.reserve("A1", "3").body["id"]
        assert self.post(f"/bookings/{booking}/extend").code == "not_on_loan"


class RevertTests(SandboxCase):
    """`revert_booking`."""

    def revert(self, booking_id: int) -> str:
        reply = self.post(f"/bookings/{booking_id}/revert")
        return reply.body["status"] if reply.status == 200 else reply.code

    def test_a_loan_as_if_it_had_never_been(self) -> None:
        loan = self.issue("A1", "1").body["id"]
        assert self.revert(loan) == "Cancelled"
        assert self.copy("1")["current_booking"] is None
        assert self.member("A1")["counts"]["issued"] == 0
        assert self.revert(loan) == "cannot_revert"

    def test_a_loan_of_a_reserved_copy_gives_the_reservation_back(self) -> None:
        booking = self.reserve("A1", "3").body["id"]
        assert self.issue("A1", "3").body["id"] == booking
        assert self.revert(booking) == "Reserved"
        assert self.copy("3")["next_reservation"]["ready"] is True

    def test_a_return_with_its_fee_and_due_date(self) -> None:
        loan = self.issue("A1", "1")
        self.days(12)
        assert self.give_back(loan).body["due_amount"] == "0.50"
        assert self.revert(loan.body["id"]) == "Overdue"
        assert self.copy("1")["current_booking"]["return_date"] == "2026-10-01"
        assert self.member("A1")["balance"] == "0.00"
        assert self.get("/members/1/transactions").body["items"] == []

    def test_a_return_that_served_the_next_takes_it_from_the_shelf(self) -> None:
        loan = self.issue("A1", "3")
        waiting = self.reserve("B2", "3").body["id"]
        self.give_back(loan)
        assert self.revert(loan.body["id"]) == "Issued"
        (booking,) = self.get("/members/2/bookings?status=reserved").body["items"]
        assert (booking["id"], booking["ready"]) == (waiting, False)

    def test_one_after_the_other(self) -> None:
        loan = self.issue("A1", "1")
        self.post(f"/bookings/{loan.body['id']}/extend", {"return_date": "2026-11-11"})
        assert self.revert(loan.body["id"]) == "Issued"
        assert self.copy("1")["current_booking"]["return_date"] == "2026-10-01"
        assert self.revert(loan.body["id"]) == "Cancelled"

    def test_not_after_newer_activity(self) -> None:
        first = self.issue("A1", "1")
        self.give_back(first)
        second = self.issue("B2", "1")
        assert self.revert(first.body["id"]) == "cannot_revert"
        assert self.revert(second.body["id"]) == "Cancelled"
        assert self.revert(first.body["id"]) == "Issued"

    def test_not_once_the_fee_is_paid(self) -> None:
        loan = self.issue("A1", "1")
        self.days(12)
        self.give_back(loan)
        self.post("/members/1/payments", {"amount": "0.10", "currency": "USD"})
        assert self.revert(loan.body["id"]) == "cannot_revert"

    def test_what_came_from_the_data_file_cannot_be_undone(self) -> None:
        self.open(None)
        self.token = self.sign_in({"username": "kiosk@riverside.example", "password": "kiosk-secret"})
        assert self.revert(1) == "cannot_revert"
