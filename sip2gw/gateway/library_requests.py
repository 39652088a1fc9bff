"""Put a request to the library, and answer it in time with the right type of response, even if anything fails."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from operator import is_not
from secrets import token_hex
from typing import Any

from attrs import evolve
from twisted.internet.defer import CancelledError
from twisted.internet.defer import TimeoutError as TookTooLong
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from sip2gw.alarm import Alarm
from sip2gw.circulation import ENGLISH, Desk, Place, answer, decline, offered
from sip2gw.concurrency import rest_of
from sip2gw.gateway.logins import Logins
from sip2gw.gateway.near_misses import not_whole, odd_clock
from sip2gw.gateway.near_numbers import NearNumbers
from sip2gw.gateway.results import OFFLINE, Result, of_answer, of_error
from sip2gw.gateway.terminal import Terminal
from sip2gw.library import InDoubt, LibraryError, Made, MayWrite, Refused, Unavailable
from sip2gw.limits import Limits
from sip2gw.metrics import Metrics
from sip2gw.seats import Lease
from sip2gw.session import Ask, Say, Step
from sip2gw.sip2 import Request, Response, messages
from sip2gw.tenants import Directory, Tenant

BUGS_COUNT_FOR = 60.0
"""Seconds for which a caught bug counts towards the limit `bugs`."""
HOUR, DAY = 3600.0, 86_400.0
_NOT_THERE = frozenset({"member_not_found", "password_wrong"})
"""Refusals after which the patron at the terminal is unknown."""


class LibraryRequests:
    """The requests of one terminal that go to its library, one at a time."""

    __slots__ = (
        "_alarm",
        "_asked_to_write",
        "_bugs",
        "_clock_due",
        "_directory",
        "_kept",
        "_lease",
        "_limits",
        "_made_of",
        "_metrics",
        "_near_numbers",
        "_pins",
        "_reactor",
        "_seating",
        "_session",
        "_terminal",
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
        self._pins = logins.pins
        self._seating = logins.seating
        self._metrics = metrics
        self._reactor = reactor
        self._limits = limits
        self._alarm = alarm
        self._near_numbers = near_numbers
        self._lease: Lease | None = None
        self._asked_to_write = False
        self._kept: Place | None = None
        self._made_of: tuple[object, ...] = ()
        self._clock_due = 0.0
        self._bugs: tuple[float, ...] = ()

    async def ask(self, ask: Ask, tenant: Tenant, since: float, until: float) -> Step:
        """Answer a request that was received at `since`, before `until`; both in seconds of the reactor."""
        terminal, request = self._terminal, ask.request
        lease = self._lease = terminal.lease  # also of a terminal that ends while it is asked about
        if not (self._seating.is_sure(lease, since) or await self._seating.holds_seat(terminal, lease)):
            terminal.events.asked(request, "refused", "no_seat")
            return self._session.refuse(ENGLISH.say("not_logged_in"))
        try:
            desk = self.desk(ask, tenant, since, self._may_write)
        except Exception:  # a bug behind one request must not cost the terminal its answer
            return self._own_up(tenant.nickname, request, ())
        try:
            return self._reply(request, desk, *await self._answered(request, desk, until))
        except Exception:  # likewise; the library may have done the write by now
            step = self._own_up(tenant.nickname, request, desk.library.calls_made)
            await self._deny(desk)
            return step

    def _reply(
        self, request: Request, desk: Desk, response: Response, result: Result, remember: bool, known: bool
    ) -> Say:
        """Publish what became of a request, and return its response as bytes."""
        terminal, why = self._terminal, ""
        self._look_at_the_clock(request, desk)
        if isinstance(response, messages.ACSStatus):
            why = offered(response)
            result = result if response.online_status else OFFLINE
        if result.outcome != "answered" and desk.place.profile.refs:
            response = _with_ref(response, terminal.events.ref)
        step = self._session.reply(response, remember=remember and self._hears(), known=known)
        terminal.events.asked(request, result.outcome, result.code, desk.library.calls_made, why)
        terminal.events.saw(not_whole(result.code, request))
        self._near_numbers.search(result.code, request, desk, terminal.events)
        return step

    def _look_at_the_clock(self, request: Request, desk: Desk) -> None:
        """Look once an hour whether the terminal's clock is right; if it is wrong, say so once a day."""
        stamp = getattr(request, "transaction_date", None)
        now = self._reactor.seconds()
        if stamp is None or now < self._clock_due or getattr(request, "no_block", False):
            return
        there = desk.now()
        seen = odd_clock(stamp, there if stamp.tzinfo else there.replace(tzinfo=None))
        self._terminal.events.saw(seen, once=False)
        self._clock_due = now + (DAY if seen else HOUR)

    async def _deny(self, desk: Desk) -> None:
        """Note that the terminal is told no, if the library has done its write."""
        try:
            await desk.library.denied()
        except Exception:  # the terminal gets its answer all the same
            self.log.failure("a refusal could not be noted")

    def _hears(self) -> bool:
        """Return whether the terminal still gets the answer, on this connection or on its next one."""
        elsewhere = self._session.is_heard_elsewhere
        return not self._terminal.gone if elsewhere is None else elsewhere

    def desk(self, ask: Ask, tenant: Tenant, since: float, may_write: MayWrite | None = None) -> Desk:
        """Return the desk for this request, received at `since`. `may_write` is called before a write is sent."""
        place = self._place(tenant, ask.location)
        return place.desk(
            reader=ask.reader,
            print_width=ask.print_width,
            sequence=ask.sequence,
            meant_again=ask.meant_again,
            line=ask.line,
            dated=ask.dated,
            patience=since + place.policy.call_time - self._reactor.seconds(),
            may_write=may_write,
            hears=self._hears,
        )

    def _place(self, tenant: Tenant, location: str) -> Place:
        """Return the place of this terminal, made again after another login and after a reload."""
        directory, kept = self._directory, self._kept
        made_of = (tenant, location, directory.policy, directory.settings)
        if kept is None or any(map(is_not, made_of, self._made_of)):
            kept = self._kept = directory.place(
                tenant, location, note=self._note, pins=self._pins, asker=self._terminal.asker
            )
            self._made_of = made_of
        return kept

    async def _may_write(self) -> bool:
        """Return whether the terminal may still write. Asked right before a write is sent, and noted."""
        self._asked_to_write = True
        if self._seating.is_sure(self._lease, self._reactor.seconds()):
            return True
        return await self._seating.holds_seat(self._terminal, self._lease)

    async def _answered(
        self, request: Request, desk: Desk, until: float
    ) -> tuple[Response, Result, bool, bool]:
        """Return the response, what became of it, whether to remember it for a repeat, and whether the patron is known.

        The response may be a refusal. A write's response is remembered if the library was asked to do it in this
        request, and has done it or the journal has accepted it; the journal answers for every other write that may be
        done. The patron is known unless the library rejected the card number or password.
        """
        self._asked_to_write = False
        try:
            if until <= self._reactor.seconds():
                raise Unavailable("the login took all the available time")
            response = await self._in_time(answer(request, desk), until)
            return response, of_answer(request, desk), self._asked_to_write, True
        except LibraryError as error:
            code = error.code if isinstance(error, Refused) else ""
            if code == "member_not_found":
                self._pins.unknown(self._terminal.slot.library, self._terminal.asker())
            await self._deny(desk)
            return decline(request, desk, error), of_error(error), False, code not in _NOT_THERE
        except TookTooLong:
            late = Unavailable("too late") if request.read_only else InDoubt("too late")
            result = Result(of_error(late).outcome, "too_late")
            await self._deny(desk)
            return decline(request, desk, late), result, False, True

    async def _in_time(self, answering: Coroutine[Any, Any, Response], until: float) -> Response:
        """Return the answer, and wait for it as long as the terminal does. Raises `TookTooLong`.

        The coroutine is run by hand, so that an answer without a wait costs no deadline, and so that a late one is
        cancelled in the wait that it is in.
        """
        try:
            waiting = answering.send(None)
        except StopIteration as over:  # without a wait, as from a cache
            response: Response = over.value
            return response
        deadline = self._alarm.deadline(until)
        try:
            return await rest_of(answering, waiting, deadline.over)
        except CancelledError:
            if deadline.late:
                raise TookTooLong from None
            raise
        finally:
            deadline.end()

    def _own_up(self, library: str, request: Request, made: Sequence[Made]) -> Say:
        """Refuse the request after a caught bug, and disconnect after too many of them."""
        bug, now = token_hex(3), self._reactor.seconds()
        self._terminal.events.asked(request, "bug", bug, made)
        self.log.failure(
            "{library} {message} hit a bug, {bug}", library=library, message=request.code, bug=bug
        )
        self._bugs = (*(before for before in self._bugs if before > now - BUGS_COUNT_FOR), now)
        step = self._session.refuse(f"{ENGLISH.say('fault')} ({bug})")
        if len(self._bugs) < self._limits().bugs:
            return step
        self._metrics.struck("bugs")
        return evolve(step, hang_up=True)

    def _note(self, text: str) -> None:
        """Log a note from circulation for the library's staff."""
        self._terminal.events.noticed("note", text, once=False)


def _with_ref(response: Response, ref: str) -> Response:
    """Return the response with the code of the exchange at the end of its last line for the screen."""
    lines: tuple[str, ...] = getattr(response, "screen_message", ())
    return response.but(screen_message=(*lines[:-1], f"{lines[-1]} ({ref})")) if lines else response
