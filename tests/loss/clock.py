"""A clock that can be moved on, for waits that take minutes or hours.

It must be set before any other module is imported, because many take `time` and `monotonic` from the module `time`.
"""

from __future__ import annotations

import mmap
import struct
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

LONGEST = 0.02
"""Seconds after which a reactor looks at the clock again, so that it notices when the clock is moved on."""
_FORM = struct.Struct("d")


class Hand:
    """The seconds by which the clock was moved on, in a file that several processes share."""

    def __init__(self, file: Path) -> None:
        if not file.exists():
            file.write_bytes(_FORM.pack(0.0))
        with file.open("r+b") as opened:
            self._map = mmap.mmap(opened.fileno(), _FORM.size)

    def moved(self) -> float:
        moved: float = _FORM.unpack_from(self._map)[0]
        return moved

    def move(self, seconds: float) -> None:
        """Move the clock on."""
        _FORM.pack_into(self._map, 0, self.moved() + seconds)


hand: Hand | None = None
"""Moves the clock of this process; None leaves it as it runs."""


def make_movable() -> None:
    """Replace the functions of the module `time`."""
    for name in ("time", "monotonic", "perf_counter"):
        setattr(time, name, _movable(getattr(time, name)))


def _movable(real: Callable[[], float]) -> Callable[[], float]:
    def now() -> float:
        return real() + (hand.moved() if hand else 0.0)

    return now


def look_often(reactor: Any) -> None:
    """Let a reactor notice soon that the clock was moved."""
    timeout = reactor.timeout

    def soon() -> float:
        wait = timeout()
        return LONGEST if wait is None else min(LONGEST, wait)

    reactor.timeout = soon
