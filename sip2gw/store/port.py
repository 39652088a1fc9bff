"""The port of the store: transactions that are durable once their caller has an answer.

SQL is written once, in what SQLite 3.40 and PostgreSQL 13 have in common, with `:name` for each value. `RETURNING` and
`ON CONFLICT` are among it. Two rules keep it common: a value that may be None is written `CAST(:name AS TEXT)` where
its column does not show its type, and a colon stands nowhere in the SQL but before a name.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Literal, Protocol, TypeAlias, TypeVar

from twisted.internet.defer import Deferred

T = TypeVar("T")

Value: TypeAlias = "int | float | str | bytes | None"
Row: TypeAlias = Mapping[str, Any]
"""One row; each value is found under the name of its column."""

Kind = Literal["gone", "slow", "full", "damaged", "read-only", "newer schema", "locked"]
"""Why a store fails. `gone`: it can't be reached. `slow`: it has not answered in time. `full`: its disk is. `damaged`:
its file is no database, or one with errors. `read-only`: it may not be written. `newer schema`: a newer version of the
gateway has changed its tables. `locked`: another gateway has it."""

FINAL: frozenset[Kind] = frozenset({"damaged", "read-only", "newer schema", "locked"})
"""Failures that a person has to end: a gateway that finds one at its start does not start."""


class StoreFailed(Exception):
    """The store has failed. The text is one plain line for the operator, without any data.

    After `slow` and `gone` the change may be in the store or not, and after `slow` it may still come: a caller that
    has to know reads it again.
    """

    def __init__(self, kind: Kind, reason: str) -> None:
        super().__init__(reason)
        self.kind: Kind = kind
        self.reason = reason

    def again(self) -> StoreFailed:
        """Return the same failure without its traceback, whose frames hold what the caller was about."""
        return StoreFailed(self.kind, self.reason)


class StatementFailed(Exception):
    """A statement that the database refuses: a constraint, or an error in the SQL. The text has no data.

    `constraint` is True if a row broke a constraint. The work that gets this error must let it pass.
    """

    def __init__(self, why: str, *, constraint: bool) -> None:
        super().__init__(why)
        self.constraint = constraint


class Transaction(Protocol):
    """What a piece of work may do. It is used in one thread, and not after the work has returned."""

    @property
    def now(self) -> float:
        """Seconds of the epoch by the store's clock: one value for a transaction, read at its first use.

        The clock does not step back. PostgreSQL's is the database's own, so all machines agree. Work that takes a
        lock takes it before it reads the clock, or it reads a time before its wait.
        """
        ...

    def rows(self, sql: str, **values: Value) -> list[Row]:
        """Run one statement and return its rows. Raises `StatementFailed`; `StoreFailed` if the store fails."""
        ...

    def changed(self, sql: str, **values: Value) -> int:
        """Run one `INSERT`, `UPDATE` or `DELETE`, and return how many rows it has changed. Raises as `rows`.

        It begins with that word, and has no `RETURNING`.
        """
        ...

    def lock(self, *names: str) -> None:
        """Wait for these names among all processes and machines; hold them until the end of the transaction."""
        ...


class Alike(ABC):
    """Work that is done in fewer statements for several at once. Those of one class share a transaction if they can."""

    turn: ClassVar[int] = 0
    """Classes with a smaller number are done first, before all other work."""

    @abstractmethod
    def __call__(self, tx: Transaction) -> Any:
        """Do this work by itself."""

    @classmethod
    @abstractmethod
    def together(cls, tx: Transaction, works: Sequence[Any]) -> Sequence[Any] | None:
        """Do all of these works, and return their results. None if that can't be: each is then done by itself."""


class Store(Protocol):
    """A store. Each method answers or fails within `LIMIT` seconds."""

    @property
    def shared(self) -> bool:
        """Whether other machines may use the same store."""
        ...

    @property
    def failure(self) -> StoreFailed | None:
        """The failure that lasts; None while the store works. A failed store is tried again by itself."""
        ...

    def start(self) -> None:
        """Open the store and bring its tables up to date. Raises `StoreFailed` for the kinds in `FINAL`."""
        ...

    async def close(self) -> None:
        """Finish the work that waits, and close the store."""
        ...

    def change(self, work: Callable[[Transaction], T], *, patient: bool = False) -> Deferred[T]:
        """Run work as one transaction; its result comes once that is durable.

        `patient` work waits up to `PATIENCE` seconds for other work, and shares its commit.

        The work runs in a thread of the store and may run twice, so it only reads, writes and returns. An error that
        it raises undoes this work alone, and comes in place of the result. Fails with `StoreFailed`.
        """
        ...

    def read(self, work: Callable[[Transaction], T]) -> Deferred[T]:
        """Run work that only reads, on one state of the store. Fails with `StoreFailed`."""
        ...


LIMIT = 2.0
"""Seconds in which a store answers or fails."""
PATIENCE = 0.03
"""Seconds that patient work waits for other work."""
