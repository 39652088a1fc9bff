"""Answer each request with the right response type, in time, even if the library or the gateway fails."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from secrets import token_hex
from time import monotonic

from attrs import evolve
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.defer import TimeoutError as TookTooLong
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from sip2gw.alarm import Alarm
from sip2gw.circulation import ENGLISH, Desk, Place, answer, decline, is_offered, still_so, welcome
from sip2gw.gateway.logins import Logins
from sip2gw.gateway.telling import Telling
from sip2gw.gateway.visits import Visit
from sip2gw.library import InDoubt, LibraryError, Refused, Still, Unavailable
from sip2gw.limits import Limits
from sip2gw.metrics import Metrics
from sip2gw.session import Ask, Confirm, Decline, First, Ignore, Join, Say, Serving, Session, SignIn, Step
from sip2gw.sip2 import Request, Response, messages
from sip2gw.tenants import Directory, Tenant

BUGS_COUNT_FOR = 60.0
"""Seconds for which a caught bug counts towards the limit `bugs`."""
CONFIRMING = 3.0
"""Seconds for the question whether a repeated write still holds; the answer to repeat is already there."""
_NOT_THERE = frozenset({"member_not_found", "password_wrong"})
"""Refusals after which the patron at the terminal is unknown."""


class Answering:
    """Take the steps that a session asks for, until there is a response. Belongs to one terminal."""

    log = Logger()

    def __init__(
        self,
        visit: Visit,
        telling: Telling,
        directory: Directory,
        reception: Logins,
        metrics: Metrics,
        reactor: IReactorTime,
        limits: Callable[[], Limits],
        alarm: Alarm,
    ) -> None:
        self._visit = visit
        self._telling = telling
        self._session: Session = visit.session
        self._directory = directory
        self._reception = reception
        self._metrics = metrics
        self._reactor = reactor
        self._limits = limits
        self._alarm = alarm
        self._begun = self._until = 0.0
        self._wrote = False
        self._kept: Place | None = None
        self._made_of: tuple[object, ...] = ()
        self._bugs: deque[float] = deque()

    @property
    def library(self) -> str:
        """The nickname of the terminal's library; empty until it is known."""
        state = self._session.state
        return state.tenant.nickname if isinstance(state, Serving) else ""

    async def answer(self, line: bytes, early: bool = False) -> Say | Ignore:
        """Return the step for one line: a response or none. Raises only if the conversation itself has a bug.

        `early` means that the line came before the answer to the previous line was sent.
        """
        visit = self._visit
        self._begun = visit.heard = self._reactor.seconds()
        self._until = self._begun + self._directory.policy.answering
        visit.busy = True
        try:
            step = self._session.receive(line, early)
            while not isinstance(step, Say | Ignore):
                step = await self._take(step)
        finally:
            visit.busy = False
            self._session.let_go()
        return step

    async def _take(self, step: Step) -> Step:
        """Take one step for the session, and return its next step."""
        session = self._session
        match step:
            case SignIn():
                return await self._reception.sign_in(step, self._visit, self._begun)
            case Ask(messages.SCStatus() as request, None, refused=refused):
                now = self._directory.clock().astimezone()
                return session.reply(welcome(request, self._directory.policy, now, refused=refused))
            case Ask(request, tenant) if tenant is not None:
                still = self._reception.seating.still(self._visit)
                if not await still():
                    return session.refuse(ENGLISH.say("not_logged_in"))
                return await self._ask(request, self._desk(step, tenant, self._about_to_write(still)))
            case Confirm(ask) if ask.tenant is not None:
                return session.confirmed(await self._is_still_so(ask, ask.tenant))
            case Join(first):
                return await self._join(first)
            case Decline(code, limit, why):
                if limit:
                    self._metrics.struck(limit)
                self._metrics.declined.labels(reason=code).inc()
                self._telling.warn(
                    self.log,
                    f"refused: {code}",
                    "{library} refused: {reason} ({peer})",
                    code=code,
                    reason=f"{code}, {why}" if why else code,
                )
                return session.refuse(ENGLISH.say(code))
        raise AssertionError("not a question")

    def _desk(self, ask: Ask, tenant: Tenant, still: Still | None = None) -> Desk:
        """Return the desk that answers this request."""
        place = self._place(tenant, ask.location)
        return place.desk(
            reader=ask.reader,
            print_width=ask.print_width,
            sequence=ask.sequence,
            meant_again=ask.meant_again,
            patience=self._begun + place.policy.asking - self._reactor.seconds(),
            still=still,
        )

    def _place(self, tenant: Tenant, location: str) -> Place:
        """Return the place of this terminal, made again after another login and after a reload."""
        directory, kept = self._directory, self._kept
        made_of = (tenant, location, directory.policy, directory.settings)
        if kept is None or any(before is not now for before, now in zip(self._made_of, made_of, strict=True)):
            kept = self._kept = directory.place(
                tenant,
                location,
                note=self._note,
                pins=self._reception.pins,
                asker=lambda: self._visit.asker,
            )
            self._made_of = made_of
        return kept

    async def _is_still_so(self, ask: Ask, tenant: Tenant) -> bool:
        """Ask whether the library still shows the result of a repeated request. A late answer counts as yes."""
        try:
            asking = Deferred.fromCoroutine(still_so(ask.request, self._desk(ask, tenant)))
            if not asking.called:
                left = min(CONFIRMING, self._until - self._reactor.seconds())
                asking.addTimeout(max(left, 0.0), self._reactor)
            return await asking
        except TookTooLong:
            return True
        except Exception:  # a bug in this question must not cost the terminal the stored answer
            self.log.failure("a repeated request could not be confirmed")
            return True

    async def _join(self, first: First) -> Step:
        """Wait for the first try of a reconnected terminal, and return its answer."""
        over: Deferred[None] = Deferred()
        first.when_over(lambda: over.callback(None))
        try:
            await over.addTimeout(max(self._until - self._reactor.seconds(), 0.0), self._reactor)
        except TookTooLong:
            return self._session.refuse(ENGLISH.say("in_doubt"))
        return self._session.joined()

    def _about_to_write(self, still: Still) -> Still:
        """Wrap `still`, so that a call to it also records that the library is asked to write."""
        self._wrote = False

        async def holds() -> bool:
            self._wrote = True
            return await still()

        return holds

    async def _ask(self, request: Request, desk: Desk) -> Step:
        started = monotonic()
        try:
            response, outcome, decided, known = await self._answered(request, desk)
        except Exception:  # a bug behind one request must not cost the terminal its answer
            self._count(request, "bug", started)
            return self._own_up(request)
        self._count(request, outcome.partition(" (")[0], started)
        if outcome != "answered" or not request.read_only:
            self._telling.info(
                self.log, outcome, "{library} {message} {outcome} {milliseconds:.0f} ms, {patron}",
                library=self.library, message=request.code, outcome=outcome,
                milliseconds=(monotonic() - started) * 1000, patron=self._tag(request),
            )  # fmt: skip
        return self._session.reply(response, remember=decided, known=known)

    def _tag(self, request: Request) -> str:
        """Return the patron's tag for the log."""
        patron_id = str(getattr(request, "patron_identifier", None) or "")
        return self._directory.tags.patron(self.library, patron_id) if patron_id else "no patron"

    def _count(self, request: Request, outcome: str, started: float) -> None:
        metrics, message = self._metrics, request.code
        metrics.messages.inc(metrics.library(self.library), message, outcome)
        metrics.message_seconds.observe(monotonic() - started, message)

    async def _answered(self, request: Request, desk: Desk) -> tuple[Response, str, bool, bool]:
        """Return the response, the outcome for the log, whether a write was decided, and whether the patron is known.

        The response may be a refusal. A write is decided if the library was asked to do it and may have done it. The
        patron is known unless the library rejected the card number or password.
        """
        left = self._until - self._reactor.seconds()
        try:
            if left <= 0:
                raise Unavailable("the login took all the available time")
            asking = Deferred.fromCoroutine(answer(request, desk))
            outcome = "answered" if is_offered(request, desk.place.profile) else "not offered"
            return await self._in_time(asking), outcome, self._wrote, True
        except LibraryError as error:
            if isinstance(error, Refused) and error.code == "member_not_found":
                self._reception.pins.unknown(self.library, self._visit.asker)
            decided = self._wrote and isinstance(error, InDoubt)
            known = not (isinstance(error, Refused) and error.code in _NOT_THERE)
            return decline(request, desk, error), _outcome(error), decided, known
        except TookTooLong:
            late = Unavailable("too late") if request.read_only else InDoubt("too late")
            return decline(request, desk, late), "too late", isinstance(late, InDoubt), True

    async def _in_time(self, asking: Deferred[Response]) -> Response:
        """Wait for an answer as long as the terminal does. Raises `TookTooLong`."""
        if asking.called:
            return await asking
        deadline = self._alarm.deadline(self._until)
        try:
            return await deadline.over(asking)
        except CancelledError:
            if deadline.late:
                raise TookTooLong from None
            raise
        finally:
            deadline.end()

    def _own_up(self, request: Request) -> Say:
        """Refuse the request after a caught bug, and disconnect after too many of them."""
        bug, now = token_hex(3), self._reactor.seconds()
        self.log.failure(
            "{library} {message} hit a bug, {bug}", library=self.library, message=request.code, bug=bug
        )
        self._bugs.append(now)
        while self._bugs[0] <= now - BUGS_COUNT_FOR:
            self._bugs.popleft()
        step = self._session.refuse(f"{ENGLISH.say('fault')} ({bug})")
        if len(self._bugs) < self._limits().bugs:
            return step
        self._metrics.struck("bugs")
        return evolve(step, hang_up=True)

    def _note(self, text: str) -> None:
        """Log a note from circulation for the library's staff."""
        self._telling.warn(self.log, "note", "{library} {note}", note=text)


def _outcome(error: LibraryError) -> str:
    match error:
        case Refused(code=code):
            return f"refused ({code})"
        case InDoubt():
            return "in doubt"
        case _:
            return "unavailable"
