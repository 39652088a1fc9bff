"""Returns, renewals and undoing."""

from __future__ import annotations

from sandbox_support import SandboxCase


class ReturnTests(SandboxCase):
    """`return`."""

    def test_a_return_ends_the_loan(self) -> None:
        self.issue("A1", "1")
        self.clock.advance(60)
        reply = self.give_back("1", returned_at="2026-09-21T14:13:30Z", branch="North", terminal="T1")
        assert reply.status == 200
        assert (reply.body["was_on_loan"], reply.body["member_no"]) == (True, "A1")
        assert (reply.body["due_amount"], reply.body["currency"]) == ("0.00", "USD")
        assert reply.body["next_reservation"] is None
        assert reply.body["copy"]["current_booking"] is None

    def test_a_second_return_finds_no_loan(self) -> None:
        self.issue("A1", "1")
        self.give_back("1")
        again = self.give_back("1").body
        assert (again["was_on_loan"], again["member_no"], again["due_amount"]) == (False, None, "0.00")
        assert self.give_back("99").code == "copy_not_found"
        assert [entry["kind"] for entry in self.sandbox.ledger()] == ["loan", "return"]

    def test_a_return_that_waited_ends_no_loan_that_began_since(self) -> None:
        self.issue("A1", "1")
        self.clock.advance(600)
        assert self.give_back("1", waited=601).body["was_on_loan"] is False
        assert self.give_back("1", waited=600).body["was_on_loan"] is True
        assert self.give_back("1", waited=-1).code == "validation_failed"

    def test_a_return_that_is_sent_again_later_is_the_same_request(self) -> None:
        self.issue("A1", "1")
        first = self.give_back("1", key="k")
        self.clock.advance(600)
        again = self.give_back("1", key="k", waited=600)
        assert (again.status, again.body) == (200, first.body)

    def test_the_member_at_the_terminal_decides_which_copy_is_returned(self) -> None:
        self.issue("A1", "1")
        self.issue("B2", "2")
        assert self.give_back("9780141439587").code == "isbn_checkin_ambiguous"
        assert self.give_back("9780141439587", reader="c3").code == "isbn_checkin_ambiguous"
        assert self.give_back("9780141439587", reader="B2").body["member_no"] == "B2"
        assert self.give_back("9780141439587").body["member_no"] == "A1"

    def test_a_late_return_is_charged_for_each_day(self) -> None:
        loan = self.issue("A1", "1")
        self.days(14)
        reply = self.give_back("1", returned_at="2026-10-04T12:00:00Z")
        assert reply.body["due_amount"] == "0.75"
        assert self.member("A1")["balance"] == "0.75"
        (entry,) = self.listed("A1", "fees")
        assert (entry["type"], entry["booking_id"], entry["title"]) == ("overdue", loan.body["id"], "Emma")

    def test_a_late_return_costs_nothing_in_time_or_without_fees(self) -> None:
        self.issue("A1", "1")
        self.issue("A1", "2")
        self.days(10)
        assert self.give_back("1").body["due_amount"] == "0.00"
        self.days(3)
        self.sandbox.change_library("oak", preferences={"fees": False})
        assert self.give_back("2").body["due_amount"] == "0.00"

    def test_a_return_that_a_policy_forbids_is_refused(self) -> None:
        self.issue("A1", "1")
        self.sandbox.change_library("oak", preferences={"member_checkins": False})
        assert self.give_back("1").code == "checkin_not_allowed"
        self.sandbox.change_library("oak", preferences={"member_checkins": True, "overdue_checkins": False})
        self.days(11)
        assert self.give_back("1").code == "overdue_checkin_not_allowed"
        assert self.give_back("1", returned_at="2026-10-01T12:00:00Z").status == 200

    def test_an_offline_return_ignores_policies(self) -> None:
        self.issue("A1", "1")
        self.sandbox.change_library("oak", preferences={"member_checkins": False})
        self.days(13)
        assert self.give_back("1", offline_at="2026-10-02T12:00:00Z").body["due_amount"] == "0.25"

    def test_an_offline_return_from_before_the_loan_does_not_end_it(self) -> None:
        self.issue("A1", "1")
        assert self.give_back("1", offline_at="2026-09-21T10:00:00Z").body["was_on_loan"] is False
        assert self.copy("1")["current_booking"] is not None

    def test_a_return_serves_the_reservation_of_the_default_data(self) -> None:
        self.open(None)
        self.token = self.sign_in({"username": "kiosk@riverside.example", "password": "kiosk-secret"})
        reply = self.give_back("10007")
        assert reply.body["member_no"] == "M-1001"
        assert reply.body["next_reservation"]["member"]["member_no"] == "M-1002"
        assert reply.body["next_reservation"]["ready"] is True
        assert self.copy("10003")["current_booking"]["status"] == "Overdue"


