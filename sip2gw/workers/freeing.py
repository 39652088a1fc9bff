"""Free the seats of workers that have died: the parent knows at once, the store only at the end of their leases."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from twisted.internet.defer import Deferred
from twisted.logger import Logger

from sip2gw.workers.channel import WorkerGone, WorkerRefused
from sip2gw.workers.worker import Process

ANSWER = 5.0
"""Seconds that a worker may take."""


class Freeing:
    """Have a worker free the seats. `processes` returns those that serve terminals."""

    log = Logger()

    def __init__(self, processes: Callable[[], Iterable[Process]]) -> None:
        self._processes = processes
        self._dead: set[str] = set()
        self._asking = False

    def lost(self, process: Process) -> None:
        """Note a process that has ended without giving back its seats."""
        self._dead.add(process.start.process)

    def changed(self) -> None:
        """Ask the first worker that serves; call this whenever one is ready or has ended."""
        serving = next(iter(self._processes()), None)
        if self._dead and serving is not None and not self._asking:
            self._asking = True
            Deferred.fromCoroutine(self._free(serving)).addErrback(
                lambda failure: self.log.failure("freeing seats hit a bug", failure)
            )

    async def _free(self, serving: Process) -> None:
        dead = sorted(self._dead)
        try:
            await serving.channel.ask("free", dead, seconds=ANSWER)
        except (WorkerGone, WorkerRefused):
            return  # at the next change, or when the leases end
        finally:
            self._asking = False
        self._dead.difference_update(dead)
        self.changed()
