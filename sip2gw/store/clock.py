"""A clock that does not step back when the machine's clock does."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic, time


class Clock:
    """Seconds of the epoch. While it is ahead of the machine's clock, it runs at half speed until that is level.

    So a lease lasts too long rather than too short, and rows keep their order.
    """

    def __init__(self, wall: Callable[[], float] = time, elapsed: Callable[[], float] = monotonic) -> None:
        self._wall = wall
        self._elapsed = elapsed
        self._latest = 0.0
        self._at = elapsed()

    def now(self, mark: float = 0.0) -> float:
        """Return the time, which is not before `mark` and not before any time that was returned earlier."""
        return self.at(self._wall(), mark)

    def at(self, wall: float, mark: float = 0.0) -> float:
        """Return the time while another machine's clock shows `wall`."""
        at = self._elapsed()
        slowly = self._latest + (at - self._at) / 2
        self._latest, self._at = max(wall, slowly, mark), at
        return self._latest
