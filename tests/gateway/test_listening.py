"""A listener takes connections while it runs, and says in a line why it can't."""

import socket
import tempfile
from functools import partial
from pathlib import Path

from twisted.internet import reactor
from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.endpoints import TCP4ClientEndpoint, connectProtocol, serverFromString
from twisted.internet.error import CannotListenError, ConnectionRefusedError
from twisted.internet.interfaces import IListeningPort, IStreamServerEndpoint
from twisted.internet.protocol import Protocol
from twisted.internet.threads import deferToThread
from twisted.logger import capturedLogs
from twisted.trial.unittest import SynchronousTestCase, TestCase
from zope.interface import implementer

from sip2gw.config.endpoint import Endpoint
from sip2gw.gateway.listener import CannotListen, Listener

from .sockets import EchoFactory, say_in_clear

FREE = "tcp:0:interface=127.0.0.1"


class Client(Protocol):
    """A connection that waits for what it hears, and for its end."""

    def __init__(self) -> None:
        self.heard: Deferred[bytes] = Deferred()
        self.closed: Deferred[None] = Deferred()

    def dataReceived(self, data: bytes) -> None:
        self.heard.callback(data)

    def connectionLost(self, reason) -> None:
        self.closed.callback(None)


class ListenerTests(TestCase):
    def listener(self, endpoint: str, **how) -> Listener:
        self.factory = EchoFactory()
        listener = Listener(
            "echo",
            endpoint,
            partial(serverFromString, reactor, endpoint),
            self.factory,
            reactor=reactor,
            **how,
        )
        self.addCleanup(listener.stopService)
        return listener

    async def connect(self, port: int) -> Client:
        return await connectProtocol(TCP4ClientEndpoint(reactor, "127.0.0.1", port), Client())

    async def test_a_listener_listens_from_its_privileged_start(self) -> None:
        listener = self.listener(FREE)
        assert listener.address == ""
        with capturedLogs() as logs:
            listener.privilegedStartService()
        port = listener.port.getHost().port
        assert listener.address == f"127.0.0.1:{port}"
        assert [event["where"] for event in logs if "where" in event] == [listener.address]
        listener.startService()
        assert listener.port.getHost().port == port, "and not a second time"
        client = await self.connect(port)
        client.transport.write(b"99\r")
        assert await client.heard == b"99\r"
        client.transport.loseConnection()
        await client.closed

    async def test_connections_outlive_a_stopped_listener(self) -> None:
        listener = self.listener(FREE)
        listener.startService()
        port = listener.port.getHost().port
        client = await self.connect(port)
        await listener.stopService()
        assert not listener.running
        with self.assertRaises(ConnectionRefusedError):
            await self.connect(port)
        client.transport.write(b"99\r")
        assert await client.heard == b"99\r"
        client.transport.loseConnection()
        await client.closed

    async def test_a_stopped_listener_may_start_again(self) -> None:
        listener = self.listener(FREE)
        listener.startService()
        await listener.stopService()
        listener.startService()
        client = await self.connect(listener.port.getHost().port)
        client.transport.abortConnection()
        await client.closed

    async def test_a_port_in_use_is_one_line(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            endpoint = f"tcp:{port}:interface=127.0.0.1"
            listener = self.listener(endpoint, remedy="--tls-port chooses another")
            with self.assertRaises(CannotListen) as raised:
                listener.privilegedStartService()
        assert str(raised.exception) == (
            f"echo on {endpoint}: port {port} is in use by another program; --tls-port chooses another"
        )
        await listener.stopService()

    def test_an_address_that_is_not_ours(self) -> None:
        with self.assertRaises(CannotListen) as raised:
            self.listener("tcp:0:interface=192.0.2.1").startService()
        assert "is not an address of this machine" in str(raised.exception)

    async def test_a_unix_socket(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "sip2"
            listener = self.listener(f"unix:{path}")
            listener.startService()
            assert listener.address == str(path)
            assert await deferToThread(over_unix, path) == b"99\r"
            second = Listener(
                "echo",
                "unix",
                partial(serverFromString, reactor, f"unix:{path}"),
                EchoFactory(),
                reactor=reactor,
            )
            with self.assertRaises(CannotListen) as raised:
                second.startService()
            assert "in use" in str(raised.exception)
            await listener.stopService()
            assert not path.exists()

    async def test_a_plain_connection_is_served_without_tls(self) -> None:
        listener = self.listener(FREE)
        listener.startService()
        heard = deferToThread(say_in_clear, listener.port.getHost().port, b"99\r")
        while not self.factory.live:
            await turn()
        for connection in self.factory.live:
            connection.transport.loseConnection()
        assert await heard in (b"", b"99\r")


def turn() -> Deferred[None]:
    """Fires in the reactor's next turn."""
    later: Deferred[None] = Deferred()
    reactor.callLater(0, later.callback, None)
    return later


def over_unix(path: Path) -> bytes:
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(10)
        client.connect(str(path))
        client.sendall(b"99\r")
        return client.recv(10)


@implementer(IStreamServerEndpoint)
class Slow:
    """An endpoint that takes its time, such as one that asks another service for its port."""

    def __init__(self, outcome: Deferred) -> None:
        self.outcome = outcome

    def listen(self, factory) -> Deferred:
        return self.outcome


@implementer(IListeningPort)
class Port:
    """What such an endpoint gives."""

    stopped = False

    def startListening(self) -> None: ...

    def stopListening(self) -> Deferred:
        self.stopped = True
        return succeed(None)

    def getHost(self) -> IPv4Address:
        return IPv4Address("TCP", "192.0.2.7", 6001)


class EndpointsOfOthersTests(SynchronousTestCase):
    def listener(self, outcome: Deferred) -> Listener:
        return Listener("echo", "onion", lambda: Slow(outcome), EchoFactory(), reactor=reactor, remedy="wait")

    def test_one_that_succeeds_later(self) -> None:
        outcome: Deferred = Deferred()
        listener = self.listener(outcome)
        listener.startService()
        assert listener.port is None
        port = Port()
        outcome.callback(port)
        assert listener.address == "192.0.2.7:6001"
        self.successResultOf(listener.stopService())
        assert port.stopped

    def test_an_endpoint_that_fails_later_is_logged(self) -> None:
        outcome: Deferred = Deferred()
        self.listener(outcome).startService()
        with capturedLogs() as logs:
            outcome.errback(CannotListenError("onion", None, OSError(110, "Connection timed out")))
        assert [event["log_level"].name for event in logs] == ["critical"]
        assert logs[0]["fault"] == "echo on onion: it fails: Connection timed out; wait"

    def test_one_that_fails_at_once(self) -> None:
        with self.assertRaises(CannotListen) as raised:
            self.listener(fail(RuntimeError("no circuit"))).startService()
        assert str(raised.exception) == "echo on onion: fails: no circuit; wait"

    def test_one_that_is_stopped_before_it_listens(self) -> None:
        listener = self.listener(Deferred())
        listener.startService()
        with capturedLogs() as logs:
            self.successResultOf(listener.stopService())
        assert not logs

    def test_a_socket_that_systemd_has_not_handed_over(self) -> None:
        endpoint = Endpoint.read("systemd:domain=INET:index=7")
        listener = Listener(
            "echo",
            str(endpoint),
            partial(endpoint.on, reactor),
            EchoFactory(),
            reactor=reactor,
            remedy="see there",
        )
        with self.assertRaises(CannotListen) as raised:
            listener.startService()
        assert "systemd has handed over no such socket; see there" in str(raised.exception)
