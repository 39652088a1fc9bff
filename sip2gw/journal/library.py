"""A library around a library: reads pass through, and each write is in the journal before its first byte goes out."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from attrs import evolve, field, frozen
from twisted.internet.defer import CancelledError, Deferred
from twisted.logger import Logger

from sip2gw.journal.codec import Call, Misfit
from sip2gw.journal.crypto import Unreadable
from sip2gw.journal.journal import Journal
from sip2gw.journal.methods import METHODS, Method, accepted
from sip2gw.journal.rows import Behind, Entry, Join, New, Repeat, Stored
from sip2gw.journal.settling import Settled, ask, settle
from sip2gw.journal.states import Event, State, Told
from sip2gw.journal.still import still_so
from sip2gw.library import Library, LibraryError, PasswordCheck, Refused, Still, Unavailable
from sip2gw.secret import Secret

_log = Logger()
_MOST_BEFORE = 8
"""Older writes on an item that a newer one settles by itself."""


@frozen(repr=False)
class Context:
    """What is the same for all requests of one account."""

    journal: Journal
    account: str
    account_tag: bytes
    """The keyed digest of the account's name."""
    heard_from: Callable[[str], None]
    """Called with the nickname of a library that has answered a write."""


@frozen(repr=False)
class _Asked:
    """One write as a terminal asks for it."""

    call: Call
    password: Secret | None
    entry: Entry


@frozen(repr=False)
class _Waiter:
    """Whether the terminal still waits for the outcome."""

    gone: list[bool] = field(factory=list)

    @property
    def told(self) -> Told:
        """What the terminal is told by a result."""
        return Told.NOTHING if self.gone else Told.OK


def _write(name: str) -> Callable[..., Coroutine[Any, Any, Any]]:
    """Return the method of this name of the port, as the journal does it."""
    method = METHODS[name]

    def write(self: JournaledLibrary, *args: Any, **kwargs: Any) -> Coroutine[Any, Any, Any]:
        return self._write(method, args, kwargs)

    write.__name__ = name
    write.__doc__ = f"See `Library.{name}`."
    return write


