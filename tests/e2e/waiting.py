"""Wait for what a process does by itself."""

from collections.abc import Callable
from time import monotonic, sleep

LONG = 90.0
"""Seconds after which it does not come. A row that a killed gateway was about to send is due again after 60."""


def wait_until(holds: Callable[[], object], what: Callable[[], object] = lambda: "") -> None:
    """Wait until something is so; `what` returns what is so instead, for the failure."""
    end = monotonic() + LONG
    while not holds():
        assert monotonic() < end, what()
        sleep(0.05)
