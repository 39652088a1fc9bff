"""Over TLS nothing is sent before the certificate was found to hold: what fails until then is Unavailable."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from twisted.internet.defer import Deferred
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.ssl import PrivateCertificate
from twisted.trial.unittest import TestCase
from wire_server import BOOKING, KIOSK, Scripted, ServerCase, response, says

from sip2gw.library import Occasion, Unavailable

NOW = datetime.now(UTC)
PEM = serialization.Encoding.PEM


def certificate(address: str = "127.0.0.1", days: int = 1) -> tuple[PrivateCertificate, bytes]:
    """A self-signed certificate for an address, as a server's and as a PEM to be trusted."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, f"librarika at {address}")])
    names = x509.SubjectAlternativeName([x509.IPAddress(ip_address(address))])
    builder = x509.CertificateBuilder(
        name, name, key.public_key(), 1, NOW - timedelta(days=9), NOW + timedelta(days=days)
    )
    builder = builder.add_extension(names, critical=False)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    made = builder.sign(key, hashes.SHA256())
    form, none = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    private = key.private_bytes(PEM, form, none)
    pem = made.public_bytes(PEM)
    return PrivateCertificate.loadPEM(private + pem), pem


class Quiet(Protocol):
    """Takes a connection and says nothing."""

    def connectionMade(self) -> None:
        self.factory.came.callback(self)

    def connectionLost(self, reason: Any = None) -> None:
        self.factory.gone.callback(None)


class TLS(ServerCase, TestCase):
    """A server with a certificate of its own."""

    timeout = 120

    def serve_tls(self, shown: PrivateCertificate, trusted: bytes | None, **settings: Any) -> Any:
        self.server = Scripted()
        port = self.listen(self.server, shown.options())
        self.addCleanup(self._hang_up)
        trust = None
        if trusted is not None:
            folder = TemporaryDirectory()
            self.addCleanup(folder.cleanup)
            trust = Path(folder.name, "trust.pem")
            trust.write_bytes(trusted)
        return self.adapter(f"https://127.0.0.1:{port}/{{library}}/api/v1", trust=trust, **settings)

    async def test_a_certificate_that_holds(self) -> None:
        shown, pem = certificate()
        library = await self.serve_tls(shown, certificate("10.0.0.1")[1] + pem)("riverside", KIOSK)
        self.assertEqual((await library.patron("M-1001")).patron.name, "Amina Rahman")
        self.assertEqual(len(self.server.connections), 1, "it is kept, and used again")

    async def refused(self, shown: PrivateCertificate, trusted: bytes | None) -> None:
        librarika = self.serve_tls(shown, trusted)
        with self.assertRaisesRegex(Unavailable, "not connected .*(certificate|VerificationError)"):
            await librarika("riverside", KIOSK)
        self.assertEqual(self.server.requests, [])

    async def test_F71_a_certificate_of_nobody_known(self) -> None:
        shown, _ = certificate()
        await self.refused(shown, None)
        await self.refused(shown, certificate()[1])

    async def test_F71_an_expired_certificate(self) -> None:
        await self.refused(*certificate(days=-1))

    async def test_F71_a_certificate_of_another_host(self) -> None:
        await self.refused(*certificate("127.0.0.2"))

    async def test_a_trust_file_without_a_certificate(self) -> None:
        with self.assertRaisesRegex(ValueError, "no PEM certificate"):
            self.serve_tls(certificate()[0], b"nothing here")

    async def test_a_handshake_that_does_not_come(self) -> None:
        factory = Factory.forProtocol(Quiet)
        factory.came, factory.gone = Deferred(), Deferred()
        port = self.listen(factory)
        librarika = self.adapter(f"https://127.0.0.1:{port}/{{library}}/api/v1")
        opening = Deferred.fromCoroutine(librarika("riverside", KIOSK))
        await factory.came
        await self.turn()
        self.still.advance(3.1)
        with self.assertRaisesRegex(Unavailable, "not connected"):
            await opening
        await factory.gone

    async def test_a_server_that_speaks_no_tls(self) -> None:
        self.server = Scripted()
        port = self.listen(self.server)
        librarika = self.adapter(f"https://127.0.0.1:{port}/{{library}}/api/v1")
        opening = Deferred.fromCoroutine(librarika("riverside", KIOSK))
        await self.turn()
        for connection in list(self.server.connections):
            connection.transport.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            connection.transport.loseConnection()
        with self.assertRaisesRegex(Unavailable, "not connected"):
            await opening

    async def test_F65_a_slow_body_is_cut_off_though_the_server_stays_silent(self) -> None:
        shown, pem = certificate()
        library = await self.serve_tls(shown, pem)("riverside", KIOSK)
        await library.rules()
        self.server.script["POST members/find"] = lambda transport: transport.write(
            response(200, b"{", length=99)
        )
        come = self.server.asked("POST members/find")
        asking = Deferred.fromCoroutine(library.patron("M-1001"))
        await come
        await self.turn()
        self.assertEqual(len(self.server.connections), 1)
        self.still.advance(21)
        with self.assertRaises(Unavailable):
            await asking
        await self.turn()
        self.assertEqual(self.server.connections, [])

    async def test_a_write(self) -> None:
        shown, pem = certificate()
        library = await self.serve_tls(shown, pem)("riverside", KIOSK)
        self.server.script["POST loans"] = says(201, BOOKING)
        occasion = Occasion(terminal="k", happened_at=NOW, key="k-1")
        self.assertFalse((await library.lend("M-1001", "10001", occasion, renewal=False)).renewed)
