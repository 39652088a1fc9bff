"""Librarika as a `Library`: each method is one operation of the API's contract, and makes one call.

The methods are in the modules of the nouns: patrons, items, loans and holds.
"""

from __future__ import annotations

from collections.abc import Coroutine, Sequence
from typing import Any, Self

from sip2gw.librarika.holds import Holds
from sip2gw.librarika.items import Items
from sip2gw.librarika.labels import Labels
from sip2gw.librarika.loans import Loans
from sip2gw.librarika.patrons import Patrons
from sip2gw.library import Hears, Made, MayWrite, Rules


class LibrarikaLibrary(Patrons, Items, Loans, Holds):
    """One library, opened with one account. Satisfies `library.Library`; most methods come from the nouns."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"<LibrarikaLibrary {self.nickname}>"

    @property
    def nickname(self) -> str:
        """See `Library.nickname`."""
        return self._calls.account.api.nickname

    @property
    def calls_made(self) -> Sequence[Made]:
        """See `Library.calls_made`."""
        return self._calls.made if self._calls.made is not None else ()

    def reading(self, identifiers: tuple[str, ...]) -> Self:
        """See `Library.reading`."""
        return self if identifiers == self._labels.kinds else type(self)(self._calls, Labels(identifiers))

    def within(self, seconds: float, may_write: MayWrite | None = None, hears: Hears | None = None) -> Self:
        """See `Library.within`."""
        del hears
        return type(self)(self._calls.within(seconds, may_write), self._labels)

    async def denied(self) -> None:
        """See `Library.denied`. Nothing here keeps what a terminal was told."""

    def in_background(self) -> Self:
        """See `Library.in_background`."""
        return type(self)(self._calls.in_background(), self._labels)

    def accepts_later(self) -> bool:
        """See `Library.accepts_later`."""
        return False

    def language_of(self, patron_id: str) -> str:
        """See `Library.language_of`."""
        return self._calls.languages.of(patron_id)

    def fresh_rules(self) -> Rules | None:
        """See `Library.fresh_rules`."""
        return self._calls.rules_cache.fresh

    def rules(self) -> Coroutine[Any, Any, Rules]:
        """See `Library.rules`."""
        return self._calls.rules()

    async def confirm(self) -> Rules:
        """See `Library.confirm`."""
        return await self._calls.rules_cache.confirm(self._calls.until)

    async def reachable(self) -> bool:
        """See `Library.reachable`."""
        return await self._calls.account.api.health.reachable()
