"""One bounded answer, parsed by llhttp (`httptools`), and how treq sees it.

Written by hand because Twisted's own client bounds neither an answer's head, nor interim answers, nor what is around
the chunks of a body. Here the head is bounded over all its pieces, and so are the number of interim (1xx) answers, the
raw bytes and pieces of an answer, and its body.
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
    """The answer is not HTTP/1.1, or not one that was asked for."""


class Exchange:
    """What llhttp finds in one answer; each method `on_...` is a callback of the parser."""

    def __init__(self, limits: CallLimits) -> None:
        self._limits = limits
        self._most = limits.answer_body + limits.answer_head
        self.parser: Any = HttpResponseParser(self)
        """None after the end: parser and exchange hold each other, which is work for the garbage collector."""
        self.headers: dict[bytes, bytes] = {}
        """Names in lower case; of several with one name the last."""
        self._parts: list[bytes] = []
        self._size = 0
        self.headed = self.complete = self.keep = self.extra = False
        self.sized = False
        """Whether it says where it ends; else the end of the connection is its end."""
        self.code = 0
        self.broken: Exception | None = None
        self._raw = self._head = self._silent = self._interim = self._pieces = 0
        self._heard = False

    @property
    def body(self) -> bytes:
        """What has come of the body."""
        return b"".join(self._parts)

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
    """An answer whose head is there. Its body is delivered whole, at its end."""

    phrase, version = b"", (b"HTTP", 1, 1)
    length = previousResponse = request = None

    def __init__(self, exchange: Exchange, abort: Callable[[], None], whole: bytes | None = None) -> None:
        self.code, self.head = exchange.code, exchange.headers
        """Its headers, the names in lower case."""
        self.whole = whole
        """The body, if all of it is there already."""
        self.abortConnection = self.loseConnection = abort
        self._reader: IProtocol | None = None
        self._broken: Failure | None = None

    @property
    def headers(self) -> Headers:
        """See `IResponse`. They are made of `head` for whoever wants them so."""
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
