"""The collector of cyclic garbage, set for a process that keeps much and makes little of it."""

from __future__ import annotations

import gc

YOUNG = 10_000
"""Objects made and not freed after which the collector looks for cycles among the new ones, in place of 700.

A request makes some hundred objects and frees nearly all of them by itself; with 700, the collector would go through
those of the requests in hand several times for each request.
"""


def settle() -> None:
    """Take what there is once all has started (modules, configuration, locales) out of the collector's sight.

    It stays to the end, and each full collection would go through all of it. What of it a reload replaces is freed
    unless it is in a cycle; as this is done once, that does not add up.
    """
    gc.collect()
    gc.freeze()
    _, *older = gc.get_threshold()
    gc.set_threshold(YOUNG, *older)
