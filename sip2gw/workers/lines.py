"""The log of a worker: one JSON object per event through a pipe. The parent writes it, in whole lines, into its own.

So there is one log file, which the parent rotates, and each line names its worker.
"""

from __future__ import annotations

import os
from collections.abc import Callable

from twisted.logger import ILogObserver, LogEvent, LogLevel, eventAsJSON, eventFromJSON
from twisted.protocols.basic import LineOnlyReceiver
from zope.interface import implementer


def write_to(descriptor: int) -> ILogObserver:
    """Return an observer that writes each event to the pipe. It blocks while the pipe is full."""

    @implementer(ILogObserver)
    def observer(event: LogEvent) -> None:
        data = eventAsJSON(event).encode() + b"\n"
        while data:
            data = data[os.write(descriptor, data) :]

    return observer


class Lines(LineOnlyReceiver):
    """The lines of the worker `number`. `take` gets each event; a line that is none is dropped."""

    delimiter = b"\n"
    MAX_LENGTH = 2**18

    def __init__(self, number: int, take: Callable[[LogEvent], None]) -> None:
        self._number = number
        self._take = take

    def lineReceived(self, line: bytes) -> None:
        try:
            event = eventFromJSON(line.decode())
        except ValueError:
            return
        level = event.get("log_level", LogLevel.info)
        event["worker"] = self._number
        event["log_system"] = f"worker {self._number}, {event.get('log_namespace', '-')}#{level.name}"
        self._take(event)

    def lineLengthExceeded(self, line: bytes) -> None:
        """Drop it: an event has no more than a few values, each of which is bounded."""
