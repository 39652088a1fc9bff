"""Whoever writes the log does so in a thread of its own: a full disk or a pipe that nobody reads stops nobody else.

What doesn't fit into the queue is left out, and counted.
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
    """Hands events on to `observer`; `waiting` of them may wait. `made` says what becomes of each before that."""

    def __init__(
        self, observer: ILogObserver, made: Callable[[LogEvent], LogEvent | None], waiting: int, lost: Lost
    ) -> None:
        self.observer = observer
        self._made = made
        self._lost = lost
        self._waiting = waiting
        # One with a bound of its own costs five times as much: it wakes who reads while it still holds the lock.
        self._queue: SimpleQueue[LogEvent | threading.Event] = SimpleQueue()
        # A daemon: at the end of the process nobody waits for a pipe that nobody reads.
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
        """Wait until all is written, but no longer than this."""
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
            except Exception:  # whatever an observer may raise: there is nobody to tell
                self._lost("event")
