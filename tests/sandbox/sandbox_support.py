"""A client of the sandbox for tests: it goes through HTTP, without a socket, and time is an argument."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

from attrs import frozen
from treq.testing import StubTreq
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from sip2gw.sandbox import Sandbox

NOON = 1_790_000_000.0
"""2026-09-21T14:13:20Z; a Monday, in New York as well."""


def library(**changes: Any) -> dict[str, Any]:
    """A library with two members and three titles, one of which has two copies."""
    return {
        "nickname": "oak",
        "preferences": {"fee_limit": "5.00", "booking_time_days": 10, **changes.pop("preferences", {})},
        "branches": ["Main", "North"],
        "users": [{"username": "kiosk", "password": "secret", "name": "Kiosk"}],
        "members": [
            {"member_no": "A1", "name": "Ann", "password": "1234"},
            {"member_no": "B2", "name": "Ben", "type": "Privileged"},
            {"member_no": "c3", "name": "Cem", "sso": True},
        ],
        "media": [
            {
                "title": "Emma",
                "isbn13": "978-0-14-143958-7",
                "copies": [{"accession_no": "1"}, {"accession_no": "2", "branch": "North", "barcode": "B-2"}],
            },
            {"title": "Atlas", "copies": [{"accession_no": "3"}]},
            {"title": "Lexicon", "copies": [{"accession_no": "4", "circulation": False}]},
        ],
        **changes,
    }


@frozen
class Reply:
    """One response, its body read as JSON."""

    status: int
    body: Any
    headers: dict[str, str]

    @property
    def code(self) -> str:
        return str(self.body["code"])


class SandboxCase(SynchronousTestCase):
    """A sandbox with the library `oak`, and an account that is signed in."""

    preferences: dict[str, Any] = {}  # noqa: RUF012 (a test class sets its own)

    def setUp(self) -> None:
        self.clock = Clock()
        self.clock.advance(NOON)
        self.open({"libraries": [library(preferences=dict(self.preferences))]})

    def open(self, data: Any, **options: Any) -> Sandbox:
        """Start a sandbox with this data, and sign in at its first library."""
        self.sandbox = Sandbox(data, clock=self.clock, **options)
        self.addCleanup(self.sandbox.close)
        self.nickname = data["libraries"][0]["nickname"] if data else "riverside"
        self.token = ""
        self.token = self.sign_in(data["libraries"][0]["users"][0]) if data else ""
        self.sandbox.forget()
        return self.sandbox

    def sign_in(self, user: dict[str, Any]) -> str:
        """The access token of an account."""
        body = {"username": user["username"], "password": user["password"], "scope": "sip2"}
        return str(self.post("/auth/tokens", body).body["access_token"])

    def ask(
        self, method: str, path: str, body: Any = None, *, headers: Any = None, raw: bytes | None = None
    ) -> Reply:
        """One request; `path` is below the library's base, unless it starts with `//`."""
        given = {"Content-Type": "application/json", **(headers or {})}
        if self.token:
            given.setdefault("Authorization", f"Bearer {self.token}")
        url = (
            f"http://sandbox{path[1:]}"
            if path.startswith("//")
            else f"http://sandbox/{self.nickname}/api/v1{path}"
        )
        content = raw if raw is not None else (None if body is None else json.dumps(body).encode())
        treq = StubTreq(self.sandbox.resource)

        async def exchange() -> Reply:
            response = await treq.request(method, url, data=content, headers=given, allow_redirects=False)
            text = await response.content()
            found = {
                name.decode().lower(): values[0].decode()
                for name, values in response.headers.getAllRawHeaders()
            }
            return Reply(response.code, json.loads(text) if text else None, found)

        answered: Deferred[Reply] = Deferred.fromCoroutine(exchange())
        treq.flush()
        return self.successResultOf(answered)

    def get(self, path: str, **headers: str) -> Reply:
        """A read."""
        return self.ask("GET", path, headers=headers)

    def post(self, path: str, body: Any = None, key: str | None = None) -> Reply:
        """A write."""
        return self.ask(
            "POST", path, {} if body is None else body, headers={"Idempotency-Key": key} if key else {}
        )

    def member(self, number: str, **more: Any) -> dict[str, Any]:
        """The member with this number, as the API shows it."""
        found: dict[str, Any] = self.post("/members/find", {"member_no": number, **more}).body
        return found

    def listed(self, number: str, kind: str, **page: int) -> list[dict[str, Any]]:
        """A list of a member's, or a page of it."""
        found = self.member(number, list={"kind": kind, **page})["page"]
        return list(found["fees" if kind == "fees" else "bookings"])

    def copy(self, accession_no: str) -> dict[str, Any]:
        """The one copy with this accession number."""
        found: dict[str, Any] = self.post(
            "/copies/find", {"identifier": accession_no, "types": ["accession"]}
        ).body
        return found

    def issue(self, member_no: str, accession_no: str, key: str | None = None, **more: Any) -> Reply:
        """Lend a copy."""
        return self.post("/loans", {"member_no": member_no, "identifier": accession_no, **more}, key)

    def extend(self, member_no: str, accession_no: str, key: str | None = None, **more: Any) -> Reply:
        """Extend a loan."""
        return self.post("/loans/extend", {"member_no": member_no, "identifier": accession_no, **more}, key)

    def reserve(self, member_no: str, accession_no: str, key: str | None = None, **more: Any) -> Reply:
        """Reserve the title of a copy."""
        return self.post("/reservations", {"member_no": member_no, "identifier": accession_no, **more}, key)

    def give_back(self, accession_no: str, key: str | None = None, **more: Any) -> Reply:
        """Return a copy."""
        return self.post("/returns", {"identifier": accession_no, **more}, key)

    def days(self, number: float) -> None:
        """Let days pass, and the token with them; sign in again."""
        self.clock.advance(number * 86400)
        self.token = self.sign_in({"username": "kiosk", "password": "secret"})


_SERVE = """
import sys
from twisted.internet import reactor
from sip2gw.sandbox import Sandbox
port = reactor.listenTCP(0, Sandbox().site(), interface="127.0.0.1")
print(port.getHost().port, flush=True)
reactor.run()
"""


def start_sandbox() -> tuple[subprocess.Popen[bytes], int]:
    """The default sandbox in a process of its own, and its port."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    process = subprocess.Popen([sys.executable, "-c", _SERVE], stdout=subprocess.PIPE, env=environment)
    assert process.stdout is not None
    return process, int(process.stdout.readline())
