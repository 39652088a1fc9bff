"""A write whose answer was lost is looked up once, and told to be done only if what it was to change has changed.

What is not to be seen may still be carried out, so that proves nothing. Each look compares with what was read before
the write, and gives what the answer would have been, or None: it can't be told.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import date
from typing import Any

from sip2gw.librarika.asking import PAGE, Asking
from sip2gw.librarika.movements import Booking, ClosedBooking, Returned
from sip2gw.librarika.records import Copy, CurrentBooking, Media, Member
from sip2gw.librarika.resolution import Wanted
from sip2gw.library import Occasion, Refused

OPEN = "reserved,pending"


class Seeing(Asking):
    """What the rooms that write know of looking it up."""

    async def _book(
        self,
        body: Mapping[str, Any],
        occasion: Occasion,
        until: float,
        seen: Callable[[float], Awaitable[Booking | None]],
    ) -> Booking:
        """Make a booking: a loan or a reservation, as the body says. Raises as `_write` does."""
        return await self._write(Booking, "create_booking", "/bookings", body, occasion.key, until, seen=seen)

    async def _seen_lent(self, member: Member, copy: Copy, until: float) -> Booking | None:
        """The member has a loan of the copy, and not the one that there was before."""
        before = copy.current_booking
        page = await self._bookings(str(member.id), until, status="issued", copy_id=str(copy.id))
        new = [one for one in page.items if before is None or one.id != before.id]
        return new[0] if len(new) == 1 else None

    async def _seen_extended(
        self, member_id: int, number: int, due: date | None, until: float
    ) -> Booking | None:
        """The loan ends later than before."""
        if due is None:
            return None
        page = await self._bookings(str(member_id), until, status="issued", limit=str(PAGE))
        return next((one for one in page.items if one.id == number and one.return_date > due), None)

    async def _seen_returned(
        self, wanted: Wanted, copy: Copy, booking: CurrentBooking, until: float
    ) -> Returned | None:
        """The loan is no longer the copy's."""
        now = await self._copy(wanted, copy.id, until)
        if now is None or (now.current_booking is not None and now.current_booking.id == booking.id):
            return None
        return Returned(ClosedBooking(booking.id, booking.member), now.next_reservation)

    async def _seen_undone(self, wanted: Wanted, copy: Copy, until: float) -> Booking | None:
        """The loan is no longer the copy's, or has an earlier end than before."""
        now, before = await self._copy(wanted, copy.id, until), copy.current_booking
        if now is None or before is None or before.return_date is None:
            return None
        left, due = now.current_booking, before.return_date
        if left is not None and left.id == before.id:
            if left.return_date is None or left.return_date >= due:
                return None
            due = left.return_date
        return Booking(before.id, "", due, copy.media, before.member)

    async def _seen_lent_again(self, member: Member, number: int, until: float) -> Booking | None:
        """A booking that had been closed is a loan of the member."""
        page = await self._bookings(str(member.id), until, status="issued", limit=str(PAGE))
        return next((one for one in page.items if one.id == number), None)

    async def _seen_reserved(
        self, member: Member, media: Media, copy_id: int | None, until: float
    ) -> Booking | None:
        """The member has one reservation more than before, and one of what was wanted."""
        counts, left = member.counts, await self._open(member, until)
        if len(left) <= counts.reserved_ready + counts.reserved_waiting + counts.pending:
            return None
        theirs = [
            one
            for one in left
            if one.media.id == media.id
            and (copy_id is None or (one.copy is not None and one.copy.id == copy_id))
        ]
        return theirs[0] if len(theirs) == 1 else None

    async def _seen_changed(
        self, member: Member, number: int, pickup: str, expires: date | None, until: float
    ) -> Booking | None:
        """The reservation is as it was to be."""
        for one in await self._open(member, until):
            if one.id == number and pickup in ("", one.branch) and expires in (None, one.expires_at):
                return one
        return None

    async def _seen_cancelled(self, member: Member, booking: Booking, until: float) -> Booking | None:
        """The reservation is no longer there."""
        left = await self._open(member, until)
        return booking if len(left) < PAGE and all(one.id != booking.id for one in left) else None

    async def _seen_noted(self, wanted: Wanted, copy: Copy, properties: str, until: float) -> Copy | None:
        """The copy has these properties."""
        now = await self._copy(wanted, copy.id, until)
        return now if now is not None and now.properties == properties else None

    async def _seen_with_status(self, patron_id: str, status: str, until: float) -> Member | None:
        """The member has this status."""
        member = await self._member(patron_id, until)
        return member if member.status == status else None

    async def _open(self, member: Member, until: float) -> tuple[Booking, ...]:
        """The member's reservations and requests."""
        return (await self._bookings(str(member.id), until, status=OPEN, limit=str(PAGE))).items

    async def _copy(self, wanted: Wanted, copy_id: int, until: float) -> Copy | None:
        """The same copy, as it is now."""
        try:
            found = await self._copies(wanted, until)
        except Refused:
            return None
        return next((one for one in found if one.id == copy_id), None)
