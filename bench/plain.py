"""The gateway without its journal, for comparison: writes go straight to the library. Not a setting of the product."""

from __future__ import annotations

from typing import Any

from twisted.scripts import twistd

from sip2gw.wiring import gateway
from sip2gw.wiring.journaling import Journaling


class Plain(Journaling):
    """What is kept in the store, without the writes."""

    def __init__(self, config: Any, reactor: Any, inner: Any, metrics: Any, *, worker: bool = False) -> None:
        super().__init__(config, reactor, inner, metrics, worker=worker)
        self.libraries = inner


if __name__ == "__main__":
    gateway.Journaling = Plain  # type: ignore[misc]
    twistd.run()  # type: ignore[no-untyped-call]
