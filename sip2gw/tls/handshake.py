"""Limit the time of each TLS handshake, count its outcome, and log failures a few times a minute.

A client that does not speak TLS is recognised by its first byte and gets no handshake.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from OpenSSL import SSL
from twisted.internet.interfaces import (
    IAddress,
    IDelayedCall,
    IHalfCloseableProtocol,
    IProtocol,
    IProtocolFactory,
    IReactorTime,
)
from twisted.internet.protocol import connectionDone
from twisted.logger import Logger, LogLevel
from twisted.protocols.policies import ProtocolWrapper
from twisted.protocols.tls import TLSMemoryBIOFactory, TLSMemoryBIOProtocol
from twisted.python.failure import Failure
from zope.interface import implementer

from sip2gw.addresses import Peer
from sip2gw.direct_write import write_directly
from sip2gw.limits import Limits
from sip2gw.log.sparing import Sparing
from sip2gw.metrics import Metrics
from sip2gw.tls.refusals import NO_TLS, PLAIN, PROXY, other_language, why
from sip2gw.tls.server import ServerTLS, shed_buffers
from sip2gw.tls.unheard import Unheard

TLS_OFF = "; switch TLS on at the terminal, or put stunnel in between"
_NO_TLS: tuple[str, str, tuple[str, ...]] = ("", "", ())
_MOST_AT_ONCE = 2**15
"""Bytes in one write, as in Twisted."""


@implementer(IHalfCloseableProtocol)
class TLSConnection(TLSMemoryBIOProtocol):
    """TLS of one connection. A peer that closes its direction still gets the answers to its requests.

    Twisted would close both directions at once, and drop later writes. This class does not have Twisted's buffer for
    small writes: an answer is one write and so one record. It need not wait for the next turn of the loop.
    """

    factory: TLSFactory
    transport: Any
    _deadline: IDelayedCall | None = None
    _heard = False
    _first = b""
    _outcome = ""
    _half_closed = False
    _queues = False
    """Whether the socket was full once. From then on, all goes through the transport's buffer, in its order."""

    def makeConnection(self, transport: object) -> None:
        factory = self.factory
        self._deadline = factory.reactor.callLater(factory.limits().handshake_deadline, self._too_late)
        super().makeConnection(transport)  # type: ignore[no-untyped-call]  # Twisted's

    def dataReceived(self, data: bytes) -> None:
        if self._outcome:
            if self._outcome == "ok" and not self._half_closed:
                super().dataReceived(data)  # type: ignore[no-untyped-call]  # Twisted's
            return
        if not self._heard:
            self._heard = True
            self._first = data[:4]
            if (language := other_language(data)) is not None:
                self._speaks(language)
                return
            self._tlsConnection = self.factory.tls.connection()
        super().dataReceived(data)  # type: ignore[no-untyped-call]  # Twisted's
        if self._handshakeDone and not self._outcome:
            self._end("ok")
            shed_buffers(self._tlsConnection)

    def secured(self) -> tuple[str, str, tuple[str, ...]]:
        """Return the version of TLS, the name that the peer asked for, and those of the certificate it got."""
        made = self._tlsConnection
        asked = (made.get_servername() or b"").decode("ascii", "replace")
        return made.get_protocol_version_name(), asked, self.factory.tls.names_of(made)

    def readConnectionLost(self) -> None:
        """Note that the peer closed its direction of the TCP connection, with or without a close_notify."""
        if self._outcome != "ok" or self.disconnecting or not self._half_close():
            self.transport.loseConnection()

    def writeConnectionLost(self) -> None:
        """Do nothing: the gateway never closes one direction alone."""

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        if not self._outcome:
            self._failed(self._reason)
        if self._deadline is not None and self._deadline.active():
            self._deadline.cancel()
        super().connectionLost(reason)

    def _flushReceiveBIO(self) -> None:
        """Deliver received bytes, as Twisted does, except that a close_notify closes only the peer's direction."""
        while not (self._lostTLSConnection or self._half_closed):
            try:
                data = self._tlsConnection.recv(_MOST_AT_ONCE)
            except SSL.WantReadError:
                break
            except SSL.ZeroReturnError:
                if self.disconnecting or not self._half_close():
                    self._shutdownTLS()
                    self._tlsShutdownFinished(None)  # type: ignore[no-untyped-call]  # Twisted's
            except SSL.Error:
                self._tlsShutdownFinished(Failure())  # type: ignore[no-untyped-call]  # Twisted's
            else:
                if not self._aborted:
                    ProtocolWrapper.dataReceived(self, data)  # type: ignore[no-untyped-call]  # Twisted's
        self._flushSendBIO()  # type: ignore[no-untyped-call]  # Twisted's

    def _flushSendBIO(self) -> None:
        """Send what OpenSSL has for the peer, as Twisted does, but at once if the socket takes it."""
        try:
            data = self._tlsConnection.bio_read(_MOST_AT_ONCE)
        except SSL.WantReadError:
            return
        sent = None if self._queues else write_directly(self.transport, data)
        if sent != len(data):
            self._queues = True
            self.transport.write(data[sent or 0 :])

    def _shutdownTLS(self) -> None:
        """Send close_notify. The peer's own is not awaited if its direction is closed, because it may never come."""
        super()._shutdownTLS()  # type: ignore[no-untyped-call]  # Twisted's
        if self._half_closed:
            self.transport.loseConnection()

    def _half_close(self) -> bool:
        """Return whether the wrapped protocol continues after the peer's end. It is informed of that end once."""
        if not IHalfCloseableProtocol.providedBy(self.wrappedProtocol):
            return False
        if not self._half_closed:
            self._half_closed = True
            self.wrappedProtocol.readConnectionLost()
        return True

    def _too_late(self) -> None:
        """End the connection at the deadline; also after a failed handshake whose alert the peer does not take.

        A connection that is being closed for another reason is not counted twice.
        """
        if not self._outcome and not self.disconnecting:
            self._end("deadline")
            self.factory.metrics.struck("handshake_deadline")
            self._tell("deadline", "it did not finish the handshake in time")
        # The protocol inside, if it can, has more to free.
        abort = getattr(self.wrappedProtocol, "abort", self.abortConnection)
        abort()

    def _speaks(self, language: str) -> None:
        self._end("plain" if language == PLAIN else "refused")
        if language == PLAIN:
            self._say(LogLevel.warn, PLAIN, "a {peer:full} speaks plain SIP2 to the TLS port" + TLS_OFF)
            self._note("it speaks plain SIP2 to the TLS port" + TLS_OFF)
        else:
            level = LogLevel.warn if language == PROXY else LogLevel.info
            start = f" (first bytes: {self._first.hex(' ')})" if language == NO_TLS else ""
            self._tell(language, f"it speaks {language}{start}", level)
        self.transport.loseConnection()

    def _failed(self, reason: Failure | None) -> None:
        """Log and count a connection that ended before the handshake did. `reason` is Twisted's."""
        if reason is not None and isinstance(reason.value, SSL.Error):
            self._end("refused")
            made = self._tlsConnection
            noted = made.get_app_data()
            words = noted if isinstance(noted, str) else why(reason.value, self.factory.tls.root_of(made))
            self._tell(words, words)
            return
        self._end("lost")
        if self._heard and not self.disconnecting:
            self._tell("lost", "it disconnected during the handshake")

    def _end(self, outcome: str) -> None:
        self._outcome = outcome
        self.factory.metrics.handshakes.labels(outcome=outcome).inc()
        if outcome == "ok" and self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _tell(self, kind: str, words: str, level: Any = LogLevel.info) -> None:
        self._note(words)
        self._say(level, kind, "no TLS with the {peer:full}: {why}", why=words)

    def _note(self, words: str) -> None:
        """Pass the reason on to the protocol inside, if that wants it."""
        failed = getattr(self.wrappedProtocol, "handshake_failed", None)
        if failed is not None:
            _, server_name, names = (
                self.secured() if isinstance(self._tlsConnection, SSL.Connection) else _NO_TLS
            )
            failed(words, server_name, names)

    def _say(self, level: Any, kind: str, text: str, **fields: str) -> None:
        peer = Peer(str(getattr(self.transport.getPeer(), "host", "")))
        self.factory.sparing.tell(self.factory.log, level, kind, text, peer=peer, **fields)


class TLSFactory(TLSMemoryBIOFactory):
    """Wrap the connections of `inner` in TLS. A connection that `inner` rejects is closed without a handshake."""

    protocol = TLSConnection
    noisy = False
    log = Logger()

    def __init__(
        self,
        tls: ServerTLS,
        inner: IProtocolFactory,
        reactor: IReactorTime,
        limits: Callable[[], Limits],
        metrics: Metrics,
    ) -> None:
        super().__init__(Unheard(), False, inner, reactor)
        self.tls = tls
        self.reactor = reactor
        self.limits = limits
        self.metrics = metrics
        self.sparing = Sparing(reactor.seconds)

    def buildProtocol(self, addr: IAddress | None) -> IProtocol | None:  # type: ignore[override]  # as Factory's
        inner = self.wrappedFactory.buildProtocol(addr)
        return None if inner is None else self.protocol(self, inner)
