"""Patrons: who they are and what they may do (23), and the end of a patron's session (35).

The answer says that a password is right only after the library has compared it.
"""

from __future__ import annotations

from contextlib import suppress
from decimal import Decimal
from typing import Any, Protocol, TypeVar

from attrs import frozen

from sip2gw.circulation.answers import answers
from sip2gw.circulation.desk import Desk
from sip2gw.circulation.fees import written
from sip2gw.circulation.named import named_card
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
_NO_FLAGS: frozenset[PatronFlag] = frozenset()
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
_NOBODY = frozenset({"member_not_found", "no_card_named"})
_NOTHING = Decimal(0)


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
class PatronState:
    """A patron at one moment: the fields that 24, 26 and 64 share, so that they always agree.

    `password` is CQ: None if no password was sent, or if the profile checks none. `withheld` means that a password was
    wrong, so nothing personal is sent.
    """

    patron: Patron
    password: bool | None = None
    withheld: bool = False
    found: Found | None = None

    def respond(
        self, kind: type[A], request: OfPatron, desk: Desk, why: tuple[str, ...] = (), **more: Any
    ) -> A:
        """Return the response of this `kind`, with the fields `more`; the lines `why` come first on the screen."""
        patron = self.patron
        language = getattr(request, "language", "000")
        if not self.withheld:
            more["personal_name"] = name(patron, desk)
            if kind is not PatronEnableResponse:
                currency = patron.currency or desk.place.rules.currency
                more["currency_type"] = currency or None
                more["fee_amount"] = written(max(patron.balance, _NOTHING), currency)
        return kind(
            patron_status=flags(patron),
            language=language,
            transaction_date=local(desk.now()),
            institution_id=request.institution_id or desk.library.nickname,
            patron_identifier=request.patron_identifier,
            valid_patron=True,
            valid_patron_password=self.password,
            screen_message=why + self._screen(desk.speaker(patron.language, language)),
            **more,
        )

    def _screen(self, speaker: Speaker) -> tuple[str, ...]:
        """Return lines for the screen. A person with a wrong password does not learn why the patron can't borrow."""
        return (speaker.say("password_wrong"),) if self.withheld else reasons(self.patron, speaker)


async def patron_state(request: OfPatron, desk: Desk, listing: Listing | None = None) -> PatronState:
    """Look up the patron of a request, with the request's password and a page of a list.

    An empty AD is a wrong password, but not a try. Raises `Refused("member_not_found")`.
    """
    given: Secret | None = (
        getattr(request, "patron_password", None) if desk.place.profile.patron_password else None
    )
    found = await look_up(named_card(request), given or None, desk, listing)
    right = None if given is None else found.password is PasswordCheck.RIGHT
    withheld = bool(given) and not right
    if withheld:
        desk.refused = "password_wrong"
    return PatronState(found.patron, right, withheld=withheld, found=found)


def flags(patron: Patron) -> frozenset[PatronFlag]:
    """Return the patron status: SIP2's flags for what a patron may not do."""
    return _NO_FLAGS.union(*(_FLAGS[block] for block in patron.blocks)) if patron.blocks else _NO_FLAGS


def reasons(patron: Patron, speaker: Speaker) -> tuple[str, ...]:
    """Return lines for the screen: why this patron can't borrow."""
    if not patron.blocks:
        return ()
    return tuple(speaker.say(text) for block, text in _REASONS.items() if block in patron.blocks)


def name(patron: Patron, desk: Desk) -> str:
    """Return AE as the profile writes it."""
    return desk.place.profile.name_template.format(name=patron.name, patron_id=patron.patron_id).strip()


def patron_refusal(response: R, error: LibraryError) -> R:
    """Add BL=N to a refusal only if there is certainly no such patron: some terminals then log out."""
    if isinstance(error, Refused) and error.code in _NOBODY:
        return response.but(valid_patron=False)
    return response


@answers(PatronStatusRequest, declined=patron_refusal)
async def patron_status(request: PatronStatusRequest, desk: Desk) -> PatronStatusResponse:
    """Answer 23: known or not, what is allowed, what is owed. After a wrong password only the flags are sent."""
    return (await patron_state(request, desk)).respond(PatronStatusResponse, request, desk)


def _end_session_refusal(response: EndSessionResponse, _: LibraryError) -> EndSessionResponse:
    """Change the refusal of 35 to a yes, because the library is not needed to end a session."""
    return response.but(end_session=True, screen_message=())


@answers(EndPatronSession, declined=_end_session_refusal)
async def end_session(request: EndPatronSession, desk: Desk) -> EndSessionResponse:
    """Answer 35: always yes, because nothing depends on it. A wrong password only adds a line for the screen."""
    return EndSessionResponse(
        end_session=True,
        transaction_date=local(desk.now()),
        institution_id=request.institution_id or desk.library.nickname,
        patron_identifier=request.patron_identifier,
        screen_message=await _wrong(request, desk),
    )


async def _wrong(request: EndPatronSession, desk: Desk) -> tuple[str, ...]:
    """Return the line for the screen if the password is wrong."""
    password = entered(request, desk)
    if password is None:
        return ()
    with suppress(LibraryError):
        found = await look_up(request.patron_identifier.strip(), password, desk, None)
        if found.password is not PasswordCheck.RIGHT:
            return (desk.speaker().say("password_wrong"),)
    return ()
