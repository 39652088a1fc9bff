"""All that a terminal may be told of a patron: the counts are of everything, the list is a page of one thing."""

from __future__ import annotations

from contextlib import suppress

from sip2gw.circulation.desk import Desk
from sip2gw.circulation.meanings import answers
from sip2gw.circulation.patron_lists import FIELDS, Page, fee_lines, listed, open_fees, page
from sip2gw.circulation.patrons import standing, unknown
from sip2gw.library import Fee, LibraryError, Patron
from sip2gw.sip2 import SummaryList
from sip2gw.sip2.messages import PatronInformation, PatronInformationResponse


@answers(PatronInformation, declined=unknown)
async def patron_information(request: PatronInformation, desk: Desk) -> PatronInformationResponse:
    """63: what 24 tells, with counts, limits, and one list.

    If several lists are asked for, the first is meant; none, and none is sent. After a wrong password: the flags
    alone, and the counts of somebody of whom nothing is known.
    """
    stands = await standing(request, desk)
    response = stands.told(PatronInformationResponse, request, desk)
    if stands.withheld:
        return response
    wanted = min(request.summary, default=None)
    part = page(request.start_item, request.end_item, desk.profile.list_limit)
    patron = stands.patron
    fees = await _fees(patron, desk, needed=wanted is SummaryList.FINE_ITEMS)
    if wanted is not None:
        lines = await _lines(wanted, patron, fees or (), part, request.language, desk)
        response = response.but(**{FIELDS[wanted]: lines})
    return _counted(response, patron, fees, desk).but(
        charged_items_limit=patron.loan_limit,
        fee_limit=patron.fee_limit,
        home_address=patron.address or None,
        e_mail_address=patron.email or None,
        home_phone_number=patron.phone or None,
    )


async def _lines(
    wanted: SummaryList, patron: Patron, fees: tuple[Fee, ...], part: Page, language: str, desk: Desk
) -> tuple[str, ...]:
    if wanted is SummaryList.FINE_ITEMS:
        return fee_lines(fees, part, desk.profile.fee_template, desk.speaker(patron.language, language))
    return await listed(wanted, patron, part, desk)


async def _fees(patron: Patron, desk: Desk, *, needed: bool) -> tuple[Fee, ...] | None:
    """The open fees; None if only their number is wanted and can't be had. Who owes nothing has none."""
    if needed:
        return await open_fees(patron, desk)
    if not patron.balance:
        return ()
    with suppress(LibraryError):
        return await open_fees(patron, desk)
    return None


def _counted(
    response: PatronInformationResponse, patron: Patron, fees: tuple[Fee, ...] | None, desk: Desk
) -> PatronInformationResponse:
    counts, ready_only = patron.counts, desk.profile.holds_ready_only
    return response.but(
        hold_items_count=counts.holds_ready + (0 if ready_only else counts.holds_waiting),
        overdue_items_count=counts.overdue,
        charged_items_count=counts.on_loan,
        fine_items_count=None if fees is None else len(fees),
        recall_items_count=0,
        unavailable_holds_count=counts.holds_waiting if ready_only else 0,
    )
