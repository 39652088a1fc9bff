"""What became of writes, on its way to the store: at once, or later if the store fails now."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from attrs import define
from twisted.logger import Logger
from twisted.python.failure import Failure

from sip2gw.journal import rows
from sip2gw.journal.calling import Outcome
from sip2gw.journal.content import sealed_result
from sip2gw.journal.crypto import Keys
from sip2gw.journal.grouped import Finish
from sip2gw.journal.rows import Stored
from sip2gw.journal.states import FOR_PEOPLE, WHAT_TOLD, Event, State, Told, after, answered
from sip2gw.store.port import Store, StoreFailed, Transaction

_LOOKS = 4
"""Beats of the journal for which a row that is not there is looked for: longer than a change of the store lasts."""


@define(eq=False, repr=False)
class _Move:
    """A change of a row, which may stay open."""

    library: str
    key: str
    event: Event
    told: Told
    reason: str = ""
    outcome: bytes | None = None
    wait: float = 1.0
    knew: Told = Told.NOTHING
    looks: int = 0
    """How often it is tried again if its row is not there: that may still be on its way to the store."""

    def __call__(self, tx: Transaction) -> Stored | None:
        """Move the row, and return it as it was before."""
        return rows.move(
            tx,
            self.library,
            self.key,
            self.event,
            self.told,
            knew=self.knew,
            reason=self.reason,
            outcome=self.outcome,
            wait=self.wait,
        )


class Outcomes:
    """The outcomes of one process's writes. A row that needs a person from then on is logged."""

    log = Logger()

    def __init__(self, store: Store, keys: Keys) -> None:
        self._store = store
        self._keys = keys
        self._unstored: list[_Move | Finish] = []

    async def record(
        self,
        library: str,
        key: str,
        event: Event,
        told: Told = Told.NOTHING,
        *,
        knew: Told = Told.NOTHING,
        reason: str = "",
        result: Any = None,
        wait: float = 1.0,
    ) -> bool:
        """Store what became of a write; later, if the store fails now. Return whether it is stored.

        `knew` is as in `states.answered`.
        """
        outcome = sealed_result(self._keys, library, key, result)
        move = _Move(library, key, event, told, reason, outcome, wait, knew)
        if any(one.key == key for one in self._unstored):  # what came before is stored before
            self._unstored.append(move)
            return False
        try:
            before = await self._store.change(move)
        except StoreFailed:
            self._unstored.append(move)
            return False
        self._tell_of(before, move)
        return True

    def finish(
        self, library: str, key: str, outcome: Outcome, told: Told, knew: Told, stored: Callable[[], object]
    ) -> None:
        """Store what a library has decided, with other outcomes; later, if the store fails now. Then call `stored`.

        Until it is stored, the row says no more than that the write may be done.
        """
        finish = Finish(library, key, outcome.event, told, outcome.reason, outcome.result, self._keys, knew)

        def done(before: Stored | None) -> None:
            self._tell_of(before, finish)
            stored()

        def failed(failure: Failure) -> None:
            if isinstance(failure.value, StoreFailed):
                self._unstored.append(finish)
            else:
                self.log.failure("the outcome of a write could not be stored", failure)
            stored()

        self._store.change(finish, patient=True).addCallbacks(done, failed)

    def store_later(self, library: str, key: str, event: Event, told: Told) -> None:
        """Store what became of a write once the store works again. Its row may come later than that."""
        self._unstored.append(_Move(library, key, event, told, looks=_LOOKS))

    async def store_the_rest(self) -> None:
        """Store what could not be stored, in its order. Raises `StoreFailed`."""
        for move in tuple(self._unstored):
            before = await self._store.change(move)
            if before is None and isinstance(move, _Move) and move.looks:
                move.looks -= 1
                continue
            if move in self._unstored:  # else it was stored from elsewhere meanwhile
                self._unstored.remove(move)
            self._tell_of(before, move)

    def _tell_of(self, before: Stored | None, move: _Move | Finish) -> None:
        if before is not None:
            answer = answered(move.event, before.told, move.told, move.knew)
            self.tell_of(before, move.event, answer, move.reason)

    def tell_of(self, before: Stored, event: Event, told: Told, reason: str = "") -> None:
        """Log a row that needs a person from this event on. `told` is what the terminal was told so far."""
        state = after(before.state, event, told)
        if state is not before.state and state in FOR_PEOPLE:
            self.log.warn(
                "journal: {library}: a {operation} of terminal {terminal} needs a person ({state}: {reason}); "
                "number {number}",
                library=before.library,
                operation=before.method,
                terminal=before.terminal,
                state=state.value,
                reason=reason or (f"done, and {WHAT_TOLD[told]}" if state is State.MISMATCH else "given up"),
                number=before.id,
            )
