"""What a patron takes home on paper (AG): what, until when, how much. Whose it is stands there masked, if at all."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from functools import cache

from sip2gw.circulation.speech import Speaker, masked
from sip2gw.circulation.wrapping import wrapped
from sip2gw.library import Item
from sip2gw.sip2 import DEFAULT, Dialect
from sip2gw.sip2.text import may_stand, to_wire

_NO_WIDTH = frozenset({None, 0, 999})
"""Print widths (99) that say nothing, or that there is no limit."""
_LONGEST = 4096
_USUAL = _LONGEST // 4
"""So many characters take no more bytes than that in any charset."""
_DELIMITER = DEFAULT.delimiter


def loan_receipt(
    name: str,
    now: datetime,
    item: Item,
    due: date,
    speaker: Speaker,
    width: int | None,
    *,
    patron: str = "",
) -> tuple[str, ...]:
    """An item was lent or renewed, by the library `name`, until the end of `due`.

    `width` is the print width of 99; `patron` the number of the card, of which only the end is shown.
    """
    said = [
        speaker.say("receipt_loan"),
        *_what(item, speaker),
        speaker.say("receipt_due", day=speaker.day(due)),
    ]
    if patron:
        said.append(speaker.say("receipt_patron", patron=masked(patron)))
    return _paper(name, now, said, speaker, width)


def return_receipt(
    name: str, now: datetime, item: Item, speaker: Speaker, width: int | None
) -> tuple[str, ...]:
    """An item was taken back. Whose it was is not said: whoever stands there need not be the borrower."""
    return _paper(name, now, [speaker.say("receipt_return"), *_what(item, speaker)], speaker, width)


def payment_receipt(
    name: str,
    now: datetime,
    amount: Decimal,
    currency: str,
    balance: Decimal,
    ref: str,
    speaker: Speaker,
    width: int | None,
    *,
    patron: str = "",
) -> tuple[str, ...]:
    """`amount` was paid, `balance` is owed after it (negative: in credit), booked under the number `ref`."""
    said = [
        speaker.say("receipt_payment"),
        speaker.say("receipt_amount", amount=speaker.money(amount, currency)),
        speaker.say(
            "receipt_credit" if balance < 0 else "receipt_balance",
            amount=speaker.money(abs(balance), currency),
        ),
    ]
    if patron:
        said.append(speaker.say("receipt_patron", patron=masked(patron)))
    if ref:
        said.append(speaker.say("receipt_number", number=ref))
    return _paper(name, now, said, speaker, width)


def _what(item: Item, speaker: Speaker) -> list[str]:
    return [item.title, speaker.say("receipt_item", item=item.item_id)]


def _paper(
    name: str, now: datetime, said: Iterable[str], speaker: Speaker, width: int | None
) -> tuple[str, ...]:
    """The lines as they are printed: wrapped after they were put into the terminal's charset, which may widen them."""
    charset = speaker.charset
    limit = None if width in _NO_WIDTH else width
    lines: list[str] = []
    for text in (name, speaker.moment(now), *said):
        usual = len(text) <= _USUAL and _DELIMITER not in text and may_stand(text, charset)
        lines += wrapped(text if usual else to_wire(text, _on_paper(charset)).decode(charset), limit)
    return tuple(lines)


@cache
def _on_paper(charset: str) -> Dialect:
    return Dialect(charset=charset, max_length=_LONGEST)
