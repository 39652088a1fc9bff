"""What a terminal gets: the certificate on disk, TLS 1.2 or 1.3, and only suites that are up to it."""

import socket
import ssl
import warnings
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from OpenSSL import SSL
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import TCP4ClientEndpoint, connectProtocol, wrapClientTLS
from twisted.internet.interfaces import IOpenSSLClientConnectionCreator
from twisted.internet.protocol import Protocol
from twisted.internet.ssl import CertificateOptions, TLSVersion
from twisted.internet.threads import deferToThread
from twisted.python.failure import Failure
from zope.interface import implementer

from sip2gw.demo.selfsigned import certificate, kept_pair
from sip2gw.faults import Wrong
from sip2gw.tls import server as tls_module
from sip2gw.tls.certificates import CHAIN, KEY
from sip2gw.tls.contexts import TLSFiles, context
from sip2gw.tls.server import ServerTLS

from .servers import AServer
from .sockets import TIMEOUT, failure_of, trusting, visit


def der(folder: Path) -> bytes:
    return x509.load_pem_x509_certificate((folder / CHAIN).read_bytes()).public_bytes(Encoding.DER)


class AServerOfItsOwn(AServer):
    """A server with a certificate that vouches for itself."""

    def setUp(self) -> None:
        super().setUp()
        kept_pair(self.folder)
        self.listener = self.serve(TLSFiles(self.folder))
        self.tls = self.listener.tls

    def renew(self) -> bytes:
        """Another certificate takes the place of the one there is, as a certificate client does it."""
        (self.folder / CHAIN).unlink()
        kept_pair(self.folder)
        return der(self.folder)


class HandshakeTests(AServerOfItsOwn):
    async def test_the_certificate_is_the_one_on_disk(self) -> None:
        for name in ("127.0.0.1", "localhost"):
            seen = await self.visit(trusted=self.folder / CHAIN, name=name)
            assert seen.certificate == der(self.folder)
            assert seen.echo == b"9900302.00\r"

    async def test_another_name_is_not_in_it(self) -> None:
        reason = await deferToThread(
            failure_of, visit, self.port, trusting(self.folder / CHAIN), "sip2.example.org"
        )
        assert reason == "CERTIFICATE_VERIFY_FAILED"

    async def test_tls_1_3_and_1_2_with_suites_that_authenticate(self) -> None:
        seen = await self.visit()
        assert seen.version == "TLSv1.3"
        seen = await self.visit(maximum_version=ssl.TLSVersion.TLSv1_2)
        assert (seen.version, seen.suite) == ("TLSv1.2", "ECDHE-ECDSA-AES256-GCM-SHA384")

    async def test_F13_tls_1_1_is_refused(self) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Python calls it insecure, too
            old = trusting(None, minimum_version=ssl.TLSVersion.TLSv1, maximum_version=ssl.TLSVersion.TLSv1_1)
        old.set_ciphers("ALL:@SECLEVEL=0")  # the client itself would not speak it otherwise
        reason = await deferToThread(failure_of, visit, self.port, old)
        assert reason == "TLSV1_ALERT_PROTOCOL_VERSION"

    async def test_F13_suites_without_aead_or_forward_secrecy_are_refused(self) -> None:
        for suite in ("ECDHE-ECDSA-AES256-SHA384", "ECDHE-ECDSA-AES128-SHA", "AES256-GCM-SHA384"):
            context = trusting(None, maximum_version=ssl.TLSVersion.TLSv1_2)
            context.set_ciphers(suite)
            reason = await deferToThread(failure_of, visit, self.port, context)
            assert reason in ("SSLV3_ALERT_HANDSHAKE_FAILURE", "SSL/TLS_ALERT_HANDSHAKE_FAILURE"), suite

    async def test_the_chain_is_sent_after_the_certificate_of_the_key(self) -> None:
        other = certificate(ec.generate_private_key(ec.SECP256R1())).public_bytes(Encoding.PEM)
        own = (self.folder / CHAIN).read_bytes()
        (self.folder / CHAIN).write_bytes(other + own)
        self.tls.look()
        peer = ChainOf()
        client = TCP4ClientEndpoint(reactor, "127.0.0.1", self.port)
        await connectProtocol(wrapClientTLS(Anybody(), client), peer)
        assert await peer.chain == [x509.load_pem_x509_certificate(pem) for pem in (own, other)]
        peer.transport.abortConnection()
        await peer.closed

    async def test_F15_a_client_can_not_renegotiate(self) -> None:
        peer = ChainOf()
        client = TCP4ClientEndpoint(reactor, "127.0.0.1", self.port)
        await connectProtocol(wrapClientTLS(Anybody(TLSVersion.TLSv1_2), client), peer)
        await peer.chain
        connection = peer.transport.getHandle()
        connection.renegotiate()
        peer.transport.write(b"99")
        assert "no renegotiation" in await peer.closed


