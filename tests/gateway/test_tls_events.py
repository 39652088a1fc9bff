"""What the door publishes about TLS, over real sockets: version, server name, and why a handshake failed."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from io import StringIO
from typing import Any

from treq.testing import StubTreq
from twisted.internet import reactor
from twisted.internet.threads import deferToThread
from twisted.logger import globalLogPublisher, textFileLogObserver

from sip2gw.events import Closed, LoggedIn, Noticed, Opened, Secured
from sip2gw.gateway import TerminalFactory
from sip2gw.librarika import Librarika
from sip2gw.log import Log, LogSettings
from sip2gw.sandbox import Sandbox
from sip2gw.tenants import Directory
from sip2gw.tls.contexts import TLSFiles

from .desk import LOGIN
from .servers import AServer
from .sockets import say_in_clear


class TLSEvents(AServer):
    def setUp(self) -> None:
        super().setUp()
        self.authority.write_pair(self.folder / "tls.pem", "sip2.example")
        sandbox = Sandbox(clock=reactor)
        self.addCleanup(sandbox.close)
        librarika = Librarika(reactor, "http://localhost/{library}/api/v1", http=StubTreq(sandbox.resource))
        terminals = TerminalFactory(Directory(librarika, clock=lambda: datetime.now(UTC)), reactor=reactor)
        self.events: list[Any] = []
        terminals.events.subscribe(self.events.append)
        self.listener = self.serve(TLSFiles(self.folder / "tls.pem"), terminals)

    async def closed(self) -> list[Any]:
        """Return all events, once the connection has ended."""
        await self.until(lambda: self.events and isinstance(self.events[-1], Closed))
        return self.events

    def one(self, kind: type) -> Any:
        [found] = [event for event in self.events if type(event) is kind]
        return found

    async def test_a_handshake_says_version_server_name_and_certificate(self) -> None:
        await self.visit(name="sip2.example")
        await self.closed()
        assert self.one(Opened).where == f"TLS port {self.port}"
        secured = self.one(Secured)
        assert (secured.version, secured.failure) == ("TLSv1.3", "")
        assert (secured.server_name, secured.names) == ("sip2.example", ("sip2.example",))
        assert not [event for event in self.events if isinstance(event, Noticed)]

    async def test_another_server_name_is_held_against_the_certificate(self) -> None:
        await self.visit(name="kiosk.example")
        await self.closed()
        noticed = self.one(Noticed)
        assert noticed.text == "it asked for the server 'kiosk.example'; the certificate has sip2.example"

    async def test_a_client_that_rejects_the_certificate_names_its_server(self) -> None:
        assert await self.failure(trusted=self.folder / "tls.pem") != "no failure"
        await self.closed()
        assert "certificate" in self.one(Secured).failure
        assert self.one(Closed).by == "gateway"

    async def test_plain_sip2_and_other_bytes_on_the_tls_port_are_named(self) -> None:
        for first, words in (
            (
                LOGIN.encode() + b"\r",
                "it speaks plain SIP2 to the TLS port; switch TLS on at the terminal, or put stunnel in between",
            ),
            (b"hello\r", "it speaks no TLS (first bytes: 68 65 6c 6c)"),
            (b"GET / HTTP/1.1\r\n", "it speaks HTTP"),
        ):
            self.events.clear()
            await deferToThread(say_in_clear, self.port, first)
            await self.closed()
            assert self.one(Secured).failure == words
            assert not [event for event in self.events if isinstance(event, LoggedIn)]

    async def test_the_json_form_is_one_object_for_each_line(self) -> None:
        file = StringIO()
        observer = textFileLogObserver(file)
        globalLogPublisher.addObserver(observer)
        log = Log(globalLogPublisher, LogSettings("debug", "json"))
        log.begin()
        try:
            await self.visit(name="kiosk.example")
            await self.closed()
            await deferToThread(say_in_clear, self.port, b"hello\r")
        finally:
            log.end()
            globalLogPublisher.removeObserver(observer)
        found = [json.loads(line) for line in file.getvalue().splitlines()]
        kinds = [one["event"] for one in found if one["event"] != "note"]
        assert kinds[:3] == ["opened", "secured", "noticed"]
        assert {one["time"][-1] for one in found} == {"Z"}
        assert any("speaks no TLS" in one.get("text", "") for one in found)
