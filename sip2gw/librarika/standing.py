"""What terminals are told of a library changes after two calls that say the same, and not to and fro with each one."""

from __future__ import annotations

from collections.abc import Callable

FRESH = 5.0
"""Seconds for which a call that went well needs no other to confirm it."""
_SURE = 2


class Standing:
    """Whether one library counts as on-line. `now` is in seconds."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self.online = True
        self._against = 0
        self._well_at = float("-inf")

    @property
    def settled(self) -> bool:
        """Whether the last call agreed."""
        return self._against == 0

    @property
    def certain(self) -> bool:
        """Whether a call went well just now, and none failed since."""
        return self.online and self.settled and self._now() - self._well_at < FRESH

    def says(self, well: bool) -> None:
        """A call went well, or it did not."""
        if well:
            self._well_at = self._now()
        self._against = 0 if well == self.online else self._against + 1
        if self._against >= _SURE:
            self.online, self._against = well, 0

    def gone(self) -> None:
        """It is certain that the library can't be asked."""
        self.online, self._against = False, 0
