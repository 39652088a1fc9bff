"""A connection that one process accepts is served in another one: here both are this one, with real sockets."""

import os
import socket

from twisted.internet import reactor
from twisted.internet.address import IPv4Address
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import deferLater
from twisted.trial.unittest import TestCase

from sip2gw.workers.handing import HandedEndpoint, Taking, hand, pair

HERE = IPv4Address("TCP", "127.0.0.1", 6009)


class Echo(Protocol):
    def dataReceived(self, data: bytes) -> None:
        self.transport.write(data.upper())


class HandingTests(TestCase):
    async def setUp(self) -> None:
        self.ours, theirs = pair()
        self.taking = Taking(reactor, theirs)
        self.addCleanup(self.ours.close)
        self.addCleanup(theirs.close)
        self.addCleanup(reactor.removeReader, self.taking)
        self.factory = Factory.forProtocol(Echo)
        self.factory.noisy = False
        self.port = await HandedEndpoint(self.taking, 3, HERE).listen(self.factory)

    async def accepted(
        self, family: socket.AddressFamily, address: object
    ) -> tuple[socket.socket, socket.socket]:
        """A client and what was accepted for it."""
        with socket.socket(family) as listening:
            listening.bind(address)
            listening.listen()
            client = socket.socket(family)
            client.connect(listening.getsockname())
            connection, _ = listening.accept()
        self.addCleanup(client.close)
        client.setblocking(False)
        return client, connection

    async def heard(self, client: socket.socket) -> bytes:
        """What comes next; b"" if the connection was closed."""
        while True:
            try:
                return client.recv(100)
            except BlockingIOError:
                await deferLater(reactor, 0)

    async def test_a_connection_of_each_family_is_served(self) -> None:
        path = os.path.abspath(self.mktemp())
        for family, address in (
            (socket.AF_INET, ("127.0.0.1", 0)),
            (socket.AF_INET6, ("::1", 0)),
            (socket.AF_UNIX, path[-90:] if len(path) < 90 else f"\0sip2gw-{os.getpid()}"),
        ):
            client, connection = await self.accepted(family, address)
            with connection:
                assert hand(self.ours, 3, connection)
            client.sendall(b"hello")
            assert await self.heard(client) == b"HELLO"
            client.close()
        assert self.taking.taken == 3
        assert self.port.getHost() == HERE

    async def test_a_connection_for_an_unknown_place_is_closed(self) -> None:
        for place in (2, 3):
            if place == 3:
                await self.port.stopListening()
            client, connection = await self.accepted(socket.AF_INET, ("127.0.0.1", 0))
            with connection:
                assert hand(self.ours, place, connection)
            assert await self.heard(client) == b""

    async def test_a_connection_whose_peer_has_gone_harms_nothing(self) -> None:
        client, connection = await self.accepted(socket.AF_INET, ("127.0.0.1", 0))
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        client.close()
        with connection:
            assert hand(self.ours, 3, connection)
        client, connection = await self.accepted(socket.AF_INET, ("127.0.0.1", 0))
        with connection:
            assert hand(self.ours, 3, connection)
        client.sendall(b"still here")
        assert await self.heard(client) == b"STILL HERE"

    async def test_an_end_that_takes_nothing_refuses_without_blocking(self) -> None:
        reactor.removeReader(self.taking)
        one, other = socket.socketpair()
        with one, other:
            handed = 0
            while hand(self.ours, 3, one):
                handed += 1
                assert handed < 100_000
        assert handed > 0

    async def test_an_end_that_is_gone_refuses(self) -> None:
        reactor.removeReader(self.taking)
        self.taking.connectionLost(None)
        one, other = socket.socketpair()
        with one, other:
            assert not hand(self.ours, 3, one)

    async def test_the_end_of_the_parent_stops_the_reading(self) -> None:
        self.ours.close()
        while self.taking in reactor.getReaders():
            await deferLater(reactor, 0)
