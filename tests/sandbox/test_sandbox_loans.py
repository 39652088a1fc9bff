"""Loans: every rule that can forbid one, and offline loans."""

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
    """Each refusal of `issue`, in the order in which they are told."""

    def refused(self, member_no: str, accession_no: str, **more: Any) -> str:
        before = self.sandbox.ledger()
        reply = self.issue(member_no, accession_no, **more)
        assert reply.status == 409, reply.body
        assert self.sandbox.ledger() == before
        return reply.code

    def test_a_loan_has_its_dates_and_is_shown(self) -> None:
        reply = self.issue("A1", "1", branch="North")
        assert reply.status == 200
        assert (reply.body["status"], reply.body["return_date"]) == ("Issued", "2026-10-01")
        assert reply.body["branch"] == "North"
        assert reply.body["copy"]["accession_no"] == "1"
        assert reply.body["media"]["title"] == "Emma"
        assert self.copy("1")["current_booking"]["id"] == reply.body["id"]

    def test_a_loan_may_have_a_given_return_date(self) -> None:
        assert self.issue("A1", "1", return_date="2026-09-25").body["return_date"] == "2026-09-25"

    def test_a_member_who_may_not_borrow_is_refused(self) -> None:
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

    def test_a_copy_that_may_not_be_lent_is_refused(self) -> None:
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
        assert reply.status == 200
        assert self.member("B2")["counts"]["reserved_ready"] == 0
        assert self.copy("3")["next_reservation"] is None

    def test_the_quota_counts_loans(self) -> None:
        self.sandbox.change_library("oak", preferences={"booking_quota": 1})
        self.issue("A1", "1")
        assert self.refused("A1", "2") == "quota_exceeded"
        self.sandbox.change_library("oak", preferences={"booking_quota": None})
        assert self.issue("A1", "2").status == 200

    def test_a_loan_with_an_impossible_date_is_refused(self) -> None:
        assert self.refused("A1", "1", return_date="2026-09-20") == "dates_not_available"
        assert self.issue("A1", "1", return_date="2026-09-21").status == 200

    def test_a_loan_of_an_unknown_member_or_copy_is_refused(self) -> None:
        for member_no, identifier, code in (("Z9", "1", "member_not_found"), ("A1", "99", "copy_not_found")):
            assert self.issue(member_no, identifier).code == code
        for body in ({"member_no": "A1"}, {"identifier": "1"}, {"member_no": "", "identifier": "1"}):
            assert self.post("/loans", body).code == "validation_failed"

    def test_a_refusal_names_the_copy_the_title_and_the_language(self) -> None:
        members = [{"member_no": "A1", "language": "bn"}, {"member_no": "B2"}]
        self.open({"libraries": [library(members=members)]})
        self.issue("B2", "1")
        said = self.issue("A1", "1").body
        assert (said["copy"]["accession_no"], said["media"]["title"], said["language"]) == ("1", "Emma", "bn")
        assert "language" not in self.issue("B2", "4").body
        assert "copy" not in self.issue("A1", "99").body


class TitleTests(SandboxCase):
    """Issuing by title takes the first free copy."""

    def take(self, member_no: str, branch: str | None = None) -> Any:
        reply = self.issue(member_no, "9780141439587", branch=branch)
        return reply.body["copy"]["accession_no"] if reply.status == 200 else reply.code

    def test_copies_of_a_title_are_lent_until_none_is_free(self) -> None:
        assert self.take("A1") == "1"
        assert self.take("A1") == "already_booked_by_member"
        assert self.take("B2") == "2"
        assert self.take("c3") == "copy_not_available"

    def test_a_member_s_held_copy_comes_first_then_one_of_the_branch(self) -> None:
        assert self.take("B2", "North") == "2"
        self.reserve("A1", "1")
        assert self.take("A1", "North") == "1"


