"""When memory runs short strangers go first, then new logins; nobody loses what is in hand.

The operating system would end the whole process, in the middle of whatever it does.
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
"""The part of `memory` from which on it is short."""


def resident() -> int:
    """Bytes of memory that the process has at this moment; 0 where that can't be told."""
    if sys.platform != "linux":
        return 0
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


class MemoryWatch(Service):
    """Looks every second how much memory the process has, and has its terminals behave accordingly."""

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
        """Look, and let go of those who have nothing in hand, if it must be; and of answers that are too old."""
        self._terminals.answers.forget_old()
        most, census = self._terminals.limits.memory * 2**20, self._terminals.census
        has = self._resident() if most else 0
        short, full = has > SHORT * most, has > most
        if (short, full) != (census.short, census.full):
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
        census.short, census.full = short, full
        if short:
            self._terminals.shed()
