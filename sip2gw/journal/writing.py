"""One write, from its row in the journal to the answer of the terminal."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from attrs import define
from twisted.internet.defer import CancelledError

from sip2gw.concurrency import shielded
from sip2gw.journal.begin import Begun, Behind, Join, New, Repeat
from sip2gw.journal.codec import Call, Misfit
from sip2gw.journal.crypto import Unreadable
from sip2gw.journal.entry import Write
from sip2gw.journal.journal import Journal
from sip2gw.journal.methods import accepted
from sip2gw.journal.open_rows import joinable, settle_before, settle_row, was_answered
from sip2gw.journal.rows import Stored
from sip2gw.journal.settling import Settled, ask
from sip2gw.journal.states import Event, Told
from sip2gw.library import Library, LibraryError, MayWrite, Unavailable
from sip2gw.library.still_shown import still_shown
from sip2gw.secret import Secret

_MOST_BEFORE = 8
"""Older writes on an item that a newer one settles by itself."""


@define(eq=False, repr=False)
class Writing:
    """One write as a terminal asks for it. `heard_from` is called with the nickname of a library that has answered."""

    inner: Library
    journal: Journal
    write: Write
    password: Secret | None
    may_write: MayWrite | None
    heard_from: Callable[[str], None]
    refused: bool = False
    """The terminal was told no, or that the outcome is not known, however the write ends."""
    untold: str = ""
    """The key of the row that the terminal asks for, while that row does not have what the terminal is told."""

    async def outcome(self) -> Any:
        """Do the write, and return its outcome.

        A cancel ends only the wait for it. The terminal then gets a refusal, as after any error, and the row knows.
        """
        try:
            return await shielded(self._written())
        except CancelledError:
            await self._refuse(self.untold or self.write.key)
            raise
        except LibraryError:
            await self._refuse(self.untold)
            raise

    async def _refuse(self, key: str) -> None:
        """Store in the row with this key, if there is one, that the terminal is told no."""
        self.refused = True
        if key:
            await self.journal.outcomes.record(self.write.library, key, Event.TOLD, Told.NO)

    async def _written(self) -> Any:
        """Begin the write as often as older ones have to be settled before."""
        journal = self.journal
        fresh, landed = False, ""
        for _ in range(_MOST_BEFORE):
            begun = await journal.begin(self.write, fresh=fresh)
            if self.refused:
                return await self._left(begun)
            self.untold = begun.row.key if isinstance(begun, Repeat | Join) else ""
            match begun:
                case New():
                    return await self._sent()
                case Repeat(row):
                    again = await self._again(row)
                    if again is not None:
                        return again
                    fresh, self.untold = True, ""
                case Join(row) if was_answered(journal, row, landed):
                    landed = row.key
                    if (flight := journal.flights.get(row.key)) is not None:
                        await flight.stored.passed()
                case Join() if (
                    call := await joinable(journal, self.inner, begun, self.password)
                ) is not None:
                    return await self._joined(begun, call)
                case Join(first=first) | Behind(first):
                    if not await settle_before(journal, self.inner, first):
                        break
        return await self._queued()

    async def _again(self, row: Stored) -> Any:
        """Return the stored result of a repeat; None if it no longer holds."""
        journal = self.journal
        try:
            call, result = journal.call(row), journal.result(row)
        except (Unreadable, Misfit):
            return None
        named = call.arguments
        item_id, patron_id = named.get("item_id") or "", named.get("patron_id") or ""
        if not await still_shown(self.inner, call.method.name, item_id, patron_id):
            return None
        if row.told is not Told.OK and not self.refused:
            await journal.outcomes.record(row.library, row.key, Event.TOLD, Told.OK)
        return result

    async def _left(self, begun: Begun) -> Any:
        """Do nothing: the terminal was told no while its row was looked for. Raises `Unavailable`."""
        record, library = self.journal.outcomes.record, self.write.library
        match begun:
            case New():
                await record(library, self.write.key, Event.NOT_SENT, Told.NO)
            case Repeat(row) | Join(row):
                await record(library, row.key, Event.TOLD, Told.NO)
        raise Unavailable("the terminal no longer waits")

    async def _sent(self) -> Any:
        """Send a write that has its row."""
        write = self.write
        return await self._flown(write.call, write.key, lambda: ask(self.inner, write.call, self.password))

    async def _flown(
        self,
        call: Call,
        key: str,
        asking: Callable[[], Coroutine[Any, Any, Settled]],
        told: Told = Told.NOTHING,
    ) -> Any:
        """Return what comes of asking, and store it. `told` is what a terminal was told of this write before.

        While the same write is in progress here, its outcome is waited for instead.
        """
        journal, self.untold = self.journal, key
        while (other := journal.flights.get(key)) is not None:
            await other.answered.passed()
            if other.settled is not None and other.settled.is_decided:
                self.untold = ""  # the row gets it from the other one
                return other.settled.value()
            await other.stored.passed()
        flight, decided = journal.fly(key), False
        try:
            settled = flight.settled = await asking()
            flight.answered.open()
            if decided := settled.is_decided:
                self._decided(key, settled)
                return settled.value()
            if told is Told.OK:
                return accepted(call.method.name, call.arguments, call.occasion)
            return await self._undecided(call, key, settled)
        except LibraryError:
            raise
        except BaseException:  # a bug of the adapter: it is not known how far it came
            await journal.outcomes.record(self.write.library, key, Event.LOST, Told.NO)
            raise
        finally:
            if not decided:
                journal.land(key)

    def _decided(self, key: str, settled: Settled) -> None:
        """Store what the library has decided. The terminal does not wait for that."""
        told = Told.OK if settled.event is Event.DONE and not self.refused else Told.NO
        self.heard_from(self.write.library)
        self.untold = ""
        self.journal.finish(self.write.library, key, settled, told)

    async def _undecided(self, call: Call, key: str, settled: Settled) -> Any:
        """Store that the write is not decided, before the terminal is answered. Return what it is accepted with."""
        journal, library, event = self.journal, self.write.library, settled.event
        if await self._accepts(call):
            later = Event.ACCEPTED if event is Event.NOT_SENT else event
            if await journal.outcomes.record(library, key, later, Told.OK):
                return accepted(call.method.name, call.arguments, call.occasion)
        await journal.outcomes.record(library, key, event, Told.NO)
        self.untold = ""
        return settled.value()

    async def _accepts(self, call: Call) -> bool:
        """Return whether the terminal is told yes for what will be sent later."""
        if not (call.occasion.when_down and call.method.queues):
            return False
        return (self.may_write is None or await self.may_write()) and not self.refused

    async def _queued(self) -> Any:
        """Put a write behind older ones on its item, which can't be settled now; else refuse it."""
        error = Unavailable("an older write on the same item is not settled yet")
        if not self.write.call.occasion.when_down:
            raise error
        begun = await self.journal.begin(self.write, fresh=True, behind=True)
        if not isinstance(begun, New):
            raise error
        settled = Settled(Event.NOT_SENT, error=error)
        return await self._undecided(self.write.call, self.write.key, settled)

    async def _joined(self, join: Join, call: Call) -> Any:
        """Settle a row for a terminal that asks for the same write again."""
        row = join.row
        if join.first.id != row.id:
            error = Unavailable("an older write on the same item is open")
            if row.told is Told.OK:
                return accepted(call.method.name, call.arguments, call.occasion)
            return await self._undecided(call, row.key, Settled(Event.NOT_SENT, error=error))
        return await self._flown(
            call,
            row.key,
            lambda: settle_row(self.journal, self.inner, row, call, self.password),
            row.told,
        )
