"""Every call ends before its deadline, as an answer or as one of the port's errors; nothing else gets past here.

The deadline counts from when the caller began, so waiting for a turn, connecting, and reading the body are all in it.
Calls take turns: so many at once in the process, fewer for one library, so that one that hangs leaves room for others.
What happens before a connection stands is `Unavailable` for certain; after it, only the answer can tell.
"""

from __future__ import annotations

from itertools import count
from secrets import token_hex
from typing import Any

from attrs import define, field, frozen, validators
from treq.client import HTTPClient
from twisted.internet.defer import CancelledError, Deferred, DeferredSemaphore
from twisted.internet.error import ConnectError, DNSLookupError
from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger
from twisted.web._newclient import RequestNotSent  # public nowhere else
from twisted.web.iweb import IResponse

from sip2gw.librarika.dial import NotConnected
from sip2gw.librarika.urls import ReadyURL
from sip2gw.librarika.verdicts import Answer, Call, answer
from sip2gw.librarika.wire import body_of
from sip2gw.library import InDoubt, Unavailable

_NOT_SENT = (NotConnected, ConnectError, DNSLookupError, RequestNotSent)


@frozen
class Deadlines:
    """How long things may take, in seconds.

    `call` is for all that one question of the gateway needs, from asking to the last byte; it is what counts.
    `headers` is the most that one request may take until the head of its answer is there, `connect` until a
    connection stands, TLS handshake included; `probe` is for finding out whether a library can be reached.
    """

    connect: float = field(default=3.0, validator=validators.gt(0))
    headers: float = field(default=10.0, validator=validators.gt(0))
    call: float = field(default=20.0, validator=validators.gt(0))
    probe: float = field(default=3.0, validator=validators.gt(0))


@define
class _Progress:
    """When a call must be over, and the timer that sees to it."""

    until: float
    timer: IDelayedCall | None = None


class Client:
    """Makes calls. `http` is treq's client; at most `at_once` calls are under way in the process."""

    _log = Logger()

    def __init__(
        self, reactor: Any, http: HTTPClient, deadlines: Deadlines, *, at_once: int, body_limit: int
    ) -> None:
        self.clock = reactor
        self._http = http
        self.deadlines = deadlines
        self._turns = DeferredSemaphore(at_once)
        self._body_limit = body_limit
        self._name, self._numbers = token_hex(4), count(1)

    def now(self) -> float:
        """Seconds, on the clock that deadlines are on."""
        return float(self.clock.seconds())

    def deadline(self) -> float:
        """When a question asked now must have its answer."""
        return self.now() + self.deadlines.call

    async def exchange(self, call: Call, turns: DeferredSemaphore, until: float) -> Answer:
        """Make a call, in turn with the others of its library. Raises as `verdicts.answer` does."""
        left = until - self.now()
        if left <= 0:
            raise call.not_done("no time left")
        request_id = f"{self._name}-{next(self._numbers):x}"
        call.headers.setRawHeaders(b"X-Request-Id", [request_id.encode("ascii")])
        progress = _Progress(until)
        talk = Deferred.fromCoroutine(self._in_turn(call, turns, progress))
        timer = progress.timer = self.clock.callLater(min(left, self.deadlines.headers), talk.cancel)
        try:
            return await talk
        except (InDoubt, Unavailable) as error:
            self._log.warn(
                "librarika_call_failed: {outcome}: {reason} (request {request_id})",
                outcome=type(error).__name__,
                reason=str(error),
                operation=call.operation,
                request_id=request_id,
            )
            raise
        finally:
            if timer.active():
                timer.cancel()

    async def _in_turn(self, call: Call, turns: DeferredSemaphore, progress: _Progress) -> Answer:
        """The library's turn first: those who wait for it stand in nobody else's way."""
        async with _Turn(call, turns), _Turn(call, self._turns):
            return await self._talk(call, progress)

    async def _talk(self, call: Call, progress: _Progress) -> Answer:
        try:
            response: IResponse = await self._http.request(
                call.method,
                ReadyURL(call.url),
                headers=call.headers,
                data=call.body,
                allow_redirects=False,
                unbuffered=True,
            )
            if progress.timer is not None and progress.timer.active():
                progress.timer.reset(max(progress.until - self.now(), 0.0))
            body = await body_of(response, self._body_limit)
        except _NOT_SENT as error:
            raise call.not_done(f"not connected ({_kind(error)})") from None
        except Exception as error:
            raise call.lost(_kind(error)) from None
        return answer(call, response.code, response.headers, body)


class _Turn:
    """A place among the calls under way, taken in the order of asking."""

    __slots__ = ("_call", "_turns")

    def __init__(self, call: Call, turns: DeferredSemaphore) -> None:
        self._call, self._turns = call, turns

    async def __aenter__(self) -> None:
        try:
            await self._turns.acquire()
        except CancelledError:
            raise self._call.not_done("no turn in time") from None

    async def __aexit__(self, *_: object) -> None:
        self._turns.release()


def _kind(error: BaseException) -> str:
    """What went wrong, by the names of classes alone: the text of an error may quote what was sent or received."""
    if isinstance(error, CancelledError):
        return "no answer in time"
    if isinstance(error, NotConnected):
        return str(error)
    reasons = [_kind(reason.value) for reason in getattr(error, "reasons", None) or ()]
    return ": ".join([type(error).__name__, *reasons])
