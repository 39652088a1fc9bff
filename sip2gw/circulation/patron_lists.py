"""The lists of 64: a page of what the library has, one line for each entry, and never an empty one."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from attrs import frozen

from sip2gw.circulation.desk import Desk
from sip2gw.circulation.speech import Speaker
from sip2gw.library import Fee, FeeKind, Hold, Item, Loan, Patron
from sip2gw.sip2 import SummaryList
from sip2gw.sip2.kinds import MONEY

FIELDS = {
    SummaryList.HOLD_ITEMS: "hold_items",
    SummaryList.OVERDUE_ITEMS: "overdue_items",
    SummaryList.CHARGED_ITEMS: "charged_items",
    SummaryList.FINE_ITEMS: "fine_items",
    SummaryList.RECALL_ITEMS: "recall_items",
    SummaryList.UNAVAILABLE_HOLDS: "unavailable_hold_items",
}
"""The field of 64 that each list stands in."""

FEE_KINDS = {
    FeeKind.OTHER: "fee_other",
    FeeKind.ADMINISTRATIVE: "fee_administrative",
    FeeKind.DAMAGE: "fee_damage",
    FeeKind.OVERDUE: "fee_overdue",
    FeeKind.LOAN: "fee_loan",
    FeeKind.REPLACEMENT: "fee_replacement",
    FeeKind.HOLD: "fee_hold",
}
"""The text that names each kind of fee."""


@frozen
class Page:
    """`count` entries of a list, from `start` on, which counts from 0."""

    start: int
    count: int

    def of(self, total: int) -> Page:
        """What there is of this page in a list of `total` entries."""
        start = min(self.start, total)
        return Page(start, min(self.count, total - start))

    def after(self, total: int) -> Page:
        """What of this page lies behind the first `total` entries, counted from there."""
        return Page(max(self.start - total, 0), self.count - self.of(total).count)


def page(first: int | None, last: int | None, limit: int) -> Page:
    """The page that BP and BQ mean: both count from 1 and are part of it; none, or 0, is the list's own end.

    It is never longer than `limit`: long answers break terminals.
    """
    start = max(first or 1, 1)
    return Page(start - 1, max(min(last - start + 1, limit), 0) if last else limit)


async def listed(wanted: SummaryList, patron: Patron, part: Page, desk: Desk) -> tuple[str, ...]:
    """A page of one of the lists; the library isn't asked where there is nothing. Fees: see `fee_lines`."""
    everything = not desk.profile.holds_ready_only
    counts = patron.counts
    match wanted:
        case SummaryList.HOLD_ITEMS if everything:
            # What is ready comes first: it is what somebody at a terminal can take along.
            ready = await _holds(patron, part.of(counts.holds_ready), desk, ready=True)
            rest = part.after(counts.holds_ready)
            return ready + await _holds(patron, rest.of(counts.holds_waiting), desk, ready=False)
        case SummaryList.HOLD_ITEMS:
            return await _holds(patron, part.of(counts.holds_ready), desk, ready=True)
        case SummaryList.UNAVAILABLE_HOLDS if not everything:
            return await _holds(patron, part.of(counts.holds_waiting), desk, ready=False)
        case SummaryList.CHARGED_ITEMS:
            return await _loans(patron, part.of(counts.on_loan), desk, overdue=False)
        case SummaryList.OVERDUE_ITEMS:
            return await _loans(patron, part.of(counts.overdue), desk, overdue=True)
        case _:
            return ()


async def _loans(patron: Patron, part: Page, desk: Desk, *, overdue: bool) -> tuple[str, ...]:
    if not part.count:
        return ()
    loans = await desk.library.loans(patron, start=part.start, count=part.count, overdue=overdue)
    return _labels(loans)


async def _holds(patron: Patron, part: Page, desk: Desk, *, ready: bool) -> tuple[str, ...]:
    if not part.count:
        return ()
    return _labels(await desk.library.holds(patron, start=part.start, count=part.count, ready=ready))


def _labels(entries: Iterable[Loan | Hold]) -> tuple[str, ...]:
    """The label of each item; the title where it isn't known yet which copy it will be."""
    return tuple(filter(None, (_label(entry.item, getattr(entry, "title", "")) for entry in entries)))


def _label(item: Item | None, title: str) -> str:
    return (item.item_id or item.title if item else "").strip() or title.strip()


async def open_fees(patron: Patron, desk: Desk) -> tuple[Fee, ...]:
    """What the patron has to pay, oldest first; a library without fees isn't asked."""
    return await desk.library.fees(patron) if desk.rules.fees else ()


def fee_lines(fees: Iterable[Fee], part: Page, template: str, speaker: Speaker) -> tuple[str, ...]:
    """AV: a page of the fees, as the terminal's profile words them."""
    chosen = tuple(fees)[part.start : part.start + part.count]
    return tuple(filter(None, (_fee_line(fee, template, speaker) for fee in chosen)))


def _fee_line(fee: Fee, template: str, speaker: Speaker) -> str:
    line = template.format(
        ref=fee.ref,
        kind=speaker.say(FEE_KINDS[fee.kind]),
        amount=exact(fee.outstanding),
        currency=fee.currency,
        title=fee.title,
        item_id=fee.item_id,
        since=speaker.day(fee.since) if fee.since else "",
    )
    return " ".join(line.split())


def exact(amount: Decimal) -> str:
    """An amount as BV has it."""
    return MONEY.format(amount)
