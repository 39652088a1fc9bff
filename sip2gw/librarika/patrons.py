"""Patrons: who they are, what they have, wait for and owe. A list costs one call, whatever its length."""

from __future__ import annotations

from sip2gw.librarika import translation
from sip2gw.librarika.asking import PAGE, Asking, own_number
from sip2gw.librarika.movements import Bookings, Transactions
from sip2gw.librarika.records import Member, Verified
from sip2gw.library import Fee, Hold, Loan, Occasion, Patron


class Patrons(Asking):
    """The port's methods about patrons."""

    async def patron(self, patron_id: str) -> Patron:
        """See `Library.patron`."""
        until = self._deadline()
        rules = await self._shelf.rules(until)
        return translation.patron(await self._member(patron_id, until), rules)

    async def check_password(self, patron: Patron, password: str) -> bool:
        """See `Library.check_password`."""
        verified = await self._account.record(
            Verified,
            "verify_member",
            "POST",
            f"/members/{_ref(patron)}/verify",
            until=self._deadline(),
            body={"password": password},
        )
        return verified.valid

    async def loans(
        self, patron: Patron, *, start: int, count: int, overdue: bool = False
    ) -> tuple[Loan, ...]:
        """See `Library.loans`. At most 200 at once."""
        page = await self._page(patron, start, count, status="overdue" if overdue else "issued")
        return tuple(translation.loan(booking) for booking in page.items)

    async def holds(self, patron: Patron, *, start: int, count: int, ready: bool) -> tuple[Hold, ...]:
        """See `Library.holds`. Requests that nobody has granted yet are waited for too. At most 200 at once."""
        terms = {"status": "reserved,pending", "ready": "true" if ready else "false"}
        page = await self._page(patron, start, count, **terms)
        return tuple(translation.hold_of(booking) for booking in page.items)

    async def _page(self, patron: Patron, start: int, count: int, **terms: str) -> Bookings:
        if count <= 0:
            return Bookings(())
        terms |= {"offset": str(max(start, 0)), "limit": str(min(count, PAGE))}
        return await self._bookings(_ref(patron), self._deadline(), **terms)

    async def fees(self, patron: Patron) -> tuple[Fee, ...]:
        """See `Library.fees`. Credits are no fees."""
        until = self._deadline()
        zone = (await self._shelf.rules(until)).zone
        path = f"/members/{_ref(patron)}/transactions?open=true"
        found = await self._account.record(Transactions, "list_transactions", "GET", path, until=until)
        return tuple(translation.fee(entry, zone) for entry in found.items if entry.outstanding > 0)

    async def block(self, patron: Patron, reason: str, occasion: Occasion) -> Patron:
        """See `Library.block`. `Refused("not_allowed")` where terminals may not do that."""
        return await self._update(patron, {"status": "Inactive", "blocked_note": reason[:4000]}, occasion)

    async def enable(self, patron: Patron, occasion: Occasion) -> Patron:
        """See `Library.enable`. `Refused("not_allowed")` where terminals may not do that."""
        return await self._update(patron, {"status": "Active", "blocked_note": ""}, occasion)

    async def _update(self, patron: Patron, body: dict[str, str], occasion: Occasion) -> Patron:
        until = self._deadline()
        rules = await self._shelf.rules(until)
        path = f"/members/{_ref(patron)}"
        member = await self._write(
            Member,
            "update_member",
            path,
            body,
            occasion.key,
            until,
            "PATCH",
        )
        return translation.patron(member, rules)


def _ref(patron: Patron) -> str:
    return own_number(patron.ref, "member_not_found")
