"""HTTP at the edges: malformed, unknown and too large requests."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st
from sandbox_support import SandboxCase


class MalformedTests(SandboxCase):
    """Every refusal is a problem document with a code."""

    def test_a_malformed_body_is_refused(self) -> None:
        for raw, status in (
            (b"{", 400),
            (b"\xff\xfe", 400),
            (b'{"status": NaN}', 400),
            (b"[" * 100_000, 400),
            (b"", 400),
            (b"[]", 422),
            (b'"text"', 422),
            (b"null", 422),
            (b'{"member_no": 1, "identifier": "1"}', 422),
            (b'{"member_no": true, "identifier": "1"}', 422),
            (b'{"member_no": 1e400, "identifier": "1"}', 422),
            (b'{"member_no": "A1", "identifier": ""}', 422),
            (b'{"member_no": "A1", "identifier": "1", "colour": "red"}', 422),
            (b'{"member_no": "A1", "identifier": "1", "branch": "\\ud800"}', 422),
            (b'{"member_no": "A1", "identifier": "1", "return_date": "2026-13-01"}', 422),
            (b'{"member_no": "A1", "identifier": "1", "offline_at": "2026-09-21T10:00:00"}', 422),
        ):
            reply = self.ask("POST", "/loans", raw=raw)
            assert (reply.status, reply.code) == (status, "validation_failed"), raw[:60]
            assert reply.headers["content-type"] == "application/problem+json; charset=utf-8"
        assert self.sandbox.ledger() == []

    def test_a_fault_names_its_place_and_not_the_value(self) -> None:
        reply = self.post("/auth/tokens", {"username": 5, "password": ["hunter2"]})
        assert {fault["place"] for fault in reply.body["faults"]} == {"username", "password"}
        assert "hunter2" not in json.dumps(reply.body)

    def test_a_huge_body_is_refused(self) -> None:
        raw = json.dumps({"member_no": "A1", "identifier": "x" * (1 << 20)}).encode()
        reply = self.ask("POST", "/loans", raw=raw)
        assert (reply.status, reply.code) == (413, "payload_too_large")

    def test_a_body_of_another_content_type_is_refused(self) -> None:
        reply = self.ask("POST", "/loans", raw=b"a=1", headers={"Content-Type": "text/plain"})
        assert (reply.status, reply.code) == (415, "unsupported_media_type")

    def test_an_unknown_path_is_not_found(self) -> None:
        for path in (
            "/nothing",
            "/members/1",
            "/members/find/",
            "/bookings",
            "",
            "/",
            "//x",
        ):
            reply = self.get(path)
            assert reply.status in (404, 405), path
            assert reply.code in ("not_found", "method_not_allowed"), path
        for path in ("//", "//oak", "//oak/api/v2/health", "//%FF/api/v1/health", "//oak/api/v1/health/"):
            assert self.get(path).code == "not_found", path
        assert self.get("//nowhere/api/v1/health").code == "library_not_found"

    def test_an_unknown_method_is_refused(self) -> None:
        reply = self.ask("GET", "/members/find")
        assert (reply.status, reply.code, reply.headers["allow"]) == (405, "method_not_allowed", "POST")
        assert self.ask("DELETE", "/library").headers["allow"] == "GET"

    def test_a_printable_request_id_is_sent_back(self) -> None:
        assert self.ask("GET", "/health", headers={"X-Request-Id": "r-1"}).headers["x-request-id"] == "r-1"
        for odd in ("with space", "x" * 300, "\u00e9"):
            answered = self.ask("GET", "/health", headers={"X-Request-Id": odd}).headers["x-request-id"]
            assert answered.isalnum(), odd
        self.issue("A1", "1")
        self.ask(
            "POST",
            "/loans",
            {"member_no": "A1", "identifier": "2"},
            headers={"X-Request-Id": "r-2"},
        )
        assert self.sandbox.ledger()[-1]["request_id"] == "r-2"

    def test_a_bug_of_the_sandbox_is_answered_with_a_problem(self) -> None:
        self.sandbox.close()
        reply = self.get("/library")
        assert (reply.status, reply.code) == (500, "internal_error")
        assert len(self.flushLoggedErrors()) == 1


class AnyBytesTests(SandboxCase):
    """Each request gets JSON with a status below 500."""

    def test_any_body_and_any_identifier_get_an_answer(self) -> None:
        @settings(max_examples=60, deadline=None, database=None)
        @given(
            raw=st.binary(max_size=60),
            text=st.text(max_size=20),
            method=st.sampled_from(["GET", "POST", "PATCH"]),
        )
        def answered(raw: bytes, text: str, method: str) -> None:
            from urllib.parse import quote

            for path in (
                "/loans",
                "/members/find",
                f"/library?identifier={quote(text)}",
                f"/{quote(text, '')}",
            ):
                assert self.ask(method, path, raw=raw).status < 500

        answered()
