"""Who the reader is and what they may do. A password is called right only after the library compared it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Protocol, TypeVar

from attrs import frozen

from sip2gw.circulation.desk import Desk
from sip2gw.circulation.meanings import answers
from sip2gw.circulation.speech import Speaker
from sip2gw.library import Block, LibraryError, Patron, Refused
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
                "fee_amount": owed(patron),
            }
        return kind(**{field: value for field, value in facts.items() if field in kind.members})

    def _said(self, speaker: Speaker) -> tuple[str, ...]:
        """Lines for the screen. Why a patron can't borrow is not for whoever has found the card."""
        return (speaker.say("password_wrong"),) if self.withheld else reasons(self.patron, speaker)


async def standing(request: OfPatron, desk: Desk) -> Standing:
    """Look up the patron whom a request names, and check the password that it gives.

    An empty AD is a wrong password, and yet no attempt: 3M requires the field in 23, and terminals that ask for no
    PIN send it so. Raises `Refused("member_not_found")`.
    """
    patron = await desk.library.patron(request.patron_identifier.strip())
    given: Secret | None = getattr(request, "patron_password", None)
    if not desk.profile.patron_password:
        return Standing(patron)
    right = await password_is_right(patron, given, desk)
    return Standing(patron, right, withheld=bool(given) and not right)


def flags(patron: Patron) -> frozenset[PatronFlag]:
    """The patron status, as SIP2 words what stands in a patron's way; all that tells of a patron agrees on it."""
    return frozenset[PatronFlag]().union(*(_FLAGS[block] for block in patron.blocks))


def reasons(patron: Patron, speaker: Speaker) -> tuple[str, ...]:
    """Lines for the screen: why this patron can't borrow."""
    return tuple(speaker.say(text) for block, text in _REASONS.items() if block in patron.blocks)


def owed(patron: Patron) -> Decimal:
    """What the patron owes; nothing when in credit."""
    return max(patron.balance, Decimal("0.00"))


def name(patron: Patron, desk: Desk) -> str:
    """AE, as the terminal's profile has it."""
    return desk.profile.name_template.format(name=patron.name, patron_id=patron.patron_id).strip()


_NO_PASSWORD = frozenset({"no_password_set", "sso_only"})
"""The library can't compare any password with this patron's."""


async def password_is_right(patron: Patron, password: Secret | None, desk: Desk) -> bool | None:
    """CQ: None when no password was given at all; an empty one is a wrong one."""
    if password is None:
        return None
    if not password:
        return False

    said = password.reveal()

    async def ask() -> bool:
        return await desk.library.check_password(patron, said)

    try:
        if desk.pins is None:
            return await ask()
        return await desk.pins.check(desk.library.nickname, patron.patron_id, said, desk.asker, ask)
    except Refused as no:
        if no.code in _NO_PASSWORD:
            return False
        raise  # it was not the patron's password that was refused


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
    """35: always yes. It is a courtesy: terminals forget it, and nothing depends on it."""
    return EndSessionResponse(
        end_session=True,
        transaction_date=local(desk.now()),
        institution_id=request.institution_id or desk.library.nickname,
        patron_identifier=request.patron_identifier,
    )
