"""Who the reader is and what they may do. A password is called right only after the library compared it."""

from __future__ import annotations

from contextlib import suppress
from decimal import Decimal
from typing import Any, Protocol, TypeVar

from attrs import frozen

from sip2gw.circulation.amounts import written
from sip2gw.circulation.answers import answers
from sip2gw.circulation.desk import Desk
from sip2gw.circulation.passwords import entered, look_up
from sip2gw.circulation.speech import Speaker
from sip2gw.library import Block, Found, LibraryError, Listing, PasswordCheck, Patron, Refused
from sip2gw.sip2 import PatronFlag, Response, Secret, local
from sip2gw.sip2.messages import (
    EndPatronSession,
    EndSessionResponse,
    PatronEnableResponse,
    PatronInformationResponse,
    PatronStatusRequest,
    PatronStatusResponse,
)

R = TypeVar("R", bound=Response)
A = TypeVar("A", PatronStatusResponse, PatronEnableResponse, PatronInformationResponse)

_NO_LOANS = PatronFlag.CHARGE_PRIVILEGES_DENIED
_NO_RENEWALS = PatronFlag.RENEWAL_PRIVILEGES_DENIED
_NO_HOLDS = PatronFlag.HOLD_PRIVILEGES_DENIED
_FLAGS = {
    Block.INACTIVE: frozenset({_NO_LOANS, _NO_RENEWALS, _NO_HOLDS}),
    Block.SUSPENDED: frozenset({_NO_LOANS, _NO_RENEWALS, _NO_HOLDS, PatronFlag.EXCESSIVE_OUTSTANDING_FINES}),
    Block.TYPE_NOT_ALLOWED: frozenset({_NO_LOANS}),
    Block.LOAN_LIMIT_REACHED: frozenset({PatronFlag.TOO_MANY_ITEMS_CHARGED}),
    Block.RENEWALS_NOT_ALLOWED: frozenset({_NO_RENEWALS}),
    Block.HOLDS_NOT_ALLOWED: frozenset({_NO_HOLDS}),
}
"""What would be refused: 11, 29 and 15."""
_REASONS = {
    Block.INACTIVE: "member_inactive",
    Block.SUSPENDED: "member_suspended",
    Block.TYPE_NOT_ALLOWED: "member_type_not_allowed",
    Block.LOAN_LIMIT_REACHED: "quota_exceeded",
}


class OfPatron(Protocol):
    """A request about one patron."""

    @property
    def institution_id(self) -> str:
        """AO."""
        ...

    @property
    def patron_identifier(self) -> str:
        """AA."""
        ...


@frozen(repr=False)
class Standing:
    """A patron at one moment: what 24, 26 and 64 tell alike, so that they can't disagree.

    `password` is CQ: None when none was given, or the terminal's profile has none checked. `withheld` means that one
    was tried and was not right: nothing personal is told then.
    """

    patron: Patron
    password: bool | None = None
    withheld: bool = False
    found: Found | None = None

    def told(self, kind: type[A], request: OfPatron, desk: Desk, why: tuple[str, ...] = ()) -> A:
        """The answer of this `kind`, complete but for what it alone has. `why` are lines that come first."""
        patron = self.patron
        language = getattr(request, "language", "000")
        facts: dict[str, Any] = {
            "patron_status": flags(patron),
            "language": language,
            "transaction_date": local(desk.now()),
            "institution_id": request.institution_id or desk.library.nickname,
            "patron_identifier": request.patron_identifier,
            "valid_patron": True,
            "valid_patron_password": self.password,
            "screen_message": why + self._said(desk.speaker(patron.language, language)),
        }
        if not self.withheld:
            facts |= {
                "personal_name": name(patron, desk),
                "currency_type": patron.currency or desk.rules.currency or None,
                "fee_amount": written(owed(patron), patron.currency or desk.rules.currency),
            }
        return kind(**{field: value for field, value in facts.items() if field in kind.members})

    def _said(self, speaker: Speaker) -> tuple[str, ...]:
        """Lines for the screen. Why a patron can't borrow is not for whoever has found the card."""
        return (speaker.say("password_wrong"),) if self.withheld else reasons(self.patron, speaker)


async def standing(request: OfPatron, desk: Desk, listing: Listing | None = None) -> Standing:
    """Look up the patron whom a request names, with the password that it gives, and a page of a list.

    An empty AD is a wrong password, and yet no attempt. Raises `Refused("member_not_found")`.
    """
    given: Secret | None = (
        getattr(request, "patron_password", None) if desk.place.profile.patron_password else None
    )
    found = await look_up(request.patron_identifier.strip(), given or None, desk, listing)
    right = None if given is None else found.password is PasswordCheck.RIGHT
    return Standing(found.patron, right, withheld=bool(given) and not right, found=found)


def flags(patron: Patron) -> frozenset[PatronFlag]:
    """The patron status, as SIP2 words what stands in a patron's way; all that tells of a patron agrees on it."""
    return frozenset[PatronFlag]().union(*(_FLAGS[block] for block in patron.blocks))


def reasons(patron: Patron, speaker: Speaker) -> tuple[str, ...]:
    """Lines for the screen: why this patron can't borrow."""
    return tuple(speaker.say(text) for block, text in _REASONS.items() if block in patron.blocks)


def owed(patron: Patron) -> Decimal:
    """What the patron owes; nothing when in credit."""
    return max(patron.balance, Decimal(0))


def name(patron: Patron, desk: Desk) -> str:
    """AE, as the terminal's profile has it."""
    return desk.place.profile.name_template.format(name=patron.name, patron_id=patron.patron_id).strip()


def unknown(response: R, error: LibraryError) -> R:
    """BL=N only when the library said that there is no such patron: some clients forget a reader then."""
    if isinstance(error, Refused) and error.code == "member_not_found":
        return response.but(valid_patron=False)
    return response


@answers(PatronStatusRequest, declined=unknown)
async def patron_status(request: PatronStatusRequest, desk: Desk) -> PatronStatusResponse:
    """23: known or not, what is allowed, what is owed. After a wrong password: the flags alone, nothing personal."""
    return (await standing(request, desk)).told(PatronStatusResponse, request, desk)


def _ended(response: EndSessionResponse, _: LibraryError) -> EndSessionResponse:
    """Nothing of the library's is needed to end a session."""
    return response.but(end_session=True, screen_message=())


@answers(EndPatronSession, declined=_ended)
async def end_session(request: EndPatronSession, desk: Desk) -> EndSessionResponse:
    """35: always yes. Terminals forget it, and nothing depends on it; a wrong password is only told."""
    return EndSessionResponse(
        end_session=True,
        transaction_date=local(desk.now()),
        institution_id=request.institution_id or desk.library.nickname,
        patron_identifier=request.patron_identifier,
        screen_message=await _wrong(request, desk),
    )


async def _wrong(request: EndPatronSession, desk: Desk) -> tuple[str, ...]:
    """What is said of a password that is not right."""
    password = entered(request, desk)
    if password is None:
        return ()
    with suppress(LibraryError):
        found = await look_up(request.patron_identifier.strip(), password, desk, None)
        if found.password is not PasswordCheck.RIGHT:
            return (desk.speaker().say("password_wrong"),)
    return ()
