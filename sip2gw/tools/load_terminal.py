"""One of many terminals: as little work for each message as can be, since it shares the machine with what it measures.

Requests are glued together from ready-made bytes, and of an answer only the first and last bytes are looked at.
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
_PATIENCE = 2.0
"""Seconds in which the other side has to agree to a hang-up."""


@frozen
class Plan:
    """How many terminals do what, for how long."""

    terminals: int
    seconds: float
    rate: float | None
    """Messages a second in all; None: as fast as answers come; 0: silent."""
    mix: dict[str, int]
    patrons: list[str]
    items: list[str]


@frozen
class Script:
    """What one terminal says, as bytes without date and trailer."""

    login: bytes | None = field(repr=False)
    patron: bytes
    item: bytes
    library: bytes
    password: bytes = field(repr=False)
    """What goes into AC."""
    error_detection: bool
    terminator: bytes

    @classmethod
    def of(cls, setup: Setup, patron: str, item: str) -> Script:
        """The script of a terminal that has `patron` in front of it, and `item` on it."""
        terminal = setup.terminal
        login = terminal.login() if setup.logs_in else None
        trailer = Trailer("0", checked=True) if setup.error_detection else Trailer()
        password = getattr(terminal.says(messages.PatronStatusRequest), "terminal_password", None)
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
        """One request, with its terminator."""
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
    """Whether the answer to a request of that code is a yes."""
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


class Watcher(Protocol):
    """Who wants to know what becomes of a terminal."""

    def ready(self, terminal: LoadTerminal) -> None:
        """It is logged in, or has its answer, and may be given the next request."""

    def answered(self, code: str, due: float, accepted: bool) -> None:
        """It has an answer to a request that was due at that moment."""

    def lost(self, terminal: LoadTerminal, why: str) -> None:
        """Its connection is gone."""


@implementer(IHandshakeListener)
class LoadTerminal(TwistedProtocol):
    """One terminal: one request at a time, one item that goes out and comes back."""

    def __init__(
        self,
        script: Script,
        mix: dict[str, int],
        watcher: Watcher,
        date: Callable[[], bytes],
        address: Address,
    ) -> None:
        self.sent_at: float | None = None
        """When the request in hand was sent; None while there is none."""
        self.has_item_out = False
        self.gone: Deferred[None] = Deferred()
        """Fires when its connection is closed."""
        self._script = script
        self._codes = list(mix)
        self._weights = list(mix.values())
        self._watcher = watcher
        self._date = date
        self._address = address
        self._sequence = 0
        self._code = ""
        self._due = 0.0
        self._buffer = b""

    def connectionMade(self) -> None:
        """Begin; with TLS there is a handshake first."""
        if not self._address.tls:
            self._begin()

    def handshakeCompleted(self) -> None:
        """Begin, if this is the right gateway."""
        certificate = self.transport.getPeerCertificate()  # type: ignore[union-attr]  # a TLS transport has it
        try:
            check_fingerprint(self._address, certificate.digest("sha256").decode().replace(":", "").lower())
        except Unreachable as wrong:
            self.give_up(str(wrong))
        else:
            self._begin()

    def _begin(self) -> None:
        if self._script.login is None:
            self._watcher.ready(self)
        else:
            self._write("93", self._script.login, time.monotonic())

    def ask(self, due: float | None = None) -> None:
        """Ask the next question out of the mix. `due` is when it should have been asked, if not now."""
        code = random.choices(self._codes, self._weights)[0]  # noqa: S311  # nothing secret about it
        if code in _LENDING:
            code = "09" if self.has_item_out else "11"
        self._send(code, time.monotonic() if due is None else due)

    def bring_back(self) -> None:
        """Ask for a checkin of what is out."""
        self._send("09", time.monotonic())

    def hang_up(self) -> Deferred[None]:
        """Leave politely, and in the end in any case. Fires when it is done."""
        assert self.transport is not None  # noqa: S101  # for mypy: only who is connected can leave
        self.transport.loseConnection()
        return self.gone.addTimeout(_PATIENCE, reactor, onTimeoutCancel=lambda *_: self._abort())

    def give_up(self, why: str) -> None:
        """Leave at once."""
        self._watcher.lost(self, why)
        self._abort()

    def _abort(self) -> None:
        self.transport.abortConnection()  # type: ignore[union-attr]  # TCP and TLS transports have it

    def _send(self, code: str, due: float) -> None:
        self._sequence = (self._sequence + 1) % 10
        self._write(code, self._script.line(code, self._date(), self._sequence), due)

    def _write(self, code: str, line: bytes, due: float) -> None:
        self._code, self._due, self.sent_at = code, due, time.monotonic()
        self.transport.write(line)  # type: ignore[union-attr]  # there is one from connectionMade on

    def dataReceived(self, data: bytes) -> None:
        """An answer, or a part of it."""
        data = self._buffer + data
        if data[-1:] not in (b"\r", b"\n"):
            self._buffer = data
            if len(data) > _LONGEST:
                self.give_up("an answer without end")
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
                self.give_up("login refused")
                return
        else:
            self._watcher.answered(code, self._due, accepted)
        if code in _LENDING:
            # After a refused checkin it is not here any more either; the next checkout will say.
            self.has_item_out = accepted and code == "11"
        self._watcher.ready(self)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """It is over."""
        self._watcher.lost(self, reason.getErrorMessage())
        if not self.gone.called:
            self.gone.callback(None)
