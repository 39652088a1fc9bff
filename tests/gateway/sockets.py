"""Clients with blocking sockets, to be run in a thread, and a server that says everything back."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

from attrs import frozen
from twisted.internet.protocol import Protocol, ServerFactory

TIMEOUT = 10.0


class Echo(Protocol):
    """Says back what it hears, and tells its factory when it is gone."""

    def connectionMade(self) -> None:
        self.factory.live.add(self)

    def dataReceived(self, data: bytes) -> None:
        self.transport.write(data)

    def connectionLost(self, reason: object) -> None:
        self.factory.live.discard(self)


class EchoFactory(ServerFactory):
    """`live` are the connections that there are."""

    protocol = Echo
    noisy = False

    def __init__(self) -> None:
        self.live: set[Echo] = set()


@frozen
class Seen:
    """What a client saw of a TLS server."""

    certificate: bytes
    """DER."""
    version: str
    suite: str
    echo: bytes


def trusting(
    certificate: Path | None, *, client: Path | None = None, ciphers: str | None = None, **changes: Any
) -> ssl.SSLContext:
    """A client's context that trusts this certificate alone, or anybody; `changes` are set on it.

    `client` is a file with a certificate and key of the client's own.
    """
    context = ssl.create_default_context(cafile=None if certificate is None else str(certificate))
    if certificate is None:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if client is not None:
        context.load_cert_chain(client)
    if ciphers is not None:
        context.set_ciphers(ciphers)
    for name, value in changes.items():
        setattr(context, name, value)
    return context


def visit(port: int, context: ssl.SSLContext, name: str | None = "127.0.0.1") -> Seen:
    """Connect, say something, and hear it said back. Without a name, or with a number, none is told to the server."""
    plain = socket.create_connection(("127.0.0.1", port), TIMEOUT)
    with plain, context.wrap_socket(plain, server_hostname=name) as secure:
        secure.sendall(b"9900302.00\r")
        echo = secure.recv(100)
        suite = secure.cipher()
        assert suite is not None
        return Seen(secure.getpeercert(True) or b"", secure.version() or "", suite[0], echo)


def failure_of(visit: Callable[..., Seen], *arguments: object) -> str:
    """The reason for which a handshake fails."""
    try:
        visit(*arguments)
    except ssl.SSLError as error:
        return error.reason or ""
    return "no failure"


def shake_hands(secure: ssl.SSLObject, plain: socket.socket, came: ssl.MemoryBIO, out: ssl.MemoryBIO) -> None:
    """Do the handshake over a socket. What ends it may be in `out` afterwards, and is not sent yet."""
    while True:
        try:
            secure.do_handshake()
            return
        except ssl.SSLWantReadError:
            plain.sendall(out.read())
            came.write(plain.recv(65536))


def say_behind_handshake(port: int, line: bytes, kept: int) -> bytes:
    """Say a line together with the end of the handshake, except its record's last `kept` bytes.

    Those come once the server has finished the handshake. Return the first answer.
    """
    came, out = ssl.MemoryBIO(), ssl.MemoryBIO()
    secure = trusting(None, minimum_version=ssl.TLSVersion.TLSv1_3).wrap_bio(came, out)
    with socket.create_connection(("127.0.0.1", port), TIMEOUT) as plain:
        shake_hands(secure, plain, came, out)
        secure.write(line)
        said = out.read()
        plain.sendall(said[:-kept])
        came.write(plain.recv(65536))  # session tickets: the last that the server sends of its handshake
        plain.sendall(said[-kept:])
        while True:
            try:
                return secure.read(1000)
            except ssl.SSLWantReadError:
                came.write(plain.recv(65536))


def say_in_clear(port: int, line: bytes) -> bytes:
    """What a server answers to a line until it hangs up."""
    with socket.create_connection(("127.0.0.1", port), TIMEOUT) as plain:
        plain.sendall(line)
        heard = b""
        while True:
            try:
                piece = plain.recv(1000)
            except ConnectionResetError:
                return heard
            if not piece:
                return heard
            heard += piece
