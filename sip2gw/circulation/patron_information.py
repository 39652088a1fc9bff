"""Patron information (63): the fields of 24, counts of everything, and a page of one list."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sip2gw.circulation.answers import answers
from sip2gw.circulation.desk import Desk
from sip2gw.circulation.fees import fee_line, written
from sip2gw.circulation.patrons import patron_refusal, patron_state
from sip2gw.circulation.speech import Speaker
from sip2gw.library import Found, Hold, Item, Listing, ListKind, Loan, Patron
from sip2gw.sip2 import SummaryList
from sip2gw.sip2.messages import PatronInformation, PatronInformationResponse

FIELDS = {
    SummaryList.HOLD_ITEMS: "hold_items",
    SummaryList.OVERDUE_ITEMS: "overdue_items",
    SummaryList.CHARGED_ITEMS: "charged_items",
    SummaryList.FINE_ITEMS: "fine_items",
    SummaryList.RECALL_ITEMS: "recall_items",
    SummaryList.UNAVAILABLE_HOLDS: "unavailable_hold_items",
}
"""The field of 64 for each list."""


@answers(PatronInformation, declined=patron_refusal)
async def patron_information(request: PatronInformation, desk: Desk) -> PatronInformationResponse:
    """Answer 63.

    If the summary asks for several lists, the first is sent. After a wrong password only the flags are sent, and no
    counts.
    """
    wanted = min(request.summary, default=None)
    state = await patron_state(request, desk, None if wanted is None else _listing(wanted, request, desk))
    if state.withheld:
        return state.respond(PatronInformationResponse, request, desk)
    patron = state.patron
    more: dict[str, Any] = {}
    if wanted is not None and state.found is not None:
        speaker = desk.speaker(patron.language, request.language)
        more = {FIELDS[wanted]: _lines(state.found, desk.place.profile.fee_template, speaker)}
    return state.respond(
        PatronInformationResponse,
        request,
        desk,
        **more,
        **_counts(patron, desk, wanted),
        **_about(patron, desk),
    )


def _counts(patron: Patron, desk: Desk, wanted: SummaryList | None) -> dict[str, Any]:
    """Return the counts. A fee beside a credit is not counted, unless its list is wanted: there is nothing to pay."""
    counts, ready_only = patron.counts, desk.place.profile.holds_ready_only
    owes = desk.place.rules.fees and (patron.balance or wanted is SummaryList.FINE_ITEMS)
    return {
        "hold_items_count": counts.holds_ready + (0 if ready_only else counts.holds_waiting),
        "overdue_items_count": counts.overdue,
        "charged_items_count": counts.on_loan,
        "fine_items_count": counts.fees if owes else 0,
        "recall_items_count": 0,
        "unavailable_holds_count": counts.holds_waiting if ready_only else 0,
    }


def _about(patron: Patron, desk: Desk) -> dict[str, Any]:
    """Return limits and addresses. A limit below zero limits nothing, and is left out."""
    limit, currency = patron.fee_limit, patron.currency or desk.place.rules.currency
    return {
        "charged_items_limit": patron.loan_limit,
        "fee_limit": None if limit is None or limit < 0 else written(limit, currency),
        "home_address": patron.address or None,
        "e_mail_address": patron.email or None,
        "home_phone_number": patron.phone or None,
    }


def _page(first: int | None, last: int | None, limit: int) -> tuple[int, int]:
    """Return where the page from BP to BQ starts, counted from 0, and how many entries it has.

    BP and BQ count from 1 and belong to the page; none, or 0, is the end of the list. The page has at most `limit`
    entries, because long answers break terminals.
    """
    start = max(first or 1, 1)
    return start - 1, max(min(last - start + 1, limit), 0) if last else limit


def _listing(wanted: SummaryList, request: PatronInformation, desk: Desk) -> Listing | None:
    """Return the list of the library for a list of 64; None if it has none, or if the page is empty."""
    profile = desk.place.profile
    ready_only = profile.holds_ready_only
    kinds = {
        # holds that are ready come first, because the patron can take them along
        SummaryList.HOLD_ITEMS: ListKind.HOLDS_READY if ready_only else ListKind.HOLDS,
        SummaryList.UNAVAILABLE_HOLDS: ListKind.HOLDS_WAITING if ready_only else None,
        SummaryList.CHARGED_ITEMS: ListKind.LOANS,
        SummaryList.OVERDUE_ITEMS: ListKind.OVERDUE,
        SummaryList.FINE_ITEMS: ListKind.FEES if desk.place.rules.fees else None,
    }
    kind = kinds.get(wanted)
    start, count = _page(request.start_item, request.end_item, profile.list_limit)
    return Listing(kind, start, count) if kind is not None and count else None


def _lines(found: Found, template: str, speaker: Speaker) -> tuple[str, ...]:
    """Return one line for each entry of the page that is not empty."""
    fees = [fee_line(fee, template, speaker) for fee in found.fees]
    return tuple(filter(None, (*_labels(found.loans), *_labels(found.holds), *fees)))


def _labels(entries: Iterable[Loan | Hold]) -> list[str]:
    """Return the label of each item; the title if it is not known yet which copy it will be."""
    return [_label(entry.item, getattr(entry, "title", "")) for entry in entries]


def _label(item: Item | None, title: str) -> str:
    return (item.item_id or item.title if item else "").strip() or title.strip()
