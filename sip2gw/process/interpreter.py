"""The interpreter, set for a gateway: its collector of cyclic garbage, and how its threads take turns."""

from __future__ import annotations

import gc
import sys

YOUNG = 10_000
"""Objects made and not freed after which the collector looks for cycles among the new ones, in place of 700.

A request makes some hundred objects and frees nearly all of them by itself; with 700, the collector would go through
those of the requests in hand several times for each request.
"""

TURN = 0.0005
"""Seconds after which a thread gives way to one that waits, in place of 5 ms.

The store's thread waits for its turn after each statement, and a terminal waits for the store.
"""


def settle() -> None:
    """Set the interpreter once all has started.

    What there is by then (modules, configuration, locales) is taken out of the collector's sight. It stays to the end,
    and each full collection would go through all of it. What of it a reload replaces is freed unless it is in a cycle;
    as this is done once, that does not add up.
    """
    sys.setswitchinterval(TURN)
    gc.collect()
    gc.freeze()
    _, *older = gc.get_threshold()
    gc.set_threshold(YOUNG, *older)
