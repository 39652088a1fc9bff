"""Sign-in and tokens: the order of the checks, and how tokens end."""

from __future__ import annotations

from typing import Any

from sandbox_support import SandboxCase, library

KIOSK = {"username": "kiosk", "password": "secret", "scope": "sip2"}


class DefaultAccountsTests(SandboxCase):
    """The accounts of the package's own data file, one for each way of failing."""

    def setUp(self) -> None:
        super().setUp()
        self.open(None)

    def login(self, library: str, user: str, password: str, scope: str | None = "sip2") -> Any:
        body = {"username": user, "password": password, "scope": scope}
        return self.ask("POST", f"//{library}/api/v1/auth/tokens".replace("//", "///", 1)[1:], body)

    def test_each_reason_against_a_sign_in_has_its_code(self) -> None:
        tries = {
            ("nowhere", "kiosk@riverside.example", "kiosk-secret"): (404, "library_not_found"),
            ("riverside", "stranger", "kiosk-secret"): (401, "invalid_credentials"),
            ("riverside", "kiosk@riverside.example", "wrong"): (401, "invalid_credentials"),
            ("riverside", "intern@riverside.example", "intern-secret"): (403, "permission_missing"),
            ("riverside", "desk@riverside.example", "desk-secret"): (403, "sip2_not_activated"),
            ("closedlib", "kiosk@closedlib.example", "closed-secret"): (403, "sip2_disabled"),
            ("hillcrest", "kiosk@riverside.example", "kiosk-secret"): (401, "invalid_credentials"),
        }
        found = {who: (reply := self.login(*who)) and (reply.status, reply.code) for who in tries}
        assert found == tries

    def test_a_good_account_gets_tokens(self) -> None:
        reply = self.login("riverside", "kiosk@riverside.example", "kiosk-secret")
        assert reply.status == 200
        assert reply.body["expires_in"] == 3600
        assert reply.body["user"]["groups"] == ["Library Staff"]

    def test_an_account_that_is_not_active_is_named_before_its_permission(self) -> None:
        self.sandbox.change_user("riverside", "intern@riverside.example", status="Invited")
        assert self.login("riverside", "intern@riverside.example", "intern-secret").code == "account_inactive"

    def test_other_permissions_of_staff_may_sign_in(self) -> None:
        for group in ("Library Assistant", "Library Administrator"):
            self.sandbox.change_user("riverside", "intern@riverside.example", groups=[group])
            assert self.login("riverside", "intern@riverside.example", "intern-secret").status == 200

    def test_a_sign_in_without_the_scope_needs_no_activation(self) -> None:
        assert self.login("riverside", "desk@riverside.example", "desk-secret", scope=None).status == 200

    def test_a_token_without_staff_permission_opens_nothing(self) -> None:
        self.token = self.login("riverside", "intern@riverside.example", "intern-secret", None).body[
            "access_token"
        ]
        assert self.get("/library").code == "permission_missing"

    def test_a_token_is_valid_at_its_own_library_only(self) -> None:
        self.token = self.login("riverside", "kiosk@riverside.example", "kiosk-secret").body["access_token"]
        assert self.get("/library").status == 200
        self.nickname = "hillcrest"
        assert (self.get("/library").status, self.get("/library").code) == (401, "unauthorized")


class TokenLifeTests(SandboxCase):
    """How a token ends."""

    def test_a_token_ends_after_its_life(self) -> None:
        self.clock.advance(3599)
        assert self.get("/library").status == 200
        self.clock.advance(1)
        reply = self.get("/library")
        assert (reply.status, reply.code) == (401, "unauthorized")
        assert reply.headers["www-authenticate"].startswith("Bearer")

    def test_the_life_of_a_token_is_a_setting(self) -> None:
        self.open({"libraries": [library()]}, token_life=60)
        assert self.post("/auth/tokens", KIOSK).body["expires_in"] == 60
        self.clock.advance(60)
        assert self.get("/library").status == 401

    def test_a_request_with_missing_or_foreign_credentials_is_refused(self) -> None:
        for header in ("", "Bearer", "Bearer nonsense", f"Basic {self.token}", self.token, "Bearer \xff"):
            assert self.get("/library", Authorization=header).code == "unauthorized", header

    def test_a_token_is_revoked_with_its_refresh_token(self) -> None:
        tokens = self.post("/auth/tokens", KIOSK).body
        other, self.token = self.token, tokens["access_token"]
        assert self.ask("DELETE", "/auth/tokens/current").status == 204
        assert self.get("/library").status == 401
        assert self.post("/auth/tokens/refresh", {"refresh_token": tokens["refresh_token"]}).status == 401
        self.token = other
        assert self.get("/library").status == 200

    def test_a_refresh_token_can_be_used_once(self) -> None:
        first = self.post("/auth/tokens", KIOSK).body["refresh_token"]
        self.clock.advance(3600 * 5)
        second = self.post("/auth/tokens/refresh", {"refresh_token": first})
        assert second.status == 200
        assert self.post("/auth/tokens/refresh", {"refresh_token": first}).code == "unauthorized"
        self.token = second.body["access_token"]
        assert self.get("/library").status == 200

    def test_an_access_token_refreshes_nothing(self) -> None:
        assert self.post("/auth/tokens/refresh", {"refresh_token": self.token}).code == "unauthorized"

    def test_a_changed_password_ends_the_account_s_tokens(self) -> None:
        self.sandbox.change_user("oak", "kiosk", password="new")
        assert self.get("/library").code == "unauthorized"
        assert self.post("/auth/tokens", KIOSK).code == "invalid_credentials"
        assert self.post("/auth/tokens", {**KIOSK, "password": "new"}).status == 200

    def test_a_token_loses_what_its_account_loses(self) -> None:
        for change, code in (
            ({"status": "Inactive"}, "account_inactive"),
            ({"status": "Active", "groups": ["Library Member"]}, "permission_missing"),
            ({"groups": ["Library Staff"], "sip2_activated": False}, "sip2_not_activated"),
        ):
            self.sandbox.change_user("oak", "kiosk", **change)
            reply = self.get("/library")
            assert (reply.status, reply.code) == (403, code)
        self.sandbox.change_user("oak", "kiosk", sip2_activated=True)
        assert self.get("/library").status == 200
        self.sandbox.change_library("oak", sip2={"enabled": False})
        assert self.get("/library").code == "sip2_disabled"
