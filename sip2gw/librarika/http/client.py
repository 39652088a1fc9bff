"""Every call ends before its deadline, as an answer or as a failure that says whether it was sent.

The deadline counts from when the caller began, so waiting for a turn, connecting, and reading the body are all in it.
Calls take turns: so many at once for one library, and so many in the process. What happens before a connection stands
was not sent, for certain; after it, only the answer can tell.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from itertools import count
from secrets import token_hex
from time import time
from typing import Any, TypeVar

from attrs import define
from treq.client import HTTPClient
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.error import ConnectError, DNSLookupError
from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger
from twisted.web._newclient import RequestNotSent  # public nowhere else
from twisted.web.iweb import IResponse

from sip2gw.librarika.http.bulkhead import Bulkhead, Capacity, TurnedAway
from sip2gw.librarika.http.call import Answer, Call, Failed, How
from sip2gw.librarika.http.connections import NotConnected
from sip2gw.librarika.http.outcome import answer
from sip2gw.librarika.http.settings import CallLimits, Timeouts
from sip2gw.librarika.http.transport import HeadTooLarge, TooLarge, body_of
from sip2gw.librarika.http.urls import ReadyURL
from sip2gw.metrics import Metrics

T = TypeVar("T")

_NOT_SENT = (NotConnected, ConnectError, DNSLookupError, RequestNotSent)


@define
class _Progress:
    """When a call must be over, and its head be there; the timer that sees to it, and the limit that strikes then."""

    until: float
    head: float
    waiting: bool = False
    """For its turn."""
    timer: IDelayedCall | None = None
    limit: str = "headers_deadline"
    late: bool = False
    begun: float = 0.0

    def reset(self, seconds: float) -> None:
        """There is so much time from now on."""
        if self.timer is not None and self.timer.active():
            self.timer.reset(max(seconds, 0.0))


class Client:
    """Makes calls. `http` is treq's client; `wall` is the time of day, in seconds since 1970."""

    _log = Logger()

    def __init__(
        self,
        reactor: Any,
        http: HTTPClient,
        deadlines: Timeouts,
        restraint: CallLimits,
        metrics: Metrics,
        wall: Callable[[], float] = time,
    ) -> None:
        self.clock = reactor
        self._http = http
        self.deadlines = deadlines
        self.restraint = restraint
        self.metrics = metrics
        self.wall = wall
        self.road = Capacity(restraint.calls)
        self._name, self._numbers = token_hex(4), count(1)

    def now(self) -> float:
        """Seconds, on the clock that deadlines are on."""
        return float(self.clock.seconds())

    def deadline(self) -> float:
        """When a question asked now must have its answer."""
        return self.now() + self.deadlines.call

    async def exchange(self, call: Call, lane: Bulkhead, until: float, *, later: bool = False) -> Answer:
        """Make a call once it has a place in the lane. Raises as `verdicts.answer` does."""
        begun = self.now()
        if until <= begun:
            raise Failed(How.NO_TURN, "no time left", sent=False)
        request_id = f"{self._name}-{next(self._numbers):x}"
        call.headers.setRawHeaders(b"X-Request-Id", [request_id.encode("ascii")])
        progress = _Progress(until, min(until, begun + self.deadlines.headers))
        talk = Deferred.fromCoroutine(self._in_turn(call, lane, progress, later))
        if not talk.called:

            def late() -> None:
                progress.late = True
                talk.cancel()

            # What has no turn in half of the time is not begun: the rest might be too short, and a write be in doubt.
            within = (progress.head - begun) / (2 if progress.waiting else 1)
            progress.timer = self.clock.callLater(within, late)
        try:
            return await talk
        except Failed as failed:
            if failed.limit:
                self.metrics.struck(failed.limit)
            self._log.warn(
                "librarika_call_failed: {operation}: {failure}: {reason} (request {request_id})",
                operation=call.operation,
                failure=failed.how.value,
                reason=str(failed),
                request_id=request_id,
            )
            raise
        finally:
            if progress.timer is not None and progress.timer.active():
                progress.timer.cancel()
            self.metrics.of(self.metrics.call_seconds, call.operation).observe(self.now() - begun)

    async def _in_turn(self, call: Call, lane: Bulkhead, progress: _Progress, later: bool) -> Answer:
        if (place := lane.enter(later=later)) is not None:
            await self._placed(place, "calls_per_library" if lane.full else "calls", progress)
        try:
            if call.still is not None and not await _unsent(call.still(), progress):
                raise Failed(How.ABANDONED, "whoever asked may not write any more", sent=False)
            return await self._talk(call, progress)
        finally:
            lane.leave()

    async def _placed(self, place: Deferred[None], limit: str, progress: _Progress) -> None:
        self.metrics.struck(limit)
        progress.waiting = True
        try:
            await _unsent(place, progress)
        except TurnedAway:
            raise Failed(How.NOT_ASKED, "the library does not answer", sent=False) from None
        progress.reset(progress.head - self.now())

    async def _talk(self, call: Call, progress: _Progress) -> Answer:
        progress.begun = self.now()
        try:
            response: IResponse = await self._http.request(
                call.method,
                ReadyURL(call.url),
                headers=call.headers,
                data=call.body,
                allow_redirects=False,
                unbuffered=True,
            )
            progress.limit = "call_deadline"
            progress.reset(progress.until - self.now())
            body = await body_of(response, self.restraint.answer_body)
        except Exception as error:  # each layer below has errors of its own: they are told apart there
            raise self._failed(error, progress) from None
        return answer(call, response.code, response.headers, body, self.restraint, self.wall())

    def _failed(self, error: Exception, progress: _Progress) -> Failed:
        """What kind of failure this is; only whoever asked can have cancelled it if time is not over."""
        sent = not isinstance(error, _NOT_SENT)
        why = _kind(error) if sent else f"not connected ({_kind(error)})"
        limit = progress.limit if progress.late else ""
        kinds = {type(error), *(type(reason.value) for reason in getattr(error, "reasons", None) or ())}
        if not sent:
            how, limit = How.NOT_CONNECTED, limit or self._connect_limit(progress)
            why = f"not connected in time: {limit}" if limit else why
        elif progress.late:
            how = How.LATE
        elif CancelledError in kinds:
            how = How.ABANDONED
        elif kinds & {TooLarge, HeadTooLarge}:
            how, limit = How.TOO_LARGE, "answer_body" if TooLarge in kinds else "answer_head"
        else:
            how = How.BROKEN
        return Failed(how, why, sent=sent, limit=limit)

    def _connect_limit(self, progress: _Progress) -> str:
        """Endpoints tell in several ways that they were cancelled; the clock tells in one."""
        return "connect_deadline" if self.now() - progress.begun >= self.deadlines.connect else ""


async def _unsent(waiting: Awaitable[T], progress: _Progress) -> T:
    """Wait for something before a call is sent."""
    try:
        return await waiting
    except CancelledError:
        how = How.NO_TURN if progress.late else How.ABANDONED
        raise Failed(how, "no turn in time", sent=False) from None


def _kind(error: BaseException) -> str:
    """What went wrong, by the names of classes alone: the text of an error may quote what was sent or received."""
    if isinstance(error, CancelledError):
        return "no answer in time"
    if isinstance(error, NotConnected):
        return str(error)
    reasons = [_kind(reason.value) for reason in getattr(error, "reasons", None) or ()]
    return ": ".join([type(error).__name__, *reasons])
