"""One request at a time: a connection hands each line to its session, takes the steps it asks for, and reads on.

While a request is in hand nothing is read, which keeps answers in order and memory bounded. Whatever fails behind a
request, the terminal gets an answer of the right type; a bug is logged once and the session lives.
"""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime, ITCPTransport
from twisted.logger import Logger
from twisted.protocols.basic import LineReceiver
from twisted.python.failure import Failure

from sip2gw.circulation import Desk, answer, decline, texts, welcome
from sip2gw.library import InDoubt, LibraryError, Refused
from sip2gw.session import Ask, Decline, Ignore, Say, Session, SignIn, Step
from sip2gw.sip2 import Request, messages
from sip2gw.tenants import ADVICE, Directory

CLOSE_GRACE = 2.0
"""Seconds that a peer has to close after us; over TLS a silent one would never be rid of otherwise."""


class TerminalProtocol(LineReceiver):
    """The connection of one terminal: lines end with CR, LF, CR LF or LF CR, and empty ones mean nothing."""

    delimiter = b"\r"
    log = Logger()
    transport: ITCPTransport

    def __init__(
        self,
        directory: Directory,
        session: Session,
        reactor: IReactorTime,
        max_line: int,
        gone: Callable[[TerminalProtocol], None],
    ) -> None:
        self.MAX_LENGTH = max_line
        self.closed: Deferred[None] = Deferred()
        self._directory = directory
        self._session = session
        self._reactor = reactor
        self._tell_gone = gone
        self._busy = False
        self._leaving = False
        self._library = ""

    def connectionMade(self) -> None:
        if ITCPTransport.providedBy(self.transport):
            self.transport.setTcpKeepAlive(True)
            self.transport.setTcpNoDelay(True)

    def dataReceived(self, data: bytes) -> None:
        if not self._leaving:
            super().dataReceived(data.replace(b"\n", b"\r"))

    def lineReceived(self, line: bytes) -> None:
        if not line or self._leaving:
            return
        self._busy = True
        serving = Deferred.fromCoroutine(self._serve(line))
        if not serving.called:
            self.pauseProducing()
            serving.addCallback(self._read_on)

    def _read_on(self, _: None) -> None:
        if not self._leaving:
            self.resumeProducing()

    def lineLengthExceeded(self, line: bytes) -> None:
        self.log.warn("a line of more than {limit} bytes: the connection is cut", limit=self.MAX_LENGTH)
        self._abort()

    def connectionLost(self, reason: Failure | None = None) -> None:
        self._leaving = True
        self._session.close()
        self._tell_gone(self)
        self.closed.callback(None)

    def leave(self) -> None:
        """Hang up; a request in hand is answered first. `closed` fires when the connection is gone."""
        if self._busy:
            self._leaving = True
        else:
            self._hang_up()

    async def _serve(self, line: bytes) -> None:
        """Answer one line. Never raises."""
        try:
            step = self._session.receive(line)
            while not isinstance(step, Say | Ignore):
                step = await self._take(step)
        except Exception:  # a bug in the conversation itself: there is nothing left that could answer
            self.log.failure("a request could not be answered")
            self._abort()
            return
        self._busy = False
        match step:
            case Say(data, hang_up):
                self._leaving = self._leaving or hang_up
                if not self.closed.called:
                    self.transport.write(data)
            case Ignore(why):
                self.log.debug("ignored: {why}", why=why)
        if self._leaving:
            self._hang_up()

    async def _take(self, step: Step) -> Step:
        """Take one step for the session, and tell it what came of it."""
        session = self._session
        match step:
            case SignIn():
                return await self._sign_in(step)
            case Ask(messages.SCStatus() as request, None):
                return session.reply(welcome(request, self._directory.policy))
            case Ask(request, tenant, location, reader) if tenant is not None:
                desk = self._directory.desk(tenant, location=location, reader=reader)
                return await self._ask(request, desk)
            case Decline(code):
                self.log.warn("{library} refused: {code}", library=self._library, code=code)
                return session.refuse(texts.DECLINED[code])
        raise AssertionError(f"not a question: {step!r}")

    async def _sign_in(self, step: SignIn) -> Step:
        try:
            tenant = await self._directory.log_in(step.library, step.credentials)
        except Refused as no:
            self.log.warn(
                "login to {library!r} refused, {code}: {advice}",
                library=step.library[:64], code=no.code, advice=ADVICE.get(no.code, no.reason),
                address=self._address(),
            )  # fmt: skip
            return self._session.turned_away(no, texts.NOT_LOGGED_IN)
        except LibraryError as error:
            self.log.warn("login to {library!r} failed: {why}", library=step.library[:64], why=str(error))
            return self._session.turned_away(error, texts.why(error))
        self._library = tenant.nickname
        self.log.info("{library}: a terminal logged in", library=tenant.nickname, address=self._address())
        return self._session.admitted(tenant)

    async def _ask(self, request: Request, desk: Desk) -> Step:
        started = monotonic()
        try:
            response, outcome = await answer(request, desk), "answered"
        except LibraryError as error:
            response, outcome = decline(request, desk, error), _outcome(error)
        except Exception:  # a bug behind one request must not cost the terminal its answer
            self.log.failure("{library} {message} hit a bug", library=self._library, message=request.code)
            return self._session.refuse(texts.FAULT)
        self.log.info(
            "{library} {message} {outcome} {milliseconds:.0f} ms",
            library=self._library, message=request.code, outcome=outcome,
            milliseconds=(monotonic() - started) * 1000,
        )  # fmt: skip
        return self._session.reply(response)

    def _address(self) -> str:
        return str(getattr(self.transport.getPeer(), "host", ""))

    def _hang_up(self) -> None:
        self._leaving = True
        if not self.closed.called:
            self.transport.loseConnection()
            call = self._reactor.callLater(CLOSE_GRACE, self._abort)
            self.closed.addCallback(lambda _: _cancel(call))

    def _abort(self) -> None:
        self._leaving = True
        if not self.closed.called:
            self.transport.abortConnection()


def _cancel(call: IDelayedCall) -> None:
    if call.active():
        call.cancel()


def _outcome(error: LibraryError) -> str:
    match error:
        case Refused(code=code):
            return f"refused ({code})"
        case InDoubt():
            return "in doubt"
        case _:
            return "unavailable"
