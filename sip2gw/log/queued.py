"""Write the log in a thread of its own: a full disk, or a pipe without a reader, does not block the gateway.

The thread writes in batches, so that a busy process does not change threads for each line. Events that
don't fit into the queue are left out and counted.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

from twisted.logger import ILogObserver, LogEvent
from zope.interface import implementer

from sip2gw.log.forms import finished
from sip2gw.log.redaction import Lost

APART = 0.05
"""Seconds for which events are collected before they are written."""


@implementer(ILogObserver)
class Queued:
    """Pass events on to `observer`; at most `waiting` of them wait.

    `wanted` decides which events are logged, `made` makes of such an event the one that is written, or None. With
    `write` they are passed on to that, in the place of `observer`.
    """

    def __init__(
        self,
        observer: ILogObserver,
        wanted: Callable[[LogEvent], bool],
        made: Callable[[LogEvent], LogEvent | None],
        waiting: int,
        lost: Lost,
        write: ILogObserver | None = None,
    ) -> None:
        self.observer = observer
        self._observe = write or observer
        self._wanted = wanted
        self._made = made
        self._lost = lost
        self._waiting = waiting
        self._queue: deque[LogEvent | threading.Event] = deque()
        self._begun = threading.Event()
        """There is something to write."""
        self._hurry = threading.Event()
        """It is to be written at once."""
        # A daemon: at its end the process does not wait for a pipe that is not read.
        threading.Thread(target=self._write, name="log", daemon=True).start()

    def __call__(self, event: LogEvent) -> None:
        if not self._wanted(event):
            return
        if len(self._queue) >= self._waiting:
            self._lost("event")
            return
        made = self._made(event)
        if made is not None:
            self._append(made)

    def take(self, event: LogEvent) -> None:
        """Write an event that is wanted and made already, by another process."""
        if len(self._queue) >= self._waiting:
            self._lost("event")
        else:
            self._append(event)

    def flush(self, seconds: float) -> None:
        """Wait until all events are written, or `seconds` have passed."""
        written = threading.Event()
        self._queue.append(written)
        self._hurry.set()
        self._begun.set()
        written.wait(seconds)

    def _append(self, event: LogEvent) -> None:
        self._queue.append(event)
        if not self._begun.is_set():
            self._begun.set()

    def _write(self) -> None:
        while True:
            self._begun.wait()
            self._hurry.wait(APART)
            # What is put into the queue from here on sets them again, or is written now.
            self._hurry.clear()
            self._begun.clear()
            while self._queue:
                self._write_one(self._queue.popleft())

    def _write_one(self, event: LogEvent | threading.Event) -> None:
        if isinstance(event, threading.Event):
            event.set()
            return
        try:
            self._observe(finished(event))
        except Exception:  # an observer may raise anything, and there is no log left to write it to
            self._lost("event")
