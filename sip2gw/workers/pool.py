"""The pool of worker processes: all of them kept running, and seen as one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred, DeferredList
from twisted.internet.task import LoopingCall
from twisted.logger import LogEvent, Logger

from sip2gw.admin.health import Status
from sip2gw.workers.accepting import Accepting
from sip2gw.workers.channel import Start
from sip2gw.workers.freeing import Freeing
from sip2gw.workers.supervisor import Supervisor
from sip2gw.workers.worker import Process


class Pool:
    """`size` workers. `begin` returns what the process of a worker needs at its start, by the worker's number.

    `errors`, `take` and `pauses` are as for a `Supervisor`; `beat` are the seconds between two signs of life.
    """

    log = Logger()

    def __init__(
        self,
        reactor: Any,
        size: int,
        begin: Callable[[int], Start],
        *,
        errors: Callable[[], int | None],
        take: Callable[[LogEvent], None],
        pauses: tuple[float, ...],
        beat: float,
    ) -> None:
        self._reactor = reactor
        self._beat = beat
        self._freeing = Freeing(self.serving)
        self.accepting = Accepting(self.serving)
        self.workers = [
            Supervisor(
                reactor, number + 1, begin, self._changed, self._freeing.lost,
                errors=errors, take=take, pauses=pauses,
            )
            for number in range(size)
        ]  # fmt: skip
        self.stopping = False
        """Whether the workers are about to be stopped."""
        self.complete: Deferred[None] = Deferred()
        """Fires as soon as all workers serve terminals."""
        self._looking = LoopingCall(self._look)
        self._looking.clock = reactor

    def serving(self) -> list[Process]:
        """Return the processes that serve terminals."""
        return [worker.serving for worker in self.workers if worker.serving is not None]

    def running(self) -> list[Process]:
        """Return all processes, also those that start or end."""
        return [worker.process for worker in self.workers if worker.process is not None]

    def status(self) -> Status:
        """Return the status of all together. Terminals are served as long as one worker serves them."""
        if self.stopping:
            return Status.STOPPING
        missing = len(self.workers) - len(self.serving())
        if missing == len(self.workers):
            return Status.STARTING
        return Status.DEGRADED if missing else Status.OK

    def start(self) -> None:
        """Start the workers."""
        for worker in self.workers:
            worker.start()
        self._looking.start(self._beat, now=False)

    async def stop(self, seconds: float) -> None:
        """Have all processes finish the requests in progress and end; those that need more `seconds` are killed."""
        self.accepting.close()
        timer = self._reactor.callLater(seconds, self._kill)
        await DeferredList([worker.stop() for worker in self.workers])
        if timer.active():
            timer.cancel()
        self._looking.stop()

    def hurry(self) -> None:
        """Disconnect all terminals at once, while the workers stop."""
        for worker in self.workers:
            worker.tell("hurry")

    def _changed(self) -> None:
        self.accepting.changed()
        self._freeing.changed()
        if self.status() is Status.OK and not self.complete.called:
            self.complete.callback(None)

    def _look(self) -> None:
        for worker in self.workers:
            worker.look()

    def _kill(self) -> None:
        for process in self.running():
            self.log.error("worker {worker} did not end in time and is killed", worker=process.start.number)
            process.kill("it did not end in time")
