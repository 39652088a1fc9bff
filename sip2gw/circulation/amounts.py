"""An amount is written with as many decimals as its currency has, and never with fewer than it takes to be exact."""

from __future__ import annotations

from decimal import Decimal
from functools import cache

from babel.numbers import get_currency_precision

from sip2gw.sip2.kinds import Exact


@cache
def _smallest(currency: str) -> Decimal:
    """The currency's smallest unit. Of a currency that nobody knows, a hundredth."""
    return Decimal(1).scaleb(-get_currency_precision(currency))


def written(amount: Decimal, currency: str) -> Exact:
    """The amount with the decimals that it is written with."""
    whole = amount.quantize(_smallest(currency))
    return Exact(whole if whole == amount else amount)
