"""Members: found by the exact number, with their figures at this moment; their passwords; the library itself."""

from __future__ import annotations

from sandbox_support import SandboxCase, library


class MemberTests(SandboxCase):
    """`find_member`, `block_member` and `enable_member`."""

    def test_a_member_is_found_by_the_exact_number_only(self) -> None:
        assert self.member("c3")["name"] == "Cem"
        for number in ("C3", "c3 ", "c", "%", "c3'"):
            reply = self.post("/members/find", {"member_no": number})
            assert (reply.status, reply.code) == (404, "member_not_found"), number

    def test_a_new_member_is_shown_with_all_fields(self) -> None:
        assert self.member("A1") == {
            "id": 1, "member_no": "A1", "name": "Ann", "email": None, "phone": None, "address": None,
            "language": None, "type": "Regular", "group": None, "status": "Active", "blocked_note": None, "quota": 5,
            "counts": {"issued": 0, "overdue": 0, "reserved_ready": 0, "reserved_waiting": 0, "pending": 0,
                       "fees": 0},
            "balance": "0.00", "currency": "USD", "fee_limit": "5.00", "suspended": False,
            "self_service_allowed": True, "refused": {"extend": None, "reserve": None}, "password": None,
            "page": None, "login": {"has_password": True, "sso": False},
        }  # fmt: skip

    def test_the_counts_of_a_member_follow_loans_and_days(self) -> None:
        self.issue("A1", "1")
        self.reserve("A1", "3")
        self.issue("B2", "3", offline_at="2026-09-21T10:00:00Z")
        counts = self.member("A1")["counts"]
        assert (counts["issued"], counts["overdue"], counts["reserved_waiting"]) == (1, 0, 1)
        self.days(11)
        assert self.member("A1")["counts"]["issued"] == 1
        assert self.member("A1")["counts"]["overdue"] == 1

    def test_a_member_has_the_values_of_the_data_file(self) -> None:
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

    def test_a_member_is_suspended_at_the_limit_if_fees_are_on(self) -> None:
        for amount, suspended in (("4.99", False), ("5.00", True)):
            owed = [{"member_no": "A1", "type": "lost", "amount": amount}]
            self.open({"libraries": [library(transactions=owed)]})
            assert self.member("A1")["suspended"] is suspended
        self.sandbox.change_library("oak", preferences={"fees": False})
        assert self.member("A1")["suspended"] is False
        assert self.member("A1")["fee_limit"] is None

    def test_self_service_depends_on_the_member_s_type(self) -> None:
        self.sandbox.change_library("oak", preferences={"member_types": ["Regular"]})
        assert self.member("A1")["self_service_allowed"] is True
        assert self.member("B2")["self_service_allowed"] is False

    def test_blocking_a_member_needs_the_policy(self) -> None:
        block = {"member_no": "A1", "note": "card retained"}
        assert self.post("/members/block", block).code == "not_allowed"
        self.sandbox.change_library("oak", preferences={"member_updates": True})
        reply = self.post("/members/block", block)
        assert (reply.body["status"], reply.body["blocked_note"]) == ("Inactive", "card retained")
        assert self.post("/members/enable", {"member_no": "A1"}).body["status"] == "Active"
        assert [entry["kind"] for entry in self.sandbox.ledger()] == ["member_update"] * 2

    def test_K16_a_member_shows_which_requests_would_be_refused(self) -> None:
        def refused() -> tuple[str | None, str | None]:
            said = self.member("A1")["refused"]
            return said["extend"], said["reserve"]

        for preferences, expected in (
            ({}, (None, None)),
            ({"requests": False}, (None, "requests_disabled")),
            ({"requests": True, "booking_quota": 0}, (None, "quota_exceeded")),
            ({"booking_quota": 1, "member_types": []}, (None, "member_type_not_allowed")),
            ({"fee_limit": "0.00"}, ("member_suspended", "member_suspended")),
            ({"member_updates": True}, ("member_suspended", "member_suspended")),
        ):
            self.sandbox.change_library("oak", preferences=preferences)
            assert refused() == expected
            if expected[1] is not None:
                assert self.reserve("A1", "3").code == expected[1]
        self.post("/members/block", {"member_no": "A1"})
        assert refused() == ("member_inactive", "member_inactive")


