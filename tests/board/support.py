"""A board on a real socket, with a real store in a file; a browser that keeps cookies; a record with hostile texts."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from treq.client import HTTPClient
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import TCP4ServerEndpoint
from twisted.internet.protocol import Protocol
from twisted.trial.unittest import TestCase
from twisted.web.client import Agent
from twisted.web.http_headers import Headers

from sip2gw.admin.guard import Guard
from sip2gw.admin.health import Health, Status, site
from sip2gw.board import operators
from sip2gw.board.other_machines import Others
from sip2gw.config import Admin, Config
from sip2gw.config.endpoint import Endpoint
from sip2gw.connect.invitations import Invitations
from sip2gw.journal.crypto import Keys
from sip2gw.log.tags import Tags
from sip2gw.metrics import Metrics
from sip2gw.seats import InMemory
from sip2gw.secret import Secret
from sip2gw.store import SQLiteStore
from sip2gw.wiring.board import Configured, make_board

PASSWORD = "correct horse battery"
HOSTILE = "<script>alert(1)</script>"
ANSI = "\x1b[31mHall\x07"
EXCHANGE = {
    "at": 1_790_000_000.0, "ref": "K7Q2", "conn": "c7f3a", "seq": 12, "library": "riverside", "terminal": ANSI,
    "message": "11", "outcome": "refused", "code": HOSTILE, "ms": 3.0, "patron": "p:e8ee21", "item": "i:77d0b2",
    "network": "203.0.113.0/24", "profile": "generic-kiosk", "why": HOSTILE,
    "api": [["checkout", 404, 3.0, "827d42fb"]],
}  # fmt: skip
TERMINAL = {
    "conn": "c7f3a", "library": "riverside", "terminal": ANSI, "state": "idle", "network": "203.0.113.0/24",
    "profile": "generic-kiosk", "since": 1_790_000_000.0, "idle": 12.0, "requests": 7,
    "address": "203.0.113.9",
}  # fmt: skip


class Facts:
    """A record of one exchange at one terminal of each of two libraries. It notes what it is told to do."""

    def __init__(self) -> None:
        self.told: list[tuple[str, dict[str, str]]] = []
        self.tags = Tags()
        self.needs: list[dict[str, Any]] = []
        self.others: dict[str, dict[str, Any]] = {}
        """What other machines add to an answer."""

    async def ask(self, what: str, about: Mapping[str, str]) -> Any:
        """Return the answer to a question."""
        answer = await self._ask(what, about)
        return {**answer, **self.others.get(what, {})} if answer is not None else None

    async def _ask(self, what: str, about: Mapping[str, str]) -> Any:
        if what != "search":
            self.told.append((what, dict(about)))
        other = {**EXCHANGE, "ref": "Z9Z9", "library": "hillside", "conn": "aaaaa"}
        match what:
            case "now":
                return {
                    "needs": self.needs,
                    "tiles": [{"name": "terminals", "value": 2}],
                    "graph": [1.0, 2.0],
                }
            case "libraries":
                return {"rows": [{"library": name, "state": "online"} for name in ("riverside", "hillside")]}
            case "library":
                return (
                    {"library": about["library"]} if about["library"] in ("riverside", "hillside") else None
                )
            case "terminals":
                rows = [TERMINAL, {**TERMINAL, "conn": "aaaaa", "library": "hillside"}]
            case "exchanges":
                rows = [EXCHANGE, other]
            case "traces":
                return {"rows": [{"trace": "aa", "target": HOSTILE, "began": 1.0, "ends": 2.0, "runs": True}]}
            case "trace_lines":
                return {"text": "> 11 redacted\n"} if about["trace"] == "aa" else None
            case "search":
                make = self.tags.patron if about["kind"] == "patron" else self.tags.item
                return {"tag": make(about["library"], about["number"]), "rows": []}
            case "exchange":
                return {"K7Q2": EXCHANGE, "Z9Z9": other}.get(about["ref"])
            case "trace":
                return {"trace": "aa", **about}
            case "terminal" | "disconnect":
                return {"c7f3a": TERMINAL, "aaaaa": {**TERMINAL, "library": "hillside"}}.get(about["conn"])
            case _:
                rows = [
                    {
                        "network": HOSTILE,
                        "rung": "account",
                        "reason": ANSI,
                        "count": 3,
                        "last": 1_790_000_000.0,
                    }
                ]
        return {"rows": [one for one in rows if about.get("library") in (None, one.get("library"))]}


class Answer:
    """What a browser got."""

    def __init__(self, code: int, headers: Headers, body: bytes) -> None:
        self.code = code
        self.headers = headers
        self.text = body.decode()

    def header(self, name: str) -> str | None:
        """Return a header; None if there is none."""
        found = self.headers.getRawHeaders(name)
        return found[0] if found else None

    @property
    def csrf(self) -> str:
        """The token of the forms on the page."""
        found = re.search(r'name="csrf" value="([^"]+)"', self.text)
        assert found is not None, self.text
        return found[1]

    def json(self) -> Any:
        """Return the page's content."""
        return json.loads(self.text)


