"""Keep one worker running: start its process, and another one when that has ended."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall
from twisted.logger import LogEvent, Logger
from twisted.python.failure import Failure

from sip2gw.workers.channel import Start, WorkerGone, WorkerRefused
from sip2gw.workers.worker import Phase, Process

BEAT = 1.0
"""Seconds between two signs of life."""
MISSED = 10
"""Signs of life that a worker may leave out before it is killed."""
BEGIN = 60.0
"""Seconds that a worker may take to start."""
PAUSES = 1.0, 2.0, 4.0, 8.0, 16.0, 30.0
"""Seconds before a worker is started again: the first time, the second time, and so on."""
STEADY = 60.0
"""Seconds after which a worker that ends is started again as for the first time."""


class Supervisor:
    """Keep the worker `number` running: start it again when it ends, until `stop`.

    `begin` returns what a process needs at its start. `changed` is called when one is ready, and when one has ended;
    before that, `lost` is called with one that has ended by itself.
    """

    log = Logger()

    def __init__(
        self,
        reactor: Any,
        number: int,
        begin: Callable[[int], Start],
        changed: Callable[[], None],
        lost: Callable[[Process], None],
        *,
        errors: Callable[[], int | None],
        take: Callable[[LogEvent], None],
        pauses: tuple[float, ...] = PAUSES,
    ) -> None:
        self._reactor = reactor
        self.number = number
        self._begin = begin
        self._changed = changed
        self._lost = lost
        self._errors = errors
        self._take = take
        self._pauses = pauses
        self._failures = 0
        self._again: IDelayedCall | None = None
        self._over: Deferred[None] | None = None
        self.process: Process | None = None
        self.starts = 0
        """How many processes it has had."""

    @property
    def is_alive(self) -> bool:
        """Whether all is well: it gives signs of life, or is on its way. False if it can't even be killed."""
        process = self.process
        return process is None or process.phase is Phase.STARTING or process.missed <= 2 * MISSED

    @property
    def serving(self) -> Process | None:
        """The process, if it serves terminals."""
        process = self.process
        return process if process is not None and process.phase is Phase.SERVING else None

    def start(self) -> None:
        """Start a process."""
        self._again = None
        self.starts += 1
        process = Process(self._reactor, self._begin(self.number), self._ended, self._changed)
        self.process = process  # a program that ends at once may have ended before `spawn` returns
        try:
            process.spawn(self._errors(), self._take)
        except OSError as error:
            self.process = None
            self._start_later(process, f"it can't be started: {error.strerror}")
            return
        if self.process is not process:
            return
        asked = process.channel.ask("start", process.start, seconds=BEGIN)
        asked.addCallbacks(
            self._is_ready, self._did_not_start, callbackArgs=(process,), errbackArgs=(process,)
        )

    def stop(self) -> Deferred[None]:
        """Have the process end when it has answered the requests in progress. Fires when it has ended."""
        self._over = Deferred()
        if self._again is not None:
            self._again.cancel()
            self._again = None
        if self.process is None:
            self._over.callback(None)
        else:
            self.process.phase = Phase.LEAVING
            self.tell("stop")
        return self._over

    def tell(self, what: str) -> None:
        """Tell the process something that needs no answer."""
        if self.process is not None:
            self.process.channel.ask(what, seconds=BEGIN).addErrback(
                lambda failure: failure.trap(WorkerGone, WorkerRefused)
            )

    def look(self) -> None:
        """Kill a process that gives no signs of life any more. Call this once in the time between two signs."""
        process = self.process
        if process is None:
            return
        process.missed += 1
        if process.missed > MISSED and process.phase is Phase.SERVING:
            process.kill(f"it gave no sign of life for {MISSED * process.start.beat:g} s")

    def _is_ready(self, _: None, process: Process) -> None:
        if process.phase is Phase.STARTING:
            process.phase = Phase.SERVING
            self.log.info(
                "worker {worker} is ready (process {process})", worker=self.number, process=process.pid
            )
            self._changed()

    def _did_not_start(self, failure: Failure, process: Process) -> None:
        if not process.channel.gone:  # otherwise it is about to end by itself
            why = str(failure.value) if failure.check(WorkerRefused) else "it did not start in time"
            process.kill(why)

    def _ended(self, why: str) -> None:
        process, self.process = self.process, None
        assert process is not None  # noqa: S101 (it is that which has ended)
        if self._over is not None:
            self._over.callback(None)
        else:
            self._start_later(process, why)
            self._lost(process)
            self._changed()

    def _start_later(self, process: Process, why: str) -> None:
        if self._reactor.seconds() - process.began >= STEADY:
            self._failures = 0
        pause = self._pauses[min(self._failures, len(self._pauses) - 1)]
        self._failures += 1
        self.log.error(
            "worker {worker} (process {process}) has ended: {why}; it is started again in {seconds:g} s",
            worker=self.number, process=process.pid, why=why, seconds=pause,
        )  # fmt: skip
        self._again = self._reactor.callLater(pause, self.start)