class PasswordTests(SandboxCase):
    """A password that comes with an operation."""

    def verify(self, member_no: str, password: str) -> object:
        reply = self.post("/members/find", {"member_no": member_no, "password": password})
        return reply.body["password"] if reply.status == 200 else (reply.status, reply.code)

    def test_a_password_is_right_wrong_or_not_compared(self) -> None:
        assert self.verify("A1", "1234") == "right"
        assert self.verify("A1", "12345") == "wrong"
        assert self.verify("A1", "") == (422, "validation_failed")
        assert self.verify("B2", "x") == "not_set"
        assert self.verify("c3", "x") == "sso_only"
        assert self.verify("Z9", "x") == (404, "member_not_found")

    def test_a_list_needs_the_right_password(self) -> None:
        self.issue("A1", "1")
        for password, shown in (({}, True), ({"password": "1234"}, True), ({"password": "x"}, False)):
            found = self.member("A1", list={"kind": "issued"}, **password)
            assert (found["page"] is not None) is shown

    def test_five_wrong_passwords_cause_a_pause_of_a_minute(self) -> None:
        for _ in range(5):
            assert self.verify("A1", "wrong") == "wrong"
            self.clock.advance(1)
        assert self.verify("A1", "1234") == (429, "rate_limited")
        reply = self.issue("A1", "1", password="1234")
        assert 0 < int(reply.headers["retry-after"]) <= 56
        assert (reply.code, reply.body["not_processed"]) == ("rate_limited", True)
        self.clock.advance(55)
        assert self.verify("A1", "1234") == "right"

    def test_a_right_password_ends_the_row_of_wrong_ones(self) -> None:
        for password in ["wrong"] * 4 + ["1234"] + ["wrong"] * 5:
            assert (self.verify("A1", password) == "right") is (password == "1234")
        assert self.verify("A1", "wrong") == (429, "rate_limited")

    def test_K2_a_write_with_a_wrong_password_has_no_effect(self) -> None:
        self.sandbox.change_library("oak", preferences={"member_updates": True})
        item, title = {"identifier": "1"}, {"title": "Emma"}
        self.issue("A1", "1")
        before = self.sandbox.ledger()
        for path, body in (
            ("/loans", item),
            ("/loans/extend", item),
            ("/loans/extend-all", {}),
            ("/returns/undo", item),
            ("/reservations", title),
            ("/reservations/change", title),
            ("/reservations/cancel", title),
            ("/payments", {"amount": "1.00", "currency": "USD"}),
            ("/members/block", {}),
            ("/members/enable", {}),
        ):
            for number, code in (("A1", "password_wrong"), ("B2", "no_password_set"), ("c3", "sso_only")):
                reply = self.post(path, {"member_no": number, "password": "x", **body})
                assert reply.code == code, path
                self.clock.advance(61)
        assert self.sandbox.ledger() == before

    def test_K2_a_repetition_without_its_password_is_answered_by_its_key(self) -> None:
        lost = self.issue("A1", "1", "key-1", password_entered=True)
        assert (lost.status, lost.code, lost.body["not_processed"]) == (425, "password_missing", True)
        assert self.sandbox.ledger() == []
        first = self.issue("A1", "1", "key-1", password_entered=True, password="1234")
        assert first.status == 200
        assert self.issue("A1", "1", "key-1", password_entered=True).body == first.body

    def test_K2_a_key_is_for_one_request_with_its_password_or_without(self) -> None:
        wrong = self.issue("A1", "1", "key-1", password="x")
        assert (wrong.status, wrong.code) == (403, "password_wrong")
        assert self.issue("A1", "1", "key-1").code == "password_wrong"
        right = self.issue("A1", "1", "key-2", password="1234")
        assert self.issue("A1", "1", "key-2").body == right.body


class LibraryTests(SandboxCase):
    """`get_library` and `get_health`."""

    def test_a_library_is_sent_again_only_if_it_has_changed(self) -> None:
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
