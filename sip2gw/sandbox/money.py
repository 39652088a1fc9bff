"""Money: Decimal inside, a decimal string outside, with the currency's own number of decimals; never a float."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal

# ISO 4217: the currencies whose minor unit is not a hundredth.
_WHOLE = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
_THOUSANDTHS = "BHD IQD JOD KWD LYD OMR TND"
_EXPONENTS = dict.fromkeys(_WHOLE.split(), 0) | dict.fromkeys(_THOUSANDTHS.split(), 3)

_AMOUNT = re.compile(r"-?[0-9]{1,12}(\.[0-9]{1,3})?", re.ASCII)

ZERO = Decimal(0)


def amount(text: str) -> Decimal:
    """Return the amount in a decimal string. Raises ValueError for anything else (`1e3`, `NaN`, `1,00`)."""
    if not _AMOUNT.fullmatch(text):
        raise ValueError('is not an amount; write digits with a point, such as "2.50"')
    return Decimal(text)


def decimals(currency: str) -> int:
    """Return the number of decimals of this ISO 4217 currency."""
    return _EXPONENTS.get(currency, 2)


def rounded(value: Decimal, currency: str) -> Decimal:
    """Return the value in whole minor units, halves up."""
    return value.quantize(Decimal(1).scaleb(-decimals(currency)), ROUND_HALF_UP)


def text(value: Decimal, currency: str) -> str:
    """Return the value as the API writes it, such as `2.50`; zero has no sign."""
    exact = rounded(value, currency)
    return str(exact.copy_abs() if exact == 0 else exact)
