"""Loans: every rule that can stand against one, and what happened off-line."""

from __future__ import annotations

from typing import Any

from sandbox_support import SandboxCase, library

COPIES = [
    {"accession_no": "1"},
    {"accession_no": "2", "active": False},
    {"accession_no": "3", "circulation": False},
    {"accession_no": "4"},
    {"accession_no": "5"},
]


class RuleTests(SandboxCase):
    """Each refusal of `create_booking` with status issued, in the order in which they are told."""

    def refused(self, member_no: str, accession_no: str, **more: Any) -> str:
        before = self.sandbox.ledger()
        reply = self.issue(member_no, accession_no, **more)
        assert reply.status == 409, reply.body
        assert self.sandbox.ledger() == before
        return reply.code

    def test_a_loan(self) -> None:
        reply = self.issue("A1", "1", branch="North")
        assert reply.status == 201
        assert (reply.body["status"], reply.body["return_date"]) == ("Issued", "2026-10-01")
        assert reply.body["branch"] == "North"
        assert reply.body["copy"]["accession_no"] == "1"
        assert reply.body["media"]["title"] == "Emma"
        assert self.copy("1")["current_booking"]["id"] == reply.body["id"]

    def test_the_return_date_may_be_given(self) -> None:
        assert self.issue("A1", "1", return_date="2026-09-25").body["return_date"] == "2026-09-25"

    def test_rules_about_the_member(self) -> None:
        members = [
            {"member_no": "off", "status": "Inactive"},
            {"member_no": "owes"},
            {"member_no": "guest", "type": "Guest"},
            {"member_no": "full", "booking_quota": 0},
        ]
        owed = [{"member_no": "owes", "type": "lost", "amount": "5.00"}]
        self.open({"libraries": [library(members=members, transactions=owed)]})
        codes = {who: self.refused(who, "1") for who in ("off", "owes", "guest", "full")}
        assert codes == {
            "off": "member_inactive",
            "owes": "member_suspended",
            "guest": "member_type_not_allowed",
            "full": "quota_exceeded",
        }
        self.sandbox.change_library("oak", preferences={"member_checkouts": False})
        assert self.refused("guest", "1") == "self_service_disabled"
        assert self.refused("off", "1") == "member_inactive"

    def test_rules_about_the_copy(self) -> None:
        self.open({"libraries": [library(media=[{"title": "T", "copies": COPIES}])]})
        assert self.refused("A1", "2") == "copy_inactive"
        assert self.refused("A1", "3") == "circulation_disabled"
        self.issue("B2", "1")
        reply = self.issue("A1", "1")
        assert (reply.code, reply.body["available_from"]) == ("copy_not_available", "2026-10-01")
        assert self.refused("B2", "1") == "already_booked_by_member"

    def test_a_copy_on_the_hold_shelf_is_for_one_member_only(self) -> None:
        self.reserve("B2", "3")
        assert self.refused("A1", "3") == "reserved_for_other"
        reply = self.issue("B2", "3")
        assert reply.status == 201
        assert self.member("B2")["counts"]["reserved_ready"] == 0
        assert self.copy("3")["next_reservation"] is None

    def test_the_quota_counts_loans(self) -> None:
        self.sandbox.change_library("oak", preferences={"booking_quota": 1})
        self.issue("A1", "1")
        assert self.refused("A1", "2") == "quota_exceeded"
        self.sandbox.change_library("oak", preferences={"booking_quota": None})
        assert self.issue("A1", "2").status == 201

    def test_dates(self) -> None:
        for dates in (
            {"return_date": "2026-09-20"},
            {"booking_date": "2026-09-22"},
            {"booking_date": "2026-09-01"},  # ten days on is over by now
        ):
            assert self.refused("A1", "1", **dates) == "dates_not_available", dates
        assert self.issue("A1", "1", booking_date="2026-09-20", return_date="2026-09-21").status == 201

    def test_what_is_unknown(self) -> None:
        for ids, code in (
            ({"member_id": 99, "copy_id": 1}, "member_not_found"),
            ({"member_id": 1, "copy_id": 99}, "copy_not_found"),
            ({"member_id": 1, "media_id": 99}, "media_not_found"),
        ):
            assert self.post("/bookings", {"status": "issued", **ids}).code == code
        for ids in ({"member_id": 1}, {"member_id": 1, "copy_id": 1, "media_id": 1}):
            assert self.post("/bookings", {"status": "issued", **ids}).code == "validation_failed"


