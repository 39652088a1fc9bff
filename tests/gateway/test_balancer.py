"""Behind a load balancer: only it may speak, it must say for whom, and that is whose address everybody sees."""

import socket
from ipaddress import ip_network

from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.protocol import Protocol
from twisted.internet.testing import StringTransport
from twisted.internet.threads import deferToThread
from twisted.trial.unittest import SynchronousTestCase

from sip2gw.gateway.balancer import BalancerFactory
from sip2gw.gateway.connection_limits import ConnectionLimits
from sip2gw.limits import Limits
from sip2gw.metrics import Metrics
from sip2gw.tls.contexts import TLSFiles

from .desk import MovingClock
from .servers import AServer
from .sockets import TIMEOUT, EchoFactory, trusting

HEADER = b"PROXY TCP4 192.0.2.7 198.51.100.1 36895 6009\r\n"
LOCAL = b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0"
LOOPBACK = (ip_network("127.0.0.1/32"),)


class Addressed(EchoFactory):
    """Notes for which address each connection was asked, and what the connection takes for it."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = []
        self.taken = []
        self.full = False

    def buildProtocol(self, addr):
        self.asked.append(addr)
        return None if self.full else super().buildProtocol(addr)


def talk(port: int, *said: bytes, source: str = "127.0.0.1") -> bytes:
    """Say these pieces, and hear what comes until a line's end, or the connection's."""
    with socket.create_connection(("127.0.0.1", port), TIMEOUT, (source, 0)) as plain:
        try:
            for piece in said:
                plain.sendall(piece)
            heard = b""
            while not heard.endswith(b"\r"):
                piece = plain.recv(1000)
                if not piece:
                    break
                heard += piece
        except ConnectionError:
            return b""
        return heard


def talk_tls(port: int, header: bytes) -> bytes:
    """The same over TLS, which begins after the header."""
    plain = socket.create_connection(("127.0.0.1", port), TIMEOUT)
    plain.sendall(header)
    with plain, trusting(None).wrap_socket(plain) as secure:
        secure.sendall(b"9900302.00\r")
        return secure.recv(100)


class BalancerTests(AServer):
    def outcome(self, name: str) -> float:
        return self.count("sip2gw_proxy_headers_total", outcome=name)

    def behind_a_balancer(self, factory: Addressed, **how) -> None:
        """Listen for the balancer at 127.0.0.1, and note each connection that gets no terminal."""
        self.away: list[tuple[str, ...]] = []
        self.serve(None, factory, balancers=LOOPBACK, turned_away=lambda *said: self.away.append(said), **how)

    async def test_the_address_in_the_header_is_the_terminal_s_also_under_tls(self) -> None:
        self.authority.write_pair(self.folder / "tls.pem", "localhost")
        factory = Addressed()
        self.serve(TLSFiles(self.folder / "tls.pem"), factory, balancers=LOOPBACK)
        assert await deferToThread(talk_tls, self.port, HEADER) == b"9900302.00\r"
        assert factory.asked == [IPv4Address("TCP", "192.0.2.7", 36895)]
        assert self.outcome("ok") == self.handshakes("ok") == 1
        await deferToThread(talk, self.port, HEADER, b"9900302.00\r")
        assert "a terminal at 192.0.2.7 speaks plain SIP2 to the TLS port" in self.said("warn")[0]

    async def test_F23_a_connection_not_from_a_balancer_is_closed_unread(self) -> None:
        factory = Addressed()
        self.behind_a_balancer(factory)
        assert await deferToThread(talk, self.port, HEADER, b"99\r") == b"99\r"
        for _ in range(7):
            assert await deferToThread(talk, self.port, HEADER, b"99\r", source="127.0.0.2") == b""
        assert len(factory.asked) == 1
        assert self.outcome("foreign") == 7
        [(port, address, why, fix)] = set(self.away)
        assert (port, address) == (f"plain port {self.port}", "127.0.0.2")
        assert (why, "proxy_from" in fix) == ("it came directly to a port of load balancers", True)

    async def test_F25_a_balancer_without_a_header_is_closed(self) -> None:
        factory = Addressed()
        self.behind_a_balancer(factory)
        for said in (b"9900302.00\r", b"\x16\x03\x01\x02\0\x01", b"PROXY TCP4 1.2.3.4\r\n"):
            assert await deferToThread(talk, self.port, said) == b""
        assert not factory.asked
        assert self.outcome("refused") == 3
        assert {(address, why) for _, address, why, _ in self.away} == {
            ("127.0.0.1", "the load balancer sent no PROXY header"),
            ("127.0.0.1", "the load balancer sent a PROXY header without valid addresses"),
        }
        assert all("version 1 or 2, or remove it from proxy_from" in fix for *_, fix in self.away)

    async def test_a_header_that_does_not_come_in_time(self) -> None:
        factory = Addressed()
        self.behind_a_balancer(factory, limits=Limits(proxy_deadline=0.1))
        assert await deferToThread(talk, self.port, HEADER[:-1]) == b""
        assert self.outcome("deadline") == self.struck("proxy_deadline") == 1
        assert [why for _, _, why, _ in self.away] == ["the load balancer sent no PROXY header in time"]
        assert not factory.asked

    async def test_a_health_check_is_served_as_the_balancer_itself(self) -> None:
        factory = Addressed()
        self.serve(None, factory, balancers=LOOPBACK)
        assert await deferToThread(talk, self.port, LOCAL + b"99\r") == b"99\r"
        assert [address.host for address in factory.asked] == ["127.0.0.1"]
        assert self.outcome("local") == 1

    async def test_a_connection_without_a_slot_is_closed(self) -> None:
        factory = Addressed()
        factory.full = True
        self.serve(None, factory, balancers=LOOPBACK)
        assert await deferToThread(talk, self.port, HEADER, b"99\r") == b""
        self.authority.write_pair(self.folder / "tls.pem", "localhost")
        self.serve(TLSFiles(self.folder / "tls.pem"), factory)
        assert await deferToThread(talk, self.port, b"\x16\x03\x01") == b""
        assert not any("log_failure" in event for event in self.told)

    async def test_the_list_of_balancers_can_change(self) -> None:
        listener = self.serve(None, Addressed(), balancers=LOOPBACK)
        listener.prepare(None, ())()
        assert await deferToThread(talk, self.port, b"99\r") == b"99\r"


class FactoryTests(SynchronousTestCase):
    """What can be seen without a socket."""

    def setUp(self) -> None:
        self.clock = MovingClock()
        self.inner = Addressed()
        self.metrics = Metrics()
        networks = (ip_network("10.0.0.0/8"), ip_network("2001:db8::/64"))
        limits = Limits(strangers=2)
        self.connection_limits = ConnectionLimits(lambda: limits, self.metrics, self.clock.seconds)
        self.factory = BalancerFactory(self.inner, networks, self.clock, self.connection_limits)

    def strangers(self) -> float:
        return self.metrics.registry.get_sample_value("sip2gw_connections", {"state": "stranger"})

    def connect(self, host: str = "10.1.2.3") -> Protocol | None:
        address = (IPv6Address if ":" in host else IPv4Address)("TCP", host, 1)
        protocol = self.factory.buildProtocol(address)
        if protocol is not None:
            self.transport = StringTransport(peerAddress=address)
            protocol.makeConnection(self.transport)
        return protocol

    def test_F23_a_balancer_by_either_family(self) -> None:
        for host in ("10.1.2.3", "::ffff:10.1.2.3", "2001:db8::7", "2001:db8::7%eth0"):
            protocol = self.connect(host)
            protocol.connectionLost()
        for host in ("11.1.2.3", "::1", "2001:db8:0:1::7", "::ffff:11.1.2.3", ""):
            assert self.connect(host) is None

    def test_those_whose_header_is_still_to_come_are_few(self) -> None:
        first, second = self.connect(), self.connect()
        assert self.connect() is None
        first.dataReceived(HEADER)
        third = self.connect()
        assert third is not None
        assert self.connect() is None
        third.connectionLost()
        second.connectionLost()
        assert self.strangers() == 0
        first.connectionLost()
        assert self.clock.getDelayedCalls() == []
        assert not self.inner.live

    def test_F21_a_connection_behind_a_balancer_takes_one_slot(self) -> None:
        self.connection_limits.ceiling = 1
        first = self.connect()
        assert self.strangers() == 1
        assert self.connect() is None
        self.inner.full = True
        first.dataReceived(HEADER)
        assert self.transport.disconnecting
        assert self.strangers() == 0
        assert self.connect() is not None
        self.clock.advance(3)
        assert self.strangers() == 0

    def test_F24_the_header_byte_by_byte_and_what_follows_it(self) -> None:
        protocol = self.connect()
        for byte in HEADER + b"99\r":
            protocol.dataReceived(bytes([byte]))
        assert self.transport.value() == b"99\r"
        [echo] = self.inner.live
        assert echo.transport.getPeer() == IPv4Address("TCP", "192.0.2.7", 36895)
        assert not self.transport.disconnecting
        protocol.connectionLost()

    def test_bytes_of_a_refused_connection_are_not_read(self) -> None:
        protocol = self.connect()
        protocol.dataReceived(b"9")
        assert self.transport.disconnecting
        protocol.dataReceived(HEADER)
        protocol.connectionLost()
        assert not self.inner.asked
        assert self.strangers() == 0

    def test_a_half_close_disconnects_a_protocol_without_half_closes(self) -> None:
        protocol = self.connect()
        protocol.dataReceived(HEADER)
        protocol.writeConnectionLost()
        protocol.readConnectionLost()
        assert self.transport.disconnecting, "what is inside knows no halves"
        protocol.connectionLost()
