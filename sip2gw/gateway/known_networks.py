"""Networks from which a terminal logged in during the last day: strangers from there have a share of their own."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

DAY = 86_400.0
MOST = 10_000
"""Networks that are remembered. The one used longest ago is dropped first."""


class KnownNetworks:
    """Remember networks for a day after a login. `seconds` is the clock."""

    def __init__(self, seconds: Callable[[], float]) -> None:
        self._seconds = seconds
        self._until: OrderedDict[str, float] = OrderedDict()

    def add(self, network: str) -> None:
        """Remember a login from this network."""
        self._until[network] = self._seconds() + DAY
        self._until.move_to_end(network)
        if len(self._until) > MOST:
            self._until.popitem(last=False)

    def has(self, network: str) -> bool:
        """Return whether a terminal logged in from this network during the last day."""
        return self._until.get(network, 0.0) > self._seconds()
