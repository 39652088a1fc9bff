"""What the terminal of one write is told, as the row has it."""

from __future__ import annotations

from attrs import define

from sip2gw.journal.in_progress import InProgress
from sip2gw.journal.journal import Journal
from sip2gw.journal.states import Event, Told
from sip2gw.library import Hears


@define(eq=False, repr=False)
class TerminalAnswer:
    """The answer to one terminal, as it is stored in the row of a write of `library`."""

    journal: Journal
    library: str
    hears: Hears | None
    refused: bool = False
    """The answer is a no, or that the outcome is not known, however the write ends."""
    knew: Told = Told.NOTHING
    """What the row said that a terminal was told, when it was read for this one."""
    given: bool = False
    """The write has returned its result."""
    _about: str = ""
    """The key of the row."""
    _no: Told = Told.NO
    """What the terminal was told by a no: nothing, if its connection had ended."""

    def is_about(self, key: str, knew: Told = Told.NOTHING) -> None:
        """Begin with the row with this key, which says that a terminal was told `knew`."""
        self._about, self.knew = key, knew

    @property
    def can_be_yes(self) -> bool:
        """Whether a yes reaches the terminal, as far as is known."""
        return not self.refused and self._is_there

    @property
    def if_done(self) -> Told:
        """What the terminal is told if its write is done."""
        if self.refused:
            return self._no
        return Told.OK if self._is_there else Told.NOTHING

    @property
    def _is_there(self) -> bool:
        return self.hears is None or self.hears()

    async def no(self, key: str, event: Event = Event.TOLD, reason: str = "") -> None:
        """Store that the terminal is told no, if it hears that, in the row with this key; empty if there is none."""
        if not self.refused:
            self.refused, self._no = True, Told.NO if self._is_there else Told.NOTHING
        if key:
            await self.journal.outcomes.record(self.library, key, event, self._no, reason=reason)

    async def denied(self) -> None:
        """Store that the terminal is told no, if the write has returned its result."""
        if self.given and not self.refused:
            if (sending := self.journal.in_progress.get(self._about)) is not None:
                await sending.stored.wait()  # the yes comes first
            await self._not_yes(self._about)

    async def yes(self, key: str, event: Event, reason: str = "") -> bool:
        """Store that the terminal is told yes. Return whether it is: the store may fail, or its time be over."""
        stored = await self.journal.outcomes.record(
            self.library, key, event, Told.OK, knew=self.knew, reason=reason
        )
        if stored and not self.refused:
            return True
        # The yes may be stored all the same.
        await self._not_yes(key)
        return False

    async def _not_yes(self, key: str) -> None:
        """Take back the yes in the row, whether the terminal hears that or not."""
        self.refused, self._no = True, Told.NO
        await self.no(key)

    async def shares(self, key: str, other: InProgress) -> None:
        """Store that this terminal is told yes as well: the other one may have given up, and have a no in the row."""
        await other.stored.wait()
        await self.journal.outcomes.record(self.library, key, Event.TOLD, Told.OK)
