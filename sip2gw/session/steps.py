"""What a session can be, and what it can want: frozen states, and the steps it asks the gateway to take."""

from __future__ import annotations

from attrs import evolve, field, frozen

from sip2gw.library import Credentials
from sip2gw.session.logins import Login
from sip2gw.session.memory import First
from sip2gw.sip2 import Request, Response, messages
from sip2gw.tenants import Tenant


@frozen
class Connected:
    """Nobody has said who they are."""


@frozen
class LoggedIn:
    """Credentials are held, and checked as soon as a message names the library."""

    login: Login


@frozen
class Serving:
    """Bound to one library until the end. `reader` is the patron at the terminal, as far as is known."""

    tenant: Tenant
    location: str = ""
    reader: str | None = field(default=None, repr=False)

    def after(self, request: Request, response: Response) -> Serving:
        """Who stands at the terminal is the patron of the last 23 or 63, until the next 35."""
        match request:
            case messages.PatronStatusRequest() | messages.PatronInformation():
                known = getattr(response, "valid_patron", False)
                return evolve(self, reader=request.patron_identifier.strip() if known else None)
            case messages.EndPatronSession():
                return evolve(self, reader=None)
        return self


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

    `print_width` is how many characters the terminal says fit on a line of its printer.
    """

    request: Request
    tenant: Tenant | None = None
    location: str = ""
    reader: str | None = field(default=None, repr=False)
    print_width: int | None = None


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


Step = Ignore | Say | SignIn | Ask | Join | Decline
