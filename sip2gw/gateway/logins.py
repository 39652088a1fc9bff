"""Log terminals in: ask the library, take a seat, and log why a login was refused.

Each failed login is answered after the same time. Where logins were throttled before, that time is longer for all, so
it does not show which of them reached the library.
"""

from __future__ import annotations

from collections.abc import Callable
from secrets import SystemRandom

from twisted.internet.defer import TimeoutError as TookTooLong
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from twisted.logger import Logger

from sip2gw.circulation import ENGLISH
from sip2gw.circulation.wrong_passwords import PinLimits, Pins
from sip2gw.concurrency import shielded
from sip2gw.gateway.account_checks import AccountChecks
from sip2gw.gateway.login_throttle import IN_PROGRESS, LoginThrottle
from sip2gw.gateway.login_try import Try
from sip2gw.gateway.near_misses import Seen, odd_location, unknown_library, wrong_account
from sip2gw.gateway.seating import Seating
from sip2gw.gateway.stored_logins import StoredLogins
from sip2gw.gateway.terminal import Terminal
from sip2gw.library import LibraryError, Refused, Unavailable
from sip2gw.limits import Limits
from sip2gw.metrics import Metrics
from sip2gw.seats import SeatStore
from sip2gw.session import LoggedIn, Say, Serving, SignIn, Step
from sip2gw.tenants import ADVICE, OWN_REFUSALS, Directory, Tenant, nickname
from sip2gw.throttle import Allowance

JITTER = 0.25
"""Random addition to the floor, at most this part of it."""

MOST_SERVED = 5000
"""Libraries that are remembered."""
REST = 10
"""A search for the library that a wrong name means is followed by a pause of so many times its length. Among few
libraries that is no time; among thousands a search takes 35 ms."""

_RIGHT = ADVICE.keys() - OWN_REFUSALS - {"invalid_credentials", "library_not_found"}
"""Refusals that only the right password leads to. After any other refusal the try may have been a guess."""