class OfflineTests(SandboxCase):
    """`offline_at`: it has happened."""

    def test_an_offline_loan_ignores_policies_and_has_its_own_dates(self) -> None:
        self.sandbox.change_library("oak", preferences={"booking_quota": 0, "member_checkouts": False})
        reply = self.issue("A1", "1", offline_at="2026-09-20T15:00:00Z", return_date="2026-09-21")
        assert (reply.status, reply.body["booking_date"], reply.body["return_date"]) == (
            200,
            "2026-09-20",
            "2026-09-21",
        )
        assert [one["code"] for one in reply.body["conflicts"]] == ["self_service_disabled", "quota_exceeded"]

    def test_an_offline_loan_without_a_conflict_lists_none(self) -> None:
        assert self.issue("A1", "1", offline_at="2026-09-21T10:00:00Z").body["conflicts"] == []

    def test_an_offline_loan_ends_an_older_loan_of_another_member(self) -> None:
        first = self.issue("A1", "1")
        self.days(2 / 24)
        reply = self.issue("B2", "1", offline_at="2026-09-21T15:00:00Z")
        assert reply.body["status"] == "Issued"
        assert reply.body["conflicts"] == [{"code": "copy_not_available", "booking_id": first.body["id"]}]
        assert self.member("A1")["counts"]["issued"] == 0
        assert [entry["kind"] for entry in self.sandbox.ledger()] == ["loan", "return", "loan"]

    def test_an_offline_loan_leaves_a_newer_loan_of_another_member(self) -> None:
        self.days(2 / 24)
        newer = self.issue("A1", "1")
        reply = self.issue("B2", "1", offline_at="2026-09-21T15:00:00Z")
        assert reply.body["status"] == "Returned"
        assert self.copy("1")["current_booking"]["id"] == newer.body["id"]

    def test_an_offline_loan_of_a_held_copy_lets_its_member_wait_again(self) -> None:
        self.reserve("B2", "3")
        reply = self.issue("A1", "3", offline_at="2026-09-21T10:00:00Z")
        assert [one["code"] for one in reply.body["conflicts"]] == ["reserved_for_other"]
        assert self.copy("3")["next_reservation"]["member"]["member_no"] == "B2"
        assert self.copy("3")["next_reservation"]["ready"] is False

    def test_an_offline_loan_of_the_same_member_keeps_the_later_date(self) -> None:
        first = self.issue("A1", "1")
        for ends, renewed in ((None, False), ("2026-09-30", False), ("2026-10-20", True)):
            reply = self.issue("A1", "1", offline_at="2026-09-21T10:00:00Z", return_date=ends)
            assert (reply.body["id"], reply.body["renewed"]) == (first.body["id"], renewed)

    def test_R3_an_offline_loan_is_entered_once_also_after_a_return(self) -> None:
        happened = {"offline_at": "2026-09-21T10:00:00Z", "return_date": "2026-10-01"}
        first = self.issue("A1", "1", **happened)
        self.give_back("1")
        assert self.issue("A1", "1", **happened).body["status"] == "Returned"
        self.issue("B2", "1")
        assert self.issue("A1", "1", **happened).body["id"] == first.body["id"]
        assert [entry["kind"] for entry in self.sandbox.ledger()] == ["loan", "return", "loan"]


class SecondRequestTests(SandboxCase):
    """K15: a terminal that got no answer sends a new request for the same loan."""

    def test_K15_a_second_request_within_two_minutes_gets_the_loan(self) -> None:
        first = self.issue("A1", "1", terminal="T1")
        for _ in range(2):
            self.clock.advance(50)
            again = self.issue("A1", "1", terminal="T1")
            assert (again.status, again.body["id"]) == (200, first.body["id"])
            assert again.body["renewed"] is False
        assert len(self.sandbox.ledger()) == 1
        self.clock.advance(21)
        assert self.issue("A1", "1", terminal="T1").code == "already_booked_by_member"
        assert self.issue("A1", "1", terminal="T1", renew=True).body["renewed"] is True

    def test_K15_a_request_for_a_renewal_gets_one(self) -> None:
        self.issue("A1", "1", terminal="T1")
        assert self.issue("A1", "1", terminal="T1", renew=True).body["renewed"] is True

    def test_K15_a_request_from_another_terminal_is_a_renewal(self) -> None:
        self.issue("A1", "1", terminal="T1")
        for terminal in ("T2", None):
            assert self.issue("A1", "1", terminal=terminal).code == "already_booked_by_member"
