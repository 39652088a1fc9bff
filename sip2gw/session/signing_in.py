"""Decide what a login leads to: it is tried, held until a message names the library, or rejected."""

from __future__ import annotations

from collections.abc import Callable

from attrs import evolve, field, frozen

from sip2gw.library import LibraryError, Refused
from sip2gw.session.logins import CONFIGURED, Expects, Login, from_request, read, to_try, under
from sip2gw.session.steps import PATIENCE, Connected, LoggedIn, Serving, SignIn, State
from sip2gw.sip2 import Request, messages
from sip2gw.tenants import OWN_REFUSALS

NOT_AGAIN = 60.0
"""Seconds before held credentials that were refused are tried again without a 93, because tries lock accounts."""


@frozen
class Held:
    """A login that is accepted provisionally: until a message names the library, no request is served."""

    login: Login = field(repr=False)


@frozen
class Rejected:
    """A login that is not tried; `why` is for the log. It counts as so many requests of another library."""

    why: str
    of_others: int = 0


class SigningIn:
    """The logins of one session. The arguments are those of `Session`."""

    __slots__ = ("_clock", "_deferred_login", "_expects", "_given", "_refused", "_refused_until")

    def __init__(
        self,
        *,
        deferred_login: bool,
        expects: Expects,
        clock: Callable[[], float],
        given: Callable[[], Login | None],
    ) -> None:
        self._deferred_login = deferred_login
        self._expects = expects
        self._clock = clock
        self._given = given
        self._refused: SignIn | None = None
        self._refused_until = 0.0

    def by_message(self, request: messages.Login, state: State, *, several: bool) -> Login | Held | Rejected:
        """Decide on a 93. `several` means that it names more than one library."""
        if (request.uid_algorithm, request.pwd_algorithm) != ("0", "0"):
            return Rejected("it is encrypted, which needs a private agreement")
        if several:
            return Rejected("it names more than one library", 1)
        login = read(request)
        if given := self._given():
            meant = under(given, login)
            if meant is None:
                return Rejected("it names another library than the terminal is given")
            login = meant
        return self._again(state, login) if isinstance(state, Serving) else self.first(login)

    def first(self, login: Login) -> Login | Held | Rejected:
        """Decide on a login of a session that serves no library."""
        if (reading := to_try(login, self._expects)) is not None:
            return reading
        if self._deferred_login:
            return Held(login)
        if login.form:
            *_, said = login.readings()
            return evolve(said, library="")  # without a library it takes the time of a login that reaches one
        return Rejected("it names no library, and deferred_login is off")

    def by_request(self, request: Request, state: State, name: str) -> Login | None:
        """Return the login that comes with another message, which names the library `name`; None if none does."""
        if not name:
            return None
        if isinstance(state, LoggedIn):
            held = state.login
            return (None if held.credentials.username else from_request(request, name)) or held.at(name)
        return from_request(request, name)

    def by_configuration(self, state: State) -> Login | None:
        """Return the login that the configuration gives to this terminal, if it has none yet."""
        given = self._given() if isinstance(state, Connected) else None
        return evolve(given, said_in=CONFIGURED) if given else None

    def turned_away(self, login: Login, error: LibraryError) -> None:
        """Remember credentials that the library refused."""
        if isinstance(error, Refused) and error.code not in OWN_REFUSALS:
            self._refused = SignIn(login.library or "", login.credentials)
            self._refused_until = self._clock() + NOT_AGAIN

    def is_in_vain(self, step: SignIn) -> bool:
        """Return whether these credentials were refused a short time ago."""
        return step == self._refused and self._clock() < self._refused_until

    def _again(self, serving: Serving, login: Login) -> Login | Rejected:
        """Decide on a further login: a session stays with its library and its account."""
        tenant = serving.tenant
        own = [one for one in login.readings() if serving.is_called(one.library or "")]
        for reading in own:
            if reading.credentials.username == tenant.account:
                return evolve(reading, library=tenant.nickname, otherwise=None)
        other = "account" if own else "library"
        return Rejected(
            f"the session belongs to another {other}: it must connect again to change it", PATIENCE
        )