class TitleTests(SandboxCase):
    """Issuing by title takes the first free copy."""

    def take(self, member_id: int, branch: str | None = None) -> Any:
        reply = self.post(
            "/bookings", {"status": "issued", "member_id": member_id, "media_id": 1, "branch": branch}
        )
        return reply.body["copy"]["accession_no"] if reply.status == 201 else reply.code

    def test_first_free_then_none(self) -> None:
        assert self.take(1) == "1"
        assert self.take(1) == "already_booked_by_member"
        assert self.take(2) == "2"
        assert self.take(3) == "copy_not_available"

    def test_the_branch_comes_first_and_one_s_own_hold_before_that(self) -> None:
        assert self.take(2, "North") == "2"
        self.reserve("A1", "1")
        assert self.take(1, "North") == "1"


class OfflineTests(SandboxCase):
    """`offline_at`: it has happened."""

    def test_no_policy_is_asked_and_the_dates_count(self) -> None:
        self.sandbox.change_library("oak", preferences={"booking_quota": 0, "member_checkouts": False})
        reply = self.issue("A1", "1", offline_at="2026-09-20T15:00:00Z", return_date="2026-09-21")
        assert (reply.status, reply.body["booking_date"], reply.body["return_date"]) == (
            201,
            "2026-09-20",
            "2026-09-21",
        )
        assert [one["code"] for one in reply.body["conflicts"]] == ["self_service_disabled", "quota_exceeded"]

    def test_without_a_conflict_the_list_is_empty(self) -> None:
        assert self.issue("A1", "1", offline_at="2026-09-21T10:00:00Z").body["conflicts"] == []

    def test_an_older_loan_of_somebody_else_is_ended_first(self) -> None:
        first = self.issue("A1", "1")
        self.days(2 / 24)
        reply = self.issue("B2", "1", offline_at="2026-09-21T15:00:00Z")
        assert reply.body["status"] == "Issued"
        assert reply.body["conflicts"] == [{"code": "copy_not_available", "booking_id": first.body["id"]}]
        ended = self.get("/members/1/bookings?status=returned").body["items"]
        assert [(one["id"], one["received_at"]) for one in ended] == [
            (first.body["id"], "2026-09-21T15:00:00Z")
        ]
        assert [entry["kind"] for entry in self.sandbox.ledger()] == ["loan", "return", "loan"]

    def test_a_newer_loan_of_somebody_else_stands(self) -> None:
        self.days(2 / 24)
        newer = self.issue("A1", "1")
        reply = self.issue("B2", "1", offline_at="2026-09-21T15:00:00Z")
        assert reply.body["status"] == "Returned"
        assert self.copy("1")["current_booking"]["id"] == newer.body["id"]

    def test_the_one_who_waited_waits_again(self) -> None:
        self.reserve("B2", "3")
        reply = self.issue("A1", "3", offline_at="2026-09-21T10:00:00Z")
        assert [one["code"] for one in reply.body["conflicts"]] == ["reserved_for_other"]
        assert self.copy("3")["next_reservation"]["member"]["member_no"] == "B2"
        assert self.copy("3")["next_reservation"]["ready"] is False

    def test_the_same_member_s_own_loan_is_said_so(self) -> None:
        self.issue("A1", "1")
        assert self.issue("A1", "1", offline_at="2026-09-21T10:00:00Z").code == "already_booked_by_member"
