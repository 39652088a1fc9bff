"""What a store needs of a database: one connection, which one thread uses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Protocol

from sip2gw.store.port import Row, Value


class Again(Exception):
    """The transaction was undone by the database before its commit, and may be run again."""


class Database(Protocol):
    """One connection. Each method raises `StoreFailed`, and closes the connection if it can't be used any longer."""

    types: ClassVar[dict[str, str]]
    """The types of columns that differ: `id`, `integer`, `real`, `bytes`."""
    has_table: ClassVar[str]
    """A query that has a row if there is a table of the name `:table`."""

    @property
    def is_open(self) -> bool:
        """Whether there is a connection."""
        ...

    def open(self) -> None:
        """Connect, unless there is a connection."""
        ...

    def close(self) -> None:
        """Close the connection, if there is one. Never raises."""
        ...

    def begin(self, *, write: bool) -> None:
        """Begin a transaction. Raises `Again` if the connection was lost before."""
        ...

    def rows(self, sql: str, values: Mapping[str, Value]) -> list[Row]:
        """Run a statement. Raises `StatementFailed`; `Again` if the database has undone the transaction."""
        ...

    def changed(self, sql: str, values: Mapping[str, Value]) -> int:
        """Run a statement and return how many rows it has changed. Raises as `rows`."""
        ...

    def mark(self, *, again: bool = False) -> None:
        """Set the mark to which `undo` goes back; `again` moves it here. Raises as `rows`."""
        ...

    def undo(self) -> None:
        """Undo what was done since the mark. Raises as `rows`."""
        ...

    def commit(self) -> None:
        """End the transaction. It is durable after this. `StoreFailed` leaves open whether it is."""
        ...

    def rollback(self) -> None:
        """Undo the transaction, if there is one. Never raises."""
        ...

    def now(self) -> float:
        """Return the seconds of the epoch by the store's clock."""
        ...

    def lock(self, *names: str, wait: bool) -> None:
        """Take locks until the end of the transaction. Raises as `rows`; `Again` if one is held and not to `wait` for.

        Work that shares a transaction does not wait for a lock, because the transaction may hold others.
        """
        ...

    def faults(self) -> list[str]:
        """Return what is wrong with the database, in words: damage, or settings by which a commit may be lost."""
        ...

    def prove(self) -> None:
        """Write something small within a transaction, to find out whether the store works again."""
        ...