class RenewalTests(AServerOfItsOwn):
    async def test_F18_a_renewed_certificate_is_used_for_new_connections(self) -> None:
        await self.listener.stopService()
        self.listener.interval = 0.01
        self.listener.startService()
        self.port = self.listener.port.getHost().port
        stays = ChainOf()
        client = TCP4ClientEndpoint(reactor, "127.0.0.1", self.port)
        await connectProtocol(wrapClientTLS(Anybody(), client), stays)
        before = (await stays.chain)[0].public_bytes(Encoding.DER)
        new = self.renew()
        await self.until(lambda: self.count("sip2gw_certificate_renewals_total", outcome="ok") == 1)
        assert (await self.visit()).certificate == new != before
        stays.transport.write(b"97\r")
        await self.until(lambda: stays.heard.endswith(b"97\r"))
        stays.transport.abortConnection()
        await stays.closed
        assert len([line for line in self.said("info") if "renewed, until" in line]) == 1

    async def test_F18_a_silent_connection_gets_the_renewed_certificate(self) -> None:
        with socket.create_connection(("127.0.0.1", self.port), TIMEOUT) as plain:
            await self.until(lambda: self.factory.live)
            new = self.renew()
            self.tls.look()
            secure = await deferToThread(trusting(None).wrap_socket, plain)
            with secure:
                assert secure.getpeercert(True) == new

    async def test_F18_a_bug_in_one_look_does_not_end_the_looks(self) -> None:
        looks = []

        def look() -> None:
            looks.append(len(looks))
            if len(looks) == 1:
                raise ZeroDivisionError

        await self.listener.stopService()
        self.tls.look = look
        self.listener.interval = 0.01
        self.listener.startService()
        await self.until(lambda: len(looks) > 2)
        assert len(self.flushLoggedErrors(ZeroDivisionError)) == 1

    async def test_F19_an_unusable_renewal_is_logged_once_and_the_old_one_stays(self) -> None:
        before = await self.visit()
        (self.folder / KEY).write_bytes(b"half a k")
        self.tls.look()
        assert not self.said("error"), "it may still be being written"
        for _ in range(3):
            self.tls.look()
        assert (await self.visit()).certificate == before.certificate
        [told] = self.said("error")
        assert "the old one stays: it is" in told
        assert "no private key" in told
        assert self.count("sip2gw_certificate_faults", listener="the door") == 1
        assert self.count("sip2gw_certificate_renewals_total", outcome="refused") == 1
        [warning] = self.listener.warnings(14)
        assert "changed on disk and can't be used" in warning
        new = self.renew()
        self.tls.look()
        assert (await self.visit()).certificate == new
        assert self.count("sip2gw_certificate_faults", listener="the door") == 0
        assert self.listener.warnings(14) == ()

    async def test_F19_the_key_of_another_certificate(self) -> None:
        before = await self.visit()
        (self.folder / KEY).write_bytes(self.authority.issue("localhost")[1])
        self.tls.look()
        self.tls.look()
        assert (await self.visit()).certificate == before.certificate
        [told] = self.said("error")
        assert "belongs to none of the certificates" in told

    async def test_F19_a_certificate_that_is_gone_stays(self) -> None:
        before = await self.visit()
        (self.folder / CHAIN).unlink()
        self.tls.look()
        self.tls.look()
        assert (await self.visit()).certificate == before.certificate
        assert len(self.said("error")) == 1

    async def test_F19_a_bug_does_not_end_the_looks(self) -> None:
        await self.listener.stopService()
        self.listener.interval = 0.01
        self.listener.startService()
        broken = self.patch(tls_module, "read_material", lambda *_: 1 / 0)
        self.renew()
        await self.until(lambda: any("could not be loaded" in line for line in self.said("critical")))
        broken.restore()
        assert len(self.flushLoggedErrors(ZeroDivisionError)) == 1
        new = self.renew()
        await self.until(lambda: self.count("sip2gw_certificate_renewals_total", outcome="ok"))
        self.port = self.listener.port.getHost().port
        assert (await self.visit()).certificate == new

    async def test_prepared_certificates_apply_after_the_commit(self) -> None:
        before = await self.visit()
        other = self.folder / "other.pem"
        made = self.authority.write_pair(other, "sip2.example.org")
        commit = self.listener.prepare(TLSFiles(other), ())
        assert (await self.visit()).certificate == before.certificate
        commit()
        assert (await self.visit()).certificate == made
        assert self.count("sip2gw_certificate_days_left", listener="the door", certificate="other") == 89
        with pytest.raises(Wrong, match="does not exist"):
            self.listener.prepare(TLSFiles(self.folder / "nowhere.pem"), ())
        with pytest.raises(Wrong, match="while it listens"):
            self.listener.prepare(None, ())
        assert (await self.visit()).certificate == made


