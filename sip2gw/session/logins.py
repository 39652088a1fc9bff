"""Read the library, account and location from a login, in each form that terminals use.

SIP2's login has no field for the library, so several forms exist. In this order (docs/install.md shows each for an
installer):

1. AO, and perhaps AC `username:password`, inside the 93;
2. CN is the library's nickname and CO is `username:password`;
3. CN is `nickname/username`, or CP is `nickname` or `nickname:branch`, with CN and CO as account and password;
4. none of them: the library is still unknown.

A nickname may be written as a host name, `nickname.librarika.com`, which is unambiguous.

Form 2 and a bare CP are ambiguous (an account `self1` with the password `pa:ss`, a location `WEST`): the library in
them is a guess. A guess is tried only if the configuration of that library expects this form; otherwise the first AO
decides, because no other library may receive a terminal's account.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from attrs import evolve, field, frozen

from sip2gw.library import Credentials
from sip2gw.sip2 import Dialect, Request, Secret, lay_out, messages
from sip2gw.tenants import read_name

_MAIL = re.compile(r"[^\s:/@]+@[^\s:/@.]+(?:\.[^\s:/@.]+)+:")
"""The beginning of a CO that holds account and password, and not a password with a colon in it."""

CONFIGURED = "configured"

Expects = Callable[[str, str, str, str], bool]
"""Whether terminals of a library with this account, at this location, name it in this form (CN or CP)."""


@frozen
class Login:
    """A terminal's login. `library` is None while unknown; `location` is the place that the terminal states.

    `form` is the field, CN or CP, in which the library was guessed.
    """

    credentials: Credentials = field(repr=False)
    library: str | None = None
    location: str = ""
    otherwise: Login | None = field(default=None, repr=False)
    """The next reading, if the guessed library is wrong: another guess, or form 4."""
    form: str = ""
    said_in: str = field(default="", eq=False)
    """Where the library was named: `AO`, `CN`, `CP`, `AC` (AO with an account in AC), or `configured`."""

    def readings(self) -> Iterator[Login]:
        """Yield this reading, and the others in order."""
        reading: Login | None = self
        while reading is not None:
            yield reading
            reading = reading.otherwise

    def at(self, institution_id: str) -> Login:
        """Return the reading that fits, now that a message names the library."""
        name = read_name(institution_id)
        *guesses, said = self.readings()
        right = next((guess for guess in guesses if name and guess.library == name.library), said)
        return _in_ao(institution_id, right.credentials, right.location)


def read(request: messages.Login) -> Login:
    """Return the login in a 93."""
    user = request.login_user_id.reveal()
    password = request.login_password.reveal() if request.login_password else ""
    place = (request.location_code or "").strip()
    as_written = Login(Credentials(user, password), None, place)
    if named := _extension(request, "AO").strip():
        return _in_ao(named, account_in(request) or as_written.credentials, place)
    said = as_written
    for reading in reversed(list(_forms(user, password, place))):
        said = evolve(reading, otherwise=said) if reading.form else reading
    return said


def _in_ao(named: str, credentials: Credentials, place: str) -> Login:
    """Return the login of a message with AO. AO may hold the account or the branch if no other field does."""
    name = read_name(named)
    if name is None or name.account not in ("", credentials.username or name.account):
        return Login(credentials, named, place, said_in="AO")  # such a library is not found
    if name.account:
        credentials = evolve(credentials, username=name.account)
    return Login(credentials, name.library, place or name.branch, said_in="AO")


def _forms(user: str, password: str, place: str) -> Iterator[Login]:
    """Yield each way in which CN, CO and CP can name a library, in order; with its form if it is ambiguous."""
    plain = "/" not in user and ":" not in user
    if plain and (name := read_name(user)) and (account := split_account(password)):
        sure = "." in user or _MAIL.match(password) is not None
        yield Login(account, name.library, place, form="" if sure else "CN", said_in="CN")
    library_part, slash, account_part = user.partition("/")
    if slash and account_part and (name := read_name(library_part)) and not name.branch:
        yield Login(Credentials(account_part, password), name.library, place, said_in="CN")
    if "/" not in place.partition(":")[0] and (name := read_name(place)):
        sure = ":" in place or "." in place
        yield Login(
            Credentials(user, password), name.library, name.branch, form="" if sure else "CP", said_in="CP"
        )


def to_try(login: Login, expects: Expects) -> Login | None:
    """Return the first reading with a certain library, or with a form that its library expects; else None."""
    for reading in login.readings():
        if reading.library and (not reading.form or _is_expected(reading, expects)):
            return reading
    return None


def _is_expected(guess: Login, expects: Expects) -> bool:
    return expects(guess.library or "", guess.credentials.username, guess.location, guess.form)


def under(given: Login, said: Login) -> Login | None:
    """Return the login that a 93 means at a terminal with a given login. None if it names another library.

    A 93 with the library and an account is used as it is; any other means the given account.
    """
    said = next((one for one in said.readings() if is_of(given, one.library or "")), [*said.readings()][-1])
    if said.library and not is_of(given, said.library):
        return None
    if said.library and said.credentials.username:
        return evolve(said, library=given.library, otherwise=None, form="")
    return evolve(given, location=said.location, said_in=CONFIGURED)


def is_of(given: Login, name: str) -> bool:
    """Return whether this is a name of the library of a given login."""
    found = read_name(name)
    return found is not None and found.library == given.library


def from_request(request: Request, library: str) -> Login | None:
    """Return the login in a message with AO and AC `username:password`; None if its AC has another form."""
    account = account_in(request)
    return evolve(_in_ao(library, account, ""), said_in="AC") if account else None


def institution_id(request: Request) -> str:
    """Return the AO of a message, listed or as an extension; empty if there is none."""
    listed: str = getattr(request, "institution_id", "")
    further = (value for code, value in request.extensions if code == "AO")
    return (listed or next(further, "")).strip()


def names_several(line: bytes, dialect: Dialect) -> bool:
    """Return whether a message has more than one AO, even if they are empty or equal."""
    if line.replace(b"\0", b"").upper().count(b"AO") < 2:
        return False  # most lines end here, unparsed
    return [code for code, _ in lay_out(line, dialect).fields].count("AO") > 1


def account_in(request: Request) -> Credentials | None:
    """Return the account in AC; None if AC is not `username:password`, or is in a 93 with CN and CO."""
    if isinstance(request, messages.Login):
        if (request.login_user_id and request.login_password) or not _extension(request, "AO").strip():
            return None
        return split_account(_extension(request, "AC"))
    password = getattr(request, "terminal_password", None)
    return split_account(password.reveal()) if isinstance(password, Secret) else None


def split_account(text: str) -> Credentials | None:
    """Split `username:password` at the first colon: a password may hold colons, a user name may not."""
    user, colon, password = text.partition(":")
    return Credentials(user, password) if colon and user else None


def _extension(request: messages.Login, code: str) -> str:
    return next((value for found, value in request.extensions if found == code and value), "")
