"""What is sent to a socket at once arrives in its order, also after the socket was full."""

import socket
from threading import Event

from twisted.internet.protocol import Factory, Protocol
from twisted.internet.threads import deferToThread

from sip2gw.tls.contexts import TLSFiles

from .servers import AServer
from .sockets import TIMEOUT, trusting

PIECES = [b"%07d\r" % number * 512 for number in range(3000)]  # 12 MiB, more than any socket takes
FIRST = 2500


class Flood(Protocol):
    """Writes until the socket is full, and more in the same turn of the loop once there is room again."""

    def dataReceived(self, _: bytes) -> None:
        for piece in PIECES[:FIRST]:
            self.transport.write(piece)
        self.factory.full.set()
        self.factory.room.wait(TIMEOUT)
        for piece in PIECES[FIRST:]:
            self.transport.write(piece)
        self.transport.loseConnection()


class AnyOrder(AServer):
    async def test_what_a_full_socket_did_not_take_follows_in_its_order(self) -> None:
        self.authority.write_pair(self.folder, "localhost")
        factory = Factory.forProtocol(Flood)
        factory.full, factory.room = Event(), Event()
        self.serve(TLSFiles(self.folder), factory)

        def read() -> bytes:
            plain = socket.create_connection(("127.0.0.1", self.port), TIMEOUT)
            with plain, trusting(None).wrap_socket(plain, server_hostname="localhost") as secure:
                secure.sendall(b"?")
                assert factory.full.wait(TIMEOUT), "a write waits for nobody"
                heard = b""
                while len(heard) < 2**21:
                    heard += secure.recv(65536)
                factory.room.set()
                return heard + b"".join(iter(lambda: secure.recv(65536), b""))

        assert await deferToThread(read) == b"".join(PIECES)
