"""What a session can be, and what it can want: frozen states, and the steps it asks the gateway to take."""

from __future__ import annotations

from attrs import evolve, field, frozen

from sip2gw.library import Credentials
from sip2gw.session.logins import Login, account_in
from sip2gw.session.repeats import First
from sip2gw.sip2 import Request, Response, Secret, messages
from sip2gw.tenants import Tenant


@frozen
class Connected:
    """Nobody has said who they are."""


@frozen
class LoggedIn:
    """Credentials are held, and checked as soon as a message names the library."""

    login: Login


READER_STAYS = 120.0
"""Seconds after the last request that names a patron for which they are taken to stand at the terminal."""


@frozen
class Serving:
    """Bound to one library until the end. `reader` is the patron at the terminal, as far as is known, `until` then.

    `refused` means that its last login was refused: nothing is served until the next one is right. `password` is that
    of a terminal which sends its account in AC.
    """

    tenant: Tenant
    location: str = ""
    reader: str | None = field(default=None, repr=False)
    until: float = 0.0
    refused: bool = False
    password: Secret | None = field(default=None, repr=False)

    def after(self, request: Request, response: Response, now: float, *, known: bool = True) -> Serving:
        """The state after this answer. The reader is the patron whom the last request named, until the next 35.

        Not if the answer says that there is no such patron or that the password is wrong, nor if that is what `known`
        says.
        """
        named = getattr(request, "patron_identifier", None)
        if named is None or not named.strip():
            return self
        wrong = bool(getattr(request, "patron_password", None)) and (
            getattr(response, "valid_patron_password", None) is False
        )
        known = known and not wrong and getattr(response, "valid_patron", None) is not False
        stays = known and not isinstance(request, messages.EndPatronSession)
        return evolve(self, reader=named.strip() if stays else None, until=now + READER_STAYS)

    def is_another(self, request: Request) -> bool:
        """Whether AC is another account. Where the account is not from AC, it is a password, perhaps with a colon."""
        account = account_in(request) if self.password is not None else None
        if account is None or account.username == self.tenant.account:
            return False
        return getattr(request, "terminal_password", None) != self.password

    def reader_at(self, now: float) -> str | None:
        """The patron who stands at the terminal at this moment, as far as is known."""
        return self.reader if now < self.until else None


@frozen
class Closed:
    """Nothing more is said."""


State = Connected | LoggedIn | Serving | Closed


@frozen
class Ignore:
    """Say nothing; `why` is for the log."""

    why: str


@frozen(repr=False)
class Say:
    """Send these bytes, then perhaps hang up."""

    line: bytes
    hang_up: bool = False
    note: str = ""
    """For the log, where nobody else knows of it."""


@frozen
class SignIn:
    """Have the directory open the library; then `admitted` or `turned_away`."""

    library: str
    credentials: Credentials = field(repr=False)
    location: str = field(default="", eq=False)
    """Where the terminal says it stands."""


@frozen
class Ask:
    """Have circulation answer this request; then `reply`. Without a tenant only 99 is asked.

    `print_width` is how many characters the terminal says fit on a line of its printer. `sequence` is the number of the
    request (AY); `anew` means that the same line was answered before and is not a repeat. `refused` means that the
    terminal's last login was refused.
    """

    request: Request
    tenant: Tenant | None = None
    location: str = ""
    reader: str | None = field(default=None, repr=False)
    print_width: int | None = None
    sequence: str = ""
    anew: bool = False
    refused: bool = False


@frozen
class Confirm:
    """Have circulation say whether what this request has done is still so; then `confirmed`."""

    ask: Ask


@frozen
class Join:
    """Wait until the same write, in hand on another connection of the terminal, is over; then `joined`."""

    first: First


@frozen
class Decline:
    """Find words for why this can't be served (`not_logged_in`, `other_library`); then `refuse`."""

    code: str
    limit: str = ""
    """The limit that was reached, if it is that."""
    why: str = field(default="", eq=False)
    """More about it for the log: the message and what is wrong with it, never its bytes."""


Step = Ignore | Say | SignIn | Ask | Confirm | Join | Decline
