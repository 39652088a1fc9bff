"""When memory runs short, close strangers first, then refuse logins. Requests in progress are finished.

Otherwise the operating system would kill the process in the middle of its work.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

from twisted.application.service import Service
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

from sip2gw.gateway.factory import TerminalFactory

INTERVAL = 1.0
SHORT = 0.9
"""The part of `memory` above which it is short."""


def resident() -> int:
    """Return the process's resident memory in bytes; 0 where the system does not report it."""
    if sys.platform != "linux":
        return 0
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


class MemoryWatch(Service):
    """Check the process's memory every second, and limit its connections accordingly."""

    log = Logger()

    def __init__(
        self, terminals: TerminalFactory, reactor: IReactorTime, *, resident: Callable[[], int] = resident
    ) -> None:
        self._terminals = terminals
        self._resident = resident
        self._looking = LoopingCall(self.look)
        self._looking.clock = reactor

    def startService(self) -> None:
        super().startService()  # type: ignore[no-untyped-call]  # Twisted's
        self._looking.start(INTERVAL).addErrback(
            lambda failure: self.log.failure("memory is no longer watched", failure)
        )

    def stopService(self) -> None:
        super().stopService()  # type: ignore[no-untyped-call]  # Twisted's
        if self._looking.running:
            self._looking.stop()

    def look(self) -> None:
        """Check memory; if short, close idle connections of strangers and drop old answers."""
        self._terminals.answers.forget_old()
        most, connection_limits = self._terminals.limits.memory * 2**20, self._terminals.connection_limits
        has = self._resident() if most else 0
        short, full = has > SHORT * most, has > most
        if (short, full) != (connection_limits.short, connection_limits.full):
            state = (
                "full: no terminal can log in"
                if full
                else "short: no new connections"
                if short
                else "enough again"
            )
            self.log.warn(
                "memory is {state}; {has} of {most} MiB", state=state, has=has >> 20, most=most >> 20
            )
        connection_limits.short, connection_limits.full = short, full
        if short:
            self._terminals.shed()
