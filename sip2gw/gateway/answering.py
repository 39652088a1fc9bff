"""Take the steps that a session asks for, until there is a response or none is due."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic

from twisted.internet.defer import Deferred
from twisted.internet.defer import TimeoutError as TookTooLong
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from sip2gw.alarm import Alarm
from sip2gw.circulation import ENGLISH, is_still_shown, welcome
from sip2gw.gateway.library_requests import LibraryRequests
from sip2gw.gateway.logins import Logins
from sip2gw.gateway.near_misses import other_name
from sip2gw.gateway.near_numbers import NearNumbers
from sip2gw.gateway.terminal import Terminal
from sip2gw.limits import Limits
from sip2gw.metrics import Metrics
from sip2gw.session import (
    REJECTED,
    Ask,
    Confirm,
    Connected,
    Decline,
    FirstTry,
    Ignore,
    LoggedIn,
    Say,
    Serving,
    SignIn,
    Step,
    Wait,
    institution_id,
)
from sip2gw.sip2 import Request
from sip2gw.tenants import Directory, Tenant

CONFIRMING = 3.0
"""Seconds for the question whether a repeated write still holds; the answer to repeat is already there."""


class Answering:
    """Answer the lines of one terminal."""

    __slots__ = (
        "_begun",
        "_directory",
        "_logins",
        "_metrics",
        "_reactor",
        "_requests",
        "_session",
        "_terminal",
        "_until",
    )

    log = Logger()

    def __init__(
        self,
        terminal: Terminal,
        directory: Directory,
        logins: Logins,
        metrics: Metrics,
        reactor: IReactorTime,
        limits: Callable[[], Limits],
        alarm: Alarm,
        near_numbers: NearNumbers,
    ) -> None:
        self._terminal = terminal
        self._session = terminal.session
        self._directory = directory
        self._logins = logins
        self._metrics = metrics
        self._reactor = reactor
        self._requests = LibraryRequests(
            terminal, directory, logins, metrics, reactor, limits, alarm, near_numbers
        )
        self._begun = self._until = 0.0

    async def answer(self, line: bytes, early: bool = False) -> Say | Ignore:
        """Return the step for one line: a response or none. Raises only if the conversation itself has a bug.

        `early` means that the line came before the answer to the previous line was sent.
        """
        terminal, session = self._terminal, self._session
        self._begun = terminal.heard = self._reactor.seconds()
        self._until = self._begun + self._directory.policy.answer_time
        terminal.busy = True
        terminal.events.begin()
        started = monotonic()
        try:
            step = session.receive(line, early)
            while not isinstance(step, Say | Ignore):
                step = await self._take(step)
        finally:
            terminal.busy = False
            session.let_go()
        self._report(line, step, monotonic() - started)
        return step

    def _report(self, line: bytes, step: Say | Ignore, seconds: float) -> None:
        """Publish what became of a line."""
        events = self._terminal.events
        events.traced(line, step.line if isinstance(step, Say) else b"", self._session.dialect)
        match step:
            case Say(note=why, kind=kind) if kind == REJECTED:
                self._metrics.logins.inc(self._metrics.known(self._terminal.events.library), "rejected")
                events.login_refused(self._terminal.slot.library, REJECTED, why, rung="form")
            case Say(kind=kind):
                events.answered(line, kind, seconds)

    async def _take(self, step: Step) -> Step:
        """Take one step for the session, and return its next step."""
        session = self._session
        match step:
            case Ask(request, None):
                state = session.state  # a terminal sets its clock by 98
                zone = state.tenant.rules.zone if isinstance(state, Serving) else None
                now = self._directory.clock().astimezone(zone)
                self._terminal.events.asked(request, "answered", "not_logged_in")
                return session.reply(welcome(request, self._directory.policy, now, refused=step.refused))  # type: ignore[arg-type]
            case Ask(tenant=tenant) if tenant is not None:
                return await self._requests.ask(step, tenant, self._begun, self._until)
            case SignIn():
                return await self._logins.sign_in(step, self._terminal, self._begun)
            case Confirm(ask) if ask.tenant is not None:
                return session.confirmed(await self._is_still_shown(ask, ask.tenant))
            case Wait(first):
                return await self._wait_for(first)
            case Decline():
                return self._decline(step)
        raise AssertionError("not a question")

    async def _is_still_shown(self, ask: Ask, tenant: Tenant) -> bool:
        """Ask whether the library still shows the result of a repeated request. A late answer counts as yes."""
        try:
            confirming = Deferred.fromCoroutine(
                is_still_shown(ask.request, self._requests.desk(ask, tenant, self._begun))
            )
            if not confirming.called:
                left = min(CONFIRMING, self._until - self._reactor.seconds())
                confirming.addTimeout(max(left, 0.0), self._reactor)
            return await confirming
        except TookTooLong:
            return True
        except Exception:  # a bug in this question must not cost the terminal the stored answer
            self.log.failure("a repeated request could not be confirmed")
            return True

    async def _wait_for(self, first: FirstTry) -> Step:
        """Wait for the first try of a reconnected terminal, and return its answer."""
        over: Deferred[None] = Deferred()
        first.when_over(lambda: over.callback(None), lambda: not (over.called or self._terminal.gone))
        try:
            await over.addTimeout(max(self._until - self._reactor.seconds(), 0.0), self._reactor)
        except TookTooLong:
            if (request := self._session.request) is not None:
                self._terminal.events.asked(request, "in_doubt", "repeated")
            return self._session.refuse(ENGLISH.say("in_doubt"))
        return self._session.waited()

    def _near_miss(self, code: str, request: Request) -> None:
        """Say what is nearly right about a request that was refused without a login, or for its library."""
        state, events = self._session.state, self._terminal.events
        if code == "other_library" and isinstance(state, Serving):
            tenant = state.tenant
            events.saw(other_name(institution_id(request), tenant.nickname, tenant.rules.name))
        elif code == "not_logged_in" and isinstance(state, LoggedIn):
            text = "its login (93) names no library, and its messages have no AO"
            events.noticed("no_library", text, "set AO to the library's nickname")
        elif code == "not_logged_in" and isinstance(state, Connected):
            text = "it sends no login (93), and no account in AC"
            events.noticed("no_login", text, "set user name and password, or give it an account (given)")

    def _decline(self, step: Decline) -> Say:
        """Refuse a request without asking the library."""
        code = step.code
        if step.limit:
            self._metrics.struck(step.limit)
        self._metrics.declined.labels(reason=code).inc()
        if (request := self._session.request) is not None:
            self._terminal.events.asked(request, "refused", code, why=step.why)
            if not step.why:
                self._near_miss(code, request)
        return self._session.refuse(ENGLISH.say(code))
