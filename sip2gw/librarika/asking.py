"""What the rooms of `LibrarikaLibrary` share: an account, the library's rules, how to ask for members and copies.

The port has twenty methods, too many for one class. So each noun has a room of its own, a class over `Asking`, and
`library.LibrarikaLibrary` is all of them: one object as the port wants it, without a line that only passes on.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from math import inf
from typing import Any, Self, TypeVar

from sip2gw.librarika import resolution
from sip2gw.librarika.accounts import Account
from sip2gw.librarika.glances import Glances
from sip2gw.librarika.http.urls import query
from sip2gw.librarika.languages import Languages
from sip2gw.librarika.movements import Booking, Bookings
from sip2gw.librarika.records import Copies, Copy, Member
from sip2gw.librarika.shelf import RulesShelf
from sip2gw.library import Item, Occasion, Refused, Still

T = TypeVar("T")

PAGE = 200
"""The most bookings that one call may ask for."""


class Asking:
    """One library, opened with one account."""

    def __init__(
        self,
        account: Account,
        shelf: RulesShelf,
        *,
        glances: Glances | None = None,
        languages: Languages | None = None,
    ) -> None:
        self._account = account
        self._shelf = shelf
        self._glances = Glances(account.api.client.now) if glances is None else glances
        self._languages = Languages(account.api.client.now) if languages is None else languages
        self._kinds: tuple[str, ...] = resolution.ORDER
        self._until = inf
        self._still: Still | None = None

    def language_of(self, patron_id: str) -> str:
        """See `Library.language_of`."""
        return self._languages.of(patron_id)

    def reading(self, identifiers: tuple[str, ...]) -> Self:
        """The same library for terminals that read labels as these (`accession`, `barcode`, `isbn`) and no others."""
        if identifiers == self._kinds:
            return self
        other = copy(self)
        other._kinds = identifiers
        return other

    def within(self, seconds: float, still: Still | None = None) -> Self:
        """See `Library.within`. What one question may take, several that serve one request may take together."""
        client, other = self._account.api.client, copy(self)
        other._until = min(client.now() + seconds, client.deadline())
        other._still = still
        return other

    def _deadline(self) -> float:
        return min(self._until, self._account.api.client.deadline())

    def _wanted(self, item_id: str) -> resolution.Wanted:
        return resolution.wanted(item_id, self._kinds)

    async def _member(self, patron_id: str, until: float) -> Member:
        """The member of exactly this number. Raises `Refused("member_not_found")`."""
        if not patron_id:
            raise Refused("member_not_found", "the patron identifier is empty")
        path = "/members" + query(member_no=patron_id)
        member = await self._account.record(Member, "find_member", "GET", path, until=until)
        if member.member_no != patron_id:
            raise Refused("member_not_found", "the library found a member of another number")
        self._languages.meet(patron_id, member.language or "")
        return member

    async def _copies(self, wanted: resolution.Wanted, until: float) -> list[Copy]:
        """The copies that the identifier names. Raises `Refused("copy_not_found")`."""
        path = "/copies" + query(identifier=wanted.identifier, types=",".join(wanted.types))
        found = await self._account.record(Copies, "find_copies", "GET", path, until=until)
        return resolution.matches(found.items)

    async def _bookings(self, member_id: str, until: float, **terms: str) -> Bookings:
        """A page of a member's bookings."""
        path = f"/members/{member_id}/bookings" + query(**terms)
        return await self._account.record(Bookings, "list_bookings", "GET", path, until=until)

    async def _write(
        self,
        kind: type[T],
        operation: str,
        path: str,
        body: Mapping[str, Any],
        key: str,
        until: float,
        method: str = "POST",
    ) -> T:
        """Write. A lost answer is settled by the same call under the same key; `InDoubt` if that fails too."""
        return await self._account.record(
            kind, operation, method, path, until=until, body=body, key=key, still=self._still
        )

    async def _book(self, body: Mapping[str, Any], occasion: Occasion, until: float) -> Booking:
        """Make a booking: a loan or a reservation, as the body says. Raises as `_write` does."""
        return await self._write(Booking, "create_booking", "/bookings", body, occasion.key, until)

    async def _due(self, occasion: Occasion, until: float) -> dict[str, str]:
        """The due date that the terminal has given out already; else the library decides."""
        if not occasion.no_block or occasion.due_date is None:
            return {}
        rules = await self._shelf.rules(until)
        return {"return_date": occasion.due_date.astimezone(rules.zone).date().isoformat()}


def place(occasion: Occasion) -> dict[str, str]:
    """Where it happened, as a write says it."""
    said = {"branch": occasion.branch, "terminal": occasion.terminal}
    return {name: value for name, value in said.items() if value}


def offline(occasion: Occasion) -> dict[str, str]:
    """When it has happened already, as a write says it: the library then asks for no policy."""
    return {"offline_at": occasion.happened_at.isoformat()} if occasion.no_block else {}


def about(refusal: Refused, item: Item | None, facts: Mapping[str, str] | None = None) -> Refused:
    """The same refusal, with what is known of the item. `facts` count where the refusal says nothing itself."""
    return Refused(refusal.code, refusal.reason, {**(facts or {}), **refusal.facts}, item)


def own_number(ref: str, code: str) -> str:
    """A key of this library system, fit for a path. Raises `Refused(code)` for one of another."""
    if not (ref.isascii() and ref.isdigit()):
        raise Refused(code, "the key is none of this library system's")
    return ref
