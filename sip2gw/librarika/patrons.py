"""Look up patrons with their loans, holds and fees, block and enable them, and take their payments."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from sip2gw.librarika import translation
from sip2gw.librarika.calls import Noun, member
from sip2gw.librarika.records import Member, MemberFound, Paid
from sip2gw.library import Found, Listing, ListKind, Occasion, Patron, Payment, Refused
from sip2gw.secret import Secret

PAGE = 200
"""The most entries that one call may ask for."""

FURTHEST = 10**9
"""The number of the last entry at which a page may begin."""

_LISTS = {
    ListKind.LOANS: "issued",
    ListKind.OVERDUE: "overdue",
    ListKind.HOLDS: "reserved",
    ListKind.HOLDS_READY: "ready",
    ListKind.HOLDS_WAITING: "waiting",
    ListKind.FEES: "fees",
}


class Patrons(Noun):
    """The port's methods about patrons."""

    __slots__ = ()

    async def patron(
        self, patron_id: str, *, password: Secret | None = None, listing: Listing | None = None
    ) -> Found:
        """See `Library.patron`. At most 200 entries at once."""
        body = member(patron_id, password)
        body["list"] = _page(listing)
        rules = await self._calls.rules()
        found = await self._calls.ask(MemberFound, "find_member", "/members/find", body)
        return translation.found(self._met(patron_id, found), rules)

    def _met(self, patron_id: str, found: MemberFound) -> MemberFound:
        if found.member_no != patron_id:
            raise Refused("member_not_found", "the library found a member of another number")
        self._calls.languages.meet(patron_id, found.language or "")
        return found

    async def block(self, patron_id: str, reason: str, occasion: Occasion) -> Patron:
        """See `Library.block`. `Refused("not_allowed")` where terminals may not do that."""
        body = member(patron_id) | {"note": reason[:4000]}
        return await self._update("block_member", "/members/block", body, occasion)

    async def enable(self, patron_id: str, occasion: Occasion, *, password: Secret | None = None) -> Patron:
        """See `Library.enable`. `Refused("not_allowed")` where terminals may not do that."""
        body = member(patron_id, password, occasion)
        return await self._update("enable_member", "/members/enable", body, occasion)

    async def _update(self, operation: str, path: str, body: dict[str, Any], occasion: Occasion) -> Patron:
        rules = await self._calls.rules()
        changed = await self._calls.ask(Member, operation, path, body, occasion.key)
        self._calls.languages.meet(body["member_no"], changed.language or "")
        return translation.patron(changed, rules)

    async def pay(
        self,
        patron_id: str,
        amount: Decimal,
        currency: str,
        occasion: Occasion,
        *,
        payment_type: str,
        transaction_id: str,
        fee: str | None,
        overpayment: bool = False,
        password: Secret | None = None,
    ) -> Payment:
        """See `Library.pay`."""
        body = member(patron_id, password, occasion) | {
            "amount": f"{amount:f}",
            "currency": currency,
            "type": payment_type or None,
            "transaction_id": transaction_id or None,
            "fee_id": None if fee is None else _number(fee),
            "allow_credit": overpayment or None,
        }
        paid = await self._calls.ask(Paid, "pay", "/payments", body, occasion.key)
        self._calls.languages.meet(patron_id, paid.language or "")
        return Payment(ref=str(paid.id), balance=paid.balance)


def _page(listing: Listing | None) -> dict[str, Any] | None:
    if listing is None or listing.count <= 0:
        return None
    return {
        "kind": _LISTS[listing.kind],
        "offset": min(max(listing.start, 0), FURTHEST),
        "limit": min(listing.count, PAGE),
    }


def _number(fee: str) -> int:
    """Return the number of a fee. `Refused("fee_not_found")` for a key that this library system did not give out."""
    if not (fee.isascii() and fee.isdigit() and 0 < int(fee) < 2**53):
        raise Refused("fee_not_found", "the key is not one of this library system")
    return int(fee)
