"""Read one line at a time, in order. Further lines wait: a few in the gateway, the others at the peer.

At most `requests_waiting` lines, or the length of one line, wait here, plus one read of the socket. The gateway does
not read from a peer that does not take its answers.

Twisted's LineReceiver copies all waiting bytes for each line, and supports only one line end. So a framer splits the
lines, in linear time, and LineReceiver does the rest.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Coroutine
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IPushProducer, IReactorTime
from twisted.protocols.basic import LineReceiver
from zope.interface import implementer

from sip2gw.concurrency import begun
from sip2gw.gateway.deadlines import Deadlines
from sip2gw.limits import Limits
from sip2gw.sip2 import Framer, TooLong

TURN = 16
"""Lines of one terminal that are answered before other terminals have their turn."""


@implementer(IPushProducer)
class Reader(LineReceiver):
    """Read lines and serve them one after the other."""

    delimiter = b"\r"
    transport: Any  # TCP or TLS: no single interface of Twisted has all that both can do

    def __init__(self, reactor: IReactorTime, limits: Callable[[], Limits]) -> None:
        self.leaving = False
        """The connection takes no more lines."""
        self.ended = False
        """The peer has sent its last byte. Requests received before that are answered."""
        self.busy = False
        """A line is being served."""
        self.deadlines = Deadlines(reactor, limits, self.overdue)
        self._reactor = reactor
        self._limits = limits
        self._framer = Framer()
        self._choked = False
        self._resting = False
        self._held = False
        self._early = False
        self._incomplete = False

    @abstractmethod
    def serve(self, line: bytes, early: bool) -> Coroutine[Any, Any, bool]:
        """Serve a line, and return whether it was answered. Never raises.

        `early` means that the line came before the answer to the previous line was sent.
        """

    @abstractmethod
    def may_go_on(self) -> bool:
        """Return whether the next line may be served now. If not, `rested` is to be called later."""

    @abstractmethod
    def overdue(self, limit: str) -> None:
        """Handle a missed deadline, by its name."""

    @abstractmethod
    def struck(self, limit: str) -> None:
        """Count a limit that only slows the peer down, by its name."""

    @abstractmethod
    def too_much(self, limit: str) -> None:
        """Close the connection, because the peer exceeded the limit of this name."""

    @abstractmethod
    def too_late(self) -> None:
        """Handle bytes that come after the last line that is read."""

    @abstractmethod
    def leave(self) -> None:
        """Take no more requests, and close once the request in progress is answered."""

    def dataReceived(self, data: bytes) -> None:
        if self.leaving:
            self.too_late()
        else:
            self._framer.feed(data)
            self._read_on()

    def readConnectionLost(self) -> None:
        """Note that the peer sends nothing more, but may wait for answers. Twisted by itself would close at once."""
        self.ended = True
        if not self.leaving:
            self._read_on()

    def pauseProducing(self) -> None:
        """Stop reading while the terminal does not take its answers."""
        self._choked = True
        self.struck("write_queue")
        self.deadlines.start("write_deadline")
        self._hold_back_or_not()

    def resumeProducing(self) -> None:
        """Read again, because the terminal has taken its answers."""
        self._choked = False
        self.deadlines.stop("write_deadline")
        self._read_on()

    def stopProducing(self) -> None:
        """Stop for good, because the connection has ended."""

    def stop_holding(self) -> None:
        """Read from the peer again, if reading was paused."""
        if self._held:
            self._held = False
            self.transport.resumeProducing()

    def _read_on(self) -> None:
        """Serve the received lines, unless there is a reason to wait."""
        framer = self._framer
        for _turn in range(TURN):
            if self.busy or self._choked or self._resting or self.leaving:
                break
            if framer.whole and not self.may_go_on():
                self._resting = True
                break
            if (line := self._next()) is None:
                if self.ended and not self.leaving:
                    self.leave()
                break
            self.lineReceived(line)
        else:
            self._resting = framer.begun or self.ended
            if self._resting:
                self._reactor.callLater(0, self.rested)
        if not self.leaving:
            self._hold_back_or_not()

    def _next(self) -> bytes | None:
        """Return the next line if it is complete. The request deadline runs while it is not."""
        line = None
        if not self._framer.empty:
            try:
                line = self._framer.next(self._limits().line)
            except TooLong:
                self.lineLengthExceeded(b"")
                return None
        if line is None and self._framer.begun:
            self._incomplete = True
            self.deadlines.start("request_deadline")
        elif self._incomplete:
            self._incomplete = False
            self.deadlines.stop("request_deadline")
        return line

    def lineReceived(self, line: bytes) -> None:
        self.busy = True
        serving = begun(self.serve(line, self._early))
        if isinstance(serving, Deferred):
            serving.addCallback(self._served_late)
        else:
            self._served(serving)

    def lineLengthExceeded(self, line: bytes) -> None:
        self.too_much("line")

    def _served(self, answered: bool) -> None:
        self.busy = False
        self._early = (answered or self._early) and self._framer.begun and self._framer.whole

    def _served_late(self, answered: bool) -> None:
        self._served(answered)
        self._read_on()

    def rested(self) -> None:
        """Continue after a pause."""
        self._resting = False
        self._read_on()

    def _hold_back_or_not(self) -> None:
        """Pause or resume reading. A peer that sends one line at a time is never paused, because that is expensive."""
        if self._framer.empty and not (self._held or self._choked):
            return
        limits = self._limits()
        behind = self._framer.ends() >= limits.requests_waiting or len(self._framer) > limits.line
        hold = self._choked or (behind and (self.busy or self._resting))
        if not hold:
            self.stop_holding()
        elif not self._held:
            self._held = True
            if not self._choked:
                self.struck("requests_waiting")
            self.transport.pauseProducing()
