"""The states of a session, the request in progress, and the steps that the gateway is asked to take."""

from __future__ import annotations

from attrs import define, field, frozen

from sip2gw.library import Credentials
from sip2gw.session.kept_answers import FirstTry
from sip2gw.session.logins import Login, account_in
from sip2gw.session.shares import Key
from sip2gw.sip2 import Request, Response, Secret, Trailer, messages
from sip2gw.tenants import Tenant


@frozen
class Connected:
    """No login has come."""


@frozen
class LoggedIn:
    """Credentials are held, and are checked once a message names the library."""

    login: Login


PATIENCE = 3
"""How many bad checksums in a row, or in all requests of another library or account, end a session."""
READER_STAYS = 120.0
"""Seconds after the last request with a patron for which that patron counts as being at the terminal."""


@frozen
class Serving:
    """Bound to one library until the end. `reader` is the patron at the terminal, if known, until `until`.

    `refused` means that its last login was refused: no request is served until the next right one. `password` is that
    of a terminal which sends its account in AC. `own_name` is the library's name in the terminal's profile.
    """

    tenant: Tenant
    location: str = ""
    reader: str | None = field(default=None, repr=False)
    until: float = 0.0
    refused: bool = False
    password: Secret | None = field(default=None, repr=False)
    own_name: str = field(default="", eq=False)

    def is_called(self, name: str) -> bool:
        """Return whether an AO means this session's library: by its names, or the name in the terminal's profile."""
        if not name or name == self.tenant.library.nickname:
            return True
        own = self.own_name
        return self.tenant.is_called(name) or (bool(own) and name.casefold() == own.casefold())

    def after(self, request: Request, response: Response, now: float, *, known: bool = True) -> Serving:
        """Return the state after this answer. The reader is the patron in the last request, until the next 35.

        There is no reader if the answer says that the patron is unknown or the password wrong, or if `known` is
        false.
        """
        named = (getattr(request, "patron_identifier", None) or "").strip()
        if not named:
            return self
        wrong = bool(getattr(request, "patron_password", None)) and (
            getattr(response, "valid_patron_password", None) is False
        )
        known = known and not wrong and getattr(response, "valid_patron", None) is not False
        stays = known and not isinstance(request, messages.EndPatronSession)
        reader = named if stays else None
        return Serving(  # by name, as `evolve` costs several times as much, for nearly each request
            tenant=self.tenant,
            location=self.location,
            reader=reader,
            until=now + READER_STAYS,
            refused=self.refused,
            password=self.password,
            own_name=self.own_name,
        )

    def is_another(self, request: Request) -> bool:
        """Return whether AC is another account. If the account is not from AC, AC is the terminal's password."""
        account = account_in(request) if self.password is not None else None
        if account is None or account.username == self.tenant.account:
            return False
        return getattr(request, "terminal_password", None) != self.password

    def reader_at(self, now: float) -> str | None:
        """Return the patron at the terminal at this moment, if known."""
        return self.reader if now < self.until else None


@frozen
class Closed:
    """No more responses are sent."""


State = Connected | LoggedIn | Serving | Closed


@define(eq=False, repr=False)
class Pending:
    """The request that is being answered, and its login. `early` is as in `Session.receive`.

    `key` stands for the line of a write that goes to the library; other requests have none.
    """

    line: bytes
    request: Request
    trailer: Trailer
    login: Login | None = None
    early: bool = False
    key: Key | None = None

    @property
    def item(self) -> str:
        """The item in the request; empty if there is none."""
        return getattr(self.request, "item_identifier", None) or ""

    @property
    def account(self) -> str:
        """The patron on whose account it writes; empty if there is none."""
        if isinstance(self.request, messages.EndPatronSession):
            return ""
        return getattr(self.request, "patron_identifier", None) or ""

    @property
    def is_dated(self) -> bool:
        """Whether it has the time of its event."""
        return getattr(self.request, "transaction_date", None) is not None


@frozen
class Ignore:
    """Send no response; `why` is for the log.

    `asked_again` means that the terminal repeated a request before it had the answer, which is on its way.
    """

    why: str
    asked_again: bool = False


REPEATED, RESENT, BAD_CHECKSUM, HELD, REJECTED = "repeated", "resent", "bad_checksum", "held", "rejected"


@frozen(repr=False)
class Say:
    """Send these bytes, then disconnect if `hang_up`."""

    line: bytes
    hang_up: bool = False
    note: str = ""
    """Text for the log that only the session has."""
    kind: str = field(default="", eq=False)
    """Why no library was asked: `REPEATED`, `RESENT`, `BAD_CHECKSUM`, `HELD` or `REJECTED`."""


@frozen
class SignIn:
    """Have the directory open the library; then `admitted` or `turned_away`."""

    library: str
    credentials: Credentials = field(repr=False)
    location: str = field(default="", eq=False)
    """The place that the terminal states."""
    form: str = field(default="", eq=False)
    """How the login names the library (see `Login.said_in`)."""


@frozen
class Ask:
    """Have circulation answer this request; then `reply`. Without a tenant only 99 is asked.

    `print_width` is how many characters fit on a line of the terminal's printer. `sequence` is the number of the
    request (AY); `meant_again` means that the same line was answered before and is not a repeat. `refused` means that
    the terminal's last login was refused. `line` is a digest of a write's line, by which its repeats are found in other
    processes; `dated` says whether the line has the time of its event.
    """

    request: Request
    tenant: Tenant | None = None
    location: str = ""
    reader: str | None = field(default=None, repr=False)
    print_width: int | None = None
    sequence: str = ""
    meant_again: bool = False
    refused: bool = False
    line: bytes = field(default=b"", repr=False)
    dated: bool = True

    def of_line(self, line: bytes, *, dated: bool) -> Ask:
        """Return the same step for a write with this line."""
        return Ask(  # by name, as in `Serving.after`
            request=self.request,
            tenant=self.tenant,
            location=self.location,
            reader=self.reader,
            print_width=self.print_width,
            sequence=self.sequence,
            meant_again=self.meant_again,
            refused=self.refused,
            line=line,
            dated=dated,
        )


@frozen
class Confirm:
    """Have circulation check whether the result of this request still holds; then `confirmed`."""

    ask: Ask


@frozen
class Wait:
    """Wait until the same write, in progress on another connection of the terminal, is over; then `waited`."""

    first: FirstTry


@frozen
class Decline:
    """Find words for a refusal (`not_logged_in`, `other_library`); then `refuse`."""

    code: str
    limit: str = ""
    """The limit that was reached, if that is the reason."""
    why: str = field(default="", eq=False)
    """More for the log: the message and its fault, never its bytes."""


Step = Ignore | Say | SignIn | Ask | Confirm | Wait | Decline
