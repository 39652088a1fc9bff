"""Whoever writes the log does so in a thread of its own: a full disk or a pipe that nobody reads stops nobody else.

What doesn't fit into the queue is left out, and counted.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from queue import Full, Queue

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
        self._queue: Queue[LogEvent] = Queue(waiting)
        # A daemon: at the end of the process nobody waits for a pipe that nobody reads.
        threading.Thread(target=self._write, name="log", daemon=True).start()

    def __call__(self, event: LogEvent) -> None:
        made = self._made(event)
        if made is not None:
            try:
                self._queue.put_nowait(made)
            except Full:
                self._lost("event")

    def flush(self, seconds: float) -> None:
        """Wait until all is written, but no longer than this."""
        until = time.monotonic() + seconds
        with self._queue.all_tasks_done:
            while self._queue.unfinished_tasks and (left := until - time.monotonic()) > 0:
                self._queue.all_tasks_done.wait(left)

    def _write(self) -> None:
        while True:
            event = self._queue.get()
            try:
                self.observer(event)
            except Exception:  # whatever an observer may raise: there is nobody to tell
                self._lost("event")
            finally:
                self._queue.task_done()
