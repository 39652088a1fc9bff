"""A payment is booked once: the number that the terminal gave it is its identity, whatever connection it comes by."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from sip2gw.librarika.asking import Asking, own_number
from sip2gw.librarika.movements import Paid
from sip2gw.library import Occasion, Payment, Refused


class Payments(Asking):
    """The port's method about paying."""

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
    ) -> Payment:
        """See `Library.pay`."""
        until = self._deadline()
        body: dict[str, Any] = {"amount": f"{amount:f}", "currency": currency}
        if payment_type:
            body["payment_type"] = payment_type
        if transaction_id:
            body["transaction_id"] = transaction_id
        if fee is not None:
            body["fee_ids"] = [int(own_number(fee, "fee_not_found"))]
        if overpayment:
            body["allow_credit"] = True
        member = await self._member(patron_id, until)
        path = f"/members/{member.id}/payments"
        paid = await self._write(Paid, "pay_fees", path, body, occasion.key, until)
        if paid.amount != amount:
            raise Refused("payment_differs", "another amount was booked under this transaction id")
        return Payment(ref=str(paid.id), balance=paid.balance)
