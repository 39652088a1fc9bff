"""Server-sent events: what is on a page now, sent to all who look at it. It is made once for all of them.

A stream that does not take its events is closed. A page without a viewer is not made.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any

from attrs import define, field
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IPushProducer
from twisted.internet.task import LoopingCall
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web.http import Request
from twisted.web.server import NOT_DONE_YET
from zope.interface import implementer

from sip2gw.pages.http import Reply, send
from sip2gw.pages.rendering import query

EVERY = 2.0
"""Seconds between two looks."""
BEAT = 15.0
"""Seconds after which something is sent, so that a proxy keeps the connection, and a peer that is gone is noticed."""
MOST = 64
MOST_TOPICS = 16
"""Different pages, with their filters, that are made for streams at the same time."""
STUCK = 30.0
"""Seconds in which a browser has to take what was sent."""
LONGEST = 8 * 3600.0
"""Seconds after which a stream ends; the browser opens another, if it still may."""

Make = Callable[[Mapping[str, str]], Awaitable[str]]
Admitted = Callable[[], Awaitable[bool]]


@implementer(IPushProducer)
@define(eq=False)
class _Stream:
    request: Request
    ends: float
    admitted: Admitted
    sent: str = ""
    heard: float = 0.0
    stuck: float | None = None

    def pauseProducing(self) -> None:
        self.stuck = -1.0  # the next look says since when

    def resumeProducing(self) -> None:
        self.stuck = None

    def stopProducing(self) -> None:
        self.stuck = None


@define(eq=False)
class _Topic:
    make: Make
    filters: Mapping[str, str]
    streams: list[_Stream] = field(factory=list)
    making: bool = False
    html: str = ""
    made: float = float("-inf")
    """When `html` was made."""


class Streams:
    """All open streams. `makers` make the changing part of a page, by its name, as HTML.

    `topics` is how many different pages, with their filters, may be open at the same time.
    """

    log = Logger()

    def __init__(self, reactor: Any, makers: Mapping[str, Make], *, topics: int = MOST_TOPICS) -> None:
        self._reactor = reactor
        self._most_topics = topics
        self._makers = makers
        self._topics: dict[str, _Topic] = {}
        self._looking = LoopingCall(self._look)
        self._looking.clock = reactor
        self.renderings = 0

    def __len__(self) -> int:
        return sum(len(topic.streams) for topic in self._topics.values())

    def begin(
        self, request: Request, page: str, filters: Mapping[str, str], admitted: Admitted
    ) -> Reply | None:
        """Send events to a browser from now on, while `admitted`. Returns an answer if there are too many streams."""
        name = page + query(dict(sorted(filters.items())))
        full = len(self) >= MOST or (name not in self._topics and len(self._topics) >= self._most_topics)
        if full:
            return Reply(b"too many streams", 503, "text/plain", {"retry-after": "60"})
        topic = self._topics.setdefault(name, _Topic(self._makers[page], filters))
        now = self._reactor.seconds()
        stream = _Stream(request, now + LONGEST, admitted, heard=now)
        topic.streams.append(stream)
        request.notifyFinish().addBoth(lambda _: self._ended(name, stream))
        last = getattr(request.channel, "last", None)
        if last is not None:
            last()
        send(request, Reply(kind="text/event-stream", headers={"x-accel-buffering": "no"}))
        request.responseHeaders.removeHeader(b"content-length")
        request.write(b"retry: 5000\n\n")
        request.registerProducer(stream, True)  # type: ignore[no-untyped-call]  # Twisted's
        if not self._looking.running:
            self._looking.start(EVERY, now=False)
        if now - topic.made < EVERY:
            self._give(stream, topic.html)
        else:
            self._make(topic)
        return None

    def stop(self) -> None:
        """End all streams."""
        for topic in list(self._topics.values()):
            for stream in list(topic.streams):
                stream.request.loseConnection()

    def _ended(self, name: str, stream: _Stream) -> None:
        topic = self._topics.get(name)
        if topic is None:
            return
        topic.streams.remove(stream)
        if not topic.streams:
            del self._topics[name]
        if not self._topics and self._looking.running:
            self._looking.stop()

    def _look(self) -> None:
        now = self._reactor.seconds()
        for topic in list(self._topics.values()):
            for stream in list(topic.streams):
                if stream.stuck == -1.0:
                    stream.stuck = now
                too_slow = stream.stuck is not None and now - stream.stuck > STUCK
                if now >= stream.ends or too_slow:
                    stream.request.loseConnection()
            self._make(topic)

    def _make(self, topic: _Topic) -> None:
        if not topic.making:
            topic.making = True
            Deferred.fromCoroutine(self._made(topic)).addErrback(self._failed, topic)

    async def _made(self, topic: _Topic) -> None:
        topic.html = await topic.make(topic.filters)
        topic.making, topic.made = False, self._reactor.seconds()
        self.renderings += 1
        for stream in list(topic.streams):
            if not await stream.admitted():
                stream.request.loseConnection()
            elif stream in topic.streams:  # it has not ended meanwhile
                self._give(stream, topic.html)

    def _give(self, stream: _Stream, html: str) -> None:
        """Send what is new to this stream, or a sign of life."""
        now = self._reactor.seconds()
        if stream.stuck is not None:
            return
        if stream.sent != html:
            stream.sent, stream.heard = html, now
            event = "".join(f"data: {line}\n" for line in html.splitlines() if line)
            stream.request.write(event.encode() + b"\n")
        elif now - stream.heard >= BEAT:
            stream.heard = now
            stream.request.write(b": still here\n\n")

    def _failed(self, failure: Any, topic: _Topic) -> None:
        topic.making = False
        self.log.failure("an event of a page hit a bug", failure)


def answer_or_stream(request: Request, reply: Coroutine[Any, Any, Reply | None]) -> int:
    """Send a reply as soon as it is there; None means that a stream has begun. Returns what `render` has to return."""
    here = [True]

    def gone(_: Failure) -> None:
        here.clear()

    def answer(reply: Reply | None) -> None:
        if reply is not None and here:
            request.write(send(request, reply))
            request.finish()  # type: ignore[no-untyped-call]  # Twisted's

    def failed(failure: Failure) -> None:
        if here:
            request.processingFailed(failure)  # type: ignore[attr-defined]  # twisted.web.server's has it

    request.notifyFinish().addErrback(gone)
    Deferred.fromCoroutine(reply).addCallback(answer).addErrback(failed)
    return NOT_DONE_YET
