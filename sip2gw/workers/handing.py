"""Hand accepted connections from the parent to a worker, through a socket that carries file descriptors.

Sockets that all workers listen on would be shared out unevenly: the kernel wakes up all of them, and the quickest one
takes what there is. Sockets of their own (SO_REUSEPORT) would leave connections waiting at a worker that has ended.
"""

from __future__ import annotations

import os
import socket
from struct import Struct
from typing import Any

from attrs import frozen
from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import (
    IAddress,
    IListeningPort,
    IProtocolFactory,
    IReadDescriptor,
    IStreamServerEndpoint,
)
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

_PLACE = Struct("!H")
"""What is sent with a connection: the place of its endpoint in the configuration."""
AT_ONCE = 64
"""Connections that a worker takes before it does something else."""


def pair() -> tuple[socket.socket, socket.socket]:
    """Return both ends: the parent's and the worker's. Neither ever blocks."""
    ends = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    for end in ends:
        end.setblocking(False)
    return ends


def hand(end: socket.socket, place: int, connection: socket.socket) -> bool:
    """Send a connection, and return whether the worker will get it: not if it takes none, or is gone."""
    try:
        socket.send_fds(end, [_PLACE.pack(place)], [connection.fileno()])
    except OSError:
        return False
    return True


@implementer(IReadDescriptor)
class Taking:
    """The worker's end: make each connection that comes one of `reactor`, as if it had been accepted here."""

    log = Logger()

    def __init__(self, reactor: Any, end: socket.socket) -> None:
        self.taken = 0
        """Connections that have come so far."""
        self._factories: dict[int, IProtocolFactory] = {}
        self._reactor = reactor
        self._end = end
        reactor.addReader(self)

    def serve(self, place: int, factory: IProtocolFactory) -> None:
        """Serve the connections of this place from now on."""
        self._factories[place] = factory
        factory.doStart()

    def leave(self, place: int) -> None:
        """Close what comes for this place from now on."""
        factory = self._factories.pop(place, None)
        if factory is not None:
            factory.doStop()

    def fileno(self) -> int:
        """Return the descriptor that the reactor watches."""
        return self._end.fileno()

    def logPrefix(self) -> str:
        """Return what the reactor calls it."""
        return "handed connections"

    def doRead(self) -> None:
        """Take what has come."""
        for _ in range(AT_ONCE):
            try:
                place, descriptors, _, _ = socket.recv_fds(self._end, _PLACE.size, 1)
            except BlockingIOError:
                return
            except OSError:
                place, descriptors = b"", []
            if not place:  # the parent is gone
                self._reactor.removeReader(self)
                return
            self.taken += 1
            for descriptor in descriptors:  # none if this process may open no more files
                self._take(_PLACE.unpack(place)[0], descriptor)

    def connectionLost(self, reason: Failure) -> None:
        """Take no more, because the reactor ends."""
        self._end.close()

    def _take(self, place: int, descriptor: int) -> None:
        factory = self._factories.get(place)
        try:
            connection = socket.socket(fileno=descriptor)
        except OSError:  # no socket of a kind that there is
            os.close(descriptor)
            return
        with connection:
            try:
                connection.getpeername()
                if factory is not None:
                    self._reactor.adoptStreamConnection(connection.fileno(), connection.family, factory)
            except OSError:
                pass  # the peer has gone by now
            except Exception:
                self.log.failure("a connection could not be taken over")


@implementer(IListeningPort)
@frozen
class HandedPort:
    """What a worker has in place of a port that it would listen on."""

    taking: Taking
    place: int
    address: IAddress

    def startListening(self) -> None:
        """Do nothing: connections come from the parent."""

    def stopListening(self) -> Deferred[None]:
        """Take no more connections."""
        self.taking.leave(self.place)
        return succeed(None)

    def getHost(self) -> IAddress:
        """Return the address at which the parent accepts."""
        return self.address


@implementer(IStreamServerEndpoint)
@frozen
class HandedEndpoint:
    """An endpoint whose connections come from the parent. `address` is the one at which the parent accepts them."""

    taking: Taking
    place: int
    address: IAddress

    def listen(self, factory: IProtocolFactory) -> Deferred[IListeningPort]:
        """Serve its connections."""
        self.taking.serve(self.place, factory)
        port: IListeningPort = HandedPort(self.taking, self.place, self.address)
        return succeed(port)
