"""Members: found by the exact number, with what counts at this moment; their passwords; the library itself."""

from __future__ import annotations

from sandbox_support import SandboxCase, library


class MemberTests(SandboxCase):
    """`find_member` and `update_member`."""

    def test_the_number_must_be_exact(self) -> None:
        assert self.member("c3")["name"] == "Cem"
        for number in ("C3", "c3%20", "c", "%25", "c3'"):
            reply = self.get(f"/members?member_no={number}")
            assert (reply.status, reply.code) == (404, "member_not_found"), number

    def test_everything_of_a_new_member(self) -> None:
        assert self.member("A1") == {
            "id": 1, "member_no": "A1", "name": "Ann", "email": None, "phone": None, "address": None,
            "language": None, "type": "Regular", "group": None, "status": "Active", "blocked_note": None, "quota": 5,
            "counts": {"issued": 0, "overdue": 0, "reserved_ready": 0, "reserved_waiting": 0, "pending": 0},
            "balance": "0.00", "currency": "USD", "fee_limit": "5.00", "suspended": False,
            "self_service_allowed": True, "login": {"has_password": True, "sso": False},
        }  # fmt: skip

    def test_counts(self) -> None:
        self.issue("A1", "1")
        self.reserve("A1", "3")
        self.issue("B2", "3", offline_at="2026-09-21T10:00:00Z")
        counts = self.member("A1")["counts"]
        assert counts == {"issued": 1, "overdue": 0, "reserved_ready": 0, "reserved_waiting": 1, "pending": 0}
        self.days(11)
        assert self.member("A1")["counts"]["issued"] == 1
        assert self.member("A1")["counts"]["overdue"] == 1

    def test_own_quota_and_what_is_only_in_the_file(self) -> None:
        member = {
            "member_no": "D4",
            "booking_quota": 1,
            "language": "bn",
            "group": "Staff",
            "address": "1 Elm St",
        }
        self.open({"libraries": [library(members=[member])]})
        found = self.member("D4")
        assert (found["quota"], found["language"], found["group"]) == (1, "bn", "Staff")
        assert found["name"] == "D4"

    def test_suspended_at_the_limit_and_only_with_fees(self) -> None:
        for amount, suspended in (("4.99", False), ("5.00", True)):
            owed = [{"member_no": "A1", "type": "lost", "amount": amount}]
            self.open({"libraries": [library(transactions=owed)]})
            assert self.member("A1")["suspended"] is suspended
        self.sandbox.change_library("oak", preferences={"fees": False})
        assert self.member("A1")["suspended"] is False
        assert self.member("A1")["fee_limit"] is None

    def test_self_service_goes_by_type(self) -> None:
        self.sandbox.change_library("oak", preferences={"member_types": ["Regular"]})
        assert self.member("A1")["self_service_allowed"] is True
        assert self.member("B2")["self_service_allowed"] is False

    def test_updates_need_the_policy(self) -> None:
        block = {"status": "Inactive", "blocked_note": "card retained"}
        assert self.ask("PATCH", "/members/1", block).code == "not_allowed"
        self.sandbox.change_library("oak", preferences={"member_updates": True})
        reply = self.ask("PATCH", "/members/1", block)
        assert (reply.body["status"], reply.body["blocked_note"]) == ("Inactive", "card retained")
        assert self.ask("PATCH", "/members/1", {"status": "Active"}).body["blocked_note"] == "card retained"
        assert [entry["kind"] for entry in self.sandbox.ledger()] == ["member_update"] * 2


class PasswordTests(SandboxCase):
    """`verify_member`."""

    def verify(self, member_id: int, password: str) -> object:
        reply = self.post(f"/members/{member_id}/verify", {"password": password})
        return reply.body["valid"] if reply.status == 200 else (reply.status, reply.code)

    def test_right_wrong_none_and_elsewhere(self) -> None:
        assert self.verify(1, "1234") is True
        assert self.verify(1, "12345") is False
        assert self.verify(1, "") is False
        assert self.verify(2, "") == (409, "no_password_set")
        assert self.verify(3, "x") == (409, "sso_only")
        assert self.verify(99, "x") == (404, "member_not_found")

    def test_five_wrong_ones_then_a_pause_of_a_minute_since_the_first(self) -> None:
        for _ in range(5):
            assert self.verify(1, "wrong") is False
            self.clock.advance(1)
        assert self.verify(1, "1234") == (429, "rate_limited")
        reply = self.post("/members/1/verify", {"password": "1234"})
        assert 0 < int(reply.headers["retry-after"]) <= 56
        self.clock.advance(55)
        assert self.verify(1, "1234") is True

    def test_a_right_one_ends_the_row(self) -> None:
        for password in ["wrong"] * 4 + ["1234"] + ["wrong"] * 5:
            assert self.verify(1, password) is (password == "1234")
        assert self.verify(1, "wrong") == (429, "rate_limited")


class LibraryTests(SandboxCase):
    """`get_library` and `get_health`."""

    def test_the_library_and_its_version(self) -> None:
        reply = self.get("/library")
        assert reply.body["preferences"]["booking_time_days"] == 10
        assert reply.body["branches"] == ["Main", "North"]
        assert reply.body["sip2"] == {"enabled": True, "terminals_licensed": 1}
        for known in (reply.headers["etag"], f'"old", W/{reply.headers["etag"]}', "*"):
            again = self.ask("GET", "/library", headers={"If-None-Match": known})
            assert (again.status, again.body) == (304, None), known
        self.sandbox.change_library("oak", preferences={"renewals": 7})
        changed = self.ask("GET", "/library", headers={"If-None-Match": reply.headers["etag"]})
        assert changed.body["preferences"]["renewals"] == 7

    def test_health_needs_no_token(self) -> None:
        self.token = ""
        assert self.get("/health").body == {"status": "ok"}
