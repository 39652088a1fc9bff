"""A handshake ends in time, and whoever fails in it is refused, counted and told in one line."""

import ssl
import warnings
from pathlib import Path

from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import TCP4ClientEndpoint, connectProtocol, wrapClientTLS
from twisted.internet.protocol import Protocol
from twisted.internet.ssl import CertificateOptions
from twisted.internet.threads import deferToThread

from sip2gw.limits import Limits
from sip2gw.log.sparing import Sparing
from sip2gw.tls.contexts import TLSFiles
from sip2gw.tls.refusals import other_language

from .servers import AServer
from .sockets import say_behind_handshake, say_in_clear

HELLO = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"
"""How a client's side of a handshake begins."""


def named_in_the_manual(text: str) -> bool:
    """Whether the manual has the place that a text ends with, in brackets."""
    page, _, heading = text.rpartition("(manual, ")[2].removesuffix(")").partition(": ")
    written = Path(__file__).parents[2].joinpath("docs", f"{page.lower()}.md").read_text("utf-8")
    return f"\n### {heading}\n" in written


class Stranger(Protocol):
    """Connects, says `first`, and what else it is told to; takes note of its end."""

    def __init__(self, first: bytes = b"") -> None:
        self.first = first
        self.heard = b""
        self.closed: Deferred[None] = Deferred()

    def connectionMade(self) -> None:
        self.transport.write(self.first)

    def dataReceived(self, data: bytes) -> None:
        self.heard += data

    def connectionLost(self, reason: object) -> None:
        self.closed.callback(None)


class AHandshake(AServer):
    def setUp(self) -> None:
        super().setUp()
        self.authority.write_pair(self.folder, "localhost")

    def serve_until(self, deadline: float) -> None:
        self.serve(TLSFiles(self.folder), limits=Limits(handshake_deadline=deadline))

    async def connect(self, first: bytes = b"") -> Stranger:
        return await connectProtocol(self.endpoint(), Stranger(first))

    def endpoint(self) -> TCP4ClientEndpoint:
        return TCP4ClientEndpoint(reactor, "127.0.0.1", self.port)


class DeadlineTests(AHandshake):
    async def test_F2_bytes_do_not_put_the_deadline_off(self) -> None:
        self.serve_until(0.3)
        trickling = await self.connect()
        said = 0
        while not trickling.closed.called:
            trickling.transport.write((HELLO + bytes(500))[said : said + 1])
            said += 1
            later: Deferred[None] = Deferred()
            reactor.callLater(0.02, later.callback, None)
            await later
        assert 3 < said < 500, "it was heard, and not to its end"
        assert self.handshakes("deadline") == self.struck("handshake_deadline") == 1
        await self.until(lambda: not self.factory.live)
        assert any("did not finish the handshake in time" in line for line in self.said("info"))

    async def test_a_finished_handshake_has_no_deadline(self) -> None:
        self.serve_until(30)
        there = Stranger(b"97\r")
        await connectProtocol(wrapClientTLS(CertificateOptions(), self.endpoint()), there)
        await self.until(lambda: there.heard)
        waiting = [call for call in reactor.getDelayedCalls() if "_too_late" in repr(call.func)]
        assert (self.handshakes("ok"), waiting) == (1, [])
        there.transport.abortConnection()
        await there.closed
        assert self.handshakes("lost") == 0

    async def test_a_line_behind_the_handshake_is_read_wherever_it_is_cut(self) -> None:
        self.serve_until(30)
        record = 33  # with 5 bytes before and 17 behind the line
        for kept in (1, 20, record - 3, record - 5, record):
            heard = await deferToThread(say_behind_handshake, self.port, b"9900302.00\r", kept)
            assert heard == b"9900302.00\r", kept

    async def test_F12_a_connection_closed_in_the_handshake_ends_at_once(self) -> None:
        self.serve_until(30)
        for times, first in enumerate((b"", HELLO), 1):
            stranger = await self.connect(first)
            await self.until(lambda: self.factory.live)
            [inside] = self.factory.live
            inside.transport.loseConnection()
            await stranger.closed
            await self.until(lambda times=times: self.handshakes("lost") == times)
        assert not any("went away" in line for line in self.said()), "it was us"


