"""Idempotency keys: one effect for one key, however often a request is sent."""

from __future__ import annotations

from sandbox_support import SandboxCase, library


class KeyTests(SandboxCase):
    """Every write takes a key."""

    def test_the_same_request_has_one_effect_and_one_answer(self) -> None:
        first = self.issue("A1", "1", "key-1")
        again = self.issue("A1", "1", "key-1")
        assert (again.status, again.body) == (first.status, first.body)
        assert "idempotency-replayed" not in first.headers
        assert again.headers["idempotency-replayed"] == "true"
        (entry,) = self.sandbox.ledger()
        assert (entry["kind"], entry["idempotency_key"], entry["accession_no"]) == ("loan", "key-1", "1")

    def test_a_repetition_without_the_key_is_a_new_request(self) -> None:
        self.issue("A1", "1")
        assert self.issue("A1", "1").code == "already_booked_by_member"

    def test_a_refusal_is_kept_under_its_key(self) -> None:
        self.issue("B2", "1")
        assert self.issue("A1", "1", "key-1").code == "copy_not_available"
        self.give_back("1")
        again = self.issue("A1", "1", "key-1")
        assert (again.code, again.headers["idempotency-replayed"]) == ("copy_not_available", "true")
        assert again.headers["content-type"].startswith("application/problem+json")

    def test_a_malformed_request_is_not_kept(self) -> None:
        assert self.post("/loans", {"member_no": 1}, "key-1").code == "validation_failed"
        assert self.issue("A1", "1", "key-1").status == 200

    def test_another_request_under_the_same_key_is_refused(self) -> None:
        self.issue("A1", "1", "key-1")
        for reply in (
            self.issue("A1", "2", "key-1"),
            self.give_back("1", "key-1"),
        ):
            assert (reply.status, reply.code) == (422, "idempotency_key_reused")

    def test_an_equal_json_value_is_the_same_request(self) -> None:
        ids = b'{"member_no": "A1", "identifier": "1"}'
        turned = b'{"identifier":"1","member_no":"A1"}'
        for text in (ids, turned):
            reply = self.ask("POST", "/loans", raw=text, headers={"Idempotency-Key": "key-1"})
            assert reply.status == 200

    def test_a_key_lasts_a_day(self) -> None:
        first = self.give_back("1", "key-1")
        self.days(0.99)
        assert self.give_back("1", "key-1").headers["idempotency-replayed"] == "true"
        self.days(0.02)
        assert "idempotency-replayed" not in self.give_back("1", "key-1").headers
        assert first.status == 200

    def test_R3_a_repeated_loan_that_has_ended_is_not_reported_as_open(self) -> None:
        loan = self.issue("A1", "1", "key-1")
        assert self.issue("A1", "1", "key-1").body == loan.body
        self.give_back("1")
        assert (self.issue("A1", "1", "key-1").status, self.issue("A1", "1", "key-1").code) == (
            409,
            "not_on_loan",
        )
        assert [entry["kind"] for entry in self.sandbox.ledger()] == ["loan", "return"]

    def test_keys_belong_to_a_library_and_not_to_an_account(self) -> None:
        users = [{"username": "kiosk", "password": "secret"}, {"username": "desk", "password": "secret"}]
        self.open({"libraries": [library(users=users)]})
        loan = self.issue("A1", "1", "key-1")
        self.token = self.sign_in(users[1])
        assert self.issue("A1", "1", "key-1").body == loan.body

    def test_a_key_that_is_too_long_or_not_ascii_is_refused(self) -> None:
        for key in ("with space", "x" * 256, "\u00e9"):
            assert self.issue("A1", "1", key).code == "validation_failed", key
        assert self.issue("A1", "1", "x" * 255).status == 200

    def test_keys_can_be_switched_off(self) -> None:
        self.sandbox.honour_idempotency(False)
        self.issue("A1", "1", "key-1")
        assert self.issue("A1", "1", "key-1").code == "already_booked_by_member"
        self.sandbox.behave()
        assert self.issue("A1", "1", "key-1").code == "already_booked_by_member"
        assert self.issue("A1", "1", "key-1").headers["idempotency-replayed"] == "true"
