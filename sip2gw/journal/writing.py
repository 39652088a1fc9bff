"""One write, from its row in the journal to the answer of the terminal."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from attrs import define, field
from twisted.internet.defer import CancelledError, Deferred

from sip2gw.concurrency import shielded
from sip2gw.journal.begin import Begun, Behind, Join, New, Repeat
from sip2gw.journal.calling import Outcome, make_call
from sip2gw.journal.codec import Call, Misfit
from sip2gw.journal.crypto import Unreadable
from sip2gw.journal.entry import Write
from sip2gw.journal.journal import Journal
from sip2gw.journal.methods import accepted
from sip2gw.journal.open_rows import holds, joinable, settle_before, settle_row, was_answered
from sip2gw.journal.rows import Stored
from sip2gw.journal.states import Event, State, Told
from sip2gw.journal.terminal_answer import TerminalAnswer
from sip2gw.library import Hears, InDoubt, Library, LibraryError, MayWrite, Unavailable
from sip2gw.secret import Secret

_MOST_BEFORE = 8
"""Older writes on an item that a newer one settles by itself."""
_OLDER_OPEN = "an older write on the same item is not settled yet"


@define(eq=False, repr=False)
class Writing:
    """One write as a terminal asks for it. `heard_from` is called with the nickname of a library that has answered."""

    inner: Library
    journal: Journal
    write: Write
    password: Secret | None
    may_write: MayWrite | None
    hears: Hears | None
    heard_from: Callable[[str], None]
    answer: TerminalAnswer = field(init=False)
    untold: str = ""
    """The key of the row that the terminal asks for, while that row does not have what the terminal is told."""
    fresh: bool = False
    """The write repeats a row whose result no longer holds, so it gets a row of its own."""
    waited_for: str = ""
    """The key of a row whose outcome this process knew, and which was waited for until that was stored."""

    @answer.default
    def _answer(self) -> TerminalAnswer:
        return TerminalAnswer(self.journal, self.write.library, self.hears)

    async def do(self) -> Any:
        """Do the write, and return its result.

        A cancel ends only the wait for it. The terminal then gets a refusal, as after any error, and the row knows.
        """
        try:
            result = await shielded(self._written())
            self.answer.given = True
            return result
        except CancelledError:
            await self.answer.no(self.untold or self.write.key)
            raise
        except LibraryError:
            await self.answer.no(self.untold)
            raise

    async def _written(self) -> Any:
        """Begin the write, and begin it again each time that something which stood in its way is gone."""
        for _ in range(_MOST_BEFORE):
            begun = await self.journal.begin(self.write, fresh=self.fresh)
            if self.answer.refused:
                return await self._left(begun)
            result = await self._result(begun)
            if result is not None:
                return result
        return await self._queued()

    async def _result(self, begun: Begun) -> Any:
        """Return the result of the write; None if it has to begin again."""
        row = begun.row if isinstance(begun, Repeat | Join) else None
        self.untold = "" if row is None else row.key
        self.answer.is_about(self.untold or self.write.key, Told.NOTHING if row is None else row.told)
        match begun:
            case New():
                return await self._sent()
            case Repeat(row):
                return await self._stored_result(row)
            case Join():
                return await self._joined(begun)
            case Behind(oldest):
                return await self._after(oldest)

    async def _stored_result(self, row: Stored) -> Any:
        """Return the stored result of a row; None if the library no longer shows it. Raises `InDoubt` for no result."""
        journal = self.journal
        try:
            call = journal.call(row)
        except (Unreadable, Misfit) as why:
            raise InDoubt(f"the same line was done, and {why}") from None
        try:
            result = journal.result(row)
        except (Unreadable, Misfit):  # the library has it under the same key
            if row.state is State.CLOSED:
                raise InDoubt("a person has closed the same line") from None
            return await self._made(call, row.key, lambda: self._settled(row, call), row.told)
        if not await holds(self.inner, call):
            self._is_new()
            return None
        heard = row.told is Told.OK or not self.answer.can_be_yes
        if not heard and not await self.answer.yes(row.key, Event.TOLD):
            raise InDoubt("the same line was done, and the store does not have the answer")
        return result

    async def _joined(self, join: Join) -> Any:
        """Return the result of the row that is open for the same write; None if this write has to begin again."""
        journal, row = self.journal, join.row
        if was_answered(journal, row, self.waited_for):
            self.waited_for = row.key
            if (sending := journal.in_progress.get(row.key)) is not None:
                await sending.stored.wait()
            return None
        call = await joinable(journal, self.inner, join, self.password)
        if call is None:
            if not join.same_line:
                self.untold = ""  # it is another write: a refusal of this one says nothing of it
            return await self._after(join.oldest)
        if join.oldest.id != row.id:
            return await self._queued_row(row, call)
        return await self._made(call, row.key, lambda: self._settled(row, call), row.told)

    async def _settled(self, row: Stored, call: Call) -> Outcome | None:
        """Settle a row. None if it was done, and the library shows it no longer: staff have had the item since."""
        outcome = await settle_row(self.journal, self.inner, row, call, self.password)
        if outcome.event is not Event.DONE or await holds(self.inner, call):
            return outcome
        await self.journal.outcomes.record(row.library, row.key, Event.DONE, result=outcome.result)
        self._is_new()
        return None

    def _is_new(self) -> None:
        """Note that the write is no repeat, and has to begin again."""
        self.fresh, self.untold = True, ""

    async def _after(self, oldest: Stored) -> Any:
        """Settle the oldest open row on the item first, and return None. If that can't be settled now, queue."""
        if await settle_before(self.journal, self.inner, oldest):
            return None
        return await self._queued()

    async def _left(self, begun: Begun) -> Any:
        """Do nothing: the terminal was told no while its row was looked for. Raises `Unavailable`."""
        match begun:
            case New():
                await self.answer.no(self.write.key, Event.NOT_SENT)
            case Repeat(row) | Join(row):
                await self.answer.no(row.key)
        raise Unavailable("the terminal no longer waits")

    async def _sent(self) -> Any:
        """Send a write that has its row."""
        write = self.write
        return await self._made(
            write.call, write.key, lambda: make_call(self.inner, write.call, self.password)
        )

    async def _made(
        self,
        call: Call,
        key: str,
        make: Callable[[], Coroutine[Any, Any, Outcome | None]],
        told: Told = Told.NOTHING,
    ) -> Any:
        """Make a call with `make`, store its outcome, and return the result; None if `make` has stored it itself.

        `told` is what a terminal was told of this write before. While the same write is in progress here, its outcome
        is waited for instead.
        """
        journal, self.untold = self.journal, key
        while (other := journal.in_progress.get(key)) is not None:
            await other.answered.wait()
            if other.outcome is not None and other.outcome.is_decided:
                self.untold = ""  # the row gets it from the other one
                if other.outcome.event is Event.DONE and self.answer.can_be_yes:
                    Deferred.fromCoroutine(self.answer.shares(key, other))
                return other.outcome.value()
            await other.stored.wait()
        sending, decided = journal.started(key), False
        try:
            outcome = sending.outcome = await make()
            if outcome is None:
                return None
            sending.answered.set()
            if decided := outcome.is_decided:
                self._decided(key, outcome)
                return outcome.value()
            if told is Told.OK and call.method.queues:
                if outcome.event is not Event.NOT_SENT:
                    record = journal.outcomes.record
                    await record(self.write.library, key, outcome.event, reason=outcome.reason)
                return accepted(call.method.name, call.arguments, call.occasion)
            return await self._undecided(call, key, outcome)
        except LibraryError:
            raise
        except BaseException:  # a bug of the adapter: it is not known how far it came
            await self.answer.no(key, Event.LOST)
            raise
        finally:
            if not decided:  # a decided one ends once its outcome is stored
                journal.ended(key)

    def _decided(self, key: str, outcome: Outcome) -> None:
        """Store what the library has decided. The terminal does not wait for that."""
        told = self.answer.if_done if outcome.event is Event.DONE else Told.NO
        self.heard_from(self.write.library)
        self.untold = ""
        self.journal.finish(self.write.library, key, outcome, told, self.answer.knew)

    async def _undecided(self, call: Call, key: str, outcome: Outcome) -> Any:
        """Store that the write is not decided, before the terminal is answered. Return what it is accepted with."""
        event = outcome.event
        if await self._accepts(call):
            later = Event.ACCEPTED if event is Event.NOT_SENT else event
            if await self.answer.yes(key, later, outcome.reason):
                return accepted(call.method.name, call.arguments, call.occasion)
        await self.answer.no(key, event, outcome.reason)
        self.untold = ""
        return outcome.value()

    async def _accepts(self, call: Call) -> bool:
        """Return whether the terminal is told yes for what will be sent later."""
        if not (call.occasion.when_down and call.method.queues):
            return False
        return (self.may_write is None or await self.may_write()) and self.answer.can_be_yes

    async def _queued(self) -> Any:
        """Put a write behind older ones on its item, which can't be settled now; else refuse it."""
        if not self.write.call.occasion.when_down:
            raise Unavailable(_OLDER_OPEN)
        self.answer.is_about(self.write.key)
        begun = await self.journal.begin(self.write, fresh=True, behind=True)
        if not isinstance(begun, New):
            raise Unavailable(_OLDER_OPEN)
        return await self._undecided(self.write.call, self.write.key, _not_sent())

    async def _queued_row(self, row: Stored, call: Call) -> Any:
        """Leave a row behind older ones on its item. Return what it is accepted with."""
        if row.told is Told.OK:
            return accepted(call.method.name, call.arguments, call.occasion)
        return await self._undecided(call, row.key, _not_sent())


def _not_sent() -> Outcome:
    return Outcome(Event.NOT_SENT, error=Unavailable(_OLDER_OPEN))
