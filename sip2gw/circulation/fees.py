"""A payment is booked once, exactly and in the library's currency, or it is said not to be booked.

Whoever hears 38N gives the money back, so yes is said only after the library has booked it, and the same payment sent
again gets the same answer, over another connection too.
"""

from __future__ import annotations

from decimal import Decimal
from hashlib import sha256

from sip2gw.circulation.answers import answers
from sip2gw.circulation.desk import Desk
from sip2gw.circulation.passwords import with_password
from sip2gw.circulation.receipts import payment_receipt
from sip2gw.library import Fee, FeeKind, Listing, ListKind, Occasion, Refused
from sip2gw.sip2 import local
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

_PAYMENT_TYPES = {"00": "cash", "01": "card", "02": "card"}
"""3M, payment type: cash, VISA, credit card. Terminals use others too, each in its own meaning."""
_MOST_FEES = 200
"""Open fees among which that of CG is looked for."""
_CENT = Decimal("0.01")
_RECENT = 300.0
"""Seconds within which a terminal says the same payment again."""
_FINEST = Decimal("0.001")
"""No currency is paid in smaller parts. Whether one has thousandths at all is for the library to say."""


@answers(FeePaid)
async def fee_paid(request: FeePaid, desk: Desk) -> FeePaidResponse:
    """37: book what was paid, for the fee that CG names or for the oldest ones.

    How much is owed is for the library to compare, with the booking itself: it alone knows whether this payment, sent
    again after its answer was lost, is already part of that.
    """
    patron_id = request.patron_identifier.strip()
    amount = _amount(request)
    currency = _currency(request, desk)
    fee = await _fee(request, patron_id, desk)
    occasion = Occasion(
        terminal=desk.place.terminal,
        happened_at=desk.happened(request.transaction_date),
        key=desk.place.new_key(),
        branch=desk.branch,
    )
    payment = await with_password(
        request,
        patron_id,
        desk,
        lambda password: desk.library.pay(
            patron_id,
            amount,
            currency,
            occasion,
            payment_type=_PAYMENT_TYPES.get(request.payment_type, "other"),
            transaction_id=transaction_id(request, amount, desk),
            fee=fee,
            overpayment=desk.place.profile.overpayment,
            password=password,
        ),
    )
    speaker = desk.speaker()
    return FeePaidResponse(
        payment_accepted=True,
        transaction_date=local(desk.now()),
        institution_id=request.institution_id or desk.library.nickname,
        patron_identifier=request.patron_identifier,
        transaction_id=request.transaction_id or payment.ref or None,
        screen_message=(
            speaker.say(
                "paid",
                amount=speaker.money(amount, currency),
                balance=speaker.money(max(payment.balance, Decimal(0)), currency),
            ),
        ),
        print_line=payment_receipt(
            desk.rules.name,
            desk.now(),
            amount,
            currency,
            payment.balance,
            payment.ref,
            speaker,
            desk.print_width,
            patron=patron_id,
        ),
    )


def _amount(request: FeePaid) -> Decimal:
    """The amount that was paid, exactly; without zeros that say nothing."""
    amount = request.fee_amount
    if amount is None or amount <= 0 or amount % _FINEST:
        raise Refused("amount_unreadable", "BV is no amount above zero")
    return amount.quantize(_FINEST if amount % _CENT else _CENT)


def _currency(request: FeePaid, desk: Desk) -> str:
    """The currency of the payment: the library's, or there is none."""
    currency = request.currency_type.strip().upper()
    if desk.rules.currency and currency != desk.rules.currency:
        raise Refused("currency_mismatch", f"the library's currency is {desk.rules.currency}")
    return currency


def transaction_id(request: FeePaid, amount: Decimal, desk: Desk) -> str:
    """What names this payment, if it is sent again: BK with terminal, fee, amount and day, or all that is said of it.

    Without BK a payment is new if its date is not of the last minutes (the terminal's clock stands still), or if the
    terminal has said the same before and gone on since.
    """
    if given := (request.transaction_id or "").strip():
        return f"{given[:200]}-{_digest(given, *_same(request, amount, desk))}"
    happened = desk.believed(request.transaction_date)
    if request.transaction_date is None or happened is None or desk.meant_again:
        return desk.place.new_key()
    if desk.place.clock().timestamp() - happened.timestamp() > _RECENT:
        return desk.place.new_key()
    return _digest(
        desk.library.nickname,
        desk.place.asker().terminal or desk.place.terminal,
        desk.sequence,
        request.patron_identifier.strip(),
        str(amount),
        request.transaction_date.isoformat(),
        (request.fee_identifier or "").strip(),
    )


def _same(request: FeePaid, amount: Decimal, desk: Desk) -> tuple[str, ...]:
    """What must be the same beside BK: a till numbers for itself, perhaps from 1 each day."""
    day = desk.happened(request.transaction_date).date()
    return desk.place.terminal, (request.fee_identifier or "").strip(), str(amount), day.isoformat()


def _digest(*parts: str) -> str:
    return sha256("\0".join(parts).encode("utf-8", "replace")).hexdigest()[:32]


async def _fee(request: FeePaid, patron_id: str, desk: Desk) -> str | None:
    """The number of the fee that CG names: as in AV, or with the two digits of its fee type before it.

    One that is not open is left to the library, which refuses it, unless it was this payment that closed it. What is
    only nearly the number of an open fee is not guessed at.
    """
    named = (request.fee_identifier or "").strip()
    if not named:
        return None
    if not named.startswith(("0", request.fee_type)):
        return named  # No fee type stands before it.
    open_fees = Listing(ListKind.FEES, 0, _MOST_FEES)
    fees = (await desk.library.patron(patron_id, listing=open_fees)).fees if desk.rules.fees else ()
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