class RenewalTests(SandboxCase):
    """`extend` and `extend_all`."""

    def test_a_renewal_counts_from_today_and_never_shortens(self) -> None:
        self.issue("A1", "1", return_date="2026-10-20")
        assert self.extend("A1", "1").body["return_date"] == "2026-10-20"
        assert self.extend("A1", "1", return_date="2026-11-01").body["return_date"] == "2026-11-01"
        assert self.extend("A1", "1").body["reason"] == "renewals_used"

    def test_a_renewal_to_an_earlier_day_is_refused(self) -> None:
        self.issue("A1", "1")
        assert self.extend("A1", "1", return_date="2026-09-30").code == "dates_not_available"

    def test_a_renewal_that_a_rule_forbids_is_refused_with_the_reason(self) -> None:
        def why(**more: str) -> str:
            reply = self.extend("A1", "3", **more)
            return "" if reply.status == 200 else f"{reply.code} {reply.body['reason']}"

        self.issue("A1", "3")
        self.sandbox.change_library("oak", preferences={"renewals": 0, "member_updates": True})
        assert why() == "not_renewable renewals_used"
        self.sandbox.change_library("oak", preferences={"renewals": None})
        self.reserve("B2", "3")
        assert why() == "not_renewable reserved_for_other"
        self.post("/members/block", {"member_no": "A1"})
        assert why() == "not_renewable member_inactive"
        self.post("/members/enable", {"member_no": "A1"})
        self.sandbox.change_library("oak", preferences={"fee_limit": "0.00"})
        assert why() == "not_renewable member_suspended"
        assert why(offline_at="2026-09-21T10:00:00Z") == ""

    def test_a_renewal_is_granted_if_another_copy_serves_the_queue(self) -> None:
        self.issue("A1", "1")
        self.reserve("B2", "1")
        assert self.extend("A1", "1").status == 200

    def test_a_renewal_of_all_loans_lists_each_refusal(self) -> None:
        loans = [self.issue("A1", number).body["id"] for number in ("1", "2", "3")]
        self.reserve("B2", "3")
        reply = self.post("/loans/extend-all", {"member_no": "A1"})
        assert [one["id"] for one in reply.body["extended"]] == loans[:2]
        (refused,) = reply.body["refused"]
        assert (refused["booking"]["id"], refused["code"]) == (loans[2], "not_renewable")
        assert (refused["reason"], refused["booking"]["media"]["title"]) == ("reserved_for_other", "Atlas")
        some = self.post("/loans/extend-all", {"member_no": "A1", "limit": 1}).body
        assert [one["code"] for one in some["refused"]] == ["not_tried", "not_tried"]
        assert self.post("/loans/extend-all", {"member_no": "Z9"}).code == "member_not_found"

    def test_a_renewal_of_another_member_s_loan_is_refused(self) -> None:
        assert self.extend("A1", "1").code == "not_on_loan"
        self.reserve("A1", "3")
        assert self.extend("A1", "3").code == "not_on_loan"
        self.issue("B2", "1")
        assert self.extend("A1", "1").code == "on_loan_to_other"
        assert self.extend("A1", "1", third_party=True).body["member"]["member_no"] == "B2"

    def test_a_loan_is_renewed_by_its_title(self) -> None:
        def extend(title: str) -> str:
            reply = self.post("/loans/extend", {"member_no": "A1", "title": title})
            return "" if reply.status == 200 else reply.code

        assert extend("Emma") == "not_on_loan"
        self.issue("A1", "1")
        assert extend(" eMMA ") == ""
        self.issue("A1", "2")
        assert extend("Emma") == "item_ambiguous"


