"""Write the log in a thread of its own: a full disk, or a pipe without a reader, does not block the gateway.

Events that don't fit into the queue are left out and counted.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import SimpleQueue

from twisted.logger import ILogObserver, LogEvent
from zope.interface import implementer

from sip2gw.log.veil import Lost


@implementer(ILogObserver)
class Queued:
    """Pass events on to `observer`; at most `waiting` of them wait. `made` makes the event that is queued."""

    def __init__(
        self, observer: ILogObserver, made: Callable[[LogEvent], LogEvent | None], waiting: int, lost: Lost
    ) -> None:
        self.observer = observer
        self._made = made
        self._lost = lost
        self._waiting = waiting
        # A bounded queue costs five times as much: it wakes the reader while it still holds the lock.
        self._queue: SimpleQueue[LogEvent | threading.Event] = SimpleQueue()
        # A daemon, so that the end of the process does not wait for a pipe without a reader.
        threading.Thread(target=self._write, name="log", daemon=True).start()

    def __call__(self, event: LogEvent) -> None:
        made = self._made(event)
        if made is None:
            return
        if self._queue.qsize() < self._waiting:
            self._queue.put(made)
        else:
            self._lost("event")

    def flush(self, seconds: float) -> None:
        """Wait until all events are written, or `seconds` have passed."""
        written = threading.Event()
        self._queue.put(written)
        written.wait(seconds)

    def _write(self) -> None:
        while True:
            event = self._queue.get()
            if isinstance(event, threading.Event):
                event.set()
                continue
            try:
                self.observer(event)
            except Exception:  # an observer may raise anything, and no log is left to report it to
                self._lost("event")
