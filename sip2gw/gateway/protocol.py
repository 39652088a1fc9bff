"""One request at a time: a connection hands each line to its session, takes the steps it asks for, and reads on.

While a request is in hand nothing is read, which keeps answers in order and memory bounded. Whatever fails behind a
request, the terminal gets an answer of the right type; a bug is logged once and the session lives.
"""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.defer import TimeoutError as TookTooLong
from twisted.internet.interfaces import IDelayedCall, IHalfCloseableProtocol, IReactorTime, ITCPTransport
from twisted.logger import Logger
from twisted.protocols.basic import LineReceiver
from twisted.python.failure import Failure
from zope.interface import implementer

from sip2gw.circulation import ENGLISH, Desk, answer, decline, welcome
from sip2gw.library import InDoubt, LibraryError, Refused, Unavailable
from sip2gw.session import Ask, Decline, Ignore, Say, Session, SignIn, Step
from sip2gw.sip2 import Request, Response, messages
from sip2gw.tenants import ADVICE, Directory, nickname

CLOSE_GRACE = 2.0
"""Seconds that a peer has to close after us; over TLS a silent one would never be rid of otherwise."""
MARGIN = 2.0
"""Seconds before the end of a terminal's patience at which it is answered at the latest."""
TURN = 16
"""Lines that one terminal is answered before the others have their turn."""


