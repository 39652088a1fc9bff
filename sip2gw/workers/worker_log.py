"""The log of a worker: one JSON object per event through a socket. The parent writes it, in whole lines, into its own.

So there is one log file, which the parent rotates, and each line names its worker.
"""

from __future__ import annotations

import os
from collections.abc import Callable

from twisted.internet.protocol import Protocol
from twisted.logger import ILogObserver, LogEvent, LogLevel, eventAsJSON, eventFromJSON
from zope.interface import implementer


def write_to(descriptor: int) -> ILogObserver:
    """Return an observer that writes each event to the socket. It blocks while that is full."""

    @implementer(ILogObserver)
    def observer(event: LogEvent) -> None:
        data = eventAsJSON(event).encode() + b"\n"
        while data:
            data = data[os.write(descriptor, data) :]

    return observer


LONGEST = 2**18
"""Bytes of a line. An event has no more than a few values, each of which is bounded; a longer one is dropped."""


class WorkerLog(Protocol):
    """The lines of the worker `number`. `take` gets each event; a line that is none is dropped."""

    def __init__(self, number: int, take: Callable[[LogEvent], None]) -> None:
        self._number = number
        self._take = take
        self._rest = b""

    def dataReceived(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._read(line)
        if len(self._rest) > LONGEST:
            self._rest = b""  # what follows up to its end is no event

    def _read(self, line: bytes) -> None:
        try:
            event = eventFromJSON(line.decode())
            level = event.get("log_level", LogLevel.info).name
        except (ValueError, LookupError, AttributeError):  # no JSON, or none of an event
            return
        event["worker"] = self._number
        event["log_system"] = f"worker {self._number}, {event.get('log_namespace', '-')}#{level}"
        self._take(event)
