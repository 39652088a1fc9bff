"""A kiosk as bytes on a socket, so that it can be wrong in every way."""

from __future__ import annotations

import socket
import ssl
from contextlib import suppress
from datetime import datetime

from attrs import define, field

from sip2gw.sip2.error_detection import checksum

PATIENCE = 10.0
USER, PASSWORD = "kiosk@riverside.example", "kiosk-secret"


@define
class Kiosk:
    """One connection of a terminal."""

    socket: socket.socket
    _rest: bytes = field(default=b"", repr=False)

    @classmethod
    def plain(cls, port: int) -> Kiosk:
        return cls(socket.create_connection(("127.0.0.1", port), timeout=PATIENCE))

    @classmethod
    def secured(cls, port: int, context: ssl.SSLContext, name: str = "localhost") -> Kiosk:
        raw = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        try:
            return cls(context.wrap_socket(raw, server_hostname=name))
        except OSError:
            raw.close()
            raise

    def send(self, data: bytes) -> None:
        """Send bytes; a gateway that has disconnected is no reason to stop."""
        with suppress(OSError):
            self.socket.sendall(data)

    def answer(self) -> str:
        """The next answer; empty if there is none."""
        with suppress(OSError):
            while b"\r" not in self._rest:
                data = self.socket.recv(4096)
                if not data:
                    return ""
                self._rest += data
        line, _, self._rest = self._rest.partition(b"\r")
        return line.decode("utf-8", "replace").strip()

    def ask(self, line: str) -> str:
        self.send(line.encode() + b"\r")
        return self.answer()

    def close(self) -> None:
        self.socket.close()

    def __enter__(self) -> Kiosk:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def login(
    user: str = USER, password: str = PASSWORD, library: str = "riverside", location: str = "Main"
) -> str:
    """93; without `library` it has no AO."""
    named = f"AO{library}|" if library else ""
    return f"9300CN{user}|CO{password}|CP{location}|{named}"


def patron(
    number: str, password: str = "", library: str = "riverside", more: str = "", moment: str = ""
) -> str:
    """23."""
    return f"23000{moment or now()}AO{library}|AA{number}|{more}AD{password}|"


def checkout(number: str, item: str, library: str = "riverside") -> str:
    """11."""
    return f"11NN{now()}{' ' * 18}AO{library}|AA{number}|AB{item}|AC|"


def checkin(item: str, library: str = "riverside") -> str:
    """09."""
    return f"09N{now()}{now()}APMain|AO{library}|AB{item}|AC|"


def checked(data: bytes, over: bytes | None = None, sequence: int = 1) -> bytes:
    """The line with a trailer whose checksum is worked out over other bytes, if these are given."""
    start = b"AY%dAZ" % sequence
    return data + start + checksum((data if over is None else over) + start) + b"\r"


def now() -> str:
    return f"{datetime.now():%Y%m%d    %H%M%S}"
