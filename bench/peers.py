"""Hostile peers: what each does to the plain port until it is disconnected, and again after that."""

from __future__ import annotations

import select
import socket
import time
from collections.abc import Callable
from contextlib import suppress

ASK = b"9900802.00\r"


def connect(port: int) -> socket.socket:
    """Connect from an address that only hostile peers have."""
    connection = socket.socket()
    connection.bind(("127.0.2.1", 0))
    connection.connect(("127.0.0.1", port))
    connection.settimeout(1.0)
    return connection


def flood(port: int) -> None:
    """Send requests without a pause, and read the answers."""
    connection = connect(port)
    connection.setblocking(False)
    while True:
        readable, writable, _ = select.select([connection], [connection], [], 1.0)
        if readable and not connection.recv(65536):
            return
        if writable:
            connection.send(ASK * 100)


def never_read(port: int) -> None:
    """Send requests without a pause, and never read the answers."""
    connection = connect(port)
    connection.settimeout(None)
    while True:
        connection.sendall(ASK * 100)


def garbage(port: int) -> None:
    """Send lines that are not SIP2."""
    connection = connect(port)
    connection.settimeout(None)
    while True:
        connection.sendall(b"\xff\xfe\0GET / HTTP/1.0\r\x07\x1b[31m99999\r\n\r\n" * 100)


def trickle(port: int) -> None:
    """Open thirty connections, and send a byte on each now and then."""
    connections = [connect(port) for _ in range(30)]
    while True:
        for connection in connections:
            connection.sendall(b"9")
        time.sleep(0.02)


def no_end(port: int) -> None:
    """Send a request and then a line without an end, again and again."""
    while True:
        with connect(port) as connection, suppress(OSError):
            connection.sendall(ASK + b"x" * 65536)
            while True:
                connection.sendall(b"x" * 65536)


def be(hostile: Callable[[int], None], port: int) -> None:
    """Go on until disconnected, and connect again."""
    while True:
        with suppress(OSError):
            hostile(port)


HOSTILE = {
    "none": None,
    "flood": flood,
    "never reads": never_read,
    "garbage": garbage,
    "trickle": trickle,
    "no end": no_end,
}