class Browser:
    """A client with cookies of its own, which follows no redirect."""

    def __init__(self, base: str) -> None:
        self.base = base
        self._client = HTTPClient(Agent(reactor))
        self.cookie = ""
        self.headers: dict[str, str] = {}

    async def get(self, path: str, **headers: str) -> Answer:
        """Load a page."""
        return await self.send("GET", path, None, headers)

    async def post(self, path: str, form: Mapping[str, str], **headers: str) -> Answer:
        """Send a form."""
        kind = {"content-type": "application/x-www-form-urlencoded"}
        return await self.send("POST", path, urlencode(form).encode(), {**kind, **headers})

    async def log_in(self, name: str = "ann", password: str = PASSWORD) -> Answer:
        """Log in, and return the first page's answer."""
        return await self.post("/board/login", {"name": name, "password": password})

    async def stream(self, path: str, collected: Protocol) -> None:
        """Have `collected` get the events of a page."""
        response = await self._client.get(self.base + path, headers={"cookie": self.cookie}, unbuffered=True)
        assert response.headers.getRawHeaders("content-type") == ["text/event-stream"]
        response.original.deliverBody(collected)

    async def csrf(self) -> str:
        """Return the token of the session's forms."""
        return (await self.get("/board/")).csrf

    async def send(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Send a request."""
        given = {name.replace("_", "-"): value for name, value in {**self.headers, **(headers or {})}.items()}
        if self.cookie:
            given["cookie"] = self.cookie
        response = await self._client.request(
            method, self.base + path, headers=given, data=body, allow_redirects=False, unbuffered=True
        )
        for cookie in response.headers.getRawHeaders("set-cookie") or ():
            self.cookie = cookie.partition(";")[0]
        return Answer(response.code, response.headers, await response.content())


class Collected(Protocol):
    """What a stream has sent, as text."""

    def __init__(self) -> None:
        self.text = ""
        self._waiting: list[tuple[str, Deferred[None]]] = []

    def dataReceived(self, data: bytes) -> None:
        self.text += data.decode()
        for wanted, waiting in list(self._waiting):
            if wanted in self.text:
                self._waiting.remove((wanted, waiting))
                waiting.callback(None)

    def until(self, wanted: str) -> Deferred[None]:
        """Fire as soon as it has been sent."""
        waiting: Deferred[None] = Deferred()
        self._waiting.append((wanted, waiting))
        self.dataReceived(b"")
        return waiting.addTimeout(20, reactor)


class BoardCase(TestCase):
    """A board at `base`, with `facts` as its record and the account ann. `admin` says how it may be entered."""

    admin = Admin(Endpoint.read("tcp:0:interface=127.0.0.1"), board=True)
    accounts = True

    async def setUp(self) -> None:
        self.store = SQLiteStore(self.folder() / "store", reactor)
        self.store.start()
        self.addCleanup(lambda: Deferred.fromCoroutine(self.store.close()))
        self.metrics = Metrics()
        self.facts = Facts()
        config = Config(listen=(), admin=self.admin)
        configured = Configured(config, lambda: self.metrics.registry)
        self.invitations = Invitations(self.store)
        self.seats = InMemory(reactor.seconds)
        opened = self.store, Keys([bytes(32)]), self.seats
        board = make_board(config, reactor, self.facts, opened, configured, self.invitations, self.others())
        assert board is not None
        self.board = board
        if self.accounts:
            await self.store.change(lambda tx: operators.keep(tx, "ann", HASH))
        made = site(
            lambda: Health(Status.OK, "1", terminals=0), guard=Guard(Secret("x" * 32)), metrics=self.metrics,
            status=lambda: Status.OK, own={"board": board},
        )  # fmt: skip
        port = await TCP4ServerEndpoint(reactor, 0, interface="127.0.0.1").listen(made)
        self.addCleanup(port.stopListening)
        self.base = f"http://127.0.0.1:{port.getHost().port}"
        self.browser = Browser(self.base)

    def others(self) -> Others | None:
        """Return the machines that share the store."""
        return None

    def folder(self) -> Path:
        """Return a new folder."""
        path = Path(self.mktemp())
        path.mkdir(parents=True)
        return path

    async def audited(self) -> list[tuple[str, str, str, str]]:
        """Return the audit table, the oldest row first."""
        rows = await self.store.read(lambda tx: tx.rows("SELECT * FROM audit ORDER BY id"))
        return [(row["who"], row["what"], row["subject"], row["why"]) for row in rows]


HASH = operators.hashed(Secret(PASSWORD))
