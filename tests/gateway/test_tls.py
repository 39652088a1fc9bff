"""What a terminal gets: the certificate on disk, TLS 1.2 or 1.3, and only suites that are up to it."""

import ssl
import tempfile
import warnings
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from OpenSSL import SSL
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import TCP4ClientEndpoint, connectProtocol, serverFromString, wrapClientTLS
from twisted.internet.interfaces import IOpenSSLClientConnectionCreator
from twisted.internet.protocol import Protocol
from twisted.internet.ssl import CertificateOptions, TLSVersion
from twisted.internet.threads import deferToThread
from twisted.logger import capturedLogs
from twisted.python.failure import Failure
from twisted.trial.unittest import TestCase
from zope.interface import implementer

from sip2gw.certificates import CHAIN, KEY, read_pair
from sip2gw.demo.selfsigned import certificate, kept_pair
from sip2gw.faults import Wrong
from sip2gw.gateway.listening import Listener
from sip2gw.gateway.tls import ServerTLS, context

from .sockets import EchoFactory, failure_of, say_in_clear, trusting, visit

ENDPOINT = "tcp:0:interface=127.0.0.1"


def der(folder: Path) -> bytes:
    return x509.load_pem_x509_certificate((folder / CHAIN).read_bytes()).public_bytes(Encoding.DER)


class AServer(TestCase):
    """A server on a free port, with a certificate in a folder of its own."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        kept_pair(self.folder)
        self.factory = EchoFactory()
        self.tls = ServerTLS(self.folder)
        listener = Listener(
            "echo",
            ENDPOINT,
            partial(serverFromString, reactor, ENDPOINT),
            self.factory,
            reactor=reactor,
            tls=self.tls,
        )
        listener.startService()
        self.addCleanup(listener.stopService)
        self.port = listener.port.getHost().port

    def visit(self, *, certificate: Path | None = None, name: str = "127.0.0.1", **changes):
        return deferToThread(visit, self.port, trusting(certificate, **changes), name)

    def renew(self) -> bytes:
        """Another certificate takes the place of the one there is, as a certificate client does it."""
        (self.folder / CHAIN).unlink()
        kept_pair(self.folder)
        return der(self.folder)


class HandshakeTests(AServer):
    async def test_the_certificate_is_the_one_on_disk(self) -> None:
        for name in ("127.0.0.1", "localhost"):
            seen = await self.visit(certificate=self.folder / CHAIN, name=name)
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

    async def test_tls_1_1_is_refused(self) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Python calls it insecure, too
            old = trusting(None, minimum_version=ssl.TLSVersion.TLSv1, maximum_version=ssl.TLSVersion.TLSv1_1)
        old.set_ciphers("ALL:@SECLEVEL=0")  # the client itself would not speak it otherwise
        reason = await deferToThread(failure_of, visit, self.port, old)
        assert reason == "TLSV1_ALERT_PROTOCOL_VERSION"

    async def test_suites_without_aead_or_forward_secrecy_are_refused(self) -> None:
        for suite in ("ECDHE-ECDSA-AES256-SHA384", "ECDHE-ECDSA-AES128-SHA", "AES256-GCM-SHA384"):
            context = trusting(None, maximum_version=ssl.TLSVersion.TLSv1_2)
            context.set_ciphers(suite)
            reason = await deferToThread(failure_of, visit, self.port, context)
            assert reason in ("SSLV3_ALERT_HANDSHAKE_FAILURE", "SSL/TLS_ALERT_HANDSHAKE_FAILURE"), suite

    async def test_plain_sip2_on_the_tls_port_is_hung_up_on(self) -> None:
        heard = await deferToThread(say_in_clear, self.port, b"9900302.00AY1AZFCA5\r")
        assert b"9900302.00" not in heard
        assert not self.factory.live

    async def test_the_chain_is_sent_after_the_certificate_of_the_key(self) -> None:
        other = certificate(ec.generate_private_key(ec.SECP256R1())).public_bytes(Encoding.PEM)
        own = (self.folder / CHAIN).read_bytes()
        (self.folder / CHAIN).write_bytes(other + own)
        peer = ChainOf()
        client = TCP4ClientEndpoint(reactor, "127.0.0.1", self.port)
        await connectProtocol(wrapClientTLS(Anybody(), client), peer)
        assert await peer.chain == [x509.load_pem_x509_certificate(pem) for pem in (own, other)]
        peer.transport.abortConnection()
        await peer.closed

    async def test_a_client_can_not_renegotiate(self) -> None:
        peer = ChainOf()
        client = TCP4ClientEndpoint(reactor, "127.0.0.1", self.port)
        await connectProtocol(wrapClientTLS(Anybody(TLSVersion.TLSv1_2), client), peer)
        await peer.chain
        connection = peer.transport.getHandle()
        connection.renegotiate()
        peer.transport.write(b"99")
        assert "no renegotiation" in await peer.closed


class RenewalTests(AServer):
    async def test_a_renewed_certificate_is_taken_up_at_once(self) -> None:
        before = await self.visit()
        new = self.renew()
        after = await self.visit()
        assert (before.certificate == new, after.certificate == new) == (False, True)
        assert self.tls.pair.certificate == read_pair(self.folder).certificate

    async def test_a_renewal_that_can_not_be_used_is_told_once_and_the_old_one_stays(self) -> None:
        before = await self.visit()
        (self.folder / KEY).write_bytes(b"half a k")
        with capturedLogs() as logs:
            seen = [await self.visit(), await self.visit()]
        assert [one.certificate for one in seen] == [before.certificate] * 2
        told = [event for event in logs if "certificate" in event.get("log_format", "")]
        assert [event["log_level"].name for event in told] == ["error"]
        new = self.renew()
        assert (await self.visit()).certificate == new

    async def test_a_certificate_that_is_gone_stays(self) -> None:
        before = await self.visit()
        (self.folder / CHAIN).unlink()
        assert (await self.visit()).certificate == before.certificate


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

    def connectionMade(self) -> None:
        self.transport.write(b"9900302.00\r")

    def dataReceived(self, data: bytes) -> None:
        sent = self.transport.getHandle().get_peer_cert_chain(as_cryptography=True)
        self.chain.callback(sent)

    def connectionLost(self, reason: Failure) -> None:
        self.closed.callback(str(reason.value))


def test_a_certificate_that_can_not_be_used(tmp_path):
    kept_pair(tmp_path)
    (tmp_path / KEY).unlink()
    with pytest.raises(Wrong, match="does not exist"):
        ServerTLS(tmp_path)


def test_no_compression_and_no_renegotiation(tmp_path):
    options = context(kept_pair(tmp_path)).set_options(0)
    for option in (SSL.OP_NO_COMPRESSION, SSL.OP_NO_RENEGOTIATION):
        assert options & option


def test_days_left(tmp_path):
    pair = kept_pair(tmp_path)
    assert pair.days_left(pair.expires - timedelta(days=3, hours=1)) == 3
    assert pair.days_left(pair.expires + timedelta(hours=1)) == -1
    assert pair.days_left() == (pair.expires - datetime.now(UTC)).days
    assert "PRIVATE" not in repr(pair)
    assert "Key" not in repr(pair)
