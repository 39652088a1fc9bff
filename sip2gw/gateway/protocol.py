"""The connection of one terminal, from connect to hang-up: each line gets its answer, and then it may be time to go."""

from __future__ import annotations

from collections.abc import Callable

from attrs import evolve
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import (
    IDelayedCall,
    IHalfCloseableProtocol,
    IHandshakeListener,
    IReactorTime,
    ITCPTransport,
)
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from sip2gw.certificates import name_of
from sip2gw.gateway.answering import Answering
from sip2gw.gateway.peer import Peer
from sip2gw.gateway.reading import Reader
from sip2gw.limits import Limits
from sip2gw.metrics import Metrics
from sip2gw.session import Ignore, Say, Session


@implementer(IHalfCloseableProtocol, IHandshakeListener)
class TerminalProtocol(Reader):
    """The connection of one terminal. `closed` fires when it is gone."""

    log = Logger()

    def __init__(
        self,
        session: Session,
        answering: Answering,
        reactor: IReactorTime,
        limits: Limits,
        metrics: Metrics,
        gone: Callable[[TerminalProtocol], None],
    ) -> None:
        super().__init__(reactor, limits)
        self.closed: Deferred[None] = Deferred()
        self._session = session
        self._answering = answering
        self._limits = limits
        self._metrics = metrics
        self._tell_gone = gone
        self._hung_up = False
        self._ignored = 0

    @property
    def peer(self) -> Peer:
        """Who is at the other end."""
        return self._answering.peer

    def connectionMade(self) -> None:
        if ITCPTransport.providedBy(self.transport):
            self.transport.setTcpKeepAlive(True)
            self.transport.setTcpNoDelay(True)
        self._answering.peer = Peer(str(getattr(self.transport.getPeer(), "host", "")))
        self.transport.registerProducer(self, True)

    def handshakeCompleted(self) -> None:
        """TLS is there, and the terminal may have proved who it is: the certificate was verified on the way."""
        shown = self.transport.getPeerCertificate()
        if shown is not None:
            self._answering.peer = evolve(self.peer, certificate=name_of(shown.to_cryptography()))

    def too_much(self, limit: str) -> None:
        self._metrics.struck(limit)
        self.log.warn("the limit {limit} was reached: cut off ({peer})", limit=limit, peer=self.peer)
        self._abort()

    def readConnectionLost(self) -> None:
        """The peer has said its last; without this Twisted would throw away an answer that is not out yet."""
        self.leave()

    def writeConnectionLost(self) -> None:
        """The gateway never closes one half alone."""

    def connectionLost(self, reason: Failure | None = None) -> None:
        self.leaving = True
        if self._ignored > 1:
            self.log.warn("{count} lines were no requests ({peer})", count=self._ignored, peer=self.peer)
        self._session.close()
        self._tell_gone(self)
        self.closed.callback(None)

    def leave(self) -> None:
        """Hang up; a request in hand is answered first. `closed` fires when the connection is gone."""
        if self.busy:
            self.leaving = True
        else:
            self._hang_up()

    async def serve(self, line: bytes) -> None:
        try:
            step = await self._answering.answer(line)
        except Exception:  # a bug in the conversation itself: there is nothing left that could answer
            self.log.failure("a request could not be answered")
            self._abort()
            return
        self.busy = False
        match step:
            case Say(data, hang_up, note):
                if note:
                    self.log.warn("{note} ({peer})", note=note, peer=self.peer)
                self.leaving = self.leaving or hang_up
                if not self.closed.called:
                    self.transport.write(data)
            case Ignore(why):
                self._ignored += 1
                if self._ignored == 1:
                    self.log.warn("ignored: {why} ({peer})", why=why, peer=self.peer)
        if self.leaving:
            self._hang_up()

    def _hang_up(self) -> None:
        self.leaving = True
        if not (self._hung_up or self.closed.called):
            self._hung_up = True
            self.transport.unregisterProducer()  # over TLS, closing waits for one
            self.transport.loseConnection()
            call = self._reactor.callLater(self._limits.close_deadline, self._abort)
            self.closed.addCallback(lambda _: _cancel(call))

    def _abort(self) -> None:
        self.leaving = True
        if not self.closed.called:
            self.transport.abortConnection()


def _cancel(call: IDelayedCall) -> None:
    if call.active():
        call.cancel()