class LanguageTests(AHandshake):
    def setUp(self) -> None:
        super().setUp()
        self.serve(TLSFiles(self.folder))

    async def test_F14_plain_sip2_on_the_tls_port_is_named_in_the_log(self) -> None:
        for line in (b"9900302.00AY1AZFCA5\r", b"\r\n9300CNterm|COsecret|\r", b"1"):
            stranger = await self.connect(line)
            await stranger.closed
            assert stranger.heard == b""
        assert self.handshakes("plain") == 3
        assert not self.factory.live
        [line, *_] = told = self.said("warn")
        assert line == (
            "a terminal at 127.0.0.1 speaks plain SIP2 to the TLS port; "
            "switch TLS on at the terminal, or put stunnel in between"
        )
        assert len(told) == 3
        assert not any("log_failure" in event for event in self.told)
        assert "secret" not in str(self.told)

    async def test_F14_a_kiosk_that_tries_for_ever_fills_no_log(self) -> None:
        for _ in range(12):
            await deferToThread(say_in_clear, self.port, b"9900302.00\r")
        assert self.handshakes("plain") == 12
        assert len(self.said("warn")) == 5

    async def test_F25_a_proxy_header_where_no_balancer_is_listed(self) -> None:
        for header in (b"PROXY TCP4 192.0.2.7 198.51.100.1 1 2\r\n", b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0"):
            stranger = await self.connect(header)
            await stranger.closed
        assert self.handshakes("refused") == 2
        told = self.said("warn")
        assert len(told) == 2
        assert all(
            "it speaks PROXY, which this port does not expect; list the balancer in" in line for line in told
        )

    async def test_other_languages_are_refused(self) -> None:
        for first in (
            b"GET / HTTP/1.1\r\n\r\n",
            b"\0",
            b"SSH-2.0-x\r\n",
            b"\x80\x2e\x01\x00\x02",
            b"\x16\x99garbage",
        ):
            stranger = await self.connect(first + bytes(20))
            await stranger.closed
        assert self.handshakes("refused") == 5
        assert self.handshakes("plain") == 0
        assert "no TLS with the terminal at 127.0.0.1: it speaks HTTP" in self.said("info")
        assert not any("log_failure" in event for event in self.told)

    async def test_F13_K1b_old_versions_and_suites_are_refused_and_logged(self) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Python calls it insecure, too
            old = {"minimum_version": ssl.TLSVersion.TLSv1, "maximum_version": ssl.TLSVersion.TLSv1_1}
            assert await self.failure(ciphers="ALL:@SECLEVEL=0", **old) == "TLSV1_ALERT_PROTOCOL_VERSION"
        await self.failure(ciphers="AES256-SHA", maximum_version=ssl.TLSVersion.TLSv1_2)
        # The client has its alert before the gateway has counted.
        await self.until(lambda: self.handshakes("refused") == 2)
        fix = (
            "update the terminal, or put stunnel in front of it (manual, Install: A kiosk that can't do TLS)"
        )
        assert [line.partition(": ")[2] for line in self.said("info")[1:]] == [
            f"it offers only TLS versions older than 1.2; {fix}",
            f"it offers no cipher suite that is good enough; {fix}",
        ]
        assert named_in_the_manual(fix)

    async def test_a_terminal_that_does_not_trust_the_certificate_is_logged(self) -> None:
        (self.folder / "ca.pem").write_bytes(self.authority.pem)
        other = type(self.authority)("Other Authority")
        (self.folder / "other.pem").write_bytes(other.pem)
        assert await self.failure(trusted=self.folder / "other.pem") == "CERTIFICATE_VERIFY_FAILED"
        await self.until(lambda: self.handshakes("refused") == 1)
        told = self.said("info")[-1]
        assert (
            "does not trust our certificate's authority (alert: unknown CA); give it the root named Test Authority"
            in told
        )
        assert named_in_the_manual(told)

    async def test_a_peer_that_disconnects_in_the_handshake_is_counted(self) -> None:
        for first in (b"", HELLO):
            stranger = await self.connect(first)
            if first:
                await self.until(lambda: self.factory.live)
            stranger.transport.loseConnection()
            await stranger.closed
        await self.until(lambda: self.handshakes("lost") == 2)
        assert not self.factory.live


def test_F14_a_language_is_known_by_its_first_bytes():
    assert other_language(HELLO) is None
    assert other_language(HELLO[:1]) is None
    assert other_language(b"\x80\x2e\x01") is None, "SSL 2 says hello so; OpenSSL refuses it"
    assert other_language(b"93") == other_language(b"\n 9") == "SIP2"
    assert other_language(b"\r\n") == "no TLS"


def test_lines_of_a_kind_are_few_and_the_rest_is_counted():
    now = 0.0
    sparing = Sparing(lambda: now, lines=2, period=60)
    assert [sparing.left_out("a") for _ in range(5)] == [0, 0, None, None, None]
    assert sparing.left_out("b") == 0
    now = 60.0
    assert [sparing.left_out("a") for _ in range(3)] == [3, 0, None]
