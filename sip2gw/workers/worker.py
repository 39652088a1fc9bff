"""One worker process as the parent sees it."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from enum import Enum
from pathlib import Path
from typing import Any

from twisted.internet.error import ProcessExitedAlready, ProcessTerminated
from twisted.internet.protocol import ProcessProtocol
from twisted.logger import LogEvent, Logger
from twisted.python.failure import Failure

import sip2gw
from sip2gw.workers.channel import CHANNEL, CONNECTIONS, LINES, ParentEnd, Start, adopt
from sip2gw.workers.handing import hand, pair
from sip2gw.workers.worker_log import WorkerLog


class Phase(Enum):
    """What a process does."""

    STARTING = "starting"
    SERVING = "ok"
    LEAVING = "stopping"
    """It takes no connections, finishes the requests in progress, and ends."""
    ENDING = "ending"
    """It has been killed, or has ended."""


class Process(ProcessProtocol):
    """One process of a worker, from its start to its end.

    `ended` is called with the reason in words, `leaves` when it begins to stop by itself.
    """

    log = Logger()

    def __init__(
        self, reactor: Any, start: Start, ended: Callable[[str], None], leaves: Callable[[], None]
    ) -> None:
        self._reactor = reactor
        self._ended = ended
        self._leaves = leaves
        self.start = start
        self.config = start.config
        """The configuration that it uses."""
        self.began = reactor.seconds()
        self.phase = Phase.STARTING
        self.pid = 0
        self.missed = 0
        self.memory = 0
        self.why = ""
        """Why the parent ends it, if it does."""
        self._open = self._taken = self._handed = 0
        self.channel = ParentEnd(reactor, self._beat)

    def spawn(self, errors: int | None, take: Callable[[LogEvent], None]) -> None:
        """Start it. `errors` is the descriptor for what it prints; `take` gets the events of its log."""
        lines = WorkerLog(self.start.number, take)
        ours, theirs = socket.socketpair()
        reads, writes = socket.socketpair()
        self._connections, taking = pair()
        adopt(self._reactor, ours, self.channel)
        adopt(self._reactor, reads, lines)
        null = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
        printed = null if errors is None else errors
        given = {0: null, 1: printed, 2: printed}
        # No pipes of Twisted's: those would stay open where no process can be started.
        given |= {CHANNEL: theirs.fileno(), CONNECTIONS: taking.fileno(), LINES: writes.fileno()}
        command = [sys.executable, "-P", "-m", "sip2gw.workers.child"]
        try:
            self._transport = self._reactor.spawnProcess(
                self, sys.executable, command, env=_environment(), childFDs=given
            )
            self.pid = self._transport.pid
        except OSError:
            self._connections.close()
            raise
        finally:
            for one in (theirs, taking, writes):
                one.close()
            os.close(null)

    def kill(self, why: str) -> None:
        """End it at once."""
        self.why = why
        self.phase = Phase.ENDING
        with suppress(ProcessExitedAlready):
            self._transport.signalProcess("KILL")

    @property
    def load(self) -> int:
        """How many connections it has, those on the way to it included."""
        return self._open + self._handed - self._taken

    def hand(self, place: int, connection: socket.socket) -> bool:
        """Hand over a connection; return whether it will be taken."""
        taken = hand(self._connections, place, connection)
        self._handed += taken
        return taken

    def processEnded(self, reason: Failure) -> None:
        self.phase = Phase.ENDING
        self._connections.close()
        self._ended(self.why or _how(reason))

    def _beat(self, signs: dict[str, Any]) -> None:
        self.missed = 0
        self._open, self._taken, self.memory = signs["open"], signs["taken"], signs["memory"]
        if signs["leaving"] and self.phase is Phase.SERVING:
            self.phase = Phase.LEAVING
            self._leaves()


def _how(reason: Failure) -> str:
    if isinstance(reason.value, ProcessTerminated):
        if reason.value.signal:
            return f"signal {reason.value.signal}"
        return f"exit status {reason.value.exitCode}"
    return "it was told to end"


def _environment() -> dict[str, str]:
    """Return the environment for a worker: it imports what the parent imports, and systemd expects nothing of it."""
    root = str(Path(sip2gw.__file__).absolute().parents[1])
    paths = [root, *(path for path in sys.path if os.path.isabs(path) and path != root)]
    left_out = "NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES"
    kept = {name: value for name, value in os.environ.items() if name not in left_out}
    return {**kept, "PYTHONPATH": os.pathsep.join(paths)}