class JournaledLibrary:
    """One library, opened with one account, for one request or several. Satisfies `library.Library`."""

    def __init__(
        self,
        inner: Library,
        context: Context,
        identifiers: tuple[str, ...] = (),
        still: Still | None = None,
    ) -> None:
        self._inner, self._context, self._identifiers, self._still = inner, context, identifiers, still
        self._journal = context.journal
        # Reads are the library's own methods: they cost nothing here.
        self.patron, self.item, self.language_of = inner.patron, inner.item, inner.language_of
        self.rules, self.fresh_rules, self.confirm = inner.rules, inner.fresh_rules, inner.confirm

    lend, renew, renew_all = _write("lend"), _write("renew"), _write("renew_all")
    take_back, undo_loan, undo_return = _write("take_back"), _write("undo_loan"), _write("undo_return")
    place_hold, change_hold, cancel_hold = _write("place_hold"), _write("change_hold"), _write("cancel_hold")
    pay, block, enable, update_item = _write("pay"), _write("block"), _write("enable"), _write("update_item")

    def __repr__(self) -> str:
        return f"<JournaledLibrary {self.nickname}>"

    @property
    def nickname(self) -> str:
        """See `Library.nickname`."""
        return self._inner.nickname

    def reading(self, identifiers: tuple[str, ...]) -> JournaledLibrary:
        """See `Library.reading`."""
        return JournaledLibrary(self._inner.reading(identifiers), self._context, identifiers, self._still)

    def within(self, seconds: float, still: Still | None = None) -> JournaledLibrary:
        """See `Library.within`."""
        return JournaledLibrary(self._inner.within(seconds, still), self._context, self._identifiers, still)

    async def reachable(self) -> bool:
        """See `Library.reachable`. Without the store no write is taken."""
        return self._journal.works and await self._inner.reachable()

    def in_background(self) -> JournaledLibrary:
        """See `Library.in_background`."""
        return JournaledLibrary(self._inner.in_background(), self._context, self._identifiers, self._still)

    def accepts_later(self) -> bool:
        """See `Library.accepts_later`."""
        return self._journal.works

    # -- writes

    async def _write(self, method: Method, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Do a write. The wait for it may be cancelled; the write itself then goes on to its end."""
        arguments = dict(zip(method.names, args, strict=False)) | kwargs
        occasion, password = arguments.pop("occasion"), arguments.pop("password", None)
        line, account = occasion.line, self._context.account
        occasion = evolve(occasion, line=b"", password_entered=bool(password))
        call = Call(
            method,
            arguments,
            occasion,
            self._identifiers,
            self._context.account_tag,
        )
        entry = self._journal.entry(self.nickname, call, line=line, account=account)
        waiter = _Waiter()
        return await _uncancelled(self._written(_Asked(call, password, entry), waiter), waiter)

    async def _written(self, asked: _Asked, waiter: _Waiter) -> Any:
        """Begin the write as often as older ones have to be settled before."""
        journal, entry = self._journal, asked.entry
        fresh, landed = False, ""
        for _ in range(_MOST_BEFORE):
            begun = await journal.begin(entry, fresh=fresh)
            match begun:
                case New():
                    return await self._sent(asked, waiter)
                case Repeat(row):
                    again = await self._again(row)
                    if again is not None:
                        return again
                    fresh = True
                case Join(row) if self._was_answered(row, landed):
                    landed = row.key
                    if (flight := journal.flights.get(row.key)) is not None:
                        await flight.stored.passed()
                case Join() if (call := await self._joinable(asked, begun)) is not None:
                    return await self._joined(asked, begun, call, waiter)
                case Join(first=first) | Behind(first):
                    if not await self._settled_before(first):
                        break
        return await self._queued(asked, waiter)

    def _was_answered(self, row: Stored, before: str) -> bool:
        """Return whether this process knows the outcome of a row, which was only not stored when it was read.

        A row that was waited for `before` is settled: its outcome could not be stored.
        """
        if row.state is not State.SENT or row.key == before:
            return False
        flight = self._journal.flights.get(row.key)
        return flight is None or flight.settled is not None

    async def _again(self, row: Stored) -> Any:
        """Return the stored result of a repeat; None if it no longer holds."""
        journal = self._journal
        try:
            call, result = journal.call(row), journal.result(row)
        except (Unreadable, Misfit):
            return None
        if not await still_so(self._inner, call):
            return None
        if row.told is not Told.OK:
            await journal.record(row.library, row.key, Event.TOLD, Told.OK)
        return result

    async def _sent(self, asked: _Asked, waiter: _Waiter) -> Any:
        """Send a write that has its row."""
        journal, entry = self._journal, asked.entry
        if waiter.gone:
            await journal.record(entry.library, entry.key, Event.NOT_SENT)
            raise Unavailable("the terminal is gone")
        return await self._flown(
            asked.call, entry.key, lambda: ask(self._inner, asked.call, asked.password), waiter
        )

    async def _flown(
        self,
        call: Call,
        key: str,
        asking: Callable[[], Coroutine[Any, Any, Settled]],
        waiter: _Waiter,
        told: Told = Told.NOTHING,
    ) -> Any:
        """Return what comes of asking, and store it. `told` is what a terminal was told of this write before.

        While the same write is in progress here, its outcome is waited for instead.
        """
        journal = self._journal
        while (other := journal.flights.get(key)) is not None:
            await other.answered.passed()
            if other.settled is not None and other.settled.is_decided:
                return other.settled.value()
            await other.stored.passed()
        flight, decided = journal.fly(key), False
        try:
            settled = flight.settled = await asking()
            flight.answered.open()
            if decided := settled.is_decided:
                self._decided(key, settled, waiter)
                return settled.value()
            if told is Told.OK:
                return accepted(call.method.name, call.arguments, call.occasion)
            return await self._undecided(call, key, settled, waiter)
        except LibraryError:
            raise
        except BaseException:  # a bug of the adapter: it is not known how far it came
            await journal.record(self.nickname, key, Event.LOST, Told.NO)
            raise
        finally:
            if not decided:
                journal.land(key)

    def _decided(self, key: str, settled: Settled, waiter: _Waiter) -> None:
        """Store what the library has decided. The terminal does not wait for that."""
        library, told = self.nickname, waiter.told if settled.event is Event.DONE else _no(waiter)
        self._context.heard_from(library)

        async def stored() -> None:
            try:
                await self._journal.record(
                    library, key, settled.event, told, reason=settled.reason, result=settled.result
                )
            finally:
                self._journal.land(key)

        Deferred.fromCoroutine(stored()).addErrback(
            lambda bug: _log.failure("the outcome of a write could not be stored", failure=bug)
        )

    async def _undecided(self, call: Call, key: str, settled: Settled, waiter: _Waiter) -> Any:
        """Store that the write is not decided, before the terminal is answered. Return what it is accepted with."""
        journal, library, event = self._journal, self.nickname, settled.event
        if await self._accepts(call, waiter):
            later = Event.ACCEPTED if event is Event.NOT_SENT else event
            if await journal.record(library, key, later, Told.OK):
                return accepted(call.method.name, call.arguments, call.occasion)
        await journal.record(library, key, event, _no(waiter))
        return settled.value()

    async def _accepts(self, call: Call, waiter: _Waiter) -> bool:
        """Return whether the terminal is told yes for what will be sent later."""
        if not (call.occasion.when_down and call.method.queues) or waiter.gone:
            return False
        return self._still is None or await self._still()

    async def _queued(self, asked: _Asked, waiter: _Waiter) -> Any:
        """Put a write behind older ones on its item, which can't be settled now; else refuse it."""
        error = Unavailable("an older write on the same item is not settled yet")
        if not asked.call.occasion.when_down:
            raise error
        begun = await self._journal.begin(asked.entry, fresh=True, behind=True)
        if not isinstance(begun, New):
            raise error
        settled = Settled(Event.NOT_SENT, error=error)
        return await self._undecided(asked.call, asked.entry.key, settled, waiter)

    # -- writes that are open

    async def _joinable(self, asked: _Asked, join: Join) -> Call | None:
        """Return the call of the row if this write is the same one. A password that was entered again is checked."""
        try:
            call = self._journal.call(join.row)
        except (Unreadable, Misfit):
            return None
        if join.same_line:
            return call
        if call.occasion.no_block or call.occasion.password_entered != bool(asked.password):
            return None
        if asked.password is not None:
            found = await self._inner.patron(call.arguments["patron_id"], password=asked.password)
            if found.password is not PasswordCheck.RIGHT:
                raise Refused("password_wrong")
        return call

    async def _joined(self, asked: _Asked, join: Join, call: Call, waiter: _Waiter) -> Any:
        """Settle a row for a terminal that asks for the same write again."""
        row = join.row
        if join.first.id != row.id:
            error = Unavailable("an older write on the same item is open")
            if row.told is Told.OK:
                return accepted(call.method.name, call.arguments, call.occasion)
            return await self._undecided(call, row.key, Settled(Event.NOT_SENT, error=error), waiter)
        return await self._flown(
            call, row.key, lambda: self._settle(row, call, asked.password), waiter, row.told
        )

    async def _settled_before(self, row: Stored) -> bool:
        """Settle an older row on the item. Return whether it is out of the way."""
        journal = self._journal
        if (flight := journal.flights.get(row.key)) is not None:
            await flight.stored.passed()
            return True
        try:
            call = journal.call(row)
        except (Unreadable, Misfit):
            return False
        settled = await self._settle(row, call, None)
        await journal.record(
            row.library, row.key, settled.event, reason=settled.reason, result=settled.result
        )
        return settled.is_decided

    async def _settle(self, row: Stored, call: Call, password: Secret | None) -> Settled:
        age = max(self._journal.now() - row.created, 0.0)
        return await settle(self._inner, call, told=row.told, age=age, password=password)


def _no(waiter: _Waiter) -> Told:
    return Told.NOTHING if waiter.gone else Told.NO


def _uncancelled(writing: Coroutine[Any, Any, Any], waiter: _Waiter) -> Deferred[Any]:
    """Return the outcome of a write. A cancel ends only the wait for it."""

    def cancel(waiting: Deferred[Any]) -> None:
        waiter.gone.append(True)
        waiting.errback(CancelledError())

    waiting: Deferred[Any] = Deferred(cancel)

    def over(result: Any) -> None:
        if not waiting.called:
            waiting.callback(result)

    Deferred.fromCoroutine(writing).addBoth(over)
    return waiting
