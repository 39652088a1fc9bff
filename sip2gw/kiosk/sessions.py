"""The devices that are being played, each known to its page by a random name. There are few of them at a time."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from secrets import token_urlsafe
from typing import Any

from twisted.internet.defer import DeferredLock
from twisted.internet.threads import deferToThreadPool

from sip2gw.kiosk.devices import DEVICES
from sip2gw.kiosk.played_device import PlayedDevice
from sip2gw.kiosk.trial_library import TrialLibrary
from sip2gw.tools.address import Address

MOST = 6
"""Devices that are played at a time: one more closes the connection of the one that was used least lately."""


class Sessions:
    """The devices that are being played. `address` returns where the gateway listens with TLS."""

    def __init__(
        self, libraries: Mapping[str, TrialLibrary], address: Callable[[], Address], reactor: Any
    ) -> None:
        self.libraries = libraries
        self._address = address
        self._reactor = reactor
        self._played: OrderedDict[str, tuple[PlayedDevice, DeferredLock]] = OrderedDict()

    def begin(self, device: str, library: str) -> str:
        """Return the name of a new session. Raises ValueError for an unknown device or library."""
        if device not in DEVICES or library not in self.libraries:
            raise ValueError("choose a device and a library of the list")
        name = token_urlsafe(16)
        self._played[name] = (
            PlayedDevice(DEVICES[device], self.libraries[library], self._address()),
            DeferredLock(),
        )
        while len(self._played) > MOST:
            _, (oldest, _) = self._played.popitem(last=False)
            oldest.close()
        return name

    async def ask(self, session: str, request: str, values: Mapping[str, str]) -> list[dict[str, Any]]:
        """Send a request of a session, after those before it.

        Raises ValueError, in words, for an ended session or a wrong request, and `Unreachable`.
        """
        played, lock = self._find(session)
        await lock.acquire()
        try:
            self._find(session)  # it may have ended meanwhile
            pool = self._reactor.getThreadPool()
            done: list[dict[str, Any]] = await deferToThreadPool(
                self._reactor, pool, played.ask, request, values
            )
            return done
        finally:
            lock.release()

    def _find(self, session: str) -> tuple[PlayedDevice, DeferredLock]:
        if session not in self._played:
            raise ValueError("this device was switched off: choose it again")
        self._played.move_to_end(session)
        return self._played[session]

    def close(self) -> None:
        """Disconnect all devices."""
        for played, _ in self._played.values():
            played.close()
        self._played.clear()
