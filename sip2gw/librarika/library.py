"""Librarika as a `Library`: each method is one operation of the contract, and each operation is one call.

The nouns are beside it: what a call says of patrons, items, loans and holds, and what its answer means.
"""

from __future__ import annotations

from typing import Self

from sip2gw.librarika.calls import Calls
from sip2gw.librarika.holds import Holds
from sip2gw.librarika.identifiers import ORDER, Labels
from sip2gw.librarika.items import Items
from sip2gw.librarika.loans import Loans
from sip2gw.librarika.patrons import Patrons
from sip2gw.library import Rules, Still


class LibrarikaLibrary:
    """One library, opened with one account. Satisfies `library.Library`."""

    def __init__(self, calls: Calls, kinds: tuple[str, ...] = ORDER) -> None:
        # The port's methods are those of the nouns; none of them is passed on by hand.
        self._calls, self._kinds = calls, kinds
        labels = Labels(kinds)
        patrons, items = Patrons(calls), Items(calls, labels)
        loans, holds = Loans(calls, labels), Holds(calls, labels)
        self.patron, self.block, self.enable, self.pay = (
            patrons.patron,
            patrons.block,
            patrons.enable,
            patrons.pay,
        )
        self.item, self.update_item = items.item, items.update_item
        self.lend, self.take_back = loans.lend, loans.take_back
        self.undo_loan, self.undo_return = loans.undo_loan, loans.undo_return
        self.renew, self.renew_all = loans.renew, loans.renew_all
        self.place_hold, self.change_hold, self.cancel_hold = (
            holds.place_hold,
            holds.change_hold,
            holds.cancel_hold,
        )

    def __repr__(self) -> str:
        return f"<LibrarikaLibrary {self.nickname}>"

    @property
    def nickname(self) -> str:
        """See `Library.nickname`."""
        return self._calls.account.api.nickname

    def reading(self, identifiers: tuple[str, ...]) -> Self:
        """See `Library.reading`."""
        if identifiers == self._kinds:
            return self
        return type(self)(self._calls, identifiers)

    def within(self, seconds: float, still: Still | None = None) -> Self:
        """See `Library.within`."""
        return type(self)(self._calls.within(seconds, still), self._kinds)

    def language_of(self, patron_id: str) -> str:
        """See `Library.language_of`."""
        return self._calls.languages.of(patron_id)

    def fresh_rules(self) -> Rules | None:
        """See `Library.fresh_rules`."""
        return self._calls.shelf.fresh

    async def rules(self) -> Rules:
        """See `Library.rules`."""
        return await self._calls.rules()

    async def confirm(self) -> Rules:
        """See `Library.confirm`."""
        return await self._calls.shelf.confirm(self._calls.until)

    async def reachable(self) -> bool:
        """See `Library.reachable`."""
        return await self._calls.account.api.reachable()