@implementer(IHalfCloseableProtocol)
class TerminalProtocol(LineReceiver):
    """The connection of one terminal: lines end with CR, LF, CR LF or LF CR, and empty ones mean nothing."""

    delimiter = b"\r"
    log = Logger()
    transport: Any  # TCP or TLS: no one interface of Twisted's has all that both can do

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
        self._choked = False
        self._unread = False
        self._leaving = False
        self._hung_up = False
        self._turn = 0
        self._ignored = 0
        self._library = ""

    def connectionMade(self) -> None:
        if ITCPTransport.providedBy(self.transport):
            self.transport.setTcpKeepAlive(True)
            self.transport.setTcpNoDelay(True)
        self.transport.registerProducer(self, True)

    def dataReceived(self, data: bytes) -> None:
        if self._leaving:
            return
        if self.paused and data and not self._unread:
            # Only who says more than one thing at a time has to be held back: that is dear, and rare.
            self._unread = True
            self.transport.pauseProducing()
        super().dataReceived(data.replace(b"\n", b"\r"))

    def lineReceived(self, line: bytes) -> None:
        if not line or self._leaving:
            return
        self._busy = True
        serving = Deferred.fromCoroutine(self._serve(line))
        self._turn += 1
        if not serving.called:
            self.paused = True
            serving.addCallback(self._read_on)
        elif self._turn >= TURN:
            self.paused = True
            self._reactor.callLater(0, self._read_on)

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
        if self._busy or self._choked or self._leaving:
            return
        self._turn = 0
        self.paused = False
        if self._unread:
            self._unread = False
            self.transport.resumeProducing()
        self.dataReceived(b"")

    def lineLengthExceeded(self, line: bytes) -> None:
        self.log.warn("a line of more than {limit} bytes: the connection is cut", limit=self.MAX_LENGTH)
        self._abort()

    def readConnectionLost(self) -> None:
        """The peer has said its last; without this Twisted would throw away an answer that is not out yet."""
        self.leave()

    def writeConnectionLost(self) -> None:
        """The gateway never closes one half alone."""

    def connectionLost(self, reason: Failure | None = None) -> None:
        self._leaving = True
        if self._ignored > 1:
            self.log.warn("{count} lines were no requests", count=self._ignored, address=self._address())
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
        self._until = self._reactor.seconds() + max(self._directory.policy.timeout - MARGIN, 1.0)
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
            case Say(data, hang_up, note):
                if note:
                    self.log.warn("{note} (terminal at {address})", note=note, address=self._address())
                self._leaving = self._leaving or hang_up
                if not self.closed.called:
                    self.transport.write(data)
            case Ignore(why):
                self._ignored += 1
                if self._ignored == 1:
                    self.log.warn("ignored, from {address}: {why}", why=why, address=self._address())
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
            case Ask(request, tenant) if tenant is not None:
                desk = self._directory.desk(
                    tenant,
                    location=step.location,
                    reader=step.reader,
                    print_width=step.print_width,
                    note=self._note,
                )
                return await self._ask(request, desk)
            case Decline(code):
                self.log.warn(
                    "{library} refused: {code} (terminal at {address})",
                    library=self._library or "no library yet", code=code, address=self._address(),
                )  # fmt: skip
                return session.refuse(ENGLISH.say(code))
        raise AssertionError("not a question")

    async def _sign_in(self, step: SignIn) -> Step:
        try:
            tenant = await self._directory.log_in(step.library, step.credentials)
        except Refused as no:
            self.log.warn(
                "login to {library!r} refused, {code}: {advice} (terminal at {address})",
                library=_named(step), code=no.code, advice=ADVICE.get(no.code, no.reason),
                address=self._address(),
            )  # fmt: skip
            return self._session.turned_away(no, ENGLISH.say("not_logged_in"))
        except LibraryError as error:
            self.log.warn(
                "login to {library!r} failed: {why} (terminal at {address})",
                library=_named(step), why=str(error), address=self._address(),
            )  # fmt: skip
            return self._session.turned_away(error, ENGLISH.why(error))
        except Exception:  # nor must a bug behind a login
            self.log.failure("a login hit a bug")
            return self._session.turned_away(Unavailable("a bug"), ENGLISH.say("fault"))
        self._library = tenant.nickname
        self.log.info("{library}: a terminal logged in", library=tenant.nickname, address=self._address())
        return self._session.admitted(tenant)

    async def _ask(self, request: Request, desk: Desk) -> Step:
        started = monotonic()
        try:
            response, outcome, decided = await self._answered(request, desk)
        except Exception:  # a bug behind one request must not cost the terminal its answer
            self.log.failure("{library} {message} hit a bug", library=self._library, message=request.code)
            return self._session.refuse(ENGLISH.say("fault"))
        if outcome != "answered" or not request.read_only:
            self.log.info(
                "{library} {message} {outcome} {milliseconds:.0f} ms",
                library=self._library, message=request.code, outcome=outcome,
                milliseconds=(monotonic() - started) * 1000,
            )  # fmt: skip
        return self._session.reply(response, remember=decided)

    async def _answered(self, request: Request, desk: Desk) -> tuple[Response, str, bool]:
        """The answer, be it a refusal; a word on it for the log; and whether the library has decided it."""
        left = self._until - self._reactor.seconds()
        try:
            if left <= 0:
                raise Unavailable("the login took all the time there was")
            asking = Deferred.fromCoroutine(answer(request, desk))
            if not asking.called:
                asking.addTimeout(left, self._reactor)
            return await asking, "answered", True
        except LibraryError as error:
            return decline(request, desk, error), _outcome(error), not isinstance(error, Unavailable)
        except TookTooLong:
            late = Unavailable("too late") if request.read_only else InDoubt("too late")
            return decline(request, desk, late), "too late", isinstance(late, InDoubt)

    def _note(self, text: str) -> None:
        """What circulation wants the library's staff to find in the log."""
        self.log.warn("{library} {note}", library=self._library, note=text)

    def _address(self) -> str:
        return str(getattr(self.transport.getPeer(), "host", ""))

    def _hang_up(self) -> None:
        self._leaving = True
        if not (self._hung_up or self.closed.called):
            self._hung_up = True
            self.transport.unregisterProducer()  # over TLS, closing waits for one
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


def _named(step: SignIn) -> str:
    """The library for the log. What is no nickname may be a password in the wrong box, and is not told."""
    return nickname(step.library) or "(not a nickname)"


def _outcome(error: LibraryError) -> str:
    match error:
        case Refused(code=code):
            return f"refused ({code})"
        case InDoubt():
            return "in doubt"
        case _:
            return "unavailable"