class Logins:
    """Handle the logins of all terminals. `limits` returns the current limits."""

    log = Logger()

    def __init__(
        self,
        directory: Directory,
        metrics: Metrics,
        limits: Callable[[], Limits],
        reactor: IReactorTime,
        store: SeatStore | None = None,
        stored: StoredLogins | None = None,
    ) -> None:
        self.login_throttle = LoginThrottle(limits, metrics, reactor.seconds, stored)
        self.seating = Seating(metrics, reactor, directory.clock, store)
        self.account_checks = AccountChecks(limits, metrics, reactor)
        self.pins = Pins(reactor.seconds, self._pin_limits, metrics.struck)
        self.chance: Callable[[], float] = SystemRandom().random
        self._served: set[str] = set()
        """Libraries in which a terminal was let in: what a misspelt name may mean."""
        self._search_due = 0.0
        self._directory = directory
        self._metrics = metrics
        self._limits = limits
        self._reactor = reactor

    async def sign_in(self, step: SignIn, terminal: Terminal, since: float) -> Step:
        """Ask the library to decide on a login received at `since`, and return the next step. Never raises."""
        slowness = self.login_throttle.slowness(
            nickname(step.library) or "", step.credentials, terminal.peer.address
        )
        try:
            terminal.slot.check_memory()
            tenant = await self._let_in(step, terminal, since)
        except Refused as no:
            self._tell(terminal, step, no.code if no.code in ADVICE else "refused", no.code, _advice(no))
            return await self._turn_away(terminal, no, ENGLISH.say("not_logged_in"), since, slowness)
        except LibraryError as error:
            self._tell(terminal, step, "unavailable", "unavailable", str(error))
            return await self._turn_away(terminal, error, ENGLISH.why(error), since, slowness)
        except Exception:  # a bug behind a login must not cost a terminal its answer
            self.log.failure("a login hit a bug")
            self._tell(
                terminal, step, "bug", "bug", "a bug of the gateway: report it with the log's lines before"
            )
            return await self._turn_away(
                terminal, Unavailable("a bug"), ENGLISH.say("fault"), since, slowness
            )
        self._metrics.logins.inc(self._metrics.library(tenant.nickname), "ok")
        next_step = terminal.session.admitted(tenant, terminal.digest)
        self._admitted(terminal, tenant, step)
        return next_step

    def leave(self, terminal: Terminal) -> None:
        """Free the seat and the account check of a terminal that has ended."""
        terminal.gone = True
        self.account_checks.leave(terminal)
        self.seating.leave(terminal)

    def _admitted(self, terminal: Terminal, tenant: Tenant, step: SignIn) -> None:
        """Publish a login. A 93 without a location keeps the location of the session."""
        state = terminal.session.state
        location = state.location if isinstance(state, Serving) else step.location
        profile = self._directory.profile(tenant, location)
        terminal.events.logged_in(
            tenant.nickname, terminal.peer, location, step.form, profile, tenant.account
        )
        if len(self._served) < MOST_SERVED:
            self._served.add(tenant.nickname)
        if not profile.branch:
            configured = [one.location for one in self._directory.settings.of(tenant.nickname).terminals]
            terminal.events.saw(odd_location(location, tenant.rules.branches, configured), once=False)

    def _tell(self, terminal: Terminal, step: SignIn, outcome: str, code: str, advice: str) -> None:
        self._metrics.logins.inc(self._metrics.known(nickname(step.library) or ""), outcome)
        terminal.events.login_refused(nickname(step.library) or "", code, advice, step.credentials)
        if code == "library_not_found":
            terminal.events.saw(self._library_meant(step), once=False)
        elif code == "invalid_credentials" or not step.credentials.username:
            terminal.events.saw(wrong_account(step.credentials, terminal.session.request), once=False)

    def _library_meant(self, step: SignIn) -> Seen | None:
        """Say which library a wrong name may mean. None soon after a search that took long."""
        begun = self._reactor.seconds()
        if begun < self._search_due:
            return None
        known = {*self._directory.settings.libraries, *self._served}
        seen = unknown_library(step.library, known, step.form)
        ended = self._reactor.seconds()
        self._search_due = ended + REST * (ended - begun)
        return seen

    def _pin_limits(self) -> PinLimits:
        limits = self._limits()
        one = Allowance(limits.pins_per_terminal, limits.pin_period, free=limits.pins_per_terminal)
        return PinLimits(one, limits.pins_per_account)

    async def _let_in(self, step: SignIn, terminal: Terminal, since: float) -> Tenant:
        tenant = await self._log_in(step, terminal, since)
        if not isinstance(terminal.session.state, Serving):
            await self.seating.seat(terminal, tenant, step.location)
            try:
                terminal.slot.bind(tenant.nickname)
            except LibraryError:
                self.seating.leave(terminal)
                raise
        elif step.location:
            self.seating.move(terminal, step.location)
        if not terminal.gone:
            self.account_checks.enter(terminal, tenant)
        return tenant

    async def _log_in(self, step: SignIn, terminal: Terminal, since: float) -> Tenant:
        """Ask the library, if needed, for as long as the terminal waits. A later answer counts as well."""
        library, address = nickname(step.library) or "", terminal.peer.address
        if self._directory.asks(step.library, step.credentials):
            await self.login_throttle.recall(library, step.credentials, address)
        # Asked again: of a crowd that comes back, another one may ask the library by now.
        if self._directory.asks(step.library, step.credentials):
            attempt = self.login_throttle.check(library, step.credentials, address)
            login = shielded(self._try(step, attempt))
        else:
            login = shielded(self._directory.log_in(step.library, step.credentials))
        if not login.called:
            left = since + self._directory.policy.call_time - self._reactor.seconds()
            login.addTimeout(max(left, 0.0), self._reactor)
        try:
            return await login
        except TookTooLong:
            raise Unavailable("the login took too long") from None

    async def _try(self, step: SignIn, attempt: Try) -> Tenant:
        """Ask the library, and record whether the try was a guess."""
        try:
            tenant = await self._directory.log_in(step.library, step.credentials)
        except Refused as no:
            if no.code in _RIGHT:
                attempt.right()
            elif no.code == "invalid_credentials":
                attempt.wrong()
            else:
                attempt.odd()
            raise
        except Unavailable as error:
            if error.throttled:
                attempt.too_many()
            raise
        else:
            attempt.right()
            return tenant
        finally:
            attempt.forgive()  # any other failure is not a judgement

    async def _turn_away(
        self, terminal: Terminal, error: LibraryError, why: str, since: float, slowness: float
    ) -> Step:
        before = terminal.session.state
        step = terminal.session.turned_away(error, why)
        after = terminal.session.state
        if isinstance(step, Say) and (after == before or not isinstance(after, LoggedIn)):
            floor = self._limits().login_floor * slowness
            until = since + floor * (1 + JITTER * self.chance())
            if (left := until - self._reactor.seconds()) > 0:
                await deferLater(self._reactor, left)
        return step


def _advice(no: Refused) -> str:
    """Return the fix; for a refusal by the gateway, the facts."""
    advice = ADVICE.get(no.code, f"{no.reason}; is librarika.url right?")
    if IN_PROGRESS in no.facts:
        advice = "they get in after the wait; their passwords may all be right"
    return f"{no.reason}; {advice}" if no.code in OWN_REFUSALS else advice
