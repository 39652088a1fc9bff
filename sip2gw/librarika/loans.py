"""Loans and returns: one reading, then one write; and each of them undone as if it had never been.

The write carries the occasion's key. Sent again under the same key, it gets the first answer, or is found to be done.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from sip2gw.concurrency import together
from sip2gw.librarika import resolution, translation
from sip2gw.librarika.asking import Asking, about, offline, place
from sip2gw.librarika.movements import Booking, Returned
from sip2gw.librarika.records import Copy, CurrentBooking, Member
from sip2gw.library import FeeKind, Loan, Occasion, Refused, Return


class Loans(Asking):
    """The port's methods about lending and taking back."""

    async def lend(self, patron_id: str, item_id: str, occasion: Occasion, *, renewal: bool) -> Loan:
        """See `Library.lend`. Asks for the patron and the copies at the same time, then writes once."""
        until = self._deadline()
        wanted = self._wanted(item_id)
        member, found = await together(self._member(patron_id, until), self._copies(wanted, until))
        try:
            copy = resolution.to_lend(found, member.id, occasion.branch)
        except Refused as refusal:
            raise about(refusal, translation.title_of(found)) from None
        self._glances.forget(copy.id)
        try:
            return await self._lend(member, copy, occasion, renewal, until)
        except Refused as refusal:
            raise about(refusal, translation.item(copy), _facts(refusal.code, member, copy)) from None

    async def _lend(
        self, member: Member, copy: Copy, occasion: Occasion, renewal: bool, until: float
    ) -> Loan:
        booking = copy.current_booking
        if booking is None or booking.member.id != member.id:
            return await self._issue(member, copy, occasion, until)
        due = await self._due(occasion, until)
        if occasion.no_block and booking.return_date is not None and not _later(due, booking.return_date):
            # Reported before, or by somebody else: what has happened is on record.
            return Loan(translation.item(copy), booking.return_date, ref=str(booking.id))
        if not (renewal or occasion.no_block):
            return await self._first_answer(member, copy, occasion, until)
        body = due | offline(occasion) | accepted(copy.media.borrowing_fee, occasion)
        path = f"/bookings/{booking.id}/extend"
        try:
            extended = await self._write(
                Booking,
                "extend_booking",
                path,
                body,
                occasion.key,
                until,
            )
        except Refused as refusal:
            if refusal.code != "idempotency_key_reused":
                raise
            return await self._issue(member, copy, occasion, until)
        return translation.loan(extended, renewed=True)

    async def _issue(self, member: Member, copy: Copy, occasion: Occasion, until: float) -> Loan:
        body = {"status": "issued", "member_id": member.id, "copy_id": copy.id, "source": "sip2"}
        body |= place(occasion) | await self._due(occasion, until) | offline(occasion)
        body |= accepted(copy.media.borrowing_fee, occasion)
        made = await self._book(body, occasion, until)
        return translation.loan(made)

    async def _first_answer(self, member: Member, copy: Copy, occasion: Occasion, until: float) -> Loan:
        """They have it already: by this very transaction, sent before, or this one is refused."""
        try:
            return await self._issue(member, copy, occasion, until)
        except Refused as refusal:
            if refusal.code != "already_booked_by_member":
                raise
            raise Refused("already_on_loan", "the terminal does not want renewals") from None

    async def take_back(self, item_id: str, occasion: Occasion, *, reader: str | None) -> Return:
        """See `Library.take_back`. Nothing is written for an item that is not on loan."""
        until = self._deadline()
        wanted = self._wanted(item_id)
        glance = _lent(self._glances.take(wanted), reader)
        if glance is not None:
            returned = await self._return(*glance, f"{occasion.key}-seen", occasion, until)
            if returned is not None:
                return returned
        found = await self._copies(wanted, until)
        try:
            copy = resolution.to_take_back(found, reader)
        except Refused as refusal:
            raise about(refusal, translation.title_of(found)) from None
        if copy.current_booking is not None:
            returned = await self._return(copy, copy.current_booking, occasion.key, occasion, until)
            if returned is not None:
                return returned
        hold = translation.hold(copy.next_reservation, copy)
        return Return(translation.item(copy), was_on_loan=False, hold=hold)

    async def _return(
        self,
        copy: Copy,
        booking: CurrentBooking,
        key: str,
        occasion: Occasion,
        until: float,
    ) -> Return | None:
        """End a loan; None if it has ended already."""
        body = {"returned_at": occasion.happened_at.isoformat()} | place(occasion) | offline(occasion)
        path = f"/bookings/{booking.id}/return"
        self._glances.forget(copy.id)
        try:
            returned = await self._write(
                Returned,
                "return_booking",
                path,
                body,
                key,
                until,
            )
        except Refused as refusal:
            # A key that has been used says that this very return was done, and that the copy is lent anew.
            if refusal.code in ("not_on_loan", "idempotency_key_reused"):
                return None
            raise about(refusal, translation.item(copy)) from None
        return Return(
            translation.item(copy),
            hold=translation.hold(returned.next_reservation, copy),
            patron_id=(returned.booking.member or booking.member).member_no,
            due_amount=returned.due_amount,
        )

    async def undo_loan(self, item_id: str, occasion: Occasion) -> Return:
        """See `Library.undo_loan`. A loan that was renewed last is as it was before that."""
        until = self._deadline()
        wanted = self._wanted(item_id)
        found = await self._copies(wanted, until)
        try:
            copy = resolution.to_take_back(found, None)
        except Refused as refusal:
            raise about(refusal, translation.title_of(found)) from None
        booking = copy.current_booking
        if booking is None:
            raise Refused("cannot_revert", "the item is not on loan", item=translation.item(copy))
        await self._revert(booking.id, copy, occasion, until)
        return Return(translation.item(copy), patron_id=booking.member.member_no)

    async def undo_return(self, patron_id: str, item_id: str, occasion: Occasion) -> Loan:
        """See `Library.undo_return`. The loan has its old due date again, and what the return cost is taken back."""
        until = self._deadline()
        wanted = self._wanted(item_id)
        member, found = await together(self._member(patron_id, until), self._copies(wanted, until))
        media = resolution.one_title(found)
        which = {"copy_id": str(found[0].id)} if len(found) == 1 else {"media_id": str(media.id)}
        terms = {"status": "returned", "order": "newest", "limit": "1", **which}
        last = await self._bookings(str(member.id), until, **terms)
        if not last.items:
            item = translation.title_of(found)
            raise Refused("cannot_revert", "the patron has returned no such item", item=item)
        number = last.items[0].id
        reverted = await self._revert(number, found[0], occasion, until)
        return translation.loan(reverted)

    async def _revert(
        self,
        booking_id: int,
        copy: Copy,
        occasion: Occasion,
        until: float,
    ) -> Booking:
        self._glances.forget(copy.id)
        try:
            path = f"/bookings/{booking_id}/revert"
            return await self._write(Booking, "revert_booking", path, {}, occasion.key, until)
        except Refused as refusal:
            raise about(refusal, translation.item(copy)) from None