class ServerNameTests(AServer):
    """Several certificates in a folder."""

    def setUp(self) -> None:
        super().setUp()
        write = self.authority.write_pair
        self.one = write(self.folder / "one", "sip2.one.example", "kiosk.one.example")
        self.stars = write(self.folder / "stars.pem", "*.one.example", "*.two.example")
        self.default = write(self.folder / "default", "localhost")
        (self.folder / "README").write_text("left alone")
        (self.folder / ".half").mkdir()
        (self.folder / "accounts").mkdir()
        self.listener = self.serve(TLSFiles(self.folder))

    async def seen(self, *names: str | None) -> list[bytes]:
        return [(await self.visit(name=name)).certificate for name in names]

    async def test_F16_the_certificate_is_for_the_name_that_is_asked_for(self) -> None:
        asked = "sip2.one.example", "KIOSK.one.example", "new.one.example", "sip2.two.example"
        assert await self.seen(*asked) == [self.one, self.one, self.stars, self.stars]

    async def test_F16_without_a_name_or_with_an_unknown_one_it_is_the_default(self) -> None:
        asked = None, "sip2.three.example", "a.b.two.example", "two.example", "127.0.0.1"
        assert await self.seen(*asked) == [self.default] * 5
        old = ssl.TLSVersion.TLSv1_2
        assert (await self.visit(maximum_version=old)).certificate == self.default
        assert (await self.visit(maximum_version=old, name="a.two.example")).certificate == self.stars

    async def test_F18_one_is_renewed_one_is_added_and_one_is_spoilt(self) -> None:
        write = self.authority.write_pair
        one = write(self.folder / "one", "sip2.one.example")
        three = write(self.folder / "three.pem", "sip2.three.example")
        (self.folder / "stars.pem").write_bytes(b"")
        self.listener.tls.look()
        self.listener.tls.look()
        asked = "sip2.one.example", "sip2.three.example", "sip2.two.example", None
        assert await self.seen(*asked) == [one, three, self.stars, self.default]
        [told] = self.said("error")
        assert told.startswith("the door: stars changed and can't be used")

    async def test_F17_each_has_its_days_counted_and_an_expired_one_still_serves(self) -> None:
        made = self.authority.write_pair(self.folder / "one", "sip2.one.example", days=-3)
        self.authority.write_pair(self.folder / "stars.pem", "*.two.example", days=10)
        self.listener.tls.look()
        assert await self.seen("sip2.one.example") == [made]
        days = {
            name: self.count("sip2gw_certificate_days_left", listener="the door", certificate=name)
            for name in ("one", "stars", "default")
        }
        assert days == {"one": -4, "stars": 9, "default": 89}
        assert sorted(self.listener.warnings(14)) == [
            "the certificate one of the door has expired",
            "the certificate stars of the door expires in 9 days",
        ]

    async def test_the_default_certificate_is_chosen_or_called_default(self) -> None:
        commit = self.listener.prepare(TLSFiles(self.folder, "stars"), ())
        commit()
        assert await self.seen(None) == [self.stars]
        with pytest.raises(Wrong, match="called default, one, stars"):
            self.listener.prepare(TLSFiles(self.folder, "two"), ())
        (self.folder / "default").rename(self.folder / "localhost")
        with pytest.raises(Wrong, match=r"is missing.+localhost, one, stars"):
            self.listener.prepare(TLSFiles(self.folder), ())

    async def test_of_two_for_one_name_it_is_the_one_that_lasts_longer(self) -> None:
        longer = self.authority.write_pair(self.folder / "another.pem", "sip2.one.example", days=120)
        self.authority.write_pair(self.folder / "third.pem", "sip2.one.example", days=30)
        self.listener.tls.look()
        assert await self.seen("sip2.one.example") == [longer]


@implementer(IOpenSSLClientConnectionCreator)
class Anybody:
    """A client's side of TLS that trusts anybody."""

    def __init__(self, most=None) -> None:
        self.context = CertificateOptions(lowerMaximumSecurityTo=most).getContext()

    def clientConnectionForTLS(self, protocol):
        return SSL.Connection(self.context, None)


class ChainOf(Protocol):
    """Says something, and tells what certificates whoever answers has sent."""

    def __init__(self) -> None:
        self.chain: Deferred[list[x509.Certificate]] = Deferred()
        self.closed: Deferred[str] = Deferred()
        self.heard = b""

    def connectionMade(self) -> None:
        self.transport.write(b"9900302.00\r")

    def dataReceived(self, data: bytes) -> None:
        self.heard += data
        if not self.chain.called:
            self.chain.callback(self.transport.getHandle().get_peer_cert_chain(as_cryptography=True))

    def connectionLost(self, reason: Failure) -> None:
        self.closed.callback(str(reason.value))


def test_a_certificate_that_can_not_be_used(tmp_path):
    kept_pair(tmp_path)
    (tmp_path / KEY).unlink()
    with pytest.raises(Wrong, match="does not exist"):
        ServerTLS(TLSFiles(tmp_path))


def test_F15_no_compression_and_no_renegotiation(tmp_path):
    options = context(kept_pair(tmp_path)).set_options(0)
    for option in (SSL.OP_NO_COMPRESSION, SSL.OP_NO_RENEGOTIATION):
        assert options & option


def test_F17_days_left(tmp_path):
    pair = kept_pair(tmp_path)
    assert pair.days_left(pair.expires - timedelta(days=3, hours=1)) == 3
    assert pair.days_left(pair.expires + timedelta(hours=1)) == -1
    assert pair.days_left() == (pair.expires - datetime.now(UTC)).days
    assert "PRIVATE" not in repr(pair)
    assert "Key" not in repr(pair)
