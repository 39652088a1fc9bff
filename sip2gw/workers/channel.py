"""Questions of the parent and answers of a worker, over a socket that only the two have.

What the parent sends is pickled, because it sends a whole configuration. What a worker sends is JSON: a worker talks
to terminals, and must not be able to make the parent run code.
"""

from __future__ import annotations

import copyreg
import json
import pickle
import socket
from collections.abc import Callable
from datetime import date
from types import MappingProxyType
from typing import Any

from attrs import frozen
from twisted.internet.defer import Deferred, fail, maybeDeferred
from twisted.internet.interfaces import IAddress
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.logger import Logger
from twisted.protocols.basic import Int32StringReceiver
from twisted.python.failure import Failure

from sip2gw.config import Config
from sip2gw.faults import Wrong

CHANNEL, CONNECTIONS, LINES = 3, 4, 5
"""The descriptors that a worker has: questions and answers, connections of terminals, lines for the log."""
LONGEST = 2**28
"""Bytes of one message: a configuration of some ten thousand libraries is a few million."""


class WorkerGone(Exception):
    """The worker has ended, or does not answer."""


class WorkerRefused(Wrong):
    """The worker can't do it; `problem` says why."""

    def __init__(self, problem: str) -> None:
        ValueError.__init__(self, problem)
        self.problem, self.fix = problem, ""


@frozen
class Start:
    """What a worker needs to begin."""

    config: Config
    number: int
    process: str
    """The name of the process: see `Worker`."""
    addresses: tuple[IAddress, ...]
    """Where the parent accepts the connections of each endpoint in `config.listen`."""
    day_key: tuple[date, bytes]
    beat: float
    """Seconds between two signs of life."""


def adopt(reactor: Any, end: socket.socket, protocol: Protocol) -> None:
    """Make the socket the transport of `protocol`."""
    factory = Factory()
    factory.buildProtocol = lambda _: protocol  # type: ignore[method-assign, assignment]
    with end:
        end.setblocking(False)
        reactor.adoptStreamConnection(end.fileno(), end.family, factory)


def _mapping(content: dict[Any, Any]) -> MappingProxyType[Any, Any]:
    return MappingProxyType(content)


copyreg.pickle(MappingProxyType, lambda view: (_mapping, (dict(view),)))  # type: ignore[arg-type]  # a frozen view


class ParentEnd(Int32StringReceiver):
    """The parent's end. `beat` gets the worker's signs of life."""

    MAX_LENGTH = LONGEST
    log = Logger()

    def __init__(self, reactor: Any, beat: Callable[[dict[str, Any]], None]) -> None:
        self._reactor = reactor
        self._beat = beat
        self._waiting: dict[int, Deferred[Any]] = {}
        self._asked = 0
        self.gone = False
        """Whether the worker has closed its end."""

    def ask(self, what: str, about: object = None, *, seconds: float) -> Deferred[Any]:
        """Return the answer. Fails with `WorkerRefused`, or with `WorkerGone` if there is none within `seconds`."""
        if self.gone:
            return fail(WorkerGone())
        self._asked += 1
        number = self._asked
        answer: Deferred[Any] = Deferred(lambda waiting: waiting.errback(WorkerGone()))
        self._waiting[number] = answer
        answer.addTimeout(seconds, self._reactor, onTimeoutCancel=lambda result, _: result)
        self.sendString(pickle.dumps((number, what, about), pickle.HIGHEST_PROTOCOL))
        return answer.addBoth(self._answered, number)

    def stringReceived(self, string: bytes) -> None:
        message = json.loads(string)
        if "beat" in message:
            self._beat(message["beat"])
            return
        waiting = self._waiting.get(message["number"])
        if waiting is None:
            return  # it came too late
        if "refused" in message:
            waiting.errback(WorkerRefused(message["refused"]))
        else:
            waiting.callback(message["answer"])

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.gone = True
        for waiting in list(self._waiting.values()):
            waiting.errback(WorkerGone())

    def _answered(self, result: Any, number: int) -> Any:
        del self._waiting[number]
        return result


class WorkerEnd(Int32StringReceiver):
    """The worker's end. `answer` is called with each question; `gone` when the parent has ended."""

    MAX_LENGTH = LONGEST
    log = Logger()

    def __init__(self, answer: Callable[[str, Any], Any], gone: Callable[[], None]) -> None:
        self._answer = answer
        self._gone = gone

    def stringReceived(self, string: bytes) -> None:
        number, what, about = pickle.loads(string)  # noqa: S301  # from the parent, which started this process
        done = maybeDeferred(self._answer, what, about)
        done.addCallback(lambda answer: {"number": number, "answer": answer})
        done.addErrback(self._refused, number).addCallback(self._send)

    def beat(self, signs: dict[str, Any]) -> None:
        """Send a sign of life."""
        self._send({"beat": signs})

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self._gone()

    def _refused(self, failure: Failure, number: int) -> dict[str, Any]:
        if failure.check(Wrong, WorkerRefused):
            return {"number": number, "refused": str(failure.value)}
        self.log.failure("a question of the parent hit a bug", failure)
        return {"number": number, "refused": f"{type(failure.value).__name__}: a bug"}

    def _send(self, message: dict[str, Any]) -> None:
        self.sendString(json.dumps(message).encode())
