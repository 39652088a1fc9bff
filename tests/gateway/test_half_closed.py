"""A peer that closes its half gets the answers to all that it has sent, and then the connection is closed."""

import contextlib
import socket
import ssl

from twisted.internet import reactor
from twisted.internet.threads import deferToThread

from sip2gw.gateway import TerminalFactory
from sip2gw.tls.contexts import TLSFiles

from .desk import LOGIN, STATUS, Bench
from .servers import AServer
from .sockets import TIMEOUT, shake_hands, trusting

LINES = 40  # more than one turn of the loop answers
REQUESTS = f"{LOGIN}\r".encode() + f"{STATUS}\r".encode() * LINES


def everything(stream: socket.socket) -> bytes:
    return b"".join(iter(lambda: stream.recv(4096), b""))


def plain(port: int, sent: bytes) -> bytes:
    """What is heard on the plain port after a FIN."""
    with socket.create_connection(("127.0.0.1", port), TIMEOUT) as client:
        client.sendall(sent)
        client.shutdown(socket.SHUT_WR)
        return everything(client)


def over_tls(port: int, sent: bytes, version: ssl.TLSVersion, notify: bool, fin: bool) -> bytes:
    """What is heard after a close_notify, a FIN, or both."""
    context = trusting(None, minimum_version=version, maximum_version=version)
    came, out = ssl.MemoryBIO(), ssl.MemoryBIO()
    secure = context.wrap_bio(came, out)
    with socket.create_connection(("127.0.0.1", port), TIMEOUT) as client:
        shake_hands(secure, client, came, out)
        secure.write(sent)
        if notify:
            with contextlib.suppress(ssl.SSLWantReadError):
                secure.unwrap()
        client.sendall(out.read())  # in one piece, so that all has come before the first answer is out
        if fin:
            client.shutdown(socket.SHUT_WR)
        came.write(everything(client))
        came.write_eof()
        return decrypted(secure)


def decrypted(secure: ssl.SSLObject) -> bytes:
    heard = b""
    while True:
        try:
            piece = secure.read(4096)
        except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
            return heard
        if not piece:
            return heard
        heard += piece


class HalfClosed(AServer):
    def setUp(self) -> None:
        super().setUp()
        self.bench = Bench()
        self.addCleanup(self.bench.sandbox.close)
        self.terminals = TerminalFactory(self.bench.directory, reactor=reactor)
        self.addCleanup(self.terminals.drain)

    async def test_K9_requests_before_a_fin_are_answered_on_the_plain_port(self) -> None:
        self.serve(None, self.terminals)
        assert self.answers(await deferToThread(plain, self.port, REQUESTS)) == LINES
        await self.until(lambda: not self.terminals.sessions)

    async def test_K9_requests_before_the_end_are_answered_over_tls(self) -> None:
        self.authority.write_pair(self.folder, "localhost")
        self.serve(TLSFiles(self.folder), self.terminals)
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            for notify, fin in ((True, False), (False, True), (True, True)):
                heard = await deferToThread(over_tls, self.port, REQUESTS, version, notify, fin)
                assert self.answers(heard) == LINES, (version, notify, fin)
        await self.until(lambda: not self.terminals.sessions)

    async def test_K9_half_a_request_before_the_end_is_not_answered(self) -> None:
        self.authority.write_pair(self.folder, "localhost")
        self.serve(TLSFiles(self.folder), self.terminals)
        for sent in (b"", b"9900802.0"):
            heard = await deferToThread(over_tls, self.port, sent, ssl.TLSVersion.TLSv1_3, True, True)
            assert heard == b""
        await self.until(lambda: not self.terminals.sessions)

    def answers(self, heard: bytes) -> int:
        lines = heard.decode().split("\r")
        assert lines[0] in ("941", "940")
        return sum(line.startswith("98") for line in lines)
