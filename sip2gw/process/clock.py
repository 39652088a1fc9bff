"""The reactor's clock."""

from __future__ import annotations

from time import monotonic
from typing import Any


def use_a_steady_clock(reactor: Any) -> None:
    """Run Twisted's timers by a steady clock, because changes of the system time would make them early or late."""
    reactor.seconds = monotonic
