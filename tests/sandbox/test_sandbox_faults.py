"""The fault proxy: each fault, done to a real connection, and how a command line names it."""

from __future__ import annotations

import pytest
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import TCP4ClientEndpoint, connectProtocol
from twisted.internet.error import ConnectionDone
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import Clock
from twisted.python.usage import UsageError
from twisted.trial.unittest import TestCase

from sip2gw.sandbox.fault_proxy import FaultProxy
from sip2gw.sandbox.fault_service import Options
from sip2gw.sandbox.faults import FAULTS, Fault, read


class Echo(Protocol):
    """Says again what it hears; hangs up at `bye`."""

    def dataReceived(self, data: bytes) -> None:
        self.factory.heard.append(data)
        self.transport.write(data)
        if data == b"bye":
            self.transport.loseConnection()


class Listener(Protocol):
    """What a client has heard, and how the connection ended."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        self._wanted: list[tuple[int, Deferred[bytes]]] = []
        self.over: Deferred[BaseException] = Deferred()

    @property
    def heard(self) -> bytes:
        return b"".join(self.pieces)

    def until(self, length: int) -> Deferred[bytes]:
        waiting: Deferred[bytes] = Deferred()
        self._wanted.append((length, waiting))
        self._tell()
        return waiting

    def dataReceived(self, data: bytes) -> None:
        self.pieces.append(data)
        self._tell()

    def _tell(self) -> None:
        for length, waiting in list(self._wanted):
            if len(self.heard) >= length:
                self._wanted.remove((length, waiting))
                waiting.callback(self.heard)

    def connectionLost(self, reason: object = None) -> None:
        self.over.callback(reason.value)


class Lagging(Clock):
    """A clock whose first timer goes off late, as when the process is paused just before it is set."""

    lag = 0.5

    def callLater(self, delay, *args, **kwargs):
        delay, self.lag = delay + self.lag, 0.0
        return super().callLater(delay, *args, **kwargs)


class Faults(TestCase):
    timeout = 120

    async def connected(self, *faults: Fault, clock: type[Clock] = Clock) -> Listener:
        self.clock = clock()
        self.echo = Factory.forProtocol(Echo)
        self.echo.heard, self.echo.noisy = [], False
        server = reactor.listenTCP(0, self.echo, interface="127.0.0.1")
        self.proxy = FaultProxy(self.clock, TCP4ClientEndpoint(reactor, "127.0.0.1", server.getHost().port))
        self.proxy.faults += faults
        door = reactor.listenTCP(0, self.proxy, interface="127.0.0.1")
        self.door = door.getHost().port
        for port in (server, door):
            self.addCleanup(port.stopListening)
        self.addCleanup(self.proxy.cut)
        return await self.connect()

    async def connect(self) -> Listener:
        return await connectProtocol(TCP4ClientEndpoint(reactor, "127.0.0.1", self.door), Listener())

    async def passes(self, client: Listener) -> None:
        """Everything that the server has said has come to the proxy."""
        other = await self.connect()
        other.transport.write(b"?")
        await other.until(1)
        other.transport.loseConnection()
        await other.over

    async def test_a_proxy_without_faults_changes_nothing(self) -> None:
        client = await self.connected()
        client.transport.write(b"hello")
        self.assertEqual(await client.until(5), b"hello")
        client.transport.write(b"bye")
        self.assertIsInstance(await client.over, ConnectionDone)

    async def test_latency_delays_bytes(self) -> None:
        client = await self.connected(Fault("latency", seconds=2, when="hello"))
        client.transport.write(b"hello")
        await self.passes(client)
        self.clock.advance(1.9)
        await self.passes(client)
        self.assertEqual(client.heard, b"")
        self.clock.advance(0.2)
        self.assertEqual(await client.until(5), b"hello")

    async def test_slicer_and_bandwidth_deliver_in_pieces(self) -> None:
        client = await self.connected(
            Fault("slicer", seconds=1, size=2, when="hello"), Fault("bandwidth", size=10, when="slow")
        )
        client.transport.write(b"hello")
        self.assertEqual(await client.until(2), b"he")
        self.clock.advance(1)
        self.assertEqual(await client.until(4), b"hell")
        self.clock.advance(1)
        self.assertEqual(await client.until(5), b"hello")
        other = await self.connect()
        other.transport.write(b"slow!")
        for length in range(1, 6):
            self.assertEqual(await other.until(length), b"slow!"[:length])
            self.clock.advance(0.11)

    async def test_pieces_stay_in_order_though_a_timer_is_late(self) -> None:
        client = await self.connected(Fault("slicer", seconds=0.1, size=1), clock=Lagging)
        client.transport.write(b"hello")
        self.assertEqual(await client.until(1), b"h")
        self.clock.pump([0.1] * 10)
        self.assertEqual(await client.until(5), b"hello")

    async def test_limit_data_closes_after_so_many_bytes(self) -> None:
        client = await self.connected(Fault("limit_data", size=7))
        client.transport.write(b"hello")
        await client.until(5)
        client.transport.write(b"hello")
        await client.over
        self.assertEqual(client.heard, b"hellohe")

    async def test_reset_peer_resets_the_connection(self) -> None:
        client = await self.connected(Fault("reset_peer"))
        client.transport.write(b"hello")
        await client.over
        self.assertEqual((client.heard, self.echo.heard), (b"", []))

    async def test_timeout_delivers_nothing_and_closes(self) -> None:
        client = await self.connected(Fault("timeout", seconds=3, when="hello"))
        client.transport.write(b"hello")
        await self.passes(client)
        self.clock.advance(3)
        self.assertIsInstance(await client.over, ConnectionDone)
        self.assertEqual(self.echo.heard, [b"?"])

    async def test_slow_close_delays_the_close(self) -> None:
        client = await self.connected(Fault("slow_close", seconds=3, when="bye"))
        client.transport.write(b"bye")
        self.assertEqual(await client.until(3), b"bye")
        await self.passes(client)
        self.assertFalse(client.over.called)
        self.clock.advance(3)
        await client.over

    async def test_drop_reply_delivers_the_request_and_counts_its_times(self) -> None:
        client = await self.connected(Fault("drop_reply", seconds=1, when="hello", times=1))
        client.transport.write(b"hello")
        await self.passes(client)
        self.assertEqual((self.echo.heard[0], client.heard), (b"hello", b""))
        self.clock.advance(1)
        await client.over
        again = await self.connect()
        again.transport.write(b"hello")
        self.assertEqual(await again.until(5), b"hello")
        self.assertEqual(self.proxy.suffered, {"drop_reply": 1})

    async def test_a_proxy_without_a_server_closes(self) -> None:
        client = await self.connected()
        self.proxy.upstream = TCP4ClientEndpoint(reactor, "127.0.0.1", 1)
        other = await self.connect()
        await other.over
        client.transport.loseConnection()
        await client.over


def test_faults_are_read_from_a_command_line() -> None:
    assert read("latency:seconds=0.5") == Fault("latency", seconds=0.5)
    assert read("drop_reply:when=POST:times=1") == Fault("drop_reply", when="POST", times=1)
    options = Options()
    options.parseOptions([word for kind in FAULTS for word in ("--fault", f"{kind}:size=3")])
    assert [fault.what for fault in options.faults] == list(FAULTS)
    for wrong in ("latencies", "latency:seconds", "latency:colour=red", "slicer:size=0", "latency:seconds=x"):
        with pytest.raises(UsageError, match=wrong.partition(":")[0]):
            Options().parseOptions(["--fault", wrong])
