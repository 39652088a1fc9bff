"""Over real sockets: what a hostile peer can send, leave unread, or leave open, and that others do not notice."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event
from typing import Any

from twisted.internet import reactor
from twisted.internet.threads import deferToThread
from twisted.protocols.policies import ProtocolWrapper

from sip2gw.gateway import TerminalFactory
from sip2gw.limits import Limits
from sip2gw.tls.contexts import TLSFiles

from .desk import STATUS, Bench
from .servers import AServer
from .sockets import TIMEOUT, trusting

LINE = STATUS.encode() + b"\r"
MIB = 2**20


@contextmanager
def connection(port: int, **options: int) -> Iterator[socket.socket]:
    """A client's connection; `options` are those of the socket."""
    with socket.socket() as client:
        client.settimeout(TIMEOUT)
        for name, value in options.items():
            client.setsockopt(socket.SOL_SOCKET, getattr(socket, name), value)
        client.connect(("127.0.0.1", port))
        yield client


def send_until_cut_off(
    port: int, what: bytes, most: int, *, tls: ssl.SSLContext | None = None, **options: int
) -> int:
    """How much can be sent, of `most` bytes, without ever reading."""
    sent = 0
    with connection(port, **options) as plain, tls.wrap_socket(plain) if tls else plain as client:
        try:
            while sent < most:
                client.sendall(what)
                sent += len(what)
        except (ConnectionResetError, BrokenPipeError, ssl.SSLError):
            pass
    return sent


def ask(port: int, times: int) -> list[bytes]:
    """What a terminal hears that asks one thing after the other."""
    heard = []
    with connection(port) as client:
        for _ in range(times):
            client.sendall(LINE)
            answer = b""
            while not answer.endswith(b"\r"):
                answer += client.recv(1000)
            heard.append(answer)
    return heard


def stay(port: int, context: ssl.SSLContext, heard_it: Event) -> bytes:
    """What is heard by a client that shakes hands, asks something, and answers no goodbye."""
    with connection(port) as plain:
        secure = context.wrap_socket(plain, server_hostname="localhost")
        secure.sendall(LINE)
        heard = secure.recv(1000)
        while secure.pending():
            heard += secure.recv(1000)
        heard_it.set()
        # From here on nobody reads TLS, so that nobody answers its goodbye; the plain bytes show when it is over.
        raw = socket.socket(fileno=secure.detach())
        raw.settimeout(TIMEOUT)
        with raw:
            try:
                while raw.recv(1000):
                    pass
            except ConnectionResetError:
                return heard
    return b"it was closed and not cut off"


def socket_of(transport: Any) -> socket.socket:
    while isinstance(transport, ProtocolWrapper):
        transport = transport.transport
    handle = transport.getHandle()
    assert isinstance(handle, socket.socket)
    return handle


class ATerminalDoor(AServer):
    """The gateway at a free port."""

    def open(self, files: TLSFiles | None = None, **limits: Any) -> TerminalFactory:
        bench = Bench()
        self.addCleanup(bench.sandbox.close)
        self.terminals = TerminalFactory(
            bench.directory, reactor=reactor, limits=Limits(**limits), metrics=self.metrics
        )
        self.serve(files, self.terminals, limits=self.terminals.limits)
        return self.terminals

    def secured(self) -> TLSFiles:
        self.authority.write_pair(self.folder / "tls.pem", "localhost")
        return TLSFiles(self.folder / "tls.pem")


