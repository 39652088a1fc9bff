"""Reservations and requests: the queue, the hold shelf, and giving up."""

from __future__ import annotations

from typing import Any

from sandbox_support import SandboxCase, library


class QueueTests(SandboxCase):
    """`reserve`."""

    def test_a_reservation_is_ready_at_once_while_a_copy_is_free(self) -> None:
        reply = self.reserve("A1", "1")
        assert (reply.status, reply.body["status"], reply.body["ready"]) == (200, "Reserved", True)
        assert reply.body["copy"]["accession_no"] == "1"
        assert self.member("A1")["counts"]["reserved_ready"] == 1

    def test_the_pickup_branch_is_served_from_its_own_shelf(self) -> None:
        assert self.reserve("A1", "1", pickup="North").body["copy"]["accession_no"] == "2"

    def test_reservations_are_served_in_their_order(self) -> None:
        self.issue("A1", "3")
        first, second = self.reserve("B2", "3"), self.reserve("c3", "3")
        assert [one.body["queue_position"] for one in (first, second)] == [1, 2]
        assert first.body["ready"] is False
        assert self.give_back("3").body["next_reservation"]["id"] == first.body["id"]
        self.post("/reservations/cancel", {"member_no": "B2", "identifier": "3"})
        assert self.copy("3")["next_reservation"]["id"] == second.body["id"]
        assert self.copy("3")["next_reservation"]["ready"] is True

    def test_a_request_waits_behind_the_reservations_and_for_staff(self) -> None:
        bookings = [{"member_no": "B2", "title": "Atlas", "status": "Pending"}]
        self.open({"libraries": [library(bookings=bookings)]})
        self.issue("A1", "3", offline_at="2026-09-21T10:00:00Z")
        self.reserve("c3", "3")
        (shown,) = self.listed("B2", "waiting")
        assert (shown["status"], shown["queue_position"]) == ("Pending", 2)
        assert self.member("B2")["counts"]["pending"] == 1

    def test_a_reservation_of_one_copy_waits_for_that_copy(self) -> None:
        self.issue("B2", "1")
        assert self.reserve("A1", "1", this_copy=True).body["ready"] is False
        assert self.reserve("c3", "9780141439587", this_copy=True).code == "item_ambiguous"
        assert self.copy("2")["next_reservation"] is None
        assert self.copy("1")["next_reservation"]["member"]["member_no"] == "A1"

    def refused(self, **preferences: Any) -> str:
        self.sandbox.change_library("oak", preferences=preferences)
        return self.reserve("A1", "3").code

    def test_a_reservation_that_a_rule_forbids_is_refused(self) -> None:
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
        assert self.reserve("A1", "3", pickup="Nowhere").code == "unknown_branch"
        assert self.reserve("A1", "3", expires_at="2026-09-20").code == "dates_not_available"
        assert self.reserve("A1", "3").status == 200
        assert self.reserve("A1", "3").code == "already_reserved"

    def test_a_reservation_of_an_own_loan_or_an_inactive_item_is_refused(self) -> None:
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
    """`cancel_reservation` and `change_reservation`."""

    def cancel(self, member_no: str, **named: str) -> Any:
        reply = self.post("/reservations/cancel", {"member_no": member_no, **named})
        return reply.body["status"] if reply.status == 200 else reply.code

    def test_a_reservation_is_cancelled_by_item_or_title(self) -> None:
        self.reserve("A1", "3")
        assert self.cancel("B2", identifier="3") == "reservation_not_found"
        assert self.cancel("A1", identifier="1") == "reservation_not_found"
        assert self.cancel("A1", identifier="3", reason="bought it") == "Cancelled"
        assert self.cancel("A1", title="Atlas") == "reservation_not_found"
        self.reserve("A1", "3")
        assert self.cancel("A1", title=" aTLAS") == "Cancelled"
        assert self.cancel("A1") == self.cancel("A1", title="Atlas", identifier="3") == "validation_failed"

    def test_a_loan_is_returned_and_not_cancelled(self) -> None:
        self.issue("A1", "3")
        assert self.cancel("A1", identifier="3") == "reservation_not_found"

    def change(self, **changes: str) -> str:
        reply = self.post("/reservations/change", {"member_no": "A1", "identifier": "3", **changes})
        return reply.body["status"] if reply.status == 200 else reply.code

    def test_branch_and_last_day_of_a_reservation_can_be_changed(self) -> None:
        assert self.change(pickup="North") == "reservation_not_found"
        self.reserve("A1", "3")
        assert self.change(pickup="North", expires_at="2026-10-01") == "Reserved"
        (shown,) = self.listed("A1", "reserved")
        assert (shown["branch"], shown["expires_at"], shown["ready"]) == ("North", "2026-10-01", True)
        assert self.copy("3")["next_reservation"]["expires_at"] == "2026-10-01"
        assert self.change() == "Reserved"
        assert self.change(pickup="South") == "unknown_branch"
        assert self.change(expires_at="2026-09-20") == "dates_not_available"

    def test_a_reservation_after_its_last_day_gives_way_to_the_next(self) -> None:
        self.reserve("A1", "3", expires_at="2026-09-22")
        self.reserve("B2", "3")
        self.days(1)
        assert self.copy("3")["next_reservation"]["member"]["member_no"] == "A1"
        self.days(1)
        assert self.copy("3")["next_reservation"]["member"]["member_no"] == "B2"
        assert [entry["kind"] for entry in self.sandbox.ledger()][-1] == "cancellation"


class ListTests(SandboxCase):
    """The lists of `find_member`."""

    def numbers(self, kind: str, **page: int) -> list[int]:
        return [one["id"] for one in self.listed("A1", kind, **page)]

    def test_a_list_is_read_by_kind_and_page(self) -> None:
        self.issue("B2", "3")
        loans = [self.issue("A1", "1"), self.issue("A1", "2", return_date="2026-09-21")]
        issued = [loan.body["id"] for loan in loans]
        waits = self.reserve("A1", "3").body["id"]
        self.days(1)
        assert self.numbers("issued") == issued
        assert self.numbers("overdue") == issued[1:]
        assert (self.numbers("ready"), self.numbers("waiting")) == ([], [waits])
        self.give_back("3")
        assert (self.numbers("ready"), self.numbers("waiting")) == ([waits], [])
        page = self.member("A1", list={"kind": "issued", "offset": 1, "limit": 1})["page"]
        assert ([one["id"] for one in page["bookings"]], page["total"]) == ([issued[1]], 2)

    def test_a_list_of_reservations_begins_with_the_ready_ones(self) -> None:
        self.issue("B2", "3")
        waits, ready = self.reserve("A1", "3").body["id"], self.reserve("A1", "1").body["id"]
        assert self.numbers("reserved") == [ready, waits]
        assert self.numbers("reserved", offset=1) == [waits]

    def test_a_page_outside_the_bounds_is_refused(self) -> None:
        for page in (
            {"kind": "issued", "limit": 0},
            {"kind": "issued", "limit": 201},
            {"kind": "issued", "limit": "x"},
            {"kind": "issued", "offset": -1},
            {"kind": "lost"},
            {},
        ):
            reply = self.post("/members/find", {"member_no": "A1", "list": page})
            assert reply.code == "validation_failed", page
