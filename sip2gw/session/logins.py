"""SIP2's login names no library, so there are several ways to say it; this reads them all, and decides nothing.

In this order (docs/install.md shows each for an installer):

1. AO, and perhaps AC `username:password`, inside the 93;
2. CN is the library's nickname and CO is `username:password`;
3. CN is `nickname/username`, or CP is `nickname` or `nickname:branch`, with CN and CO as account and password;
4. none of them: the library is still unknown.

What 2 and a bare CP say may be something else altogether (an account `self1`, a location `WEST`): that is a guess, and
after a wrong guess the next way is tried.
"""

from __future__ import annotations

from collections.abc import Iterator

from attrs import evolve, field, frozen

from sip2gw.library import Credentials
from sip2gw.sip2 import Dialect, Request, Secret, lay_out, messages
from sip2gw.tenants import nickname


@frozen
class Login:
    """Who a terminal says it is. `library` is None while unknown; `location` is where it says it stands."""

    credentials: Credentials = field(repr=False)
    library: str | None = None
    location: str = ""
    otherwise: Login | None = field(default=None, repr=False)
    """What was said if the library was only guessed, and there is no such library: the next guess, or 4."""


def read(request: messages.Login) -> Login:
    """What a 93 says."""
    user = request.login_user_id.reveal()
    password = request.login_password.reveal() if request.login_password else ""
    place = (request.location_code or "").strip()
    as_written = Login(Credentials(user, password), None, place)
    if named := _extension(request, "AO").strip():
        return Login(split_account(_extension(request, "AC")) or as_written.credentials, named, place)
    said = as_written
    for form, sure in reversed(list(_forms(user, password, place))):
        said = form if sure else evolve(form, otherwise=said)
    return said


def _forms(user: str, password: str, place: str) -> Iterator[tuple[Login, bool]]:
    """Each way in which CN, CO and CP can name a library, in order; and whether it can mean nothing else."""
    if (library := nickname(user)) and (account := split_account(password)):
        yield Login(account, library, place), False
    library_part, slash, account_part = user.partition("/")
    if slash and account_part and (library := nickname(library_part)):
        yield Login(Credentials(account_part, password), library, place), True
    library_part, colon, branch = place.partition(":")
    if library := nickname(library_part):
        yield Login(Credentials(user, password), library, branch.strip()), bool(colon)


def from_request(request: Request, library: str) -> Login | None:
    """What a message with AO and AC `username:password` says; None if its AC is not of that form."""
    account = _account(request)
    return Login(account, library) if account else None


def account_of(request: Request) -> str | None:
    """The user name in AC; None if its AC is not of the form `username:password`."""
    account = _account(request)
    return account.username if account else None


def institution_id(request: Request) -> str:
    """The AO of a message, wherever it stands; empty if there is none."""
    listed: str = getattr(request, "institution_id", "")
    further = (value for code, value in request.extensions if code == "AO")
    return (listed or next(further, "")).strip()


def names_several(line: bytes, dialect: Dialect) -> bool:
    """Whether a message has more than one AO, be they empty or all the same."""
    if line.replace(b"\0", b"").upper().count(b"AO") < 2:
        return False  # most lines, and without taking them apart
    return [code for code, _ in lay_out(line, dialect).fields].count("AO") > 1


def _account(request: Request) -> Credentials | None:
    password = getattr(request, "terminal_password", None)
    return split_account(password.reveal()) if isinstance(password, Secret) else None


def split_account(text: str) -> Credentials | None:
    """`username:password`, cut at the first colon: a password may hold colons, a user name may not."""
    user, colon, password = text.partition(":")
    return Credentials(user, password) if colon and user else None


def _extension(request: messages.Login, code: str) -> str:
    return next((value for found, value in request.extensions if found == code and value), "")
