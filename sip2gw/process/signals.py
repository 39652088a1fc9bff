"""A signal reaches the reactor as an ordinary call, in its turn; what was there before is put back in the end."""

from __future__ import annotations

import signal
from collections.abc import Callable
from typing import Any


class Signals:
    """What this process does on signals, as long as it is wanted. Works in the main thread alone."""

    def __init__(self, reactor: Any) -> None:
        self._reactor = reactor
        self._before: dict[int, Any] = {}
        self._waiting: set[int] = set()

    def on(self, number: int, call: Callable[[], object]) -> None:
        """Have `call` made when this signal comes: once for all that come before it is made."""

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
        """Leave the signals as they were."""
        for number, before in self._before.items():
            signal.signal(number, before)
        self._before.clear()
