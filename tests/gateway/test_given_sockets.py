"""A terminal's client certificate takes the place of its login, over real sockets."""

from datetime import UTC, datetime
from typing import Any

from treq.testing import StubTreq
from twisted.internet import reactor

from sip2gw.gateway import TerminalFactory
from sip2gw.gateway.given import EndpointFactory, Given
from sip2gw.librarika import Librarika
from sip2gw.library import Credentials
from sip2gw.sandbox import Sandbox
from sip2gw.session import Login
from sip2gw.tenants import Directory
from sip2gw.tls.clients import ClientFiles
from sip2gw.tls.contexts import TLSFiles

from .servers import AServer

KIOSK = Login(Credentials("kiosk@riverside.example", "kiosk-secret"), "riverside")


class GivenCertificateTests(AServer):
    def setUp(self) -> None:
        super().setUp()
        self.authority.write_pair(self.folder / "tls.pem", "localhost")
        (self.folder / "ca.pem").write_bytes(self.authority.pem)
        for name in ("kiosk-1", "kiosk-2"):
            self.authority.write_client(self.folder / f"{name}.pem", name)
        sandbox = Sandbox(clock=reactor)
        self.addCleanup(sandbox.close)
        librarika = Librarika(reactor, "http://localhost/{library}/api/v1", http=StubTreq(sandbox.resource))
        directory = Directory(librarika, clock=lambda: datetime.now(UTC))
        terminals = TerminalFactory(directory, reactor=reactor)
        files = ClientFiles(self.folder / "ca.pem", required=False)
        door = EndpointFactory(terminals, (Given(KIOSK, certificate="kiosk-1"),))
        self.serve(TLSFiles(self.folder / "tls.pem", None, files), door)

    async def greeted(self, **how: Any) -> bytes:
        return (await self.visit(**how)).echo

    async def test_K13_the_terminal_with_the_certificate_needs_no_93(self) -> None:
        assert b"AOriverside|" in await self.greeted(client=self.folder / "kiosk-1.pem")

    async def test_K13_another_certificate_or_none_gives_no_library(self) -> None:
        assert b"AO|" in await self.greeted(client=self.folder / "kiosk-2.pem")
        assert b"AO|" in await self.greeted()
