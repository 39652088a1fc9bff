"""One line at a time, in order: what comes while one is in hand waits, a little of it here and the rest at the peer.

While a request is in hand nothing more is read than `requests_waiting` lines, which keeps answers in order and memory
bounded; nor from a peer that does not take its answers.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Coroutine
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.protocols.basic import LineReceiver

from sip2gw.limits import Limits

TURN = 16
"""Lines that one terminal is answered before the others have their turn."""


class Reader(LineReceiver):
    """Reads lines that end with CR, LF, CR LF or LF CR, and has them served; empty ones mean nothing."""

    delimiter = b"\r"
    transport: Any  # TCP or TLS: no one interface of Twisted's has all that both can do

    def __init__(self, reactor: IReactorTime, limits: Limits) -> None:
        self.MAX_LENGTH = limits.line
        self.leaving = False
        """Nothing more is read."""
        self.busy = False
        """A line is being served."""
        self._reactor = reactor
        self._choked = False
        self._unread = False
        self._turn = 0

    @abstractmethod
    def serve(self, line: bytes) -> Coroutine[Any, Any, None]:
        """Do with a line what it wants. Never raises."""

    @abstractmethod
    def too_much(self, limit: str) -> None:
        """The peer has gone over the limit of this name: cut the connection."""

    def dataReceived(self, data: bytes) -> None:
        if self.leaving:
            return
        if self.paused and data and not self._unread:
            # Only who says more than one thing at a time has to be held back: that is dear, and rare.
            self._unread = True
            self.transport.pauseProducing()
        super().dataReceived(data.replace(b"\n", b"\r"))

    def lineReceived(self, line: bytes) -> None:
        if not line or self.leaving:
            return
        self.busy = True
        serving = Deferred.fromCoroutine(self.serve(line))
        self._turn += 1
        if not serving.called:
            self.paused = True
            serving.addCallback(self._read_on)
        elif self._turn >= TURN:
            self.paused = True
            self._reactor.callLater(0, self._read_on)

    def lineLengthExceeded(self, line: bytes) -> None:
        self.too_much("line")

    def pauseProducing(self) -> None:
        """The terminal does not take its answers: it is not listened to until it does."""
        self._choked = True
        self.paused = True

    def resumeProducing(self) -> None:
        """It does."""
        self._choked = False
        self._read_on()

    def _read_on(self, _: None = None) -> None:
        """Take up the lines that came meanwhile, if there is no reason left to wait."""
        if self.busy or self._choked or self.leaving:
            return
        self._turn = 0
        self.paused = False
        if self._unread:
            self._unread = False
            self.transport.resumeProducing()
        self.dataReceived(b"")
