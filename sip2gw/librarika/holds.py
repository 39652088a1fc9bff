"""Place holds on one copy or on any copy of a title, change them and cancel them."""

from __future__ import annotations

from datetime import date
from typing import Any

from sip2gw.librarika import translation
from sip2gw.librarika.calls import Noun, member, must_be
from sip2gw.librarika.records import WAITS, Booking
from sip2gw.library import Hold, Occasion
from sip2gw.secret import Secret

_CANCELLED = frozenset({"Cancelled"})
_REASON = "Given up by the member at a terminal"


class Holds(Noun):
    """The port's methods about holds."""

    __slots__ = ()

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
        password: Secret | None = None,
    ) -> Hold:
        """See `Library.place_hold`. `this_copy` has an effect only with an item."""
        body = member(patron_id, password, occasion) | self._labels.either(item_id, title)
        body |= _kept(pickup, expires)
        body |= {
            "accept_fee": occasion.fee_acknowledged or None,
            "this_copy": this_copy or None,
            "terminal": occasion.terminal or None,
        }
        return translation.hold_of(await self._booking("reserve", "/reservations", body, occasion))

    async def change_hold(
        self,
        patron_id: str,
        item_id: str | None,
        title: str | None,
        occasion: Occasion,
        *,
        pickup: str,
        expires: date | None,
        password: Secret | None = None,
    ) -> Hold:
        """See `Library.change_hold`. An empty argument leaves that part as it is."""
        body = member(patron_id, password, occasion) | self._labels.either(item_id, title)
        body |= _kept(pickup, expires)
        changed = await self._booking("change_reservation", "/reservations/change", body, occasion)
        return translation.hold_of(changed)

    async def cancel_hold(
        self,
        patron_id: str,
        item_id: str | None,
        title: str | None,
        occasion: Occasion,
        *,
        password: Secret | None = None,
    ) -> Hold:
        """See `Library.cancel_hold`."""
        body = (
            member(patron_id, password, occasion) | self._labels.either(item_id, title) | {"reason": _REASON}
        )
        cancelled = await self._booking(
            "cancel_reservation", "/reservations/cancel", body, occasion, become=_CANCELLED
        )
        return translation.hold_of(cancelled)

    async def _booking(
        self,
        operation: str,
        path: str,
        body: dict[str, Any],
        occasion: Occasion,
        *,
        become: frozenset[str] = WAITS,
    ) -> Booking:
        booking = await self._calls.ask(Booking, operation, path, body, occasion.key)
        must_be(booking, operation, become, body["member_no"])
        self._calls.languages.meet(body["member_no"], booking.language or "")
        return booking


def _kept(pickup: str, expires: date | None) -> dict[str, Any]:
    """Return where and until when the item is kept for the patron."""
    return {"pickup": pickup or None, "expires_at": None if expires is None else expires.isoformat()}
