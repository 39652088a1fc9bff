"""Renewals: of one loan, or of all; whatever time or limit leave out is said to be left out."""

from __future__ import annotations

from decimal import Decimal

from sip2gw.concurrency import together
from sip2gw.librarika import resolution, translation
from sip2gw.librarika.asking import PAGE, Asking, about, offline
from sip2gw.librarika.loans import accepted
from sip2gw.librarika.movements import Booking, ExtendedAll
from sip2gw.librarika.records import CurrentBooking, Member
from sip2gw.library import FeeKind, InDoubt, Item, Loan, Occasion, Refused, RenewedAll, Unavailable

_RESERVE = 0.25
"""The part of a call's time that must be left to begin with another loan."""
_TELLING = frozenset({"reserved_for_other", "member_inactive", "member_suspended"})
"""Reasons of `not_renewable` that are codes themselves."""


class Renewals(Asking):
    """The port's methods about renewing."""

    async def renew(
        self,
        patron_id: str,
        item_id: str | None,
        title: str | None,
        occasion: Occasion,
        *,
        third_party: bool,
    ) -> Loan:
        """See `Library.renew`. By title, it is one of the patron's own loans in any case."""
        until = self._deadline()
        loan: Booking | CurrentBooking | None
        if item_id is None:
            member = await self._member(patron_id, until)
            booking = await self._of_title(member, title or "", until)
            fee, item, loan = booking.media.borrowing_fee, translation.item_of(booking), booking
        else:
            wanted = self._wanted(item_id)
            member, found = await together(self._member(patron_id, until), self._copies(wanted, until))
            try:
                copy = resolution.to_renew(found, member.id, third_party=third_party)
            except Refused as refusal:
                raise about(refusal, translation.title_of(found)) from None
            self._glances.forget(copy.id)
            fee, item, loan = copy.media.borrowing_fee, translation.item(copy), copy.current_booking
        if loan is None:
            raise Refused("not_on_loan", "the item is not on loan", item=item)
        return await self._extend(loan, item, fee, occasion, occasion.key, until)

    async def _of_title(self, member: Member, title: str, until: float) -> Booking:
        page = await self._bookings(str(member.id), until, status="issued", limit=str(PAGE))
        wanted = title.strip().casefold()
        theirs = [one for one in page.items if one.media.title.strip().casefold() == wanted]
        if not theirs:
            raise Refused("not_on_loan", "the patron has no loan of this title")
        if len(theirs) > 1:
            raise Refused("item_ambiguous", f"the patron has {len(theirs)} loans of this title")
        return theirs[0]

    async def _extend(
        self,
        loan: Booking | CurrentBooking,
        item: Item,
        fee: Decimal,
        occasion: Occasion,
        key: str,
        until: float,
    ) -> Loan:
        body = await self._due(occasion, until) | offline(occasion) | accepted(fee, occasion)
        try:
            extended = await self._write(
                Booking,
                "extend_booking",
                f"/bookings/{loan.id}/extend",
                body,
                key,
                until,
            )
        except Refused as refusal:
            facts = {"kind": FeeKind.LOAN.value} if refusal.code == "fee_required" else {}
            raise about(refusal, item, facts) from None
        return translation.loan(extended, renewed=True)

    async def renew_all(self, patron_id: str, occasion: Occasion, *, limit: int) -> RenewedAll:
        """See `Library.renew_all`. In one write if the limit allows for all of them, else one by one."""
        until = self._deadline()
        member = await self._member(patron_id, until)
        if member.counts.issued > limit:
            return await self._some(member, occasion, limit, until)
        path = f"/members/{member.id}/bookings/extend-all"
        body = {"accept_fees": True} if occasion.fee_acknowledged else {}
        done = await self._write(ExtendedAll, "extend_all_bookings", path, body, occasion.key, until)
        return RenewedAll(
            renewed=tuple(translation.loan(booking, renewed=True) for booking in done.extended),
            refused=tuple(
                (translation.item_of(one.booking), _true_reason(one.code, one.reason)) for one in done.refused
            ),
        )

    async def _some(self, member: Member, occasion: Occasion, limit: int, until: float) -> RenewedAll:
        page = await self._bookings(str(member.id), until, status="issued", limit=str(PAGE))
        renewed: list[Loan] = []
        refused: list[tuple[Item, str]] = []
        for index, booking in enumerate(page.items):
            item = translation.item_of(booking)
            if index >= limit or not self._time_left(until):
                refused.append((item, "not_tried"))
                continue
            key, fee = f"{occasion.key}-{booking.id}", booking.media.borrowing_fee
            try:
                renewed.append(await self._extend(booking, item, fee, occasion, key, until))
            except Refused as refusal:
                refused.append((item, _true_reason(refusal.code, refusal.facts.get("reason"))))
            except Unavailable:
                refused.append((item, "not_tried"))
            except InDoubt:
                refused.append((item, "in_doubt"))
        if page.items and not renewed and all(code == "not_tried" for _, code in refused) and limit > 0:
            raise Unavailable("extend_booking: none could be tried")
        return RenewedAll(tuple(renewed), tuple(refused))

    def _time_left(self, until: float) -> bool:
        client = self._account.api.client
        return until - client.now() >= client.timeouts.call * _RESERVE


def _true_reason(code: str, reason: str | None) -> str:
    """The code that says why a loan can't be renewed, where the library names one that tells more."""
    return reason if code == "not_renewable" and reason in _TELLING else code
