"""The switches under `/control`: the sandbox's methods over HTTP, for this machine only."""

from __future__ import annotations

from sandbox_support import SandboxCase
from twisted.internet.address import IPv4Address, IPv6Address, UNIXAddress

from sip2gw.sandbox.control import local


class ControlTests(SandboxCase):
    """Every switch."""

    def control(self, method: str, name: str, body: object = None) -> object:
        reply = self.ask(method, f"//control/{name}", body)
        return reply.body if reply.status in (200, 204) else (reply.status, reply.code)

    def test_misbehaviour_is_switched_on_and_off(self) -> None:
        rule = {"library": "oak", "endpoint": "get_health", "what": "error", "status": 503, "times": 2}
        assert self.control("POST", "misbehave", rule) is None
        assert self.get("/health").status == 503
        assert self.control("DELETE", "misbehave") is None
        assert self.get("/health").status == 200

    def test_a_refusal_without_an_end_is_not_accepted(self) -> None:
        assert self.control("POST", "misbehave", {"what": "refuse"}) == (422, "validation_failed")
        assert self.control("POST", "misbehave", {"what": "refuse", "times": 1}) is None
        assert self.control("POST", "misbehave", {"what": "refuse", "library": "oak"}) is None

    def test_the_ledger_and_the_counts_of_requests_are_shown(self) -> None:
        self.issue("A1", "1")
        ledger = self.control("GET", "ledger?library=oak")
        assert [entry["kind"] for entry in ledger["items"]] == ["loan"]  # type: ignore[index]
        assert self.control("GET", "ledger?library=elm") == {"items": []}
        counts = {"issue": 1}
        assert self.control("GET", "requests") == {"libraries": {"oak": counts}}
        self.control("DELETE", "ledger")
        self.control("DELETE", "requests?library=elm")
        assert self.control("GET", "ledger") == {"items": []}
        assert self.control("GET", "requests") == {"libraries": {"oak": counts}}
        self.control("DELETE", "requests")
        assert self.control("GET", "requests") == {"libraries": {}}
        assert self.copy("1")["current_booking"] is not None

    def test_keys_accounts_and_libraries_can_be_changed(self) -> None:
        assert self.control("POST", "idempotency", {"honoured": False}) is None
        self.issue("A1", "1", "k")
        assert self.issue("A1", "1", "k").status == 409
        assert (
            self.control("POST", "libraries", {"nickname": "oak", "preferences": {"requests": False}}) is None
        )
        assert self.reserve("A1", "3").code == "requests_disabled"
        change = {"library": "oak", "username": "kiosk", "sip2_activated": False}
        assert self.control("POST", "users", change) is None
        assert self.get("/library").code == "sip2_not_activated"

    def test_a_reset_begins_again_from_the_data(self) -> None:
        self.issue("A1", "1")
        self.sandbox.misbehave("error", endpoint="get_library")
        assert self.control("POST", "reset") is None
        assert self.sandbox.ledger() == []
        assert self.get("/library").status == 401
        self.token = self.sign_in({"username": "kiosk", "password": "secret"})
        assert self.copy("1")["current_booking"] is None

    def test_a_fault_of_a_switch_is_named(self) -> None:
        for method, name, body, status in (
            ("GET", "nothing", None, 404),
            ("GET", "misbehave", None, 405),
            ("POST", "misbehave", [], 422),
            ("POST", "misbehave", {}, 422),
            ("POST", "idempotency", {"honoured": 1}, 422),
            ("POST", "users", {"library": "oak"}, 422),
            ("POST", "users", {"library": "oak", "username": "x"}, 404),
            ("POST", "users", {"library": "elm", "username": "x"}, 404),
            ("POST", "users", {"library": "oak", "username": "kiosk", "status": "Gone"}, 422),
            ("POST", "libraries", {"nickname": "oak", "plan": "gold"}, 422),
            ("POST", "libraries", {"nickname": "oak", "preferences": {"renewals": "many"}}, 422),
            ("POST", "libraries", {"nickname": "oak", "preferences": 5}, 422),
        ):
            reply = self.ask(method, f"//control/{name}", body)
            assert reply.status == status, (method, name, body)
        assert self.ask("POST", "//control/misbehave", raw=b"{").status == 400

    def test_only_this_machine_reaches_the_switches(self) -> None:
        for address, allowed in (
            (IPv4Address("TCP", "127.0.0.1", 1), True),
            (IPv4Address("TCP", "127.9.9.9", 1), True),
            (IPv6Address("TCP", "::1", 1), True),
            (UNIXAddress(b"/tmp/socket"), True),
            (IPv4Address("TCP", "192.0.2.1", 1), False),
            (IPv6Address("TCP", "fe80::1%eth0", 1), False),
        ):
            assert local(address) is allowed, address
