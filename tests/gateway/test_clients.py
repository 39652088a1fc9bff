"""A client certificate is a terminal's identity; a wrong one ends the handshake before anything is said."""

from datetime import UTC, datetime
from pathlib import Path
from ssl import DER_cert_to_PEM_cert
from typing import Any

import pytest
from treq.testing import StubTreq
from twisted.internet import reactor

from sip2gw.faults import Wrong
from sip2gw.gateway import TerminalFactory
from sip2gw.librarika import Librarika
from sip2gw.sandbox import Sandbox
from sip2gw.tenants import Directory
from sip2gw.tls.certificates import name_of, read_authorities
from sip2gw.tls.clients import ClientFiles
from sip2gw.tls.contexts import TLSFiles

from .authority import Authority
from .servers import AServer
from .sockets import Seen

AUTHORITY = Authority()

MALFORMED = (
    (b"\x0c\x07kiosk-1", b"\x13\x07kio\xff\xfe-1"),  # no characters of a PrintableString
    (b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x08"),  # version 9
)


class Watching(TerminalFactory):
    """Notes who each of its terminals was, when it leaves, and what was heard of it."""

    def __init__(self, directory: Directory) -> None:
        super().__init__(directory, reactor=reactor)
        self.seen: list[tuple[str, str]] = []
        self.lines = 0

    def buildProtocol(self, addr: Any) -> Any:
        protocol = super().buildProtocol(addr)
        serve = protocol.serve

        async def counted(line: bytes, early: bool) -> bool:
            self.lines += 1
            self.seen.append((protocol.peer.certificate, protocol.peer.address))
            return await serve(line, early)

        protocol.serve = counted
        return protocol


class ClientCertificateTests(AServer):
    def setUp(self) -> None:
        super().setUp()
        self.authority.write_pair(self.folder / "tls.pem", "localhost")
        (self.folder / "ca.pem").write_bytes(self.authority.pem)
        self.kiosk = self.folder / "kiosk.pem"
        self.certificate = self.authority.write_client(self.kiosk, "kiosk-1", "kiosk-1.example.org")
        self.crl = self.folder / "crl.pem"
        self.sandbox = Sandbox(clock=reactor)
        self.addCleanup(self.sandbox.close)

    def serve_clients(self, *, required: bool = True, revoked: bool = False) -> None:
        http = StubTreq(self.sandbox.resource)
        librarika = Librarika(reactor, "http://localhost/{library}/api/v1", http=http)
        files = ClientFiles(self.folder / "ca.pem", required, self.crl if revoked else None)
        self.terminals = Watching(Directory(librarika, clock=lambda: datetime.now(UTC)))
        self.listener = self.serve(TLSFiles(self.folder / "tls.pem", None, files), self.terminals)

    async def served(self, **how: Any) -> Seen:
        seen = await self.visit(**how)
        assert seen.echo.startswith(b"98"), "the gateway itself has answered"
        return seen

    async def refused(self, says: str, client: Path | None = None) -> None:
        """The handshake fails, nothing is heard, and it is told why."""
        before = self.handshakes("refused"), self.terminals.lines
        assert await self.failure(client=client) != "no failure"
        await self.until(lambda: self.handshakes("refused") == before[0] + 1)
        await self.until(lambda: not self.terminals.sessions)
        assert self.terminals.lines == before[1]
        assert self.said("info")[-1].endswith(says)
        assert not any("log_failure" in event for event in self.told)

    async def test_F20_the_name_in_the_certificate_is_the_terminal_s(self) -> None:
        self.serve_clients()
        await self.served(client=self.kiosk)
        self.authority.write_client(self.folder / "unnamed.pem", "", "kiosk-2.example.org")
        await self.served(client=self.folder / "unnamed.pem")
        assert self.terminals.seen == [("kiosk-1", "127.0.0.1"), ("kiosk-2.example.org", "127.0.0.1")]

    async def test_F20_required_means_that_none_is_refused(self) -> None:
        self.serve_clients()
        await self.refused("it has no client certificate")

    async def test_F20_an_optional_certificate_may_be_missing_but_not_wrong(self) -> None:
        self.serve_clients(required=False)
        await self.served()
        await self.served(client=self.kiosk)
        assert [name for name, _ in self.terminals.seen] == ["", "kiosk-1"]
        foreign = self.folder / "foreign.pem"
        Authority("Another Authority").write_client(foreign, "kiosk-1")
        await self.refused("its certificate is not from client_authorities", foreign)

    async def test_F20_foreign_expired_and_server_certificates_are_refused(self) -> None:
        self.serve_clients()
        own, foreign, expired = (self.folder / name for name in ("own.pem", "foreign.pem", "expired.pem"))
        self.authority.write_pair(own, "localhost")
        await self.refused("its certificate is not for clients", own)
        Authority("Test Authority").write_client(foreign, "kiosk-1")  # of the same name, with another key
        await self.refused("its certificate is not from client_authorities", foreign)
        self.authority.write_client(expired, "kiosk-1", days=-2)
        await self.refused("its certificate has expired", expired)

    async def test_F20_one_that_only_OpenSSL_can_read_is_refused(self) -> None:
        self.serve_clients()
        odd = self.folder / "odd.pem"
        for old, new in MALFORMED:
            made, key = self.authority.issue("kiosk-1", client=True)
            odd.write_text(DER_cert_to_PEM_cert(self.authority.sign_anew(made, old, new)))
            with odd.open("ab") as file:
                file.write(key)
            await self.refused("its certificate is malformed", odd)
        assert self.handshakes("refused") == len(MALFORMED)
        await self.served(client=self.kiosk)

    async def test_F20_a_revoked_certificate_is_refused_without_a_restart(self) -> None:
        self.crl.write_bytes(self.authority.revoke())
        self.serve_clients(revoked=True)
        await self.served(client=self.kiosk)
        self.crl.write_bytes(self.authority.revoke(self.certificate))
        self.listener.tls.look()
        await self.refused("its certificate is revoked", self.kiosk)
        self.crl.write_bytes(b"half a li")
        self.listener.tls.look()
        self.listener.tls.look()
        await self.refused("its certificate is revoked", self.kiosk)
        assert "client_authorities changed and can't be used" in self.said("error")[0]

    async def test_F20_an_expired_revocation_list_refuses_all_and_health_warns(self) -> None:
        self.crl.write_bytes(self.authority.revoke(days=2))
        self.serve_clients(revoked=True)
        assert self.listener.warnings(14) == ("the revocation list of the door expires in 1 days",)
        await self.served(client=self.kiosk)
        self.crl.write_bytes(self.authority.revoke(days=-1))
        self.listener.tls.look()
        await self.refused("its certificate can't be checked: the revocation list has expired", self.kiosk)
        [warning] = self.listener.warnings(14)
        assert warning.endswith("has expired: no client certificate is accepted")

    async def test_a_revocation_list_of_another_authority_is_a_fault(self) -> None:
        self.crl.write_bytes(Authority("Another Authority").revoke())
        with pytest.raises(Wrong, match="none of client_authorities has signed"):
            self.serve_clients(revoked=True)


@pytest.mark.parametrize("name", ["kiosk-1", "Bücherei Süd", "kiosk\r\n-1", "\u202ekiosk", "kiosk\0"])
def test_the_name_of_any_certificate_is_printable(name):
    certificate, _ = AUTHORITY.issue(name, client=True)
    shown = name_of(certificate)
    assert len(shown) == len(name)
    assert shown.isprintable()
    assert (shown == name) == name.isprintable()


@pytest.mark.parametrize(("old", "new"), MALFORMED)
def test_a_malformed_authority_is_a_fault_of_its_file(old, new, tmp_path):
    made, _ = AUTHORITY.issue("kiosk-1")
    (tmp_path / "ca.pem").write_text(DER_cert_to_PEM_cert(AUTHORITY.sign_anew(made, old, new)))
    with pytest.raises(Wrong, match="damaged"):
        read_authorities(tmp_path / "ca.pem")


def test_a_certificate_without_a_name_has_an_empty_name():
    certificate, _ = AUTHORITY.issue()
    assert name_of(certificate) == ""
