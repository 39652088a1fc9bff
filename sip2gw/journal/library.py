"""A library around a library: reads pass through, and each write is in the journal before its first byte goes out."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from attrs import evolve, frozen

from sip2gw.journal.codec import Call
from sip2gw.journal.entry import Write
from sip2gw.journal.journal import Journal
from sip2gw.journal.methods import METHODS, Method
from sip2gw.journal.writing import Writing
from sip2gw.library import Hears, Library, MayWrite


@frozen(repr=False)
class Context:
    """What is the same for all requests of one account."""

    journal: Journal
    account: str
    account_tag: bytes
    """The keyed digest of the account's name."""
    heard_from: Callable[[str], None]
    """Called with the nickname of a library that has answered a write."""


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

    __slots__ = (
        "_context", "_hears", "_identifiers", "_inner", "_journal", "_may_write", "_writing", "calls_made", "confirm",
        "fresh_rules", "item", "language_of", "nickname", "patron", "rules",
    )  # fmt: skip

    def __init__(
        self,
        inner: Library,
        context: Context,
        identifiers: tuple[str, ...] = (),
        may_write: MayWrite | None = None,
        hears: Hears | None = None,
    ) -> None:
        self._inner, self._context, self._identifiers = inner, context, identifiers
        self._may_write, self._hears = may_write, hears
        self._writing: Writing | None = None
        self._journal = context.journal
        # Reads are the library's own methods: they cost nothing here.
        self.patron, self.item, self.language_of = inner.patron, inner.item, inner.language_of
        self.calls_made, self.nickname = inner.calls_made, inner.nickname
        self.rules, self.fresh_rules, self.confirm = inner.rules, inner.fresh_rules, inner.confirm

    lend, renew, renew_all = _write("lend"), _write("renew"), _write("renew_all")
    take_back, undo_loan, undo_return = _write("take_back"), _write("undo_loan"), _write("undo_return")
    place_hold, change_hold, cancel_hold = _write("place_hold"), _write("change_hold"), _write("cancel_hold")
    pay, block, enable, update_item = _write("pay"), _write("block"), _write("enable"), _write("update_item")

    def __repr__(self) -> str:
        return f"<JournaledLibrary {self.nickname}>"

    def reading(self, identifiers: tuple[str, ...]) -> JournaledLibrary:
        """See `Library.reading`."""
        inner = self._inner.reading(identifiers)
        return JournaledLibrary(inner, self._context, identifiers, self._may_write, self._hears)

    def within(
        self, seconds: float, may_write: MayWrite | None = None, hears: Hears | None = None
    ) -> JournaledLibrary:
        """See `Library.within`."""
        inner = self._inner.within(seconds, may_write, hears)
        return JournaledLibrary(inner, self._context, self._identifiers, may_write, hears)

    async def denied(self) -> None:
        """See `Library.denied`."""
        if self._writing is not None:
            await self._writing.answer.denied()

    async def reachable(self) -> bool:
        """See `Library.reachable`. Without the store no write is taken."""
        return self._journal.works and await self._inner.reachable()

    def in_background(self) -> JournaledLibrary:
        """See `Library.in_background`."""
        return JournaledLibrary(
            self._inner.in_background(), self._context, self._identifiers, self._may_write
        )

    def accepts_later(self) -> bool:
        """See `Library.accepts_later`."""
        return self._journal.works

    async def _write(self, method: Method, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Do a write. The wait for it may be cancelled; the write itself then goes on to its end."""
        context = self._context
        arguments = dict(zip(method.names, args, strict=False)) | kwargs
        occasion, password = arguments.pop("occasion"), arguments.pop("password", None)
        if password:
            occasion = evolve(occasion, password_entered=True)
        call = Call(method, arguments, occasion, self._identifiers, context.account_tag)
        write = Write(self.nickname, call, self._journal.keys, context.account)
        self._writing = Writing(
            self._inner, self._journal, write, password, self._may_write, self._hears, context.heard_from
        )
        return await self._writing.do()
