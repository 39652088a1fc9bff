"""Report start, reload, stop and liveness to systemd; does nothing without systemd.

The protocol is a datagram with lines of text (sd_notify). The packages that implement it are unmaintained, or need a
compiler.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from twisted.internet.task import LoopingCall


class Systemd:
    """Report to systemd, if it is this process's parent according to `environment`."""

    def __init__(self, reactor: Any, environment: Mapping[str, str]) -> None:
        self._address = environment.get("NOTIFY_SOCKET", "")
        seconds = environment.get("WATCHDOG_USEC", "")
        self._alive_every = int(seconds) / 2e6 if seconds.isdecimal() and self._address else 0.0
        self.is_alive: Callable[[], bool] = lambda: True
        """Whether all is well beyond this process: no sign of life is sent while not."""
        self._alive = LoopingCall(self._sign)
        self._alive.clock = reactor

    def ready(self) -> None:
        """Report that it serves, at the start or after a reload."""
        self._tell("READY=1")
        if self._alive_every and not self._alive.running:
            self._alive.start(self._alive_every)

    def reloading(self) -> None:
        """Report that it reads its configuration again."""
        self._tell(f"RELOADING=1\nMONOTONIC_USEC={time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000}")

    def stopping(self) -> None:
        """Report that it stops. Signs of life continue, because requests are still in progress."""
        self._tell("STOPPING=1")

    def end(self) -> None:
        """Send no more signs of life."""
        if self._alive.running:
            self._alive.stop()

    def _sign(self) -> None:
        if self.is_alive():
            self._tell("WATCHDOG=1")

    def _tell(self, text: str) -> None:
        if self._address:
            # An address that begins with @ is in the abstract namespace.
            address = self._address.replace("@", "\0", 1) if self._address.startswith("@") else self._address
            with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
                notify.setblocking(False)
                notify.sendto(text.encode(), address)
