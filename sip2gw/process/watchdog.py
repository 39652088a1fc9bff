"""Measure how late the event loop runs, and log where it is blocked.

A thread reads where the reactor's thread is blocked: file, line and function, and no value. Inside a long call of C
code no Python thread runs; then `faulthandler` writes the stacks, without the interpreter.
"""

from __future__ import annotations

import faulthandler
import sys
import threading
import traceback
from itertools import islice
from time import monotonic
from typing import Any

from twisted.application.service import Service
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

from sip2gw.metrics import Metrics

BEAT = 0.25
"""Seconds between two signs of life of the loop."""

BLOCKED = 1.0
"""Seconds without one, beyond that, after which the loop counts as blocked."""

WORST = 60.0
"""Seconds for which the metric keeps its highest value, because it is read only now and then."""

_FRAMES = 12
"""How many frames of the stack are logged, the innermost ones."""


class Watchdog(Service):
    """Watch the loop of `reactor` from the thread that starts it."""

    log = Logger()

    def __init__(
        self, reactor: Any, metrics: Metrics, *, beat: float = BEAT, blocked: float = BLOCKED
    ) -> None:
        self.file = _standard_error()
        """The descriptor for the stacks when no Python thread runs; None for none."""
        self._metrics = metrics
        self._beat = beat
        self._blocked = blocked
        self._last = monotonic()
        self._told = 0.0
        self._telling = threading.Lock()
        self._worst, self._worst_until = 0.0, 0.0
        self._thread = 0
        self._ended = threading.Event()
        self._beating = LoopingCall(self._come_round)
        self._beating.clock = reactor

    def startService(self) -> None:
        super().startService()  # type: ignore[no-untyped-call]  # Twisted's
        self._thread, self._last = threading.get_ident(), monotonic()
        self._ended.clear()
        self._beating.start(self._beat, now=False)
        self._arm()
        threading.Thread(target=self._watch, args=(self._ended,), name="watchdog", daemon=True).start()

    def stopService(self) -> None:
        super().stopService()  # type: ignore[no-untyped-call]  # Twisted's
        self._ended.set()
        if self._beating.running:
            self._beating.stop()
        faulthandler.cancel_dump_traceback_later()

    def _come_round(self) -> None:
        now = monotonic()
        late = max(0.0, now - self._last - self._beat)
        if late >= self._worst or now >= self._worst_until:
            self._worst, self._worst_until = late, now + WORST
        self._metrics.loop_lag.set(self._worst)
        if late > self._blocked and self._is_first(self._last):
            self._metrics.loop_blocks.inc()
            self.log.error("the event loop was blocked for {seconds:.1f} s", seconds=late)
        self._last = now
        self._arm()

    def _arm(self) -> None:
        """Have the stacks written if neither the loop nor the thread runs for a while."""
        if self.file is not None:
            faulthandler.dump_traceback_later(2 * (self._beat + self._blocked), file=self.file)

    def _is_first(self, last: float) -> bool:
        """Return whether the block after this sign of life has not been reported."""
        with self._telling:
            first, self._told = self._told != last, last
        return first

    def _watch(self, ended: threading.Event) -> None:
        while not ended.wait(min(self._blocked, self._beat)):
            last = self._last
            late = monotonic() - last > self._beat + self._blocked
            if late and not ended.is_set() and self._is_first(last):
                faulthandler.cancel_dump_traceback_later()
                self._tell()

    def _tell(self) -> None:
        # Read at once, before all else: the loop may go on at any moment and change it.
        frame = sys._current_frames().get(self._thread)
        stack = list(islice(traceback.walk_stack(frame), _FRAMES)) if frame is not None else []
        self._metrics.loop_blocks.inc()
        self.log.error(
            "the event loop has been blocked for more than {seconds} s, in {stack}",
            seconds=self._blocked,
            stack=" > ".join(
                f"{at.f_code.co_filename}:{line} {at.f_code.co_name}" for at, line in reversed(stack)
            ),
        )


def _standard_error() -> int | None:
    try:
        return sys.__stderr__.fileno() if sys.__stderr__ is not None else None
    except (OSError, ValueError):  # closed, or not a file
        return None
