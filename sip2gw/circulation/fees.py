"""Fees: payments (37), and how a fee is written in other answers.

A payment is booked once, exactly, and in the library's currency. A terminal that gets 38N gives the money back, so the
answer is yes only after the library has booked the payment. The same payment sent again, also over another connection,
gets the same answer.
"""

from __future__ import annotations

from decimal import Decimal
from functools import cache, partial
from hashlib import sha256
from typing import Any

from babel.numbers import get_currency_precision

from sip2gw.circulation.answers import answers
from sip2gw.circulation.desk import Desk
from sip2gw.circulation.named import named_card
from sip2gw.circulation.passwords import with_password
from sip2gw.circulation.profile import WhenDown
from sip2gw.circulation.receipts import payment_receipt
from sip2gw.circulation.speech import Speaker
from sip2gw.library import Charge, Fee, FeeKind, Listing, ListKind, Payment, Refused
from sip2gw.sip2 import local
from sip2gw.sip2.kinds import MONEY, Exact
from sip2gw.sip2.messages import FeePaid, FeePaidResponse

FEE_TYPES = {
    FeeKind.OTHER: "01",
    FeeKind.ADMINISTRATIVE: "02",
    FeeKind.DAMAGE: "03",
    FeeKind.OVERDUE: "04",
    FeeKind.LOAN: "06",
    FeeKind.REPLACEMENT: "07",
    FeeKind.HOLD: "09",
}
"""SIP2's code for each kind of fee (BT; 3M, fee type)."""

FEE_TEXTS = {
    FeeKind.OTHER: "fee_other",
    FeeKind.ADMINISTRATIVE: "fee_administrative",
    FeeKind.DAMAGE: "fee_damage",
    FeeKind.OVERDUE: "fee_overdue",
    FeeKind.LOAN: "fee_loan",
    FeeKind.REPLACEMENT: "fee_replacement",
    FeeKind.HOLD: "fee_hold",
}
"""The text that names each kind of fee."""

_PAYMENT_TYPES = {"00": "cash", "01": "card", "02": "card"}
"""3M, payment type: cash, VISA, credit card. Terminals give other codes meanings of their own."""
_MOST_FEES = 200
"""Open fees among which the fee in CG is searched."""
_CENT = Decimal("0.01")
_RECENT = 300.0
"""Seconds within which a terminal repeats a payment."""
_FINEST = Decimal("0.001")
"""The smallest part of any currency that is paid. Whether a currency has thousandths is decided by the library."""


@cache
def _smallest(currency: str) -> Decimal:
    """Return the smallest unit of a currency; a hundredth for an unknown one."""
    return Decimal(1).scaleb(-get_currency_precision(currency))


def written(amount: Decimal, currency: str) -> Exact:
    """Return an amount as SIP2 writes it: with the decimals of its currency, or with more if it has more."""
    whole = amount.quantize(_smallest(currency))
    return Exact(whole if whole == amount else amount)


def charged(charge: Charge | None) -> dict[str, Any]:
    """Return BT, BH and BV of a response by their names; none if there is nothing to pay."""
    if charge is None or not charge.amount:
        return {}
    return {
        "fee_type": FEE_TYPES[charge.kind],
        "currency_type": charge.currency or None,
        "fee_amount": written(charge.amount, charge.currency),
    }


def fee_line(fee: Fee, template: str, speaker: Speaker) -> str:
    """Return AV for one fee, as the profile's template has it."""
    line = template.format(
        ref=fee.ref,
        kind=speaker.say(FEE_TEXTS[fee.kind]),
        amount=MONEY.format(written(fee.outstanding, fee.currency)),
        currency=fee.currency,
        title=fee.title,
        item_id=fee.item_id,
        since=speaker.day(fee.since) if fee.since else "",
    )
    return " ".join(line.split())


@answers(FeePaid)
async def fee_paid(request: FeePaid, desk: Desk) -> FeePaidResponse:
    """Answer 37: book a payment for the fee in CG, or for the oldest fees.

    The library compares the amount with what is owed, because only the library knows whether this payment was booked
    before and its answer was lost.
    """
    patron_id, profile = named_card(request), desk.place.profile
    amount = _amount(request)
    currency = _currency(request, desk)
    fee = await _fee(request, patron_id, desk)
    pay = partial(
        desk.library.pay,
        patron_id,
        amount,
        currency,
        desk.occasion(request.transaction_date, when_down=profile.fee_when_down is WhenDown.JOURNAL),
        fee=fee,
        payment_type=_PAYMENT_TYPES.get(request.payment_type, "other"),
        transaction_id=transaction_id(request, amount, desk),
        overpayment=profile.overpayment,
    )
    payment = await with_password(request, patron_id, desk, pay)
    return _response(request, payment, amount, currency, desk)


