"""A terminal at a real gateway, and the operator who looks: from a card number to the call, and to the disconnect."""

import sys
from datetime import datetime
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory

from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import TCP4ClientEndpoint, connectProtocol
from twisted.protocols.basic import LineReceiver
from twisted.trial.unittest import TestCase

from board.support import HASH, Browser
from sip2gw.board import operators
from sip2gw.demo import Demo
from sip2gw.store.upkeep import bring_up_to_date, run_once

LOGIN = "9300CNkiosk@riverside.example|COkiosk-secret|CPMain|AOriverside|"
CHECKOUT = f"11YN{datetime.now():%Y%m%d    %H%M%S}                  AOriverside|AAM-1001|AB10001|AC|AD1234|"
UNKNOWN = CHECKOUT.replace("AB10001", "AB99999")
SECRETS = "M-1001", "kiosk-secret", "1234|", "Emma", "kiosk@riverside.example", "CO***kiosk"


class Terminal(LineReceiver):
    """A terminal that sends a line and waits for the answer."""

    delimiter = b"\r"

    def __init__(self) -> None:
        self.gone: Deferred[None] = Deferred()
        self._answer: Deferred[str] = Deferred()

    def ask(self, line: str) -> Deferred[str]:
        """Return the answer to a line."""
        self._answer = Deferred()
        self.sendLine(line.encode())
        return self._answer

    def lineReceived(self, line: bytes) -> None:
        self._answer.callback(line.decode())

    def connectionLost(self, reason) -> None:
        self.gone.callback(None)


class Stories(TestCase):
    timeout = 60

    async def setUp(self) -> None:
        kept = TemporaryDirectory()
        self.addCleanup(kept.cleanup)
        self.patch(sys, "__stdout__", StringIO())
        store = Path(kept.name) / "sip2gw.sqlite3"
        bring_up_to_date(store)
        run_once(store, lambda tx: operators.keep(tx, "ann", HASH), write=True)
        ports = dict.fromkeys(("tls-port", "plain-port", "admin-port", "sandbox-port"), 0)
        demo = Demo({**ports, "demo-data": None, "state-dir": kept.name, "workers": 1}, reactor)
        demo.privilegedStartService()
        demo.startService()
        self.addCleanup(demo.stopService)
        address = demo.gateway.listeners[1].port.getHost()
        self.terminal = await connectProtocol(
            TCP4ClientEndpoint(reactor, "127.0.0.1", address.port), Terminal()
        )
        self.addCleanup(self.terminal.transport.loseConnection)
        assert await self.terminal.ask(LOGIN) == "941"
        self.browser = Browser(f"http://127.0.0.1:{demo.gateway.admin_listener.port.getHost().port}")
        assert (await self.browser.log_in()).code == 303

    async def test_a_card_number_leads_to_the_exchange_and_its_call(self) -> None:
        assert (await self.terminal.ask(UNKNOWN)).startswith("120")
        form = {
            "csrf": await self.browser.csrf(),
            "kind": "patron",
            "number": "M-1001",
            "library": "riverside",
        }
        found = await self.browser.post("/board/exchanges/search", form)
        (row,) = (await self.browser.get(found.header("location") + "&json")).json()["rows"]
        assert (row["outcome"], row["code"]) == ("refused", "copy_not_found")
        page = await self.browser.get(f"/board/exchanges/{row['ref']}")
        assert "copy_not_found" in page.text
        assert "X-Request-Id" in page.text
        (library,) = [
            one
            for one in (await self.browser.get("/board/libraries?json")).json()["rows"]
            if one["terminals"]
        ]
        assert (library["library"], library["top_code"]) == ("riverside", "copy_not_found")

    async def test_an_operator_traces_and_disconnects_a_terminal(self) -> None:
        (row,) = (await self.browser.get("/board/terminals?json")).json()["rows"]
        path = f"/board/terminals/{row['conn']}"
        form = {"csrf": await self.browser.csrf(), "why": "it says offline"}
        assert (await self.browser.post(f"{path}/trace", form)).code == 303
        await self.terminal.ask(CHECKOUT)
        (trace,) = (await self.browser.get("/board/traces?json")).json()["rows"]
        lines = (await self.browser.get(f"/board/traces/{trace['trace']}")).text
        assert "> 11YN" in lines
        assert not any(secret in lines for secret in SECRETS)
        assert (await self.browser.post(f"{path}/disconnect", form)).code == 303
        await self.terminal.gone

    async def test_no_page_has_a_card_number_a_name_or_a_password(self) -> None:
        await self.terminal.ask(CHECKOUT)
        await self.terminal.ask(UNKNOWN)
        (row,) = (await self.browser.get("/board/terminals?json")).json()["rows"]
        refs = [one["ref"] for one in (await self.browser.get("/board/exchanges?json")).json()["rows"]]
        paths = [
            "", "libraries", "libraries/riverside", "terminals", f"terminals/{row['conn']}", "exchanges", "door",
            "traces", "journal", "configuration", "audit", *(f"exchanges/{ref}" for ref in refs if ref),
        ]  # fmt: skip
        for path in paths:
            for form in ("", "?json"):
                answer = await self.browser.get(f"/board/{path}{form}")
                assert answer.code == 200, path
                assert not [secret for secret in SECRETS if secret in answer.text], path
