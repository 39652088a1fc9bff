"""A terminal made of a socket and nothing else: it can spell a line in every way that real terminals do."""

import socket
import ssl
from collections.abc import Iterator
from datetime import datetime, timedelta

from attrs import define, field, frozen

from sip2gw.sip2 import Message, Request, Secret, SummaryList, Trailer, format, lay_out, messages, parse

NOW = datetime(2026, 3, 1, 10, 15)
PATIENCE = 25.0
"""Seconds to wait for any answer: the gateway's own deadline is shorter."""


@frozen
class Spelling:
    """How a terminal puts a message on the wire."""

    checked: bool = True
    terminator: bytes = b"\r"
    one_byte_at_a_time: bool = False

    def __str__(self) -> str:
        end = {b"\r": "CR", b"\n": "LF", b"\r\n": "CRLF", b"\n\r": "LFCR"}[self.terminator]
        return (
            f"{'checked' if self.checked else 'plain'}-{end}{'-bytewise' if self.one_byte_at_a_time else ''}"
        )


@define
class Terminal:
    """One connection. `send` and `receive` work on lines; `ask` on messages, and checks the trailer of the answer."""

    socket: socket.socket
    spelling: Spelling = Spelling()
    _rest: bytes = b""
    _sequence: int = field(default=-1)

    @classmethod
    def connect(cls, port: int, *, ca_file: str | None = None, spelling: Spelling = Spelling()) -> "Terminal":
        raw = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if ca_file:
            raw = ssl.create_default_context(cafile=ca_file).wrap_socket(raw, server_hostname="localhost")
        return cls(raw, spelling)

    def spell(self, message: Message) -> bytes:
        self._sequence = (self._sequence + 1) % 10
        line = format(message, Trailer(str(self._sequence), True) if self.spelling.checked else Trailer())
        return line[:-1] + self.spelling.terminator

    def send(self, data: bytes) -> None:
        pieces: Iterator[bytes] = iter([data])
        if self.spelling.one_byte_at_a_time:
            pieces = (data[place : place + 1] for place in range(len(data)))
        for piece in pieces:
            self.socket.sendall(piece)

    def receive(self) -> bytes:
        """The next line, without its terminator; empty when the gateway hung up."""
        while b"\r" not in self._rest:
            data = self.socket.recv(65536)
            if not data:
                return b""
            self._rest += data
        line, self._rest = self._rest.split(b"\r", 1)
        return line

    def ask(self, message: Message) -> Message:
        self.send(self.spell(message))
        return self.answer()

    def answer(self) -> Message:
        line = self.receive()
        layout = lay_out(line)
        if self.spelling.checked:
            assert (layout.checksum_ok, layout.sequence) == (True, str(self._sequence))
        else:
            assert layout.checksum is None
        return parse(line)[0]

    def exchange(self, line: str) -> str:
        self.send(line.encode() + b"\r")
        return self.receive().decode()

    def log_in(
        self, account: str = "kiosk@riverside.example:kiosk-secret", library: str = "riverside"
    ) -> Message:
        user, _, password = account.partition(":")
        return self.ask(login(user, password, extensions=(("AO", library),)))

    def close(self) -> None:
        self.socket.close()

    def __enter__(self) -> "Terminal":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def login(user: str, password: str, location: str | None = None, extensions=()) -> messages.Login:
    return messages.Login(
        login_user_id=Secret(user),
        login_password=Secret(password),
        location_code=location,
        extensions=extensions,
    )


def status() -> messages.SCStatus:
    return messages.SCStatus(max_print_width=80)


def patron(number: str, pin: str | None = None, library: str = "riverside") -> messages.PatronStatusRequest:
    return messages.PatronStatusRequest(
        transaction_date=NOW,
        institution_id=library,
        patron_identifier=number,
        patron_password=None if pin is None else Secret(pin),
        language="001",
    )


_moments = iter(range(10**9))


def _moment() -> datetime:
    """A date of its own for each message, so that none is taken for a repetition."""
    return NOW + timedelta(seconds=next(_moments))


def checkout(number: str, item: str, *, renew: bool = False, library: str = "riverside") -> messages.Checkout:
    return messages.Checkout(
        sc_renewal_policy=renew,
        transaction_date=_moment(),
        institution_id=library,
        patron_identifier=number,
        item_identifier=item,
    )


def checkin(item: str, library: str = "riverside") -> messages.Checkin:
    moment = _moment()
    return messages.Checkin(
        transaction_date=moment, return_date=moment, institution_id=library, item_identifier=item
    )


def request(kind: type[Request], *, library: str = "riverside", **fields: object) -> Request:
    """Any other request, dated as no other is."""
    return kind(**{"transaction_date": _moment(), "institution_id": library, **fields})


def of(kind: type[Request], number: str, **fields: object) -> Request:
    """Any other request of a patron."""
    return request(kind, patron_identifier=number, **fields)


def information(
    number: str, wanted: SummaryList | None = None, pin: str | None = None, **fields: object
) -> Request:
    """63, for one list or none."""
    lists = frozenset() if wanted is None else frozenset({wanted})
    secret = None if pin is None else Secret(pin)
    return of(messages.PatronInformation, number, summary=lists, patron_password=secret, **fields)


def hold(mode: str, number: str, **fields: object) -> Request:
    """15."""
    return of(messages.Hold, number, hold_mode=mode, **fields)
