"""Librarika as a `Library`: each question is one call, each transaction at most two round trips, reads before writes.

What the gateway's `Occasion` says of a transaction goes into the write; its key names the write, also when a token had
to be renewed on the way.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sip2gw.librarika import resolution, translation
from sip2gw.librarika.accounts import Account
from sip2gw.librarika.flights import together
from sip2gw.librarika.records import Booking, Copies, Copy, Member, Returned, Verified
from sip2gw.librarika.shelf import RulesShelf
from sip2gw.librarika.urls import query
from sip2gw.library import Item, Loan, Occasion, Patron, Refused, Return, Rules


class LibrarikaLibrary:
    """One library, opened with one account. `strip_prefix` is taken off every item identifier."""

    def __init__(self, account: Account, shelf: RulesShelf, *, strip_prefix: str = "") -> None:
        self._account = account
        self._shelf = shelf
        self._strip_prefix = strip_prefix

    def __repr__(self) -> str:
        return f"<LibrarikaLibrary {self.nickname}>"

    @property
    def nickname(self) -> str:
        """See `Library.nickname`."""
        return self._account.site.nickname

    async def rules(self) -> Rules:
        """See `Library.rules`."""
        return await self._shelf.rules(self._deadline())

    async def reachable(self) -> bool:
        """See `Library.reachable`."""
        return await self._account.site.reachable()

    async def patron(self, patron_id: str) -> Patron:
        """See `Library.patron`."""
        until = self._deadline()
        rules = await self._shelf.rules(until)
        return translation.patron(await self._member(patron_id, until), rules)

    async def check_password(self, patron: Patron, password: str) -> bool:
        """See `Library.check_password`."""
        if not (patron.ref.isascii() and patron.ref.isdigit()):
            raise Refused("member_not_found", "the patron is not one of this library system's")
        verified = await self._account.record(
            Verified,
            "verify_member",
            "POST",
            f"/members/{patron.ref}/verify",
            until=self._deadline(),
            body={"password": password},
        )
        return verified.valid

    async def lend(self, patron_id: str, item_id: str, occasion: Occasion, *, renewal: bool) -> Loan:
        """See `Library.lend`. Asks for the patron and the copies at the same time, then writes once."""
        until = self._deadline()
        wanted = resolution.wanted(item_id, self._strip_prefix)
        member, found = await together(self._member(patron_id, until), self._copies(wanted, until))
        try:
            copy = resolution.to_lend(found, member.id, occasion.branch)
        except Refused as refusal:
            raise _of(refusal, translation.title_of(found)) from None
        item = translation.item(copy)
        booking = copy.current_booking
        try:
            if booking is None or not resolution.on_loan_to(copy, member.id):
                loan = await self._write(
                    Booking, "create_booking", "/bookings", self._new(member, copy, occasion), occasion, until
                )
                return Loan(item, loan.return_date)
            if not renewal:
                raise Refused("already_on_loan", "the terminal does not want renewals")
            body = self._due(occasion) | _offline(occasion)
            loan = await self._write(
                Booking, "extend_booking", f"/bookings/{booking.id}/extend", body, occasion, until
            )
            return Loan(item, loan.return_date, renewed=True)
        except Refused as refusal:
            raise _of(refusal, item, _facts(refusal.code, member, copy)) from None

    async def take_back(self, item_id: str, occasion: Occasion, *, reader: str | None) -> Return:
        """See `Library.take_back`. Nothing is written for an item that is not on loan."""
        until = self._deadline()
        found = await self._copies(resolution.wanted(item_id, self._strip_prefix), until)
        try:
            copy = resolution.to_take_back(found, reader)
        except Refused as refusal:
            raise _of(refusal, translation.title_of(found)) from None
        item = translation.item(copy)
        booking = copy.current_booking
        if booking is None:
            return Return(item, was_on_loan=False, hold=translation.hold(copy.next_reservation))
        body = {"returned_at": occasion.happened_at.isoformat()} | _place(occasion) | _offline(occasion)
        try:
            returned = await self._write(
                Returned, "return_booking", f"/bookings/{booking.id}/return", body, occasion, until
            )
        except Refused as refusal:
            if refusal.code == "not_on_loan":  # It came back by another way since it was looked up.
                return Return(item, was_on_loan=False, hold=translation.hold(copy.next_reservation))
            raise _of(refusal, item) from None
        return Return(item, hold=translation.hold(returned.next_reservation))

    def _deadline(self) -> float:
        return self._account.site.client.deadline()

    async def _member(self, patron_id: str, until: float) -> Member:
        """The member of exactly this number. Raises `Refused("member_not_found")`."""
        if not patron_id:
            raise Refused("member_not_found", "the patron identifier is empty")
        path = "/members" + query(member_no=patron_id)
        member = await self._account.record(Member, "find_member", "GET", path, until=until)
        if member.member_no != patron_id:
            raise Refused("member_not_found", "the library found a member of another number")
        return member

    async def _copies(self, wanted: resolution.Wanted, until: float) -> list[Copy]:
        """The copies that the identifier names. Raises `Refused("copy_not_found")`."""
        path = "/copies" + query(identifier=wanted.identifier, types=",".join(wanted.types))
        found = await self._account.record(Copies, "find_copies", "GET", path, until=until)
        return resolution.matches(found.items)

    async def _write(
        self,
        kind: type[Any],
        operation: str,
        path: str,
        body: Mapping[str, Any],
        occasion: Occasion,
        until: float,
    ) -> Any:
        return await self._account.record(
            kind, operation, "POST", path, until=until, body=body, key=occasion.key
        )

    def _new(self, member: Member, copy: Copy, occasion: Occasion) -> dict[str, Any]:
        loan = {"status": "issued", "member_id": member.id, "copy_id": copy.id, "source": "sip2"}
        return loan | _place(occasion) | self._due(occasion) | _offline(occasion)

    def _due(self, occasion: Occasion) -> dict[str, str]:
        """The due date that the terminal has given out already; else the library decides."""
        if not occasion.no_block or occasion.due_date is None:
            return {}
        zone = self._shelf.kept.zone if self._shelf.kept else None
        return {"return_date": occasion.due_date.astimezone(zone).date().isoformat()}


def _place(occasion: Occasion) -> dict[str, str]:
    place = {"branch": occasion.branch, "terminal": occasion.terminal}
    return {name: value for name, value in place.items() if value}


def _offline(occasion: Occasion) -> dict[str, str]:
    return {"offline_at": occasion.happened_at.isoformat()} if occasion.no_block else {}


def _of(refusal: Refused, item: Item | None, facts: Mapping[str, str] | None = None) -> Refused:
    """The same refusal, with what is known of the item."""
    return Refused(refusal.code, refusal.reason, {**(facts or {}), **refusal.facts}, item)


def _facts(code: str, member: Member, copy: Copy) -> dict[str, str]:
    """What the records looked up before say of a refusal, should the refusal itself not say it."""
    if code == "quota_exceeded" and member.quota is not None:
        return {"limit": str(member.quota)}
    booking = copy.current_booking
    if code == "copy_not_available" and booking is not None and booking.return_date is not None:
        return {"available_from": booking.return_date.isoformat()}
    return {}
