"""Keep connections to APIs. Each has one request at a time and one answer to it, and waits for the next in between.

An answer without a request ends its connection.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred, DeferredList
from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import IDelayedCall
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure
from twisted.web.iweb import IResponse

from sip2gw.direct_write import write_directly
from sip2gw.librarika.http.exchange import Exchange, Reply
from sip2gw.librarika.http.settings import CallLimits

IDLE = 10
"""Seconds for which an idle connection is kept; less than in most servers, so that few writes meet a closed one."""

Origin = tuple[bytes, bytes]
"""Scheme, and host with its port."""


class Connection(Protocol):
    """One connection. `idle` is called when it can be used again, `gone` when it can't be used any longer."""

    def __init__(
        self,
        limits: Callable[[], CallLimits],
        idle: Callable[[Connection], None],
        gone: Callable[[Connection], None],
    ) -> None:
        self._limits, self._idle, self._gone = limits, idle, gone
        self._answer: Exchange | None = None
        self._waiting: Deferred[IResponse] | None = None
        self._reply: Reply | None = None
        self._all_taken = True
        self._closing: Deferred[None] | None = None

    def connectionMade(self) -> None:
        """Get ready for a request."""
        assert self.transport is not None  # noqa: S101 (for mypy: Twisted has just set it)
        self.transport.setTcpNoDelay(True)  # type: ignore[attr-defined]  # TCP transports have it

    def send(self, request: bytes) -> Deferred[IResponse]:
        """Send a request. Fires when the head of its answer has come; to cancel it ends the connection."""
        self._answer = Exchange(self._limits())
        waiting: Deferred[IResponse] = Deferred(self._give_up)
        self._waiting = waiting
        self._write(request)
        return waiting

    def _give_up(self, _: Deferred[IResponse]) -> None:
        self._waiting = None
        self.abort()

    def _write(self, request: bytes) -> None:
        """Write in one piece, directly to the socket if no earlier bytes wait and the bytes need no change."""
        transport: Any = self.transport
        sent = write_directly(transport, request)
        self._all_taken = sent in (None, len(request))
        if sent != len(request):
            transport.write(request[sent or 0 :])

    def dataReceived(self, data: bytes) -> None:
        """Read more of the answer. Bytes without a request end the connection."""
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

    def _announce(self, answer: Exchange) -> None:
        """Pass the head on before the whole body has come."""
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            self._reply = Reply(answer, self.abort)
            waiting.callback(self._reply)

    def _complete(self, answer: Exchange) -> None:
        """Pass the whole answer on, after the connection is ready for the next request."""
        self._answer = None
        if answer.keep and not answer.extra and self._all_taken:
            self._idle(self)
        else:
            self._gone(self)
            assert self.transport is not None  # noqa: S101 (for mypy: it is connected)
            self.transport.loseConnection()
        self._deliver(answer)

    def _deliver(self, answer: Exchange) -> None:
        """Deliver an answer. Most come in one piece, so head and body are delivered together."""
        waiting, self._waiting = self._waiting, None
        reply, self._reply = self._reply, None
        if reply is not None:
            reply.end(answer.body)
        elif waiting is not None:
            waiting.callback(Reply(answer, self.abort, answer.body))

    def _end(self, reason: Failure) -> None:
        """Report that the answer is not complete."""
        self._answer = None
        waiting, self._waiting = self._waiting, None
        reply, self._reply = self._reply, None
        if waiting is not None:
            waiting.errback(reason)
        if reply is not None:
            reply.fail(reason)

    def abort(self) -> None:
        """Close the connection at once; it is not used any longer."""
        self._gone(self)
        if self.transport is not None:
            self.transport.abortConnection()  # type: ignore[attr-defined]  # TCP and TLS transports have it

    def close(self) -> Deferred[None]:
        """Close the connection. Fires when that is done."""
        self._closing = Deferred()
        self.abort()
        return self._closing

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """End the answer. Without a length, the end of the connection is the end of the answer."""
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


class Pool:
    """The idle connections to all hosts together, at most as many as calls; the oldest is dropped first."""

    def __init__(self, reactor: Any, limits: Callable[[], CallLimits]) -> None:
        self._reactor, self.limits = reactor, limits
        self._idle: dict[Origin, list[Connection]] = {}
        self._since: OrderedDict[Connection, tuple[Origin, float]] = OrderedDict()
        self._timer: IDelayedCall | None = None
        self._closed = False

    def __len__(self) -> int:
        return len(self._since)

    def take(self, origin: Origin) -> Connection | None:
        """Return the connection that was used last; None if there is none."""
        kept = self._idle.get(origin)
        if kept is None:
            return None
        connection = kept.pop()
        del self._since[connection]
        if not kept:
            del self._idle[origin]
        return connection

    def put(self, origin: Origin, connection: Connection) -> None:
        """Keep a connection that is idle now."""
        if self._closed:
            connection.abort()
            return
        while len(self._since) >= self.limits().calls:
            next(iter(self._since)).abort()
        self._idle.setdefault(origin, []).append(connection)
        self._since[connection] = origin, self._reactor.seconds()
        if self._timer is None:
            self._timer = self._reactor.callLater(IDLE, self._expire)

    def forget(self, connection: Connection) -> None:
        """Drop a connection that is in use, or has ended."""
        kept = self._since.pop(connection, None)
        if kept is None:
            return
        origin, _ = kept
        self._idle[origin].remove(connection)
        if not self._idle[origin]:
            del self._idle[origin]

    def _expire(self) -> None:
        """Close the connections that are too old. One timer serves all, set for the oldest."""
        self._timer = None
        now = self._reactor.seconds()
        for connection, (_, since) in list(self._since.items()):
            if since + IDLE > now:
                self._timer = self._reactor.callLater(since + IDLE - now, self._expire)
                return
            connection.abort()

    def close(self) -> Deferred[None]:
        """Close all idle connections, and keep none from now on."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        closing: Deferred[Any] = DeferredList([connection.close() for connection in list(self._since)])
        return closing.addCallback(lambda _: None)
