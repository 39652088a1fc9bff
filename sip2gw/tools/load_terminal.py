"""One of the many terminals of a load, with little work for each message: it runs beside the gateway that it measures.

Requests are joined from prepared bytes. Of an answer only the first bytes, the last bytes and BL are read.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import Protocol

from attrs import field, frozen
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IHandshakeListener
from twisted.internet.protocol import Protocol as TwistedProtocol
from twisted.internet.protocol import connectionDone
from twisted.python.failure import Failure
from zope.interface import implementer

from sip2gw.sip2 import Dialect, Trailer, format, messages
from sip2gw.tools.address import Address, Unreachable, check_fingerprint
from sip2gw.tools.options import Setup

_LONGEST = 65536
_LENDING = ("11", "09")
_CLOSE_TIMEOUT = 2.0
"""Seconds that the gateway has to close its side of the connection."""


@frozen
class Plan:
    """The size, length and requests of a load."""

    terminals: int
    seconds: float
    rate: float | None
    """Messages a second of all terminals together. None: each asks when it has its answer. 0: all stay silent."""
    mix: dict[str, int]
    patrons: list[str]
    items: list[str]


@frozen
class Script:
    """The prepared bytes of one terminal, without date and trailer."""

    login: bytes | None = field(repr=False)
    patron: bytes
    item: bytes
    library: bytes
    password: bytes = field(repr=False)
    """The value of AC."""
    error_detection: bool
    terminator: bytes

    @classmethod
    def of(cls, setup: Setup, patron: str, item: str) -> Script:
        """Prepare the script of a terminal that lends `item` to `patron`."""
        terminal = setup.terminal
        login = terminal.login() if setup.logs_in else None
        trailer = Trailer("0", checked=True) if setup.error_detection else Trailer()
        password = getattr(terminal.request(messages.PatronStatusRequest), "terminal_password", None)
        return cls(
            format(login, trailer, Dialect(terminator=setup.terminator)) if login else None,
            patron.encode(),
            item.encode(),
            terminal.library.encode(),
            password.reveal().encode() if password else b"",
            setup.error_detection,
            setup.terminator,
        )

    def line(self, code: str, date: bytes, sequence: int) -> bytes:
        """Write one request, with its terminator. `date` has the 18 characters of SIP2."""
        match code:
            case "99":
                body = b"9900402.00"
            case "23":
                body = b"23000%bAO%b|AA%b|AC%b|AD|" % (date, self.library, self.patron, self.password)
            case "11":
                body = b"11YN%b%bAO%b|AA%b|AB%b|AC%b|" % (
                    date, b" " * 18, self.library, self.patron, self.item, self.password,
                )  # fmt: skip
            case _:
                body = b"09N%b%bAP|AO%b|AB%b|AC%b|" % (date, date, self.library, self.item, self.password)
        if self.error_detection:
            body += b"AY%dAZ" % sequence
            body += b"%04X" % (-sum(body) & 0xFFFF)
        return body + self.terminator


def is_yes(code: str, answer: bytes) -> bool:
    """Return whether the answer to a request of that code is a yes."""
    match code:
        case "99":
            return answer[:3] == b"98Y"
        case "23":
            return answer[:2] == b"24" and b"|BLY" in answer
        case "11":
            return answer[:3] == b"121"
        case "09":
            return answer[:3] == b"101"
        case _:
            return answer[:3] == b"941"


class Load(Protocol):
    """The load, to which terminals report."""

    def ready(self, terminal: LoadTerminal) -> None:
        """Give the terminal its next request: it is logged in, and waits for no answer."""

    def answered(self, code: str, due: float, accepted: bool) -> None:
        """Count the answer to a request that was due at `due`, a moment of the monotonic clock."""

    def lost(self, terminal: LoadTerminal, why: str) -> None:
        """Forget the terminal: its connection is lost."""


@implementer(IHandshakeListener)
class LoadTerminal(TwistedProtocol):
    """One terminal: one request at a time, one item that it checks out and in again."""

    def __init__(
        self,
        script: Script,
        mix: dict[str, int],
        load: Load,
        date: Callable[[], bytes],
        address: Address,
    ) -> None:
        self.sent_at: float | None = None
        """When the request in progress was sent; None if none is."""
        self.has_item_out = False
        self.disconnected: Deferred[None] = Deferred()
        """Fires when the connection is closed."""
        self._script = script
        self._codes = list(mix)
        self._weights = list(mix.values())
        self._load = load
        self._date = date
        self._address = address
        self._sequence = 0
        self._code = ""
        self._due = 0.0
        self._buffer = b""

    def connectionMade(self) -> None:
        """Log in; with TLS only after the handshake."""
        if not self._address.tls:
            self._begin()

    def handshakeCompleted(self) -> None:
        """Log in, if the certificate is the right one."""
        certificate = self.transport.getPeerCertificate()  # type: ignore[union-attr]  # a TLS transport has it
        try:
            check_fingerprint(self._address, certificate.digest("sha256").decode().replace(":", "").lower())
        except Unreachable as wrong:
            self.reset(str(wrong))
        else:
            self._begin()

    def _begin(self) -> None:
        if self._script.login is None:
            self._load.ready(self)
        else:
            self._write("93", self._script.login, time.monotonic())

    def ask(self, due: float | None = None) -> None:
        """Send a request out of the mix. `due` is when it should have been sent, if not now."""
        code = random.choices(self._codes, self._weights)[0]  # noqa: S311  # not a secret
        if code in _LENDING:
            code = "09" if self.has_item_out else "11"
        self._send(code, time.monotonic() if due is None else due)

    def check_in(self) -> None:
        """Check in the item that is checked out."""
        self._send("09", time.monotonic())

    def disconnect(self) -> Deferred[None]:
        """Disconnect; reset the connection if the gateway does not close its side. Fires when it is closed."""
        assert self.transport is not None  # noqa: S101  # for mypy: only a connected terminal disconnects
        self.transport.loseConnection()
        return self.disconnected.addTimeout(_CLOSE_TIMEOUT, reactor, onTimeoutCancel=lambda *_: self._abort())

    def reset(self, why: str) -> None:
        """Report why, and reset the connection."""
        self._load.lost(self, why)
        self._abort()

    def _abort(self) -> None:
        self.transport.abortConnection()  # type: ignore[union-attr]  # TCP and TLS transports have it

    def _send(self, code: str, due: float) -> None:
        self._sequence = (self._sequence + 1) % 10
        self._write(code, self._script.line(code, self._date(), self._sequence), due)

    def _write(self, code: str, line: bytes, due: float) -> None:
        self._code, self._due, self.sent_at = code, due, time.monotonic()
        self.transport.write(line)  # type: ignore[union-attr]  # set from connectionMade on

    def dataReceived(self, data: bytes) -> None:
        """Collect an answer until its terminator."""
        data = self._buffer + data
        if data[-1:] not in (b"\r", b"\n"):
            self._buffer = data
            if len(data) > _LONGEST:
                self.reset("an answer without terminator")
            return
        self._buffer = b""
        answer = data.strip()
        if answer and self.sent_at is not None:
            self.sent_at = None
            self._take(answer)

    def _take(self, answer: bytes) -> None:
        code = self._code
        accepted = is_yes(code, answer)
        if code == "93":
            if not accepted:
                self.reset("login refused")
                return
        else:
            self._load.answered(code, self._due, accepted)
        if code in _LENDING:
            # After a refused checkin the item is not here either; the next checkout will show.
            self.has_item_out = accepted and code == "11"
        self._load.ready(self)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Report the loss, and fire `disconnected`."""
        self._load.lost(self, reason.getErrorMessage())
        if not self.disconnected.called:
            self.disconnected.callback(None)
