"""Accept connections in the parent, and give each to the worker that has the fewest."""

from __future__ import annotations

import socket
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

from twisted.internet.interfaces import IListeningPort, IReactorTime, IStreamServerEndpoint
from twisted.internet.protocol import Factory, Protocol

from sip2gw.gateway.listener import Listener
from sip2gw.workers.worker import Process


class Accepting:
    """All endpoints of the parent. `serving` returns the processes that serve terminals at this moment.

    While there is none, no connection is accepted: it waits in the kernel, as while a single process is busy.
    """

    def __init__(self, serving: Callable[[], Iterable[Process]]) -> None:
        self._serving = serving
        self._ports: list[Any] = []
        self._waiting: deque[tuple[int, socket.socket]] = deque()
        """Connections that were accepted in the moment in which the last worker ended."""

    def add(self, port: IListeningPort, place: int) -> None:
        """Accept the connections of this port: those of the place in `listen`."""

        def accepted(connection: socket.socket, *_: object) -> None:
            self._waiting.append((place, connection))
            self._hand_over()

        # Twisted would make this an object that reads from the connection, and shuts it down when it closes it.
        port.transport = accepted  # type: ignore[attr-defined]
        self._ports.append(port)
        self.changed()

    def changed(self) -> None:
        """Accept as long as there is a worker. Call this when one has started or ended."""
        self._hand_over()
        some = any(True for _ in self._serving())
        for port in self._ports:
            if not port.connected:
                continue  # it has been closed
            if some:
                port.startReading()
            else:
                port.stopReading()

    def close(self) -> None:
        """Close what was accepted and not handed over."""
        while self._waiting:
            self._waiting.popleft()[1].close()

    def _hand_over(self) -> None:
        while self._waiting:
            place, connection = self._waiting[0]
            # One that takes none, because it is stuck or has just ended, leaves them to the next one.
            if not any(process.hand(place, connection) for process in sorted(self._serving(), key=_load)):
                return
            self._waiting.popleft()
            connection.close()


def _load(process: Process) -> int:
    return process.load


class SharedListener(Listener):
    """A listener in the parent."""

    def __init__(
        self,
        what: str,
        where: str,
        make_endpoint: Callable[[], IStreamServerEndpoint],
        *,
        accepting: Accepting,
        place: int,
        reactor: IReactorTime,
        remedy: str,
    ) -> None:
        factory = Factory.forProtocol(Protocol)  # its protocols do nothing: the workers have their own
        factory.noisy = False
        super().__init__(what, where, make_endpoint, factory, reactor=reactor, remedy=remedy)
        self._accepting = accepting
        self._place = place

    def _listens(self, port: IListeningPort) -> None:
        self._accepting.add(port, self._place)
        super()._listens(port)
