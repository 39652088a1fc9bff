"""The connection of one terminal, from connect to close: each line gets its answer."""

from __future__ import annotations

from collections.abc import Callable

from attrs import evolve
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import (
    IDelayedCall,
    IHalfCloseableProtocol,
    IHandshakeListener,
    INegotiated,
    IReactorTime,
)
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from sip2gw.addresses import Peer, shown_port
from sip2gw.gateway.answering import Answering
from sip2gw.gateway.line_reader import Reader
from sip2gw.gateway.near_misses import (
    IMPATIENT,
    first_bytes,
    odd_bytes,
    odd_checksum,
    other_server,
    unfinished,
)
from sip2gw.gateway.pace import Pace, Turns
from sip2gw.gateway.proxy_header import begins_header
from sip2gw.gateway.sockets import prepare
from sip2gw.gateway.terminal import Terminal
from sip2gw.limits import Limits
from sip2gw.metrics import Metrics
from sip2gw.session import BAD_CHECKSUM, Ignore, Say
from sip2gw.tls.certificates import name_of
from sip2gw.tls.refusals import HTTP, PROXY, begins_tls, other_language

NO_SIP2 = "connect only what speaks SIP2 to this port"


@implementer(IHalfCloseableProtocol, IHandshakeListener)
class TerminalProtocol(Reader):
    """The connection of one terminal. `closed` fires when it has ended."""

    log = Logger()

    def __init__(
        self,
        terminal: Terminal,
        answering: Answering,
        *,
        reactor: IReactorTime,
        limits: Callable[[], Limits],
        metrics: Metrics,
        gone: Callable[[TerminalProtocol], None],
        pace: Pace,
        turns: Turns,
    ) -> None:
        super().__init__(reactor, limits)
        # At most 30 attributes, those of the base classes included: with more, Python gives each connection a dict of
        # its own, which takes 1.3 KiB.
        self.closed: Deferred[None] = Deferred()
        self.slot = terminal.slot
        self._terminal = terminal
        self._events = terminal.events
        self._closed_for = ""
        self._answering = answering
        self._metrics = metrics
        self._tell_gone = gone
        self._hung_up = False
        self._late = False
        self._heard = False
        self._ignored = 0
        self._pace = pace
        self._turns = turns
        self._rest: IDelayedCall | None = None

    @property
    def peer(self) -> Peer:
        """The peer's address and client certificate."""
        return self._terminal.peer

    @property
    def terminal(self) -> Terminal:
        """The connected terminal."""
        return self._terminal

    def disconnect(self) -> None:
        """Close the connection for an operator, after the request in progress."""
        self._closes("disconnected by an operator")
        self.leave()

    def connectionMade(self) -> None:
        prepare(self.transport, self._limits())
        self._terminal.peer = Peer(str(getattr(self.transport.getPeer(), "host", "")))
        self._events.opened(self._where(), self.peer.address)
        self.transport.registerProducer(self, True)
        if not INegotiated.providedBy(self.transport):
            self.deadlines.start("login_deadline")

    def handshakeCompleted(self) -> None:
        """Start the login deadline, and read the verified client certificate."""
        self.slot.heard()
        self.deadlines.start("login_deadline")
        shown = self.transport.getPeerCertificate()
        if shown is not None:
            self._terminal.peer = evolve(self.peer, certificate=name_of(shown.to_cryptography()))
        version, server_name, names = self.transport.secured()
        self._events.secured(version, server_name, names, certificate=self.peer.certificate)
        self._events.saw(other_server(server_name, names))

    def handshake_failed(self, why: str, server_name: str, names: tuple[str, ...]) -> None:
        """Note that there is no TLS; `why` is a sentence for the log. The names are as in `Secured`."""
        self._closes("no TLS")
        self._events.secured("", server_name, names, failure=why)
        self._events.saw(other_server(server_name, names))

    def dataReceived(self, data: bytes) -> None:
        if not self.slot.library:
            self.slot.heard()
        if not self._heard:
            self._heard = True
            if begins_tls(data) and not INegotiated.providedBy(self.transport):
                self._unexpected_tls()
                return
        super().dataReceived(data)

    def struck(self, limit: str) -> None:
        self._metrics.struck(limit)

    def overdue(self, limit: str) -> None:
        if limit == "login_deadline" and self.busy:
            self._late = True  # the login may be the slow request; the request in progress is answered
        elif limit == "login_deadline" and self._terminal.waits_for_its_first_reader(self._reactor.seconds()):
            self.deadlines.start(limit)
        elif limit == "idle_deadline":
            self.struck(limit)
            self._closes(limit)
            self.leave()
        else:
            self.too_much(limit)

    def too_much(self, limit: str) -> None:
        self.struck(limit)
        if limit == "line":
            text = f"a line has {len(self._framer)} bytes or more; the limit is {self._limits().line}"
            self._events.noticed(limit, text, "end each message with CR")
        elif limit in ("request_deadline", "login_deadline") and (seen := unfinished(self._framer.waiting)):
            self._events.saw(seen)
        else:
            self._events.noticed(limit, f"disconnected, the limit is {limit}")
        self._closes(limit)
        self.abort()

    def writeConnectionLost(self) -> None:
        """Do nothing: the gateway never closes one direction alone."""

    def connectionLost(self, reason: Failure | None = None) -> None:
        self.leaving = True
        self.deadlines.stop_all()
        if self._rest is not None:
            _cancel(self._rest)
        if self._ignored > 1:
            self._events.noticed("ignored in all", f"{self._ignored} lines were not requests")
        if not (self._closed_for or self._framer.whole):
            self._events.saw(unfinished(self._framer.waiting))
        self._events.closed("gateway" if self._closed_for else "terminal", self._closed_for)
        self._terminal.session.close()
        self.slot.leave()
        self._tell_gone(self)
        self.closed.callback(None)

    def leave(self, after: float = 0.0) -> None:
        """Take no more requests, and close after the one in progress, or `after` seconds if there is none.

        `closed` fires when the connection has ended.
        """
        self.leaving = True
        if not self.ended:
            self._closes("stopping")
        if self.busy:
            return
        if after:
            later = self._reactor.callLater(after, self._hang_up)
            self.closed.addCallback(lambda _: _cancel(later))
        else:
            self._hang_up()

    def too_late(self) -> None:
        """Close a connection on which bytes come after the last request, so that the terminal reconnects at once."""
        if not self.busy:
            self._hang_up()

    def may_go_on(self) -> bool:
        library = self.slot.library
        if not self._turns.take(library):
            self._turns.wait(library, self.rested)
            return False
        seconds = self._pace.wait(library, self.slot.network)
        if seconds:
            self.struck("pace")
            self._rest = self._reactor.callLater(seconds, self.rested)
        return not seconds

    def give_way(self) -> bool:
        """Close at once for a newcomer, unless a request is in progress, and return whether it was closed."""
        if not self.busy:
            self._closes("its place was needed")
            self.abort()
        return not self.busy

    def abort(self) -> None:
        """End the connection at once. Its slot is free before the loop has reported the end."""
        self.leaving = True
        self.slot.leave()
        if not self.closed.called:
            self.transport.abortConnection()

    async def serve(self, line: bytes, early: bool) -> bool:
        self.deadlines.stop("idle_deadline")
        if begins_header(line):
            self._unexpected_header()
            return False
        if not self._events.seq and other_language(line) == HTTP:
            self._wrong_language("it speaks HTTP", NO_SIP2)
            return False
        if (odd := odd_bytes(line, self._terminal.session.charset)) is not None:
            self._events.undecodable(odd)
        try:
            step = await self._answering.answer(line, early)
        except Exception:  # a bug in the conversation itself: no part is left that could answer
            self.log.failure("a request could not be answered")
            self._closes("a bug of the gateway")
            self.abort()
            return False
        match step:
            case Say(data, hang_up, note, kind):
                if kind == BAD_CHECKSUM:
                    self._events.saw(odd_checksum(line, self._terminal.session.charset))
                    if note:
                        self._events.noticed(kind, *note.split("; ", 1))
                if hang_up:
                    self._closes(kind or "another library or account")
                self.leaving = self.leaving or hang_up
                if not self.closed.called:
                    self.transport.write(data)
            case Ignore(asked_again=True):
                self._events.saw(IMPATIENT)
            case Ignore(why):
                self._note_ignored(line, why)
        self._go_on_or_leave()
        return isinstance(step, Say)

    def _unexpected_header(self) -> None:
        """Close a connection that starts with a PROXY header: its sender expects other settings of this port."""
        self._metrics.proxy_headers.labels(outcome="unexpected").inc()
        speaks, _, fix = PROXY.partition("; ")
        self._wrong_language(f"it speaks {speaks}", fix)

    def _unexpected_tls(self) -> None:
        self._metrics.handshakes.labels(outcome="unexpected").inc()
        self._wrong_language(
            "it speaks TLS to the port of plain SIP2",
            "connect to the TLS port, or switch TLS off at the terminal",
        )

    def _wrong_language(self, text: str, fix: str) -> None:
        self._events.noticed("language", text, fix)
        self._closes("wrong language")
        self.abort()

    def _closes(self, why: str) -> None:
        """Note why the gateway closes the connection; the first reason counts."""
        self._closed_for = self._closed_for or why

    def _where(self) -> str:
        port = getattr(self.transport.getHost(), "port", "")
        return shown_port(port, tls=INegotiated.providedBy(self.transport))

    def _note_ignored(self, line: bytes, why: str) -> None:
        self._ignored += 1
        if self._ignored == 1:
            start = f"; its first bytes are {first_bytes(line)}" if self._events.seq == 1 else ""
            self._events.noticed("ignored", f"a line was ignored: {why}{start}", NO_SIP2)

    def _go_on_or_leave(self) -> None:
        """Finish one line: set deadlines, and close if it is time."""
        if self.slot.library:
            self.deadlines.stop("login_deadline")
            self.deadlines.start("idle_deadline")
        elif self._late and self._terminal.waits_for_its_first_reader(self._reactor.seconds()):
            self._late = False
            self.deadlines.start("login_deadline")
        elif self._late:
            self.struck("login_deadline")
            self._events.noticed("login_deadline", "disconnected, the limit is login_deadline")
            self._closes("login_deadline")
            self.leaving = True
        if self.leaving:
            self._hang_up()

    def _hang_up(self) -> None:
        self.leaving = True
        if not (self._hung_up or self.closed.called):
            self._hung_up = True
            self.stop_holding()  # over TLS, closing waits for the peer's close_notify
            self.transport.unregisterProducer()  # and for a producer
            self.transport.loseConnection()
            self.deadlines.stop("login_deadline")
            self.deadlines.start("close_deadline")


def _cancel(call: IDelayedCall) -> None:
    if call.active():
        call.cancel()
