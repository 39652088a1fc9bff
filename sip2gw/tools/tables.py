"""Tables, times and seats for the commands that watch a gateway."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sip2gw.tools.shown import shortened

_LONGEST = 120
"""Characters of a cell."""
EVERY = 2.0
"""Seconds between two looks at a gateway."""


def table(headings: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterable[str]:
    """Yield the lines of a table; nothing but its headings if there are no rows."""
    texts = [tuple(headings), *(tuple(shortened(_text(cell), _LONGEST) for cell in row) for row in rows)]
    widths = [max(map(len, column)) for column in zip(*texts, strict=True)]
    for row in texts:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def when(at: float | None) -> str:
    """Return a time on this machine's clock; empty if there is none."""
    return f"{datetime.fromtimestamp(at).astimezone():%m-%d %H:%M:%S}" if at else ""


def seats(library: Mapping[str, Any]) -> str:
    """Return how many seats of a library are taken, and of how many."""
    used, licensed = library["used"], library["licensed"]
    return f"{used} of {licensed}" if licensed is not None else f"{used}"


def _text(cell: Any) -> str:
    if cell is None:
        return ""
    return f"{cell:g}" if isinstance(cell, float) else str(cell)