def _response(
    request: FeePaid, payment: Payment, amount: Decimal, currency: str, desk: Desk
) -> FeePaidResponse:
    """Return 38 for a payment. Of one that is accepted for later the balance is not known, so there is no receipt."""
    speaker, now = desk.speaker(), desk.now()
    response = FeePaidResponse(
        payment_accepted=True,
        transaction_date=local(now),
        institution_id=request.institution_id or desk.library.nickname,
        patron_identifier=request.patron_identifier,
        transaction_id=request.transaction_id or payment.ref or None,
    )
    if payment.accepted:
        return response
    balance = speaker.money(max(payment.balance, Decimal(0)), currency)
    return response.but(
        screen_message=(speaker.say("paid", amount=speaker.money(amount, currency), balance=balance),),
        print_line=payment_receipt(
            desk.place.rules.name,
            now,
            amount,
            currency,
            payment.balance,
            payment.ref,
            speaker,
            desk.print_width,
            patron=request.patron_identifier.strip(),
        ),
    )


def _amount(request: FeePaid) -> Decimal:
    """Return the exact amount of the payment, without zeros that have no meaning."""
    amount = request.fee_amount
    if amount is None or amount <= 0 or amount % _FINEST:
        raise Refused("amount_unreadable", "BV is not an amount above zero")
    return amount.quantize(_FINEST if amount % _CENT else _CENT)


def _currency(request: FeePaid, desk: Desk) -> str:
    """Return the currency of the payment. `Refused("currency_mismatch")` if it is not the library's."""
    currency, own = request.currency_type.strip().upper(), desk.place.rules.currency
    if own and currency != own:
        raise Refused("currency_mismatch", f"the library's currency is {own}")
    return currency


def transaction_id(request: FeePaid, amount: Decimal, desk: Desk) -> str:
    """Return the id of this payment, which is the same if the payment is sent again.

    It is made of BK, terminal, fee, amount and day; without BK, of all that the request has. Without BK a payment is
    new if its date is old or missing, because the terminal's clock may stand still. It is also new if the same line was
    answered before and the terminal has sent other lines since.
    """
    place = desk.place
    if given := (request.transaction_id or "").strip():
        return f"{given[:200]}-{_digest(given, *_same(request, amount, desk))}"
    happened = desk.believed(request.transaction_date)
    if request.transaction_date is None or happened is None or desk.meant_again:
        return place.new_key()
    if place.clock().timestamp() - happened.timestamp() > _RECENT:
        return place.new_key()
    return _digest(
        desk.library.nickname,
        place.asker().terminal or place.terminal,
        desk.sequence,
        request.patron_identifier.strip(),
        str(amount),
        request.transaction_date.isoformat(),
        (request.fee_identifier or "").strip(),
    )


def _same(request: FeePaid, amount: Decimal, desk: Desk) -> tuple[str, ...]:
    """Return what repeats of a payment share beside BK. Each till has its own numbers, perhaps from 1 each day."""
    day = desk.happened(request.transaction_date).date()
    return desk.place.terminal, (request.fee_identifier or "").strip(), str(amount), day.isoformat()


def _digest(*parts: str) -> str:
    return sha256("\0".join(parts).encode("utf-8", "replace")).hexdigest()[:32]


async def _fee(request: FeePaid, patron_id: str, desk: Desk) -> str | None:
    """Return the number of the fee in CG, which is written as in AV or has its two-digit fee type before it.

    The library refuses a fee that is not open, unless this payment has closed it. A number that only resembles that of
    an open fee is not replaced.
    """
    named = (request.fee_identifier or "").strip()
    if not named:
        return None
    if not named.startswith(("0", request.fee_type)):
        return named  # it has no fee type before it
    open_fees = Listing(ListKind.FEES, 0, _MOST_FEES)
    fees = (await desk.library.patron(patron_id, listing=open_fees)).fees if desk.place.rules.fees else ()
    refs = [fee.ref for fee in fees]
    if named in refs:
        return named
    if prefixed := [fee.ref for fee in fees if named in _prefixed(fee, request.fee_type)]:
        return prefixed[0]
    if named.lstrip("0") in refs:
        raise Refused(
            "fee_not_found", "CG has zeros before a number, and it is not clear whether they are a fee type"
        )
    return named


def _prefixed(fee: Fee, fee_type: str) -> set[str]:
    return {f"{prefix}{fee.ref}" for prefix in (FEE_TYPES[fee.kind], fee_type)}
