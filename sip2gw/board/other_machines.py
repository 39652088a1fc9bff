"""The other machines on the board: which of them has a terminal, and how an operator forgets one that is gone."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol

from sip2gw.board import audit
from sip2gw.board.source import Asked, Done, NotPossible
from sip2gw.store.port import Transaction


class Others(Protocol):
    """The machines that share the store."""

    def machine_of(self, session: str) -> str:
        """Return the name of the other machine that has a session; "" if none is known."""
        ...

    def forget(self, id_: str, note: Callable[[Transaction, str], None]) -> Awaitable[str]:
        """Delete the row of a silent machine, and return its name; "" if it is not silent, or not there.

        `note` is called in the same transaction with the name. Raises `StoreFailed`.
        """
        ...


class MachinePages:
    """What the board does with `others`; None if this gateway has a store of its own."""

    def __init__(self, others: Others | None) -> None:
        self._others = others

    def of_session(self, session: str) -> str:
        """Return the name of the other machine that has a session; "" if none is known."""
        return self._others.machine_of(session) if self._others is not None else ""

    async def forget(self, asked: Asked) -> Done:
        """Forget a silent machine, which does not come back."""
        who, why = asked.visitor.name, asked.value("why")

        def note(tx: Transaction, name: str) -> None:
            audit.enter(tx, who, "machine forgotten", name, why)

        name = await self._others.forget(asked.path[0], note) if self._others is not None else ""
        if not name:
            raise NotPossible("the machine is not silent, or is forgotten already: load the first page again")
        return Done("/board/", f"{name} is forgotten.")
