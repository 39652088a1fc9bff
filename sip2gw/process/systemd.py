"""systemd is told how far the gateway is, and that its loop comes round; without systemd nobody is told anything.

The protocol is a datagram with lines of text (sd_notify). The packages that have it on offer have not been looked after
for years, or need a compiler.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from twisted.internet.task import LoopingCall


class Systemd:
    """Tells systemd, if it is this process's parent, as `environment` says."""

    def __init__(self, reactor: Any, environment: Mapping[str, str]) -> None:
        self._address = environment.get("NOTIFY_SOCKET", "")
        seconds = environment.get("WATCHDOG_USEC", "")
        self._alive_every = int(seconds) / 2e6 if seconds.isdecimal() and self._address else 0.0
        self._alive = LoopingCall(self._tell, "WATCHDOG=1")
        self._alive.clock = reactor

    def ready(self) -> None:
        """It serves, for the first time or after it was reloaded."""
        self._tell("READY=1")
        if self._alive_every and not self._alive.running:
            self._alive.start(self._alive_every)

    def reloading(self) -> None:
        """It reads its configuration again."""
        self._tell(f"RELOADING=1\nMONOTONIC_USEC={time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000}")

    def stopping(self) -> None:
        """It answers what is in hand. It still lives, so the signs of life go on."""
        self._tell("STOPPING=1")

    def end(self) -> None:
        """No more signs of life."""
        if self._alive.running:
            self._alive.stop()

    def _tell(self, text: str) -> None:
        if self._address:
            # An address that begins with @ is in the abstract namespace.
            address = self._address.replace("@", "\0", 1) if self._address.startswith("@") else self._address
            with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
                notify.setblocking(False)
                notify.sendto(text.encode(), address)
