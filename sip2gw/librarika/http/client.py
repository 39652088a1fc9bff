"""Send a call, and return its outcome before its deadline.

A call that failed before its connection was made was certainly not sent. After that, only the answer shows what was
done.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from secrets import token_hex
from time import time
from typing import Any, cast
from urllib.parse import urlsplit

from treq.client import HTTPClient
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.error import ConnectError, DNSLookupError
from twisted.internet.interfaces import IReactorThreads
from twisted.internet.threads import deferToThreadPool
from twisted.web.iweb import IResponse

from sip2gw.alarm import Alarm
from sip2gw.concurrency import begun
from sip2gw.librarika.http.bulkhead import Bulkhead, Capacity
from sip2gw.librarika.http.call import Call, Failed, How, Outcome
from sip2gw.librarika.http.connections import NotConnected
from sip2gw.librarika.http.outcome import outcome
from sip2gw.librarika.http.settings import CallLimits, Timeouts
from sip2gw.librarika.http.transport import HeadTooLarge, TooLarge, body_of, head_of
from sip2gw.librarika.http.urls import ready
from sip2gw.library import Made
from sip2gw.metrics import Metrics

_NOT_SENT = (NotConnected, ConnectError, DNSLookupError)
UNSENT = -1
"""The status of a call that was not sent."""
_LARGE = 2**16
"""Bytes. A larger body is parsed in a thread."""


class Client:
    """Send calls. `http` is treq's client; `wall` returns the time of day, in seconds since 1970."""

    def __init__(
        self,
        reactor: Any,
        http: HTTPClient,
        timeouts: Timeouts,
        limits: CallLimits,
        metrics: Metrics,
        wall: Callable[[], float] = time,
    ) -> None:
        self.clock = reactor
        self.now: Callable[[], float] = reactor.seconds
        """Returns seconds, on the clock of all deadlines."""
        self._http = http
        self.timeouts = timeouts
        self.limits = limits
        self.metrics = metrics
        self.wall = wall
        self.capacity = Capacity(limits.calls)
        self.alarm = Alarm(reactor)
        self._name, self._numbers = token_hex(4).encode("ascii"), count(1)

    def deadline(self) -> float:
        """Return the deadline of a call that begins now."""
        return self.now() + self.timeouts.call

    async def send(self, call: Call, until: float, slot: Bulkhead) -> Outcome:
        """Send a call that has a slot, and wait for the outcome at most `until`. Gives the slot back."""
        started = self.now()
        deadline = self.alarm.deadline(min(until, started + self.timeouts.headers))
        limit, status = "headers_deadline", UNSENT
        try:
            if until <= started:
                return Failed(How.NO_TURN, "no time left", sent=False)
            if call.may_write is not None:
                may = begun(call.may_write())
                if not (await deadline.over(may) if isinstance(may, Deferred) else may):
                    return Failed(How.ABANDONED, "the caller may not write any more", sent=False)
            try:
                status = 0
                response = await deadline.over(self._request(call))
                status = response.code
                body: bytes | None = getattr(response, "whole", None)
                if body is None:
                    limit = "call_deadline"
                    deadline.move(until)
                    body = await deadline.over(body_of(response, self.limits.answer_body))
            except Exception as error:  # each layer below has its own errors; `_failed` tells them apart
                return self._failed(call, error, started, late=deadline.late, limit=limit)
            answer = (call, response.code, head_of(response), body, self.limits, self.wall())
            if len(body) > _LARGE and IReactorThreads.providedBy(self.clock):
                return await self._outcome_in_a_thread(*answer)
            return outcome(*answer)
        except CancelledError:
            how = How.NO_TURN if deadline.late else How.ABANDONED
            return Failed(how, "no turn in time", sent=False)
        finally:
            deadline.end()
            slot.leave(low_priority=call.low_priority)
            if call.made is not None and status != UNSENT:
                call.made.append(
                    Made(
                        call.operation,
                        status,
                        (self.now() - started) * 1000,
                        call.headers[b"X-Request-Id"].decode("ascii"),
                    )
                )

    def _request(self, call: Call) -> Deferred[IResponse]:
        call.headers[b"X-Request-Id"] = b"%s-%x" % (self._name, next(self._numbers))
        sending: Any = self._http.request(
            call.method,
            ready(call.url),
            headers=cast(Any, call.headers),  # treq passes them on, and the agent takes a mapping
            data=call.body,
            allow_redirects=False,
            unbuffered=True,
        )
        return cast(Deferred[IResponse], sending)

    async def _outcome_in_a_thread(self, *answer: Any) -> Outcome:
        """Read a large body in a thread, because parsing it takes long."""
        parsing: Deferred[Outcome] = deferToThreadPool(
            self.clock, self.clock.getThreadPool(), outcome, *answer
        )
        try:
            return await parsing
        except CancelledError:
            return Failed(How.ABANDONED, "the caller gave up")

    def _failed(self, call: Call, error: Exception, started: float, *, late: bool, limit: str) -> Failed:
        """Return the failure for an error. Before the deadline, only the caller can have cancelled the call."""
        kinds = {type(error), *(type(reason.value) for reason in getattr(error, "reasons", None) or ())}
        if isinstance(error, _NOT_SENT):
            # Endpoints raise several errors when they are cancelled, so the clock decides.
            over = self.now() - started >= self.timeouts.connect
            limit = limit if late else "connect_deadline" if over else ""
            why = f"not connected in time: {limit}" if limit else f"not connected ({_kind(error)})"
            if isinstance(error, DNSLookupError) or str(error) == DNSLookupError.__name__:
                why = f"the name {urlsplit(call.url).hostname} does not resolve"
            return Failed(How.NOT_CONNECTED, why, sent=False, limit=limit)
        why = _kind(error)
        if late:
            return Failed(How.LATE, why, limit=limit)
        if CancelledError in kinds:
            return Failed(How.ABANDONED, why)
        if kinds & {TooLarge, HeadTooLarge}:
            return Failed(How.TOO_LARGE, why, limit="answer_body" if TooLarge in kinds else "answer_head")
        return Failed(How.BROKEN, why)


def _kind(error: BaseException) -> str:
    """Return the error's class names only: its text may quote what was sent or received."""
    if isinstance(error, CancelledError):
        return "no answer in time"
    if isinstance(error, NotConnected):
        return str(error)
    reasons = [_kind(reason.value) for reason in getattr(error, "reasons", None) or ()]
    return ": ".join([type(error).__name__, *reasons])