class HostileTests(ATerminalDoor):
    async def test_F5_a_gigabyte_without_a_line_end_is_disconnected_at_its_start(self) -> None:
        self.open()
        sent = await deferToThread(send_until_cut_off, self.port, b"x" * MIB, 1024 * MIB)
        assert sent <= 32 * MIB, "as much as fits into the buffers of the two sockets"
        assert self.struck("line") == 1
        await self.until(lambda: not self.terminals.sessions)

    async def test_F9_a_terminal_that_never_reads_is_disconnected(self) -> None:
        self.open(write_queue=2048, write_deadline=0.05)
        sent = await deferToThread(send_until_cut_off, self.port, LINE * 100, 64 * MIB, SO_RCVBUF=2048)
        assert sent < 32 * MIB
        assert self.struck("write_queue")
        assert self.struck("write_deadline") == 1
        await self.until(lambda: not self.terminals.sessions)

    async def test_F9_a_terminal_that_never_reads_over_tls_is_disconnected(self) -> None:
        self.open(self.secured(), write_queue=2048, write_deadline=0.05)
        tls = trusting(None)
        sent = await deferToThread(
            send_until_cut_off, self.port, LINE * 100, 64 * MIB, tls=tls, SO_RCVBUF=2048
        )
        assert sent < 32 * MIB
        assert self.struck("write_deadline") == 1
        await self.until(lambda: not self.terminals.sessions)

    async def test_F12_a_peer_that_never_sends_close_notify_is_disconnected(self) -> None:
        self.open(self.secured(), close_deadline=0.05)
        heard_it = Event()
        heard = deferToThread(stay, self.port, trusting(None), heard_it)
        await self.until(heard_it.is_set)
        await self.terminals.drain()
        assert (await heard).startswith(b"98")
        assert self.struck("close_deadline") == 1

    async def test_F3_F4_over_tls_the_time_for_the_login_begins_with_the_handshake(self) -> None:
        self.open(self.secured(), login_deadline=0.05, handshake_deadline=20.0)
        with connection(self.port):
            await self.until(lambda: self.terminals.sessions)
            (silent,) = self.terminals.sessions
            assert not silent.deadlines._due
            await deferToThread(stay, self.port, trusting(None), Event())
            assert self.struck("login_deadline") == 1
            assert self.terminals.sessions == {silent}

    async def test_F10_many_hostile_peers_delay_no_honest_terminal(self) -> None:
        self.open(write_queue=2048, write_deadline=0.3, line=512)
        hostile = [
            deferToThread(send_until_cut_off, self.port, LINE * 100, 64 * MIB, SO_RCVBUF=2048),
            deferToThread(send_until_cut_off, self.port, b"\xff\x00 no terminal \r" * 1000, MIB // 8),
            deferToThread(send_until_cut_off, self.port, b"\r\n\0" * 10000, MIB),
            deferToThread(send_until_cut_off, self.port, b"x" * 1000, MIB),
        ]
        heard = await deferToThread(ask, self.port, 30)
        assert [answer[:2] for answer in heard] == [b"98"] * 30
        for one in hostile:
            await one
        await self.until(lambda: not self.terminals.sessions)


class KeptTests(ATerminalDoor):
    async def test_F5_F9_reads_and_unsent_answers_are_bounded_by_the_write_queue(self) -> None:
        self.open(self.secured(), write_queue=2**15)
        with connection(self.port):
            await self.until(lambda: self.terminals.sessions)
            (terminal,) = self.terminals.sessions
            transport = terminal.transport
            assert socket_of(transport).getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF) <= 2 * 2**15
            while isinstance(transport, ProtocolWrapper):
                transport = transport.transport
            assert transport.bufferSize == 2**15


class HalfOpenTests(ATerminalDoor):
    def check(self, keepalive: int) -> None:
        (terminal,) = self.terminals.sessions
        found = socket_of(terminal.transport)
        assert found.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        options = ("TCP_KEEPIDLE", "TCP_KEEPINTVL", "TCP_KEEPCNT", "TCP_USER_TIMEOUT", "TCP_NODELAY")
        idle, interval, probes, user, quick = (
            found.getsockopt(socket.IPPROTO_TCP, getattr(socket, name)) for name in options
        )
        assert idle == keepalive
        assert idle + interval * probes == 2 * keepalive
        assert user == 2 * keepalive * 1000
        assert quick

    async def test_F11_the_system_gives_a_peer_up_that_is_gone_without_a_word(self) -> None:
        self.open()
        with connection(self.port):
            await self.until(lambda: self.terminals.sessions)
            assert self.terminals.limits.keepalive == 60, "twice that is two minutes"
            self.check(60)

    async def test_F11_a_lost_peer_over_tls_is_given_up_by_the_system(self) -> None:
        self.open(self.secured(), keepalive=4)
        with connection(self.port):
            await self.until(lambda: self.terminals.sessions)
            self.check(4)
