"""All that a terminal may be told of a patron: the counts are of everything, the list is a page of one thing."""

from __future__ import annotations

from sip2gw.circulation.amounts import written
from sip2gw.circulation.answers import answers
from sip2gw.circulation.desk import Desk
from sip2gw.circulation.patron_lists import FIELDS, lines, page, wanted_list
from sip2gw.circulation.patrons import standing, unknown
from sip2gw.library import Patron
from sip2gw.sip2 import SummaryList
from sip2gw.sip2.messages import PatronInformation, PatronInformationResponse


@answers(PatronInformation, declined=unknown)
async def patron_information(request: PatronInformation, desk: Desk) -> PatronInformationResponse:
    """63: what 24 tells, with counts, limits, and one list.

    If several lists are asked for, the first is meant; none, and none is sent. After a wrong password: the flags
    alone, and the counts of somebody of whom nothing is known.
    """
    wanted = min(request.summary, default=None)
    part = page(request.start_item, request.end_item, desk.place.profile.list_limit)
    listing = None if wanted is None else wanted_list(wanted, part, desk)
    stands = await standing(request, desk, listing)
    response = stands.told(PatronInformationResponse, request, desk)
    if stands.withheld:
        return response
    patron = stands.patron
    if wanted is not None and stands.found is not None:
        speaker = desk.speaker(patron.language, request.language)
        response = response.but(
            **{FIELDS[wanted]: lines(stands.found, desk.place.profile.fee_template, speaker)}
        )
    currency = patron.currency or desk.rules.currency
    return _counted(response, patron, desk, wanted).but(
        charged_items_limit=patron.loan_limit,
        fee_limit=None if patron.fee_limit is None else written(patron.fee_limit, currency),
        home_address=patron.address or None,
        e_mail_address=patron.email or None,
        home_phone_number=patron.phone or None,
    )


def _counted(
    response: PatronInformationResponse, patron: Patron, desk: Desk, wanted: SummaryList | None
) -> PatronInformationResponse:
    counts, ready_only = patron.counts, desk.place.profile.holds_ready_only
    # Whoever owes nothing has nothing to pay, though a fee may stand beside a credit.
    owes = desk.rules.fees and (patron.balance or wanted is SummaryList.FINE_ITEMS)
    return response.but(
        hold_items_count=counts.holds_ready + (0 if ready_only else counts.holds_waiting),
        overdue_items_count=counts.overdue,
        charged_items_count=counts.on_loan,
        fine_items_count=counts.fees if owes else 0,
        recall_items_count=0,
        unavailable_holds_count=counts.holds_waiting if ready_only else 0,
    )
