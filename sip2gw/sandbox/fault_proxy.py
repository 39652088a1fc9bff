"""A TCP proxy with the faults of a bad network. It does not read the bytes that it passes on.

proxy = FaultProxy(reactor, TCP4ClientEndpoint(reactor, "127.0.0.1", 8009))
reactor.listenTCP(8010, proxy, interface="127.0.0.1")
proxy.faults.append(Fault("drop_reply", when="POST", times=1))
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable
from functools import partial
from typing import Any

from twisted.internet.interfaces import IDelayedCall, IReactorTime, IStreamClientEndpoint
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.python.failure import Failure

from sip2gw.sandbox.faults import Fault

_SECOND = 0.1
"""A bandwidth's second, in seconds: data comes ten times as often, and a tenth of it."""


class FaultProxy(Factory):
    """Pass connections on to `upstream`, with the `faults` that apply; they may be changed at any time.

    `suffered` counts which faults a connection has had, by name.
    """

    noisy = False

    def __init__(self, clock: IReactorTime, upstream: IStreamClientEndpoint) -> None:
        self.clock = clock
        self.upstream = upstream
        self.faults: list[Fault] = []
        self.suffered: Counter[str] = Counter()
        self.connections: set[_Client] = set()

    def buildProtocol(self, addr: Any) -> _Client:
        """See `IProtocolFactory`."""
        return _Client(self)

    def cut(self) -> None:
        """Reset all connections."""
        for client in list(self.connections):
            client.reset()


class _Client(Protocol):
    """The connection of a client, and the faults that its requests have had."""

    transport: Any

    def __init__(self, proxy: FaultProxy) -> None:
        self._proxy = proxy
        self._server: _Server | None = None
        self._requests: list[bytes] = []
        self._faults: list[Fault] = []
        self._passed = 0
        self._free_at = 0.0
        self._queue: deque[tuple[float, Callable[[], None]]] = deque()
        self._next: IDelayedCall | None = None
        self._over = False
        self._timers: list[IDelayedCall] = []

    def connectionMade(self) -> None:
        """Connect to the server."""
        self._proxy.connections.add(self)
        factory = Factory.forProtocol(lambda: _Server(self))
        factory.noisy = False
        self._proxy.upstream.connect(factory).addCallbacks(self._connected, lambda _: self.reset())

    def _connected(self, server: Any) -> None:
        self._server = server
        if self._over:
            server.transport.abortConnection()
        requests, self._requests = self._requests, []
        for request in requests:
            server.transport.write(request)

    def dataReceived(self, data: bytes) -> None:
        """Pass on a request, or a part of one, unless a fault keeps it."""
        for fault in [one for one in self._proxy.faults if one not in self._faults and one.take(data)]:
            self._faults.append(fault)
            self._proxy.suffered[fault.what] += 1
            if fault.what == "reset_peer":
                self._later(fault.seconds, self.reset)
            elif fault.what in ("timeout", "drop_reply") and fault.seconds:
                self._later(fault.seconds, self.close)
        if self._has("reset_peer", "timeout"):
            return
        if self._server is None:
            self._requests.append(data)
        else:
            self._server.transport.write(data)

    def answered(self, data: bytes) -> None:
        """Pass on bytes of the server, with the faults that apply."""
        if self._has("drop_reply"):
            return
        wait, size, gap, limit = 0.0, len(data), 0.0, None
        for fault in self._faults:
            if fault.what == "latency":
                wait += fault.seconds
            elif fault.what == "slicer":
                size, gap = min(size, fault.size), max(gap, fault.seconds)
            elif fault.what == "bandwidth":
                size, gap = min(size, max(int(fault.size * _SECOND), 1)), max(gap, _SECOND)
            elif fault.what == "limit_data":
                limit = fault.size - self._passed
        kept = data if limit is None else data[: max(limit, 0)]
        self._passed += len(kept)
        for start in range(0, len(kept), size):
            self._in_order(wait, partial(self._write, kept[start : start + size]))
            wait = gap
        if limit is not None and len(data) >= limit:
            self._in_order(0, self.close)

    def finished(self) -> None:
        """Close, because the server has."""
        if self._has("drop_reply", "timeout"):
            return
        wait = sum(fault.seconds for fault in self._faults if fault.what == "slow_close")
        self._in_order(wait, self.close)

    def _has(self, *kinds: str) -> bool:
        return any(fault.what in kinds for fault in self._faults)

    def _in_order(self, wait: float, what: Callable[[], None]) -> None:
        """Do something after a while, and after all that was queued before.

        One timer for the whole queue: with one for each, a moment's pause between two of them would change their order.
        """
        self._free_at = max(self._proxy.clock.seconds(), self._free_at) + wait
        self._queue.append((self._free_at, what))
        if self._next is None:
            self._go_on()

    def _go_on(self) -> None:
        self._next = None
        while self._queue and not self._over:
            wait = self._queue[0][0] - self._proxy.clock.seconds()
            if wait > 0:
                self._next = self._proxy.clock.callLater(wait, self._go_on)
                return
            self._queue.popleft()[1]()

    def _later(self, seconds: float, what: Callable[[], None]) -> None:
        """Do something after a while, before all that is queued."""
        if self._over:
            return
        if seconds > 0:
            self._timers = [timer for timer in self._timers if timer.active()]
            self._timers.append(self._proxy.clock.callLater(seconds, what))
        else:
            what()

    def _write(self, data: bytes) -> None:
        if not self._over:
            self.transport.write(data)

    def close(self) -> None:
        """Close properly."""
        if not self._over:
            self.transport.loseConnection()

    def reset(self) -> None:
        """Reset the connection."""
        if not self._over:
            self.transport.abortConnection()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Close the other side: the client has gone, or was disconnected."""
        self._over = True
        for timer in (self._next, *self._timers):
            if timer is not None and timer.active():
                timer.cancel()
        self._proxy.connections.discard(self)
        if self._server is not None:
            self._server.transport.abortConnection()


class _Server(Protocol):
    """The connection to the server."""

    transport: Any

    def __init__(self, client: _Client) -> None:
        self._client = client

    def dataReceived(self, data: bytes) -> None:
        """Pass it on to the client's side."""
        self._client.answered(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Report it to the client's side."""
        self._client.finished()
