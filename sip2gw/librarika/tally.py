"""What happened within the last seconds is counted by whole seconds, so that counting costs the same at any rate."""

from __future__ import annotations

from collections import deque


class Tally:
    """How many there were of two kinds in the last `window` seconds: all, and the marked ones among them."""

    def __init__(self, window: float) -> None:
        self._window = window
        self._seconds: deque[list[int]] = deque()
        self.all = 0
        self.marked = 0

    def add(self, now: float, *, more: int = 1, marked: int = 0) -> None:
        """Count, at this moment."""
        second = int(now)
        if not self._seconds or self._seconds[-1][0] != second:
            self._forget(now)
            self._seconds.append([second, 0, 0])
        self._seconds[-1][1] += more
        self._seconds[-1][2] += marked
        self.all += more
        self.marked += marked

    def clear(self) -> None:
        """Forget it all."""
        self._seconds.clear()
        self.all = self.marked = 0

    def _forget(self, now: float) -> None:
        while self._seconds and self._seconds[0][0] <= now - self._window:
            _, more, marked = self._seconds.popleft()
            self.all -= more
            self.marked -= marked


class Budget:
    """A part of a library's calls may be tried again; so a storm of failures is not answered by a storm of retries."""

    _WINDOW = 10.0
    _FLOOR = 2

    def __init__(self) -> None:
        self._calls = Tally(self._WINDOW)

    def asked(self, now: float) -> None:
        """A call is made for the first time."""
        self._calls.add(now)

    def spend(self, now: float, share: float) -> bool:
        """Whether one may be tried again, `share` being the part of all that may; a few may at any rate."""
        self._calls.add(now, more=0)
        most = max(self._FLOOR, int(share * self._calls.all)) if share else 0
        if self._calls.marked >= most:
            return False
        self._calls.add(now, more=0, marked=1)
        return True
