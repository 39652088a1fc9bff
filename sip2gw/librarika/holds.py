"""Holds: placed for one copy or any of a title, changed, and given up, which is believed only when it is seen."""

from __future__ import annotations

from datetime import date

from sip2gw.concurrency import together
from sip2gw.librarika import resolution, translation
from sip2gw.librarika.asking import PAGE, Asking, about
from sip2gw.librarika.http.urls import query
from sip2gw.librarika.loans import accepted
from sip2gw.librarika.movements import Booking
from sip2gw.librarika.records import Media, MediaFound, Member
from sip2gw.library import FeeKind, Hold, InDoubt, Item, Occasion, Refused, Unavailable

_REASON = "Given up by the member at a terminal"


class Holds(Asking):
    """The port's methods about holds."""

    async def place_hold(
        self,
        patron_id: str,
        item_id: str | None,
        title: str | None,
        occasion: Occasion,
        *,
        pickup: str,
        expires: date | None,
        this_copy: bool,
    ) -> Hold:
        """See `Library.place_hold`. `this_copy` means something only with an item."""
        until = self._deadline()
        member, (media, item, copy_id) = await together(
            self._member(patron_id, until), self._named(item_id, title, until, this_copy)
        )
        which = {"media_id": media.id} if copy_id is None else {"copy_id": copy_id}
        body = {"status": "reserved", "member_id": member.id, "source": "sip2", **which}
        body |= {"terminal": occasion.terminal} if occasion.terminal else {}
        body |= _changes(pickup, expires) | accepted(media.reservation_fee, occasion)
        self._forget(copy_id)
        try:
            made = await self._book(body, occasion, until)
        except Refused as refusal:
            facts = {"kind": FeeKind.HOLD.value} if refusal.code == "fee_required" else {}
            raise about(refusal, item, facts) from None
        return translation.hold_of(made)

    async def _named(
        self, item_id: str | None, title: str | None, until: float, this_copy: bool
    ) -> tuple[Media, Item | None, int | None]:
        """The title that is wanted, what is known of it, and the copy if it must be just that one."""
        if item_id is None:
            path = "/media" + query(title=(title or "").strip() or " ")
            titles = (await self._account.record(MediaFound, "find_media", "GET", path, until=until)).items
            if len(titles) != 1:
                code = "item_ambiguous" if titles else "copy_not_found"
                raise Refused(code, f"{len(titles)} titles have this name")
            return titles[0], None, None
        found = await self._copies(self._wanted(item_id), until)
        media = resolution.one_title(found)
        copy_id = resolution.the_only(found).id if this_copy else None
        return media, translation.title_of(found), copy_id

    def _forget(self, copy_id: int | None) -> None:
        if copy_id is not None:
            self._glances.forget(copy_id)

    async def change_hold(
        self,
        patron_id: str,
        item_id: str | None,
        title: str | None,
        occasion: Occasion,
        *,
        pickup: str,
        expires: date | None,
    ) -> Hold:
        """See `Library.change_hold`. What is left empty stays as it is."""
        until = self._deadline()
        _, booking = await self._theirs(patron_id, item_id, title, until)
        body = _changes(pickup, expires)
        if not body:
            return translation.hold_of(booking)
        path = f"/bookings/{booking.id}"
        try:
            changed = await self._write(
                Booking,
                "change_booking",
                path,
                body,
                occasion.key,
                until,
                method="PATCH",
            )
        except Refused as refusal:
            raise about(refusal, translation.item_of(booking)) from None
        return translation.hold_of(changed)

    async def cancel_hold(
        self, patron_id: str, item_id: str | None, title: str | None, occasion: Occasion
    ) -> Hold:
        """See `Library.cancel_hold`. `InDoubt` if it can't be seen that it is gone."""
        until = self._deadline()
        member, booking = await self._theirs(patron_id, item_id, title, until)
        path = f"/bookings/{booking.id}/cancel"
        try:
            gone = await self._write(
                Booking,
                "cancel_booking",
                path,
                {"reason": _REASON},
                occasion.key,
                until,
            )
        except Refused as refusal:
            raise about(refusal, translation.item_of(booking)) from None
        try:
            left = await self._open(member, until)
        except (Refused, Unavailable):
            raise InDoubt("list_bookings: it can't be seen whether the reservation is gone") from None
        if any(one.id == booking.id for one in left):
            raise InDoubt("cancel_booking: the reservation is still there")
        return translation.hold_of(gone)

    async def _open(self, member: Member, until: float) -> tuple[Booking, ...]:
        """The member's reservations and requests."""
        page = await self._bookings(str(member.id), until, status="reserved,pending", limit=str(PAGE))
        return page.items

    async def _theirs(
        self, patron_id: str, item_id: str | None, title: str | None, until: float
    ) -> tuple[Member, Booking]:
        """The patron's one reservation of an item or a title. Raises `Refused` (`hold_not_found`, `item_ambiguous`)."""
        if item_id is None:
            member, media = await self._member(patron_id, until), set()
        else:
            wanted = self._wanted(item_id)
            member, found = await together(self._member(patron_id, until), self._copies(wanted, until))
            media = {copy.media.id for copy in found}
        name = (title or "").strip().casefold()
        theirs = [
            one
            for one in await self._open(member, until)
            if (one.media.title.strip().casefold() == name if item_id is None else one.media.id in media)
        ]
        if not theirs:
            raise Refused("hold_not_found", "the patron has no such reservation")
        if len(theirs) > 1:
            raise Refused("item_ambiguous", f"the patron has {len(theirs)} such reservations")
        return member, theirs[0]


def _changes(pickup: str, expires: date | None) -> dict[str, str]:
    """Where, and until when, as a write says it."""
    body = {"branch": pickup} if pickup else {}
    return body if expires is None else body | {"expires_at": expires.isoformat()}
