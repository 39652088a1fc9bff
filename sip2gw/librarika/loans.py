"""Loans, renewals and returns, and loans and returns undone as if they had never been."""

from __future__ import annotations

from typing import Any

from sip2gw.librarika import bodies, translation
from sip2gw.librarika.calls import Calls
from sip2gw.librarika.identifiers import Labels
from sip2gw.librarika.patrons import PAGE
from sip2gw.librarika.records import Booking, ExtendedAll, Returned
from sip2gw.library import Loan, Occasion, RenewedAll, Return
from sip2gw.secret import Secret

_TELLING = frozenset({"reserved_for_other", "member_inactive", "member_suspended"})
"""Reasons of `not_renewable` that are codes themselves."""


class Loans:
    """The port's methods about lending, renewing and taking back."""

    def __init__(self, calls: Calls, labels: Labels) -> None:
        self._calls = calls
        self._labels = labels

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
        body = bodies.member(patron_id, password) | self._labels.named(item_id) | bodies.place(occasion)
        body |= await self._terms(occasion) | {"renew": renewal or None}
        return await self._loan("issue", "/loans", body, occasion)

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
        """See `Library.renew`. By title, it is one of the patron's own loans in any case."""
        body = bodies.member(patron_id, password) | self._labels.either(item_id, title)
        body |= await self._terms(occasion) | {"third_party": third_party or None}
        return await self._loan("extend", "/loans/extend", body, occasion)

    async def undo_return(
        self, patron_id: str, item_id: str, occasion: Occasion, *, password: Secret | None = None
    ) -> Loan:
        """See `Library.undo_return`. The loan has its old due date again, and what the return cost is taken back."""
        body = bodies.member(patron_id, password) | self._labels.named(item_id)
        return await self._loan("undo_return", "/returns/undo", body, occasion)

    async def _terms(self, occasion: Occasion) -> dict[str, Any]:
        """On which terms something is lent."""
        rules = await self._calls.rules()
        return bodies.due(occasion, rules) | bodies.offline(occasion) | bodies.fee(occasion)

    async def _loan(self, operation: str, path: str, body: dict[str, Any], occasion: Occasion) -> Loan:
        booking = await self._calls.ask(Booking, operation, path, body, occasion.key)
        self._calls.languages.meet(body["member_no"], booking.language or "")
        return translation.loan(booking)

    async def renew_all(
        self, patron_id: str, occasion: Occasion, *, limit: int, password: Secret | None = None
    ) -> RenewedAll:
        """See `Library.renew_all`."""
        body = bodies.member(patron_id, password) | bodies.fee(occasion) | {"limit": min(limit, PAGE)}
        done = await self._calls.ask(ExtendedAll, "extend_all", "/loans/extend-all", body, occasion.key)
        self._calls.languages.meet(patron_id, done.language or "")
        return RenewedAll(
            renewed=tuple(translation.loan(booking) for booking in done.extended),
            refused=tuple(
                (translation.item_of(one.booking), _true_reason(one.code, one.reason)) for one in done.refused
            ),
        )

    async def take_back(self, item_id: str, occasion: Occasion, *, reader: str | None) -> Return:
        """See `Library.take_back`."""
        body = self._labels.named(item_id) | bodies.place(occasion) | bodies.offline(occasion)
        body |= {"returned_at": occasion.happened_at.isoformat(), "reader": (reader or "")[:255] or None}
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
        """See `Library.undo_loan`. A loan that was renewed last is as it was before that."""
        body = self._labels.named(item_id)
        undone = await self._calls.ask(Booking, "undo_loan", "/loans/undo", body, occasion.key)
        return Return(translation.item_of(undone), patron_id=undone.member.member_no)


def _true_reason(code: str, reason: str | None) -> str:
    """The code that says why a loan can't be renewed, where the library names one that tells more."""
    return reason if code == "not_renewable" and reason in _TELLING else code
