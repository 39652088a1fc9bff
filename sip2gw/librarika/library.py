"""Librarika as a `Library`: each question is one call, each transaction at most two round trips where it can be.

Reads come before writes, and at the same time where there are two. What the gateway's `Occasion` says of a transaction
goes into the write; its key names the write, also when a token had to be renewed on the way.
"""

from __future__ import annotations

from sip2gw.librarika.holds import Holds
from sip2gw.librarika.items import Items
from sip2gw.librarika.loans import Loans
from sip2gw.librarika.patrons import Patrons
from sip2gw.librarika.payments import Payments
from sip2gw.librarika.renewals import Renewals
from sip2gw.library import Rules


class LibrarikaLibrary(Patrons, Items, Loans, Renewals, Holds, Payments):
    """One library, opened with one account: all the rooms of `Asking` under one roof."""

    def __repr__(self) -> str:
        return f"<LibrarikaLibrary {self.nickname}>"

    @property
    def nickname(self) -> str:
        """See `Library.nickname`."""
        return self._account.api.nickname

    async def rules(self) -> Rules:
        """See `Library.rules`."""
        return await self._shelf.rules(self._deadline())

    async def confirm(self) -> Rules:
        """See `Library.confirm`."""
        return await self._shelf.confirm(self._deadline())

    async def reachable(self) -> bool:
        """See `Library.reachable`."""
        return await self._account.api.reachable()