def accepted(fee: Decimal, occasion: Occasion) -> dict[str, str]:
    """The fee that the patron has accepted, as a write says it: should it be more by now, the write is refused."""
    return {"accept_fee": f"{fee:f}"} if occasion.fee_acknowledged and fee > 0 else {}


def _later(due: dict[str, str], known: date) -> bool:
    """Whether the terminal has given the patron more time than the loan has."""
    return due.get("return_date", "") > known.isoformat()


def _lent(seen: list[Copy] | None, reader: str | None) -> tuple[Copy, CurrentBooking] | None:
    """The loan that a glance has shown, if it is clear which."""
    if seen is None:
        return None
    try:
        copy = resolution.to_take_back(seen, reader)
    except Refused:
        return None
    return None if copy.current_booking is None else (copy, copy.current_booking)


def _facts(code: str, member: Member, copy: Copy) -> dict[str, str]:
    """What the records looked up before say of a refusal, should the refusal itself not say it."""
    if code == "fee_required":
        return {"kind": FeeKind.LOAN.value}
    if code == "quota_exceeded" and member.quota is not None:
        return {"limit": str(member.quota)}
    booking = copy.current_booking
    if code == "copy_not_available" and booking is not None and booking.return_date is not None:
        return {"available_from": booking.return_date.isoformat()}
    return {}
