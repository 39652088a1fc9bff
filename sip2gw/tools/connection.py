"""One connection to a gateway: it sends and receives lines, with blocking sockets and a deadline."""

from __future__ import annotations

import re
import socket
import time

from sip2gw.tools.address import Address, Unreachable, connect

_LONGEST = 65536
"""Most bytes without a terminator: a peer that sends more does not speak SIP2."""

_ALERT = b"\x15\x03"
"""The first bytes of an alert of TLS."""


class NoAnswer(Unreachable):
    """No line arrived within the timeout."""


class Connection:
    """Lines over TCP or TLS. A line is bytes without terminator; `terminator` is added to each line sent."""

    def __init__(self, address: Address, *, timeout: float = 10.0, terminator: bytes = b"\r") -> None:
        self.address = address
        self.timeout = timeout
        """Seconds to connect, and to wait for an answer."""
        self._terminator = terminator
        self._socket: socket.socket | None = None
        self._received = b""
        self._heard = False

    def __enter__(self) -> Connection:
        self.open()
        return self

    def __exit__(self, *failure: object) -> None:
        self.close()

    @property
    def is_open(self) -> bool:
        """Whether it is connected, as far as is known without sending."""
        return self._socket is not None

    def open(self) -> None:
        """Connect, if it is not connected. Raises `Unreachable`."""
        if self._socket is None:
            self._socket = connect(self.address, self.timeout)
            self._received, self._heard = b"", False

    def close(self) -> None:
        """Disconnect."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def reconnect(self) -> None:
        """Disconnect and connect again: the gateway sees a new terminal."""
        self.close()
        self.open()

    def send(self, line: bytes) -> None:
        """Send one line. Raises `Unreachable`."""
        if self._socket is None:
            raise Unreachable(f"not connected to {self.address}")
        try:
            self._socket.settimeout(self.timeout)
            self._socket.sendall(line + self._terminator)
        except OSError as error:
            raise self._broken(error) from None

    def receive(self, timeout: float | None = None) -> bytes:
        """Return the next line that is not empty.

        Raises `NoAnswer` after `timeout` seconds, and `Unreachable` if the gateway disconnects.
        """
        deadline = time.monotonic() + (self.timeout if timeout is None else timeout)
        while True:
            line, end, rest = _first_line(self._received)
            if end:
                self._received = rest
                if line:
                    return line
                continue
            if len(self._received) > _LONGEST:
                self.close()
                raise Unreachable(f"{self.address} does not end its lines")
            self._received += self._read(deadline - time.monotonic())

    def _read(self, timeout: float) -> bytes:
        if self._socket is None:
            raise Unreachable(f"not connected to {self.address}")
        if timeout <= 0:
            raise NoAnswer(f"no answer from {self.address} in time")
        self._socket.settimeout(timeout)
        try:
            chunk = self._socket.recv(65536)
        except TimeoutError:
            raise NoAnswer(f"no answer from {self.address} in time") from None
        except OSError as error:
            raise self._broken(error) from None
        speaks_tls = not self.address.tls and not self._received and chunk.startswith(_ALERT)
        if not chunk or speaks_tls:
            self.close()
            told = "speaks TLS" if speaks_tls else "disconnected"
            raise Unreachable(f"{self.address} {told}{self._perhaps_tls()}")
        self._heard = True
        return chunk

    def _perhaps_tls(self) -> str:
        """Return what to do if nothing was heard on a plain connection."""
        return "" if self.address.tls or self._heard else ". If it is a TLS port, leave out --plain"

    def _broken(self, error: OSError) -> Unreachable:
        self.close()
        return Unreachable(
            f"the connection to {self.address} broke: {error.strerror or error}{self._perhaps_tls()}"
        )


def _first_line(received: bytes) -> tuple[bytes, bytes, bytes]:
    """Return line, terminator and rest; the terminator is empty while the line is incomplete."""
    end = re.search(rb"[\r\n]", received)
    if end is None:
        return received, b"", b""
    return received[: end.start()], end[0], received[end.end() :]