class UndoTests(SandboxCase):
    """`undo_loan` and `undo_return`."""

    def undo_loan(self, identifier: str) -> str:
        reply = self.post("/loans/undo", {"identifier": identifier})
        return reply.body["status"] if reply.status == 200 else reply.code

    def undo_return(self, member_no: str, identifier: str) -> str:
        reply = self.post("/returns/undo", {"member_no": member_no, "identifier": identifier})
        return reply.body["status"] if reply.status == 200 else reply.code

    def test_an_undone_loan_leaves_nothing(self) -> None:
        self.issue("A1", "1")
        assert self.undo_loan("1") == "Cancelled"
        assert self.copy("1")["current_booking"] is None
        assert self.member("A1")["counts"]["issued"] == 0
        assert self.undo_loan("1") == "cannot_revert"

    def test_an_undone_loan_of_a_held_copy_restores_the_reservation(self) -> None:
        booking = self.reserve("A1", "3").body["id"]
        assert self.issue("A1", "3").body["id"] == booking
        assert self.undo_loan("3") == "Reserved"
        assert self.copy("3")["next_reservation"]["ready"] is True

    def test_an_undone_return_restores_due_date_and_takes_the_fee_back(self) -> None:
        self.issue("A1", "1")
        self.days(12)
        assert self.give_back("1").body["due_amount"] == "0.50"
        assert self.undo_return("B2", "1") == "cannot_revert"
        assert self.undo_return("A1", "1") == "Overdue"
        assert self.copy("1")["current_booking"]["return_date"] == "2026-10-01"
        assert self.member("A1")["balance"] == "0.00"
        assert self.listed("A1", "fees") == []
        assert self.undo_return("A1", "1") == "cannot_revert"

    def test_an_undo_by_title_undoes_the_newest_return(self) -> None:
        for number in ("1", "2"):
            self.issue("A1", number)
        for number in ("2", "1"):
            self.clock.advance(60)
            self.give_back(number)
        assert self.undo_return("A1", "9780141439587") == "Issued"
        assert self.copy("1")["current_booking"] is not None
        assert self.copy("2")["current_booking"] is None

    def test_an_undone_return_takes_the_copy_from_the_hold_shelf(self) -> None:
        self.issue("A1", "3")
        waiting = self.reserve("B2", "3").body["id"]
        self.give_back("3")
        assert self.undo_return("A1", "3") == "Issued"
        (booking,) = self.listed("B2", "reserved")
        assert (booking["id"], booking["ready"]) == (waiting, False)

    def test_R3_a_renewal_undone_twice_leaves_the_loan(self) -> None:
        self.issue("A1", "1")
        self.extend("A1", "1", return_date="2026-11-11")
        assert self.undo_loan("1") == "Issued"
        assert self.copy("1")["current_booking"]["return_date"] == "2026-10-01"
        assert self.undo_loan("1") == "cannot_revert"
        self.extend("A1", "1", return_date="2026-11-11")
        assert self.undo_loan("1") == "Issued"

    def test_an_action_with_a_later_one_can_not_be_undone(self) -> None:
        self.issue("A1", "1")
        self.give_back("1")
        self.issue("B2", "1")
        assert self.undo_return("A1", "1") == "cannot_revert"
        assert self.undo_loan("1") == "Cancelled"
        assert self.undo_return("A1", "1") == "Issued"

    def test_an_action_with_a_paid_fee_can_not_be_undone(self) -> None:
        self.issue("A1", "1")
        self.days(12)
        self.give_back("1")
        self.post("/payments", {"member_no": "A1", "amount": "0.10", "currency": "USD"})
        assert self.undo_return("A1", "1") == "cannot_revert"

    def test_a_loan_of_the_data_file_can_not_be_undone(self) -> None:
        self.open(None)
        self.token = self.sign_in({"username": "kiosk@riverside.example", "password": "kiosk-secret"})
        assert self.undo_loan("10007") == "cannot_revert"
