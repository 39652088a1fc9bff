"""One connection to an API: one request at a time, and one bounded answer to each, parsed by llhttp (`httptools`).

Written by hand because Twisted's own client bounds neither an answer's head, nor interim answers, nor what is around
the chunks of a body. Here the head is bounded over all its pieces, and so are the number of interim (1xx) answers, the
raw bytes and pieces of an answer, and its body. An answer that nobody asked for ends the connection.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser
from twisted.internet import tcp
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import IProtocol
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure
from twisted.web.client import ResponseDone
from twisted.web.http_headers import Headers
from twisted.web.iweb import IResponse
from zope.interface import implementer

from sip2gw.librarika.http.settings import CallLimits

MOST_INTERIM = 8
"""Interim (1xx) answers before the answer itself; an API sends none, or one."""
_SIZES = frozenset({b"content-length", b"transfer-encoding"})
"""Headers that say where a body ends."""
MOST_PIECES = 2**14
"""Chunks, and reads from the socket, of one answer: 64 bytes each if it is of the largest size."""


class TooLarge(Exception):
    """The answer is larger than the limit."""


class HeadTooLarge(Exception):
    """Status line and headers are larger than the limit."""


class Malformed(Exception):
    """The answer is not HTTP/1.1, or not one that was asked for."""


@implementer(IResponse)
class Reply:
    """An answer whose head is there. Its body is delivered whole, at its end."""

    phrase = b""
    length = previousResponse = request = None

    whole: bytes | None = None
    """The body, if all of it is there already."""

    def __init__(self, answer: _Answer, abort: Callable[[], None]) -> None:
        self.code, self.head = answer.code, answer.headers
        """Its headers as they came, the names in lower case."""
        self._version = answer.parser.get_http_version()
        self.abortConnection = self.loseConnection = abort
        self._reader: IProtocol | None = None
        self._broken: Failure | None = None

    @property
    def version(self) -> tuple[bytes, int, int]:
        """See `IResponse`."""
        major, _, minor = self._version.partition(".")
        return b"HTTP", int(major), int(minor)

    @property
    def headers(self) -> Headers:
        """See `IResponse`. They are made of `head` for whoever wants them so."""
        headers = Headers()
        for name, value in self.head:
            headers.addRawHeader(name, value)
        return headers

    def deliverBody(self, protocol: IProtocol) -> None:
        """See `IResponse`."""
        protocol.makeConnection(self)  # type: ignore[arg-type]  # of a transport it has what ends it
        self._reader = protocol
        self._deliver()

    def setPreviousResponse(self, response: Any) -> None:
        """No redirect is followed, so there is none."""

    def end(self, body: bytes) -> None:
        """All of it is there."""
        self.whole = body
        self._deliver()

    def fail(self, reason: Failure) -> None:
        """No more of it comes."""
        self._broken = reason
        self._deliver()

    def _deliver(self) -> None:
        body, reason, reader = self.whole, self._broken, self._reader
        if reader is None or (body is None and reason is None):
            return
        self._reader = None
        if body:
            reader.dataReceived(body)
        reader.connectionLost(reason or Failure(ResponseDone()))  # type: ignore[no-untyped-call]


class _Answer:
    """What llhttp finds in one answer; each method is a callback of the parser."""

    def __init__(self, limits: CallLimits) -> None:
        self._limits = limits
        self._most = limits.answer_body + limits.answer_head
        self.parser = HttpResponseParser(self)
        self.headers: list[tuple[bytes, bytes]] = []
        self.body = bytearray()
        self.headed = self.complete = self.keep = self.extra = False
        self.sized = False
        """Whether it says where it ends; else the end of the connection is its end."""
        self.code = 0
        self.broken: Exception | None = None
        self._raw = self._head = self._silent = self._interim = self._pieces = 0
        self._heard = False

    def feed(self, data: bytes) -> None:
        """Take more of it. `broken` is set if that is more than may be, or not HTTP."""
        self._heard = False
        self._raw += len(data)
        try:
            self.parser.feed_data(data)
        except (HttpParserError, HttpParserUpgrade):
            self.keep = False
            if not self.complete:
                self.broken = self.broken or Malformed()
        self._silent = 0 if self._heard else self._silent + len(data)
        self._piece()
        if self.complete or self.broken is not None:
            return
        if not self.headed and self._raw > self._limits.answer_head:
            self.broken = HeadTooLarge()
        elif self._silent > self._limits.answer_head or self._raw > self._most:
            self.broken = TooLarge()

    def _piece(self) -> None:
        self._pieces += 1
        if self._pieces > MOST_PIECES:
            self._break(TooLarge())

    def _break(self, error: Exception) -> None:
        if self.broken is None and not self.complete:
            self.broken = error

    def on_message_begin(self) -> None:
        self.extra = self.extra or self.complete

    def on_status(self, reason: bytes) -> None:
        self._count(len(reason))

    def on_header(self, name: bytes, value: bytes) -> None:
        self._heard = True
        if not self.headed:
            self.headers.append((name.lower(), value))
        elif not self.complete:  # It is a trailer.
            self._count(len(name) + len(value) + 4)

    def _count(self, size: int) -> None:
        self._head += size
        if self._head > self._limits.answer_head:
            self._break(HeadTooLarge())
            raise HeadTooLarge

    def on_headers_complete(self) -> None:
        self._heard = True
        if self.complete:
            return
        self._count(sum([len(name) + len(value) + 4 for name, value in self.headers]))
        code = self.parser.get_status_code()
        if 100 <= code < 200:
            self._interim += 1
            self.headers.clear()
            if code == 101 or self._interim > MOST_INTERIM:
                self._break(Malformed())
                raise Malformed
            return
        self.headed, self.code = True, code
        for name, value in self.headers:
            if name in _SIZES:
                self.sized = True
                if name == b"content-length" and int(value) > self._limits.answer_body:
                    self._break(TooLarge())
                    raise TooLarge

    def on_chunk_header(self) -> None:
        self._piece()

    def on_body(self, data: bytes) -> None:
        self._heard = True
        if self.complete:
            return
        if len(self.body) + len(data) > self._limits.answer_body:
            self._break(TooLarge())
        if self.broken is not None:
            raise TooLarge
        self.body += data

    def on_message_complete(self) -> None:
        if self.headed and not self.complete:
            self.complete, self.keep = True, bool(self.parser.should_keep_alive())


class Connection(Protocol):
    """One connection. `idle` hears that it can be used again, `gone` that it can't any longer."""

    def __init__(
        self,
        limits: Callable[[], CallLimits],
        idle: Callable[[Connection], None],
        gone: Callable[[Connection], None],
    ) -> None:
        self._limits, self._idle, self._gone = limits, idle, gone
        self._answer: _Answer | None = None
        self._waiting: Deferred[IResponse] | None = None
        self._reply: Reply | None = None
        self._all_taken = True
        self._closing: Deferred[None] | None = None

    def connectionMade(self) -> None:
        """A request may go out."""
        assert self.transport is not None  # noqa: S101 (for mypy: Twisted has just set it)
        self.transport.setTcpNoDelay(True)  # type: ignore[attr-defined]  # TCP transports have it

    def send(self, request: bytes) -> Deferred[IResponse]:
        """Send a request. It fires when the head of its answer is there; to cancel it ends the connection."""
        self._answer = _Answer(self._limits())
        waiting: Deferred[IResponse] = Deferred(self._give_up)
        self._waiting = waiting
        self._write(request)
        return waiting

    def _give_up(self, _: Deferred[IResponse]) -> None:
        self._waiting = None
        self.abort()

    def _write(self, request: bytes) -> None:
        """In one piece, and not by the reactor's next turn, where that is certain to be what goes over the wire."""
        transport: Any = self.transport
        sent = 0
        # By the class and not by what it can do: a TLS transport passes unknown attributes on to the socket.
        if isinstance(transport, tcp.Connection) and not getattr(transport, "TLS", False):
            taken = transport.writeSomeData(request)
            sent = taken if isinstance(taken, int) else 0
            self._all_taken = sent == len(request)
        if sent < len(request):
            transport.write(request[sent:])

    def dataReceived(self, data: bytes) -> None:
        """More of the answer; or of one that nobody asked for."""
        answer = self._answer
        if answer is None:
            self.abort()
            return
        answer.feed(data)
        if answer.broken is not None:
            self._end(Failure(answer.broken))  # type: ignore[no-untyped-call]
            self.abort()
        elif answer.complete:
            self._complete(answer)
        elif answer.headed:
            self._announce(answer)

    def _announce(self, answer: _Answer) -> None:
        """The head is there, but not all of the body."""
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            self._reply = Reply(answer, self.abort)
            waiting.callback(self._reply)

    def _complete(self, answer: _Answer) -> None:
        """The answer is whole. The connection is ready for the next one, before anybody hears of that."""
        self._answer = None
        if answer.keep and not answer.extra and self._all_taken:
            self._idle(self)
        else:
            self._gone(self)
            assert self.transport is not None  # noqa: S101 (for mypy: it is connected)
            self.transport.loseConnection()
        self._deliver(answer)

    def _deliver(self, answer: _Answer) -> None:
        """Most answers come whole: then there is a body when the head is heard of, and nothing more to wait for."""
        waiting, self._waiting = self._waiting, None
        reply, self._reply = self._reply, None
        if waiting is not None:
            reply = Reply(answer, self.abort)
        if reply is not None:
            reply.end(bytes(answer.body))
            if waiting is not None:
                waiting.callback(reply)

    def _end(self, reason: Failure) -> None:
        """There is no whole answer."""
        self._answer = None
        waiting, self._waiting = self._waiting, None
        reply, self._reply = self._reply, None
        if waiting is not None:
            waiting.errback(reason)
        if reply is not None:
            reply.fail(reason)

    def abort(self) -> None:
        """End it at once; it is no longer used before that is done."""
        self._gone(self)
        if self.transport is not None:
            self.transport.abortConnection()  # type: ignore[attr-defined]  # TCP and TLS transports have it

    def close(self) -> Deferred[None]:
        """End it. It fires when that is done."""
        self._closing = Deferred()
        self.abort()
        return self._closing

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """The end of the connection, which is the end of an answer that has not said where it ends."""
        self._gone(self)
        answer = self._answer
        if (
            answer is not None
            and answer.headed
            and not answer.sized
            and isinstance(reason.value, ConnectionDone)
        ):
            self._answer = None
            self._deliver(answer)
        else:
            self._end(reason)
        closing, self._closing = self._closing, None
        if closing is not None:
            closing.callback(None)
