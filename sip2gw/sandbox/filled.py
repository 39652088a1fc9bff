"""Fill a database in memory: what was written for the sandbox before is copied, if the moment is the same.

Tests make a thousand sandboxes, most of them with the package's own libraries and a clock that stands at one moment.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from datetime import datetime

from sip2gw.sandbox.data import Stock, default_stock

_kept: tuple[datetime, sqlite3.Connection] | None = None
"""A database with the package's own libraries, and the moment at which it was filled."""


def filled(
    connection: sqlite3.Connection, stocks: tuple[Stock, ...], now: datetime, fill: Callable[[], None]
) -> None:
    """Bring an empty database in memory to what `fill` makes of it, with or without calling it."""
    global _kept
    if stocks is not default_stock():
        fill()
        return
    if _kept is None or _kept[0] != now:
        fill()
        copy = sqlite3.connect(":memory:", check_same_thread=False)
        connection.backup(copy)
        _kept = now, copy
    else:
        _kept[1].backup(connection)
