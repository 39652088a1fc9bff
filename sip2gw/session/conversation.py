"""One terminal's conversation, from connect to hang-up: lines in, steps out, and no I/O.

What a line leads to, by the state of the session:

    ========== ============================== ===========================================================
    state      the line says                  step, and next state
    ========== ============================== ===========================================================
    any        no message, unknown code       Ignore
    any        bad checksum                   Say 96; the third in a row hangs up: Closed
    any        97                             Say the bytes last sent, or 96 if there are none
    any        a write, same bytes as before  Say the answer given before
    Connected  93 that names a library        SignIn: admitted Serving, Say 941; turned away Say 940
    LoggedIn   93 that names a library        SignIn: admitted Serving, Say 941; turned away Say 940
    Connected  93 that names none             LoggedIn, Say 941 (or Say 940, if deferred login is off)
    LoggedIn   93 that names none             LoggedIn with the new credentials, Say 941
    Connected  99                             Ask, of no library
    LoggedIn   99                             Ask, of no library
    Connected  AO and AC "username:password"  SignIn: admitted Serving, Ask; turned away Say its refusal
    LoggedIn   AO                             SignIn: admitted Serving, Ask; turned away Say its refusal
    Connected  anything else                  Decline
    LoggedIn   anything else                  Decline
    Serving    93 of the same account         SignIn: admitted Say 941; turned away Say 940
    Serving    93 of another one              Say 940
    Serving    AO of this library, or none    Ask
    Serving    AO of another one              Decline; the third hangs up: Closed
    Closed     anything                       Ignore
    ========== ============================== ===========================================================

A session handles one line at a time. `SignIn`, `Ask` and `Decline` are questions to the gateway: it comes back with
`admitted` or `turned_away`, `reply`, or `refuse`, each of which gives the next step.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from time import monotonic

from attrs import evolve, frozen

from sip2gw.library import LibraryError, Refused
from sip2gw.session.logins import Login, from_request, read
from sip2gw.session.steps import (
    Ask,
    Closed,
    Connected,
    Decline,
    Ignore,
    LoggedIn,
    Say,
    Serving,
    SignIn,
    State,
    Step,
)
from sip2gw.sip2 import (
    DEFAULT,
    BadChecksum,
    Dialect,
    Request,
    Response,
    Trailer,
    UnknownMessage,
    format,
    messages,
    parse,
    refusal,
)
from sip2gw.tenants import Tenant

MEMORY = 300.0
"""How long, in seconds, the answer to a write is given again for the same bytes."""
PATIENCE = 3
"""How many bad checksums in a row, or foreign institution ids in all, a session bears."""


@frozen(repr=False)
class _InHand:
    """The request that is being answered, and the login that it led to."""

    line: bytes
    request: Request
    trailer: Trailer
    login: Login | None = None


@frozen(repr=False)
class _Answered:
    """A write, and what was said to it."""

    line: bytes
    answer: bytes
    at: float


class Session:
    """The state of one conversation. `clock` counts seconds; `now` gives this moment, aware."""

    def __init__(
        self,
        *,
        dialect: Dialect = DEFAULT,
        deferred_login: bool = True,
        clock: Callable[[], float] = monotonic,
        now: Callable[[], datetime] = lambda: datetime.now().astimezone(),
    ) -> None:
        self.state: State = Connected()
        self._dialect = dialect
        self._deferred_login = deferred_login
        self._clock = clock
        self._now = now
        self._hand: _InHand | None = None
        self._last_sent: bytes | None = None
        self._answered: _Answered | None = None
        self._bad_checksums = 0
        self._strangers = 0
        self._version = "2.00"

    def receive(self, line: bytes) -> Step:
        """A line came, without its terminator."""
        if isinstance(self.state, Closed):
            return Ignore("closed")
        try:
            request, trailer = parse(line, self._dialect)
        except UnknownMessage as unknown:
            return Ignore(str(unknown))
        except BadChecksum:
            self._bad_checksums += 1
            return self._say(
                messages.RequestSCResend(), Trailer(checked=True), self._bad_checksums >= PATIENCE
            )
        self._bad_checksums = 0
        if not isinstance(request, Request):
            return Ignore(f"a response, {request.code}")
        if isinstance(request, messages.RequestACSResend):
            return Say(self._last_sent) if self._last_sent else self._say(messages.RequestSCResend(), trailer)
        if answer := self._answer_to_the_same(line):
            self._last_sent = answer
            return Say(answer)
        return self._begin(_InHand(line, request, trailer))

    def admitted(self, tenant: Tenant) -> Step:
        """The directory opened the library that `SignIn` named."""
        hand = self._in_hand()
        if isinstance(self.state, Serving):
            self.state = evolve(self.state, tenant=tenant)
        else:
            self.state = Serving(tenant, hand.login.location if hand.login else "")
        if isinstance(hand.request, messages.Login):
            return self.reply(messages.LoginResponse(ok=True))
        return self._begin(hand)

    def turned_away(self, error: LibraryError, why: str) -> Step:
        """The directory did not let the terminal in. `why` is the line for the screen, where there is one."""
        hand = self._in_hand()
        if not isinstance(hand.request, messages.Login):
            return self.refuse(why)
        guessed_wrong = isinstance(error, Refused) and error.code == "library_not_found"
        if hand.login and hand.login.otherwise and guessed_wrong:
            return self._hold(hand.login.otherwise)
        return self.reply(messages.LoginResponse())

    def reply(self, response: Response) -> Step:
        """The answer to the request in hand."""
        hand = self._in_hand()
        self._hand = None
        self._note_reader(hand.request, response)
        step = self._say(response, hand.trailer, self._strangers >= PATIENCE)
        if not hand.request.read_only and not isinstance(hand.request, messages.Login):
            self._answered = _Answered(hand.line, step.line, self._clock())
        return step

    def refuse(self, why: str) -> Step:
        """The answer no to the request in hand, whatever it is."""
        zone = self.state.tenant.rules.zone if isinstance(self.state, Serving) else None
        now = self._now().astimezone(zone).replace(tzinfo=None, microsecond=0)
        return self.reply(refusal(self._in_hand().request, now, [why]))

    def close(self) -> None:
        """The connection is gone."""
        self.state = Closed()

    def _begin(self, hand: _InHand) -> Step:
        """The first step towards an answer."""
        self._hand, request = hand, hand.request
        if isinstance(request, messages.Login):
            return self._log_in(request)
        self._speak_the_version_of(request)
        names = _institution_ids(request)
        match self.state:
            case Serving(tenant, location, reader):
                if all(map(tenant.is_called, names)):
                    return Ask(request, tenant, location, reader)
                self._strangers += 1
                return Decline("other_library")
            case _ if isinstance(request, messages.SCStatus):
                return Ask(request)
            case LoggedIn(login) if len(names) == 1:
                return self._sign_in(evolve(login, library=names.pop()))
            case Connected() if len(names) == 1 and (said := from_request(request, names.pop())):
                return self._sign_in(said)
            case _:
                return Decline("not_logged_in")

    def _log_in(self, request: messages.Login) -> Step:
        if (request.uid_algorithm, request.pwd_algorithm) != ("0", "0"):
            return self.reply(messages.LoginResponse())  # anything but plain text needs a private agreement
        login = read(request)
        if isinstance(self.state, Serving):
            return self._log_in_again(self.state.tenant, login)
        return self._sign_in(login) if login.library else self._hold(login)

    def _log_in_again(self, tenant: Tenant, login: Login) -> Step:
        """A bound session stays with its library and its account."""
        if login.otherwise and not tenant.is_called(login.library or ""):
            login = login.otherwise
        if not tenant.is_called(login.library or "") or login.credentials.username != tenant.account:
            return self.reply(messages.LoginResponse())
        return self._sign_in(evolve(login, library=tenant.nickname))

    def _sign_in(self, login: Login) -> Step:
        self._hand = evolve(self._in_hand(), login=login)
        return SignIn(login.library or "", login.credentials)

    def _hold(self, login: Login) -> Step:
        """Yes, provisionally: until a message names the library, nothing is served."""
        if not self._deferred_login:
            return self.reply(messages.LoginResponse())
        self.state = LoggedIn(login)
        return self.reply(messages.LoginResponse(ok=True))

    def _say(self, response: Response, trailer: Trailer, hang_up: bool = False) -> Say:
        line = format(response, trailer, self._dialect, version=self._version)
        self._last_sent = line
        if hang_up:
            self.state = Closed()
        return Say(line, hang_up)

    def _answer_to_the_same(self, line: bytes) -> bytes | None:
        before = self._answered
        return (
            before.answer if before and before.line == line and self._clock() - before.at < MEMORY else None
        )

    def _in_hand(self) -> _InHand:
        if self._hand is None:
            raise RuntimeError("no request is in hand")
        return self._hand

    def _note_reader(self, request: Request, response: Response) -> None:
        """Who stands at the terminal: the patron of the last 23 or 63, until the next 35."""
        if not isinstance(self.state, Serving):
            return
        match request:
            case messages.PatronStatusRequest() | messages.PatronInformation():
                known = getattr(response, "valid_patron", False)
                self.state = evolve(self.state, reader=request.patron_identifier.strip() if known else None)
            case messages.EndPatronSession():
                self.state = evolve(self.state, reader=None)

    def _speak_the_version_of(self, request: Request) -> None:
        """1.00 is spoken to those who say so in 99, unless they use what only 2.00 has."""
        if request.since == "2.00":
            self._version = "2.00"
        elif isinstance(request, messages.SCStatus):
            self._version = "1.00" if request.protocol_version.startswith("1") else "2.00"


def _institution_ids(request: Request) -> set[str]:
    """Every library that a request names, in whatever field AO it does."""
    listed = getattr(request, "institution_id", "")
    further = (value for code, value in request.extensions if code == "AO")
    return {name.strip().lower() for name in (listed, *further)} - {""}
