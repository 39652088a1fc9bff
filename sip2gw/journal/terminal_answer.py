"""What the terminal of one write is told, as the row has it."""

from __future__ import annotations

from attrs import define

from sip2gw.journal.in_progress import InProgress
from sip2gw.journal.outcomes import Outcomes
from sip2gw.journal.states import Event, Told


@define(eq=False, repr=False)
class TerminalAnswer:
    """The answer to one terminal. `outcomes` stores it in the row of a write of `library`."""

    outcomes: Outcomes
    library: str
    refused: bool = False
    """The terminal was told no, or that the outcome is not known, however the write ends."""
    _yes: bool = False
    """A yes is stored, or is being stored."""

    async def no(self, key: str) -> None:
        """Store that the terminal is told no, in the row with this key; empty if there is none."""
        self.refused = True
        if key:
            event = Event.DENIED if self._yes else Event.TOLD
            await self.outcomes.record(self.library, key, event, Told.NO)

    async def yes(self, key: str, event: Event, reason: str = "") -> bool:
        """Store that the terminal is told yes. Return whether it is: the store may fail, or its time be over."""
        self._yes = True
        stored = await self.outcomes.record(self.library, key, event, Told.OK, reason=reason)
        if stored and not self.refused:
            return True
        # The yes may be stored all the same.
        await self.outcomes.record(self.library, key, Event.DENIED, Told.NO)
        return False

    async def shares(self, key: str, other: InProgress) -> None:
        """Store that this terminal is told yes as well: the other one may have given up, and have a no in the row."""
        await other.stored.wait()
        await self.outcomes.record(self.library, key, Event.TOLD, Told.OK)
