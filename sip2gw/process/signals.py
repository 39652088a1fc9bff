"""Deliver a signal to the reactor as an ordinary call, and restore the former handlers at the end."""

from __future__ import annotations

import signal
from collections.abc import Callable
from typing import Any


class Signals:
    """The signal handlers of this process. Works in the main thread only."""

    def __init__(self, reactor: Any) -> None:
        self._reactor = reactor
        self._before: dict[int, Any] = {}
        self._waiting: set[int] = set()

    def on(self, number: int, call: Callable[[], object]) -> None:
        """Call `call` in the reactor when this signal comes: once for all that come before the call."""

        def made() -> None:
            self._waiting.discard(number)
            call()

        def come(*_: object) -> None:
            if number not in self._waiting:
                self._waiting.add(number)
                self._reactor.callFromThread(made)

        before = signal.signal(number, come)
        self._before.setdefault(number, before)

    def put_back(self) -> None:
        """Restore the former handlers."""
        for number, before in self._before.items():
            signal.signal(number, before)
        self._before.clear()
