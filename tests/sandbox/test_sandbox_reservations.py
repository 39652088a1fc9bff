"""Reservations and requests: the queue, the hold shelf, and giving up."""

from __future__ import annotations

from typing import Any

from sandbox_support import SandboxCase, library


class QueueTests(SandboxCase):
    """`create_booking` with status reserved or pending."""

    def test_ready_at_once_while_a_copy_is_free(self) -> None:
        reply = self.reserve("A1", "1")
        assert (reply.status, reply.body["status"], reply.body["ready"]) == (201, "Reserved", True)
        assert reply.body["copy"]["accession_no"] == "1"
        assert self.member("A1")["counts"]["reserved_ready"] == 1

    def test_the_pickup_branch_is_served_from_its_own_shelf(self) -> None:
        assert self.reserve("A1", "1", branch="North").body["copy"]["accession_no"] == "2"

    def test_first_come_first_served(self) -> None:
        loan = self.issue("A1", "3")
        first, second = self.reserve("B2", "3"), self.reserve("c3", "3")
        assert [one.body["queue_position"] for one in (first, second)] == [1, 2]
        assert first.body["ready"] is False
        assert self.give_back(loan).body["next_reservation"]["id"] == first.body["id"]
        self.post(f"/bookings/{first.body['id']}/cancel", {"reason": "no longer"})
        assert self.copy("3")["next_reservation"]["id"] == second.body["id"]
        assert self.copy("3")["next_reservation"]["ready"] is True

    def test_a_request_waits_behind_the_reservations_and_for_staff(self) -> None:
        self.issue("A1", "3")
        request = self.reserve("B2", "3", "pending")
        self.reserve("c3", "3")
        (shown,) = self.get("/members/2/bookings?status=pending").body["items"]
        assert (shown["id"], shown["status"], shown["queue_position"]) == (request.body["id"], "Pending", 2)
        assert self.member("B2")["counts"]["pending"] == 1

    def test_for_one_copy_only(self) -> None:
        self.issue("B2", "1")
        ids = {"member_id": 1, "copy_id": self.copy("1")["id"]}
        assert self.post("/bookings", {"status": "reserved", **ids}).body["ready"] is False
        assert self.copy("2")["next_reservation"] is None
        assert self.copy("1")["next_reservation"]["member"]["member_no"] == "A1"

    def refused(self, **preferences: Any) -> str:
        self.sandbox.change_library("oak", preferences=preferences)
        return self.reserve("A1", "3").code

    def test_every_rule_against_it(self) -> None:
        members = [{"member_no": "A1"}, {"member_no": "off", "status": "Inactive"}]
        owed = [{"member_no": "A1", "type": "lost", "amount": "1.00"}]
        self.open({"libraries": [library(members=members, transactions=owed)]})
        assert self.refused(requests=False) == "requests_disabled"
        assert self.refused(requests=True, fee_limit="1.00") == "member_suspended"
        assert self.refused(fee_limit=None, member_types=["Privileged"]) == "member_type_not_allowed"
        assert self.refused(member_types=["Regular"], booking_quota=0) == "quota_exceeded"
        self.sandbox.change_library("oak", preferences={"booking_quota": 2})
        assert self.reserve("off", "3").code == "member_inactive"
        assert self.reserve("A1", "4").code == "circulation_disabled"
        assert self.reserve("A1", "3", booking_date="2026-09-20").code == "dates_not_available"
        assert self.reserve("A1", "3", branch="Nowhere").code == "unknown_branch"
        assert self.reserve("A1", "3", expires_at="2026-09-20").code == "dates_not_available"
        assert self.reserve("A1", "3").status == 201
        assert self.reserve("A1", "3").code == "already_reserved"

    def test_what_is_on_loan_to_oneself_or_not_active(self) -> None:
        self.issue("A1", "3")
        assert self.reserve("A1", "3").code == "already_booked_by_member"
        self.open(
            {
                "libraries": [
                    library(media=[{"title": "T", "active": False, "copies": [{"accession_no": "3"}]}])
                ]
            }
        )
        assert self.reserve("A1", "3").code == "copy_inactive"


class CancelTests(SandboxCase):
    """`cancel_booking`."""

    def test_a_reason_is_needed(self) -> None:
        path = f"/bookings/{self.reserve('A1', '3').body['id']}/cancel"
        for body in ({}, {"reason": ""}, {"reason": "  "}, {"reason": None}):
            reply = self.post(path, body)
            assert (reply.status, reply.code) == (422, "validation_failed"), body
        reply = self.post(path, {"reason": "bought it"})
        assert (reply.body["status"], reply.body["remark"]) == ("Cancelled", "bought it")
        assert self.post(path, {"reason": "again"}).code == "not_cancellable"

    def test_a_loan_is_returned_and_not_cancelled(self) -> None:
        loan = self.issue("A1", "3").body["id"]
        assert self.post(f"/bookings/{loan}/cancel", {"reason": "x"}).code == "not_cancellable"


class ListTests(SandboxCase):
    """`list_bookings`."""

    def listed(self, query: str) -> list[int]:
        return [one["id"] for one in self.get(f"/members/1/bookings{query}").body["items"]]

    def test_by_status_and_page(self) -> None:
        loans = [self.issue("A1", "1"), self.issue("A1", "2", return_date="2026-09-21")]
        held = self.reserve("A1", "3").body["id"]
        issued = [loan.body["id"] for loan in loans]
        self.days(1)
        assert self.listed("") == [*issued, held]
        assert self.listed("?status=issued") == issued
        assert self.listed("?status=overdue") == issued[1:]
        assert self.listed("?status=overdue,reserved") == self.listed("?status=overdue&status=reserved")
        assert self.listed("?status=reserved&ready=true") == [held]
        assert self.listed("?status=reserved&ready=false") == []
        self.give_back(loans[0])
        assert self.listed("?status=returned") == issued[:1]
        page = self.get("/members/1/bookings?status=issued,reserved,returned&offset=1&limit=1").body
        assert ([one["id"] for one in page["items"]], page["total"]) == ([issued[1]], 3)

    def test_bounds(self) -> None:
        for query in (
            "?limit=0",
            "?limit=201",
            "?limit=x",
            "?offset=-1",
            "?status=lost",
            "?ready=1",
            "?limit=1&limit=2",
        ):
            assert self.get(f"/members/1/bookings{query}").code == "validation_failed", query
        assert self.get("/members/99/bookings").code == "member_not_found"
