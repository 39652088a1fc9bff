"""Networks from which a terminal was let in during the last day: strangers from there have a share of their own."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

DAY = 86_400.0
MOST = 10_000
"""Networks that are remembered. The one that was used longest ago is forgotten first."""


class KnownNetworks:
    """Remembers networks for a day after a login. `seconds` is the clock."""

    def __init__(self, seconds: Callable[[], float]) -> None:
        self._seconds = seconds
        self._until: OrderedDict[str, float] = OrderedDict()

    def add(self, network: str) -> None:
        """A terminal was let in from there."""
        self._until[network] = self._seconds() + DAY
        self._until.move_to_end(network)
        if len(self._until) > MOST:
            self._until.popitem(last=False)

    def has(self, network: str) -> bool:
        """Whether one was in the last day."""
        return self._until.get(network, 0.0) > self._seconds()
