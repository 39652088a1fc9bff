"""One line at a time, in order: what comes while one is in hand waits, a little of it here and the rest at the peer.

What waits here is at most `requests_waiting` lines, or one line's length, and what one read of the socket brought on
top. From a peer that does not take its answers nothing is read.

Twisted's LineReceiver copies all that waits for each line that it cuts off, and knows one end of line: so lines are cut
by a framer, in linear time, and all else is a LineReceiver's.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Coroutine
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IPushProducer, IReactorTime
from twisted.protocols.basic import LineReceiver
from zope.interface import implementer

from sip2gw.gateway.deadlines import Deadlines
from sip2gw.limits import Limits
from sip2gw.sip2 import Framer, TooLong

TURN = 16
"""Lines that one terminal is answered before the others have their turn."""


@implementer(IPushProducer)
class Reader(LineReceiver):
    """Reads lines and has them served, one after the other."""

    delimiter = b"\r"
    transport: Any  # TCP or TLS: no one interface of Twisted's has all that both can do

    def __init__(self, reactor: IReactorTime, limits: Callable[[], Limits]) -> None:
        self.leaving = False
        """Nothing more is read."""
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

    @abstractmethod
    def serve(self, line: bytes, early: bool) -> Coroutine[Any, Any, bool]:
        """Do with a line what it wants, and tell whether it was answered. Never raises.

        It was `early` if it was there before the answer to the one before was out.
        """

    @abstractmethod
    def may_go_on(self) -> bool:
        """Whether the next line may be served now. If not, `rested` is to be called later."""

    @abstractmethod
    def overdue(self, limit: str) -> None:
        """The deadline of this name is over."""

    @abstractmethod
    def struck(self, limit: str) -> None:
        """The limit of this name holds the peer back, and no more."""

    @abstractmethod
    def too_much(self, limit: str) -> None:
        """The peer has gone over the limit of this name: cut the connection."""

    @abstractmethod
    def too_late(self) -> None:
        """The peer says something that is not read any more."""

    @abstractmethod
    def leave(self) -> None:
        """Take no further request, and close when the one in hand is answered."""

    def dataReceived(self, data: bytes) -> None:
        if self.leaving:
            self.too_late()
        else:
            self._framer.feed(data)
            self._read_on()

    def readConnectionLost(self) -> None:
        """The peer sends nothing more, but may wait for answers; without this Twisted would close at once."""
        self.ended = True
        if not self.leaving:
            self._read_on()

    def pauseProducing(self) -> None:
        """The terminal does not take its answers: it is not listened to until it does."""
        self._choked = True
        self.struck("write_queue")
        self.deadlines.start("write_deadline")
        self._hold_back_or_not()

    def resumeProducing(self) -> None:
        """It has taken all of them."""
        self._choked = False
        self.deadlines.stop("write_deadline")
        self._read_on()

    def stopProducing(self) -> None:
        """The connection is gone."""

    def stop_holding(self) -> None:
        """Listen to the peer again, if that had to be held back."""
        if self._held:
            self._held = False
            self.transport.resumeProducing()

    @property
    def _waiting(self) -> bool:
        return self.busy or self._choked or self._resting

    def _read_on(self, _: object = None) -> None:
        """Take up the lines that are there, if there is no reason to wait."""
        for _turn in range(TURN):
            if self._waiting or self.leaving:
                break
            if self._framer.whole and not self.may_go_on():
                self._resting = True
                break
            if (line := self._next()) is None:
                if self.ended and not self.leaving:
                    self.leave()
                break
            self.lineReceived(line)
        else:
            self._resting = self._framer.begun or self.ended
            if self._resting:
                self._reactor.callLater(0, self.rested)
        if not self.leaving:
            self._hold_back_or_not()

    def _next(self) -> bytes | None:
        """The next line if it is all there. The time for it runs while it is not."""
        try:
            line = self._framer.next(self._limits().line)
        except TooLong:
            self.lineLengthExceeded(b"")
            return None
        if line is None and self._framer.begun:
            self.deadlines.start("request_deadline")
        else:
            self.deadlines.stop("request_deadline")
        return line

    def lineReceived(self, line: bytes) -> None:
        self.busy = True
        serving = Deferred.fromCoroutine(self.serve(line, self._early))
        serving.addCallback(self._served)
        if self.busy:
            serving.addCallback(self._read_on)

    def lineLengthExceeded(self, line: bytes) -> None:
        self.too_much("line")

    def _served(self, answered: bool) -> None:
        self.busy = False
        self._early = (answered or self._early) and self._framer.whole

    def rested(self) -> None:
        """Go on after a rest."""
        self._resting = False
        self._read_on()

    def _hold_back_or_not(self) -> None:
        """Only who says more than one thing at a time has to be held back: that is dear, and rare."""
        limits = self._limits()
        behind = self._framer.ends() >= limits.requests_waiting or len(self._framer) > limits.line
        hold = self._choked or (behind and self._waiting)
        if not hold:
            self.stop_holding()
        elif not self._held:
            self._held = True
            if not self._choked:
                self.struck("requests_waiting")
            self.transport.pauseProducing()
