"""What strangers may do to the admin endpoint: nothing that costs the terminals."""

import socket

import pytest
from twisted.internet import reactor
from twisted.internet.address import IPv4Address
from twisted.internet.endpoints import TCP4ServerEndpoint
from twisted.internet.task import deferLater
from twisted.internet.testing import StringTransport
from twisted.internet.threads import deferToThread
from twisted.trial.unittest import TestCase

from sip2gw.admin import channel
from sip2gw.admin.guard import Guard
from sip2gw.admin.health import Health, Status, site
from sip2gw.metrics import Metrics
from sip2gw.secret import Secret

LIVE = b"GET /health/live HTTP/1.1\r\nhost: a\r\n\r\n"


def connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), 10)


def heard(client: socket.socket) -> bytes:
    """All until the connection is closed."""
    pieces = []
    with client:
        while True:
            try:
                piece = client.recv(65536)
            except ConnectionError:
                piece = b""
            if not piece:
                return b"".join(pieces)
            pieces.append(piece)


def exchange(port: int, *sent: bytes) -> bytes:
    client = connect(port)
    try:
        for piece in sent:
            client.sendall(piece)
    except ConnectionError:
        pass  # it does not want to hear it all
    return heard(client)


class Attacks(TestCase):
    async def setUp(self) -> None:
        self.metrics = Metrics()
        window = site(
            lambda: Health(Status.OK, "1", terminals=0),
            guard=Guard(Secret("x" * 32)),
            metrics=self.metrics,
            status=lambda: Status.OK,
        )
        port = await TCP4ServerEndpoint(reactor, 0, interface="127.0.0.1").listen(window)
        self.addCleanup(port.stopListening)
        self.port = port.getHost().port
        self.window = window

    async def ask(self, *sent: bytes) -> bytes:
        return await deferToThread(exchange, self.port, *sent)

    async def test_R9_a_body_is_refused_before_it_is_read(self) -> None:
        form = b"content-type: application/x-www-form-urlencoded\r\n"
        for head in (
            b"POST /health HTTP/1.1\r\nhost: a\r\n" + form + b"content-length: 67108864\r\n\r\n",
            b"POST /health HTTP/1.1\r\nhost: a\r\n" + form + b"transfer-encoding: chunked\r\n\r\n",
            b"GET /health/live HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\n\r\n",
            b"PUT /nothing HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\ncontent-length: 9\r\n\r\n",
        ):
            answer = await self.ask(head)
            assert answer.startswith(b"HTTP/1.1 413 "), answer
            assert answer.count(b"HTTP/1.1") == 1
        await self.ask(b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 99999999\r\n\r\n", bytes(2**22))
        assert (await self.ask(LIVE)).startswith(b"HTTP/1.1 200 ")

    async def test_R9_of_a_pipeline_one_request_is_answered(self) -> None:
        answer = await self.ask(LIVE * 60_000)
        assert answer.count(b"HTTP/1.1") <= 1  # none, where the reset for what was not read comes first
        answer = await self.ask(LIVE * 3)
        assert answer.count(b"HTTP/1.1 200") == 1
        assert b"connection: close" in answer.lower()

    async def test_R9_a_newcomer_to_the_full_admin_endpoint_gets_a_slot(self) -> None:
        silent = [await deferToThread(connect, self.port) for _ in range(2 * channel.CONNECTIONS)]
        assert (await self.ask(LIVE)).startswith(b"HTTP/1.1 200 ")
        assert len(self.window._connection_limits._silent["127.0.0.1"]) <= channel.CONNECTIONS
        value = self.metrics.registry.get_sample_value
        assert value("sip2gw_limit_strikes_total", {"limit": "admin_connections"}) > channel.CONNECTIONS
        assert value("sip2gw_connections", {"state": "stranger"}) is None
        for client in silent:
            client.close()
        while self.window._connection_limits._silent:
            await deferLater(reactor, 0.001)

    def test_a_client_that_is_cut_off_frees_its_slot_at_once(self) -> None:
        client = self.window.buildProtocol(IPv4Address("TCP", "192.0.2.1", 54321))
        client.makeConnection(StringTransport())
        assert self.window._connection_limits.open == 1
        client.abort()
        assert self.window._connection_limits.open == 0
        client.connectionLost()
        assert self.window._connection_limits.open == 0

    async def test_R9_a_slow_or_silent_admin_client_is_closed_in_time(self) -> None:
        monkeypatch = pytest.MonkeyPatch()
        self.addCleanup(monkeypatch.undo)
        monkeypatch.setattr(channel, "DEADLINE", 0.2)
        for said in (b"", b"GET /", LIVE[:-2], b"POST / HTTP/1.1\r\ncontent-length: 5\r\n"):
            assert await self.ask(said) == b""
