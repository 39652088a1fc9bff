"""The record of a library's rules."""

from __future__ import annotations

from datetime import tzinfo

from attrs import frozen


@frozen
class Rules:
    """The name of a library, its zone, and what it allows at terminals."""

    name: str
    zone: tzinfo
    currency: str = ""
    language: str = ""
    branches: tuple[str, ...] = ()
    checkouts: bool = True
    checkins: bool = True
    renewals: bool = True
    holds: bool = True
    fees: bool = True
    patron_updates: bool = False
    """Whether terminals may block and enable patrons."""
    item_updates: bool = False
    """Whether terminals may store properties of items."""
    terminals: int | None = None
    """How many terminals may be logged in at the same time; None if there is no limit."""
