"""Read one answer within bounds, with llhttp (`httptools`), and show it to treq.

Written by hand because Twisted's own client does not bound the head of an answer, interim answers, or the bytes around
the chunks of a body. Here there are limits for the head in all its pieces, for the number of interim (1xx) answers, for
the raw bytes and pieces of an answer, and for its body.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser
from twisted.internet.interfaces import IProtocol
from twisted.python.failure import Failure
from twisted.web.client import ResponseDone
from twisted.web.http_headers import Headers
from twisted.web.iweb import IResponse
from zope.interface import implementer

from sip2gw.librarika.http.settings import CallLimits

MOST_INTERIM = 8
"""Interim (1xx) answers before the answer itself; an API sends none, or one."""
MOST_PIECES = 2**14
"""Chunks, and reads from the socket, of one answer: 64 bytes each if it is of the largest size."""


class TooLarge(Exception):
    """The answer is larger than the limit."""


class HeadTooLarge(Exception):
    """Status line and headers are larger than the limit."""


class Malformed(Exception):
    """The answer is not HTTP/1.1, or belongs to no request."""


class Exchange:
    """The parts of one answer, as llhttp finds them; each method `on_...` is a callback of the parser."""

    def __init__(self, limits: CallLimits) -> None:
        self._limits = limits
        self._most = limits.answer_body + limits.answer_head
        self.parser: Any = HttpResponseParser(self)
        """None after the end: parser and exchange refer to each other, which would need the garbage collector."""
        self.headers: dict[bytes, bytes] = {}
        """By names in lower case; the last one of several with the same name."""
        self._parts: list[bytes] = []
        self._size = 0
        self.headed = self.complete = self.keep = self.extra = False
        self.sized = False
        """Whether the head says where the answer ends; otherwise it ends with the connection."""
        self.code = 0
        self.broken: Exception | None = None
        self._raw = self._head = self._silent = self._interim = self._pieces = 0
        self._heard = False

    @property
    def body(self) -> bytes:
        """The part of the body that has come."""
        return b"".join(self._parts)

    def feed(self, data: bytes) -> None:
        """Read more bytes. Sets `broken` if a limit is exceeded, or the bytes are not HTTP."""
        self._heard = False
        self._raw += len(data)
        try:
            self.parser.feed_data(data)
        except (HttpParserError, HttpParserUpgrade):
            self.keep = False
            if not self.complete:
                self.broken = self.broken or Malformed()
        if not self.complete and self.broken is None:
            self._silent = 0 if self._heard else self._silent + len(data)
            self._piece()
            if not self.headed and self._raw > self._limits.answer_head:
                self._break(HeadTooLarge())
            elif self._silent > self._limits.answer_head or self._raw > self._most:
                self._break(TooLarge())
        if self.complete or self.broken is not None:
            self.parser = None

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
        self._head += len(reason)
        if self._head > self._limits.answer_head:
            self._end_the_head()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header, or a trailer, which is only counted."""
        self._heard = True
        self._head += len(name) + len(value) + 4
        if self._head > self._limits.answer_head:
            self._end_the_head()
        if not self.headed:
            self.headers[name.lower()] = value

    def _end_the_head(self) -> NoReturn:
        self._break(HeadTooLarge())
        raise HeadTooLarge

    def on_headers_complete(self) -> None:
        self._heard = True
        if self.complete:
            return
        code = self.parser.get_status_code()
        if 100 <= code < 200:
            self._interim += 1
            self.headers.clear()
            if code == 101 or self._interim > MOST_INTERIM:
                self._break(Malformed())
                raise Malformed
            return
        self.headed, self.code = True, code
        length = self.headers.get(b"content-length")
        self.sized = length is not None or b"transfer-encoding" in self.headers
        if length is not None and int(length) > self._limits.answer_body:
            self._break(TooLarge())
            raise TooLarge

    def on_chunk_header(self) -> None:
        self._piece()

    def on_body(self, data: bytes) -> None:
        self._heard = True
        if self.complete:
            return
        self._size += len(data)
        if self._size > self._limits.answer_body:
            self._break(TooLarge())
        if self.broken is not None:
            raise TooLarge
        self._parts.append(data)

    def on_message_complete(self) -> None:
        if self.headed and not self.complete:
            self.complete, self.keep = True, bool(self.parser.should_keep_alive())


@implementer(IResponse)
class Reply:
    """An answer whose head has come. Its body is delivered at its end, in one piece."""

    phrase, version = b"", (b"HTTP", 1, 1)
    length = previousResponse = request = None

    def __init__(self, exchange: Exchange, abort: Callable[[], None], whole: bytes | None = None) -> None:
        self.code, self.head = exchange.code, exchange.headers
        """Its headers, by names in lower case."""
        self.whole = whole
        """The body, if all of it has come."""
        self.abortConnection = self.loseConnection = abort
        self._reader: IProtocol | None = None
        self._broken: Failure | None = None

    @property
    def headers(self) -> Headers:
        """See `IResponse`. Made from `head` for callers that need `Headers`."""
        headers = Headers()
        for name, value in self.head.items():
            headers.addRawHeader(name, value)
        return headers

    def deliverBody(self, protocol: IProtocol) -> None:
        """See `IResponse`."""
        protocol.makeConnection(self)  # type: ignore[arg-type]  # of a transport it has what ends it
        self._reader = protocol
        self._deliver()

    def setPreviousResponse(self, response: Any) -> None:
        """Do nothing: redirects are not followed, so there is no earlier response."""

    def end(self, body: bytes) -> None:
        """Deliver the whole body."""
        self.whole = body
        self._deliver()

    def fail(self, reason: Failure) -> None:
        """Report that the rest does not come."""
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
