"""Lend, renew and take back items, and undo loans and returns."""

from __future__ import annotations

from typing import Any

from sip2gw.librarika import translation
from sip2gw.librarika.calls import Noun, member, must_be
from sip2gw.librarika.patrons import PAGE
from sip2gw.librarika.records import ON_LOAN, Booking, ExtendedAll, Returned
from sip2gw.library import Loan, Occasion, RenewedAll, Return
from sip2gw.secret import Secret

_BACK = frozenset({"Returned"})
_TELLING = frozenset({"reserved_for_other", "member_inactive", "member_suspended"})
"""Reasons of `not_renewable` that are codes of refusals themselves, and say more."""


class Loans(Noun):
    """The port's methods about lending, renewing and taking back."""

    __slots__ = ()

    async def lend(
        self,
        patron_id: str,
        item_id: str,
        occasion: Occasion,
        *,
        renewal: bool,
        password: Secret | None = None,
    ) -> Loan:
        """See `Library.lend`."""
        body = {
            **member(patron_id, password, occasion),
            **self._labels.named(item_id),
            "branch": occasion.branch or None,
            "terminal": occasion.terminal or None,
            "renew": renewal or None,
        }
        return await self._on_terms("issue", "/loans", body, occasion)

    async def renew(
        self,
        patron_id: str,
        item_id: str | None,
        title: str | None,
        occasion: Occasion,
        *,
        third_party: bool,
        password: Secret | None = None,
    ) -> Loan:
        """See `Library.renew`. A title means one of the patron's own loans."""
        body = {
            **member(patron_id, password, occasion),
            **self._labels.either(item_id, title),
            "third_party": third_party or None,
        }
        return await self._on_terms("extend", "/loans/extend", body, occasion)

    async def undo_return(
        self, patron_id: str, item_id: str, occasion: Occasion, *, password: Secret | None = None
    ) -> Loan:
        """See `Library.undo_return`. The loan gets its old due date again, and the fee of the return is cancelled."""
        body = member(patron_id, password, occasion) | self._labels.named(item_id)
        return await self._loan("undo_return", "/returns/undo", body, occasion)

    async def _on_terms(self, operation: str, path: str, body: dict[str, Any], occasion: Occasion) -> Loan:
        """Lend on the terms of this occasion: an accepted fee, or an offline loan with the terminal's due date."""
        body["accept_fee"], body["offline_at"] = occasion.fee_acknowledged or None, _offline_at(occasion)
        if occasion.no_block and occasion.due_date is not None:
            rules = await self._calls.rules()
            body["return_date"] = occasion.due_date.astimezone(rules.zone).date().isoformat()
        return await self._loan(operation, path, body, occasion)

    async def _loan(self, operation: str, path: str, body: dict[str, Any], occasion: Occasion) -> Loan:
        booking = await self._calls.ask(Booking, operation, path, body, occasion.key)
        whose = None if body.get("third_party") else body["member_no"]
        # A terminal switches the item's security off. What was lent offline may be back by now.
        must_be(booking, operation, ON_LOAN | _BACK if occasion.no_block else ON_LOAN, whose)
        self._calls.languages.meet(body["member_no"], booking.language or "")
        return translation.loan(booking)

    async def renew_all(
        self, patron_id: str, occasion: Occasion, *, limit: int, password: Secret | None = None
    ) -> RenewedAll:
        """See `Library.renew_all`."""
        body = member(patron_id, password, occasion)
        body |= {"accept_fee": occasion.fee_acknowledged or None, "limit": min(limit, PAGE)}
        done = await self._calls.ask(ExtendedAll, "extend_all", "/loans/extend-all", body, occasion.key)
        self._calls.languages.meet(patron_id, done.language or "")
        return RenewedAll(
            renewed=tuple(translation.loan(booking) for booking in done.extended),
            refused=tuple(
                (translation.item_of(one.booking), _true_reason(one.code, one.reason)) for one in done.refused
            ),
            more=max(done.more, 0),
        )

    async def take_back(self, item_id: str, occasion: Occasion, *, reader: str | None) -> Return:
        """See `Library.take_back`."""
        body = {
            **self._labels.named(item_id),
            "branch": occasion.branch or None,
            "terminal": occasion.terminal or None,
            "offline_at": _offline_at(occasion),
            "returned_at": occasion.happened_at.isoformat(),
            "waited": int(occasion.waited) or None,
            "reader": (reader or "")[:255] or None,
        }
        returned = await self._calls.ask(Returned, "return", "/returns", body, occasion.key)
        if reader and returned.language:
            self._calls.languages.meet(reader, returned.language)
        return Return(
            translation.item(returned.copy),
            was_on_loan=returned.was_on_loan,
            hold=translation.hold(returned.next_reservation, returned.copy),
            patron_id=returned.member_no or "",
            due_amount=returned.due_amount,
        )

    async def undo_loan(self, item_id: str, occasion: Occasion) -> Return:
        """See `Library.undo_loan`. If the last step was a renewal, only the renewal is undone."""
        body = self._labels.named(item_id)
        undone = await self._calls.ask(Booking, "undo_loan", "/loans/undo", body, occasion.key)
        return Return(translation.item_of(undone), patron_id=undone.member.member_no)


def _true_reason(code: str, reason: str | None) -> str:
    """Return the code that says why a loan can't be renewed; the library's reason if that is a code that says more."""
    return reason if code == "not_renewable" and reason in _TELLING else code


def _offline_at(occasion: Occasion) -> str | None:
    """Return when an offline transaction happened; None if it is not offline. The library then checks no policy."""
    return occasion.happened_at.isoformat() if occasion.no_block else None
