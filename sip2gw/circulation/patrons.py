"""Who the reader is and what they may do. A password is called right only after the library compared it."""

from __future__ import annotations

from decimal import Decimal

from sip2gw.circulation import texts
from sip2gw.circulation.desk import Desk
from sip2gw.circulation.meanings import answers
from sip2gw.library import Block, LibraryError, Patron, Refused
from sip2gw.sip2 import PatronFlag, Secret, local
from sip2gw.sip2.messages import PatronStatusRequest, PatronStatusResponse

_NO_LOANS = frozenset({PatronFlag.CHARGE_PRIVILEGES_DENIED, PatronFlag.RENEWAL_PRIVILEGES_DENIED})
_FLAGS = {
    Block.INACTIVE: _NO_LOANS,
    Block.SUSPENDED: _NO_LOANS | {PatronFlag.EXCESSIVE_OUTSTANDING_FINES},
    Block.TYPE_NOT_ALLOWED: _NO_LOANS | {PatronFlag.HOLD_PRIVILEGES_DENIED},
    Block.LOAN_LIMIT_REACHED: frozenset({PatronFlag.TOO_MANY_ITEMS_CHARGED}),
    Block.HOLDS_NOT_ALLOWED: frozenset({PatronFlag.HOLD_PRIVILEGES_DENIED}),
}
_REASONS = {
    Block.INACTIVE: "member_inactive",
    Block.SUSPENDED: "member_suspended",
    Block.TYPE_NOT_ALLOWED: "member_type_not_allowed",
    Block.LOAN_LIMIT_REACHED: "quota_exceeded",
}


def flags(patron: Patron) -> frozenset[PatronFlag]:
    """The patron status, as SIP2 words what stands in a patron's way; all that tells of a patron agrees on it."""
    return frozenset[PatronFlag]().union(*(_FLAGS[block] for block in patron.blocks))


def reasons(patron: Patron) -> tuple[str, ...]:
    """Lines for the screen: why this patron can't borrow."""
    return tuple(texts.REASONS[code] for block, code in _REASONS.items() if block in patron.blocks)


def owed(patron: Patron) -> Decimal:
    """What the patron owes; nothing when in credit."""
    return max(patron.balance, Decimal("0.00"))


async def password_is_right(patron: Patron, password: Secret | None, desk: Desk) -> bool | None:
    """CQ: None when no password was given at all; an empty one is a wrong one."""
    if password is None:
        return None
    if not password:
        return False
    try:
        return await desk.library.check_password(patron, password.reveal())
    except Refused:
        return False


def _unknown(response: PatronStatusResponse, error: LibraryError) -> PatronStatusResponse:
    """BL=N only when the library said that there is no such patron: some clients forget a reader then."""
    if isinstance(error, Refused) and error.code == "member_not_found":
        return response.but(valid_patron=False)
    return response


@answers(PatronStatusRequest, declined=_unknown)
async def patron_status(request: PatronStatusRequest, desk: Desk) -> PatronStatusResponse:
    """23: known or not, what is allowed, what is owed. After a wrong password: the flags alone, nothing personal.

    An empty AD is no attempt: 3M requires the field here, and terminals that ask for no PIN send it so.
    """
    patron = await desk.library.patron(request.patron_identifier.strip())
    right = await password_is_right(patron, request.patron_password, desk)
    response = PatronStatusResponse(
        patron_status=flags(patron),
        language=request.language,
        transaction_date=local(desk.now()),
        institution_id=request.institution_id or desk.library.nickname,
        patron_identifier=request.patron_identifier,
        valid_patron=True,
        valid_patron_password=right,
        screen_message=reasons(patron),
    )
    if request.patron_password and not right:
        return response
    return response.but(
        personal_name=patron.name,
        currency_type=patron.currency or desk.rules.currency or None,
        fee_amount=owed(patron),
    )
