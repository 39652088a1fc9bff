"""The lists of 64: a page of what the library has, one line for each entry, and never an empty one."""

from __future__ import annotations

from collections.abc import Iterable

from attrs import frozen

from sip2gw.circulation.amounts import written
from sip2gw.circulation.desk import Desk
from sip2gw.circulation.speech import Speaker
from sip2gw.library import Fee, FeeKind, Found, Hold, Item, Listing, ListKind, Loan
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


def page(first: int | None, last: int | None, limit: int) -> Page:
    """The page that BP and BQ mean: both count from 1 and are part of it; none, or 0, is the list's own end.

    It is never longer than `limit`: long answers break terminals.
    """
    start = max(first or 1, 1)
    return Page(start - 1, max(min(last - start + 1, limit), 0) if last else limit)


def wanted_list(wanted: SummaryList, part: Page, desk: Desk) -> Listing | None:
    """Which list of the library's that is; None where there is none, or nothing of it is wanted."""
    ready_only = desk.place.profile.holds_ready_only
    kinds = {
        # What is ready comes first: it is what somebody at a terminal can take along.
        SummaryList.HOLD_ITEMS: ListKind.HOLDS_READY if ready_only else ListKind.HOLDS,
        SummaryList.UNAVAILABLE_HOLDS: ListKind.HOLDS_WAITING if ready_only else None,
        SummaryList.CHARGED_ITEMS: ListKind.LOANS,
        SummaryList.OVERDUE_ITEMS: ListKind.OVERDUE,
        SummaryList.FINE_ITEMS: ListKind.FEES if desk.rules.fees else None,
    }
    kind = kinds.get(wanted)
    return Listing(kind, part.start, part.count) if kind is not None and part.count else None


def lines(found: Found, template: str, speaker: Speaker) -> tuple[str, ...]:
    """One line for each entry of the page."""
    fees = (_fee_line(fee, template, speaker) for fee in found.fees)
    return tuple(filter(None, (*_labels(found.loans), *_labels(found.holds), *fees)))


def _labels(entries: Iterable[Loan | Hold]) -> tuple[str, ...]:
    """The label of each item; the title where it isn't known yet which copy it will be."""
    return tuple(filter(None, (_label(entry.item, getattr(entry, "title", "")) for entry in entries)))


def _label(item: Item | None, title: str) -> str:
    return (item.item_id or item.title if item else "").strip() or title.strip()


def _fee_line(fee: Fee, template: str, speaker: Speaker) -> str:
    line = template.format(
        ref=fee.ref,
        kind=speaker.say(FEE_KINDS[fee.kind]),
        amount=MONEY.format(written(fee.outstanding, fee.currency)),
        currency=fee.currency,
        title=fee.title,
        item_id=fee.item_id,
        since=speaker.day(fee.since) if fee.since else "",
    )
    return " ".join(line.split())
