"""The conversation with one terminal, from connect to close: lines in, steps out, and no I/O.

The step and the next state for a line, by the state of the session:

    ========== ============================== ===========================================================
    state      the line says                  step, and next state
    ========== ============================== ===========================================================
    any        no message, unknown code       Ignore
    any        bad checksum                   Say 96; the third in a row disconnects: Closed
    any        97                             Say the bytes last sent, or 96 if there are none
    any        97, early                      Ignore: the answer sent meanwhile is the one that was asked for
    any        a write with a bad fixed part  Decline
    any        too many fields                Decline
    any        more than one AO               as an AO of another library; 93 Say 940
    Connected  93 that names a library        SignIn: admitted Serving, Say 941; turned away Say 940
    LoggedIn   93 that names a library        SignIn: admitted Serving, Say 941; turned away Connected, Say 940
    Connected  93 that names none             LoggedIn, Say 941 (or Say 940, if deferred login is off)
    LoggedIn   93 that names none             LoggedIn with the new credentials, Say 941
    Connected  99                             Ask, of no library
    LoggedIn   99                             Ask, of no library
    Connected  AO and AC "username:password"  SignIn: admitted Serving, Ask; turned away Say its refusal
    LoggedIn   AO                             SignIn: admitted Serving, Ask; turned away Say its refusal
    Connected  anything else                  Decline
    LoggedIn   anything else                  Decline
    given      anything but a 93              SignIn: admitted as Serving; turned away Say its refusal, 99 as above
    given      93 of another library          Say 940
    given      any other 93                   SignIn: admitted Serving, Say 941; turned away Say 940
    Serving    93 of the same account         SignIn: admitted Say 941, at its location; turned away refused, Say 940
    Serving    93 of another one              Say 940 and disconnect: Closed
    Serving    a write, same bytes as before  Say the answer given before, while nothing newer was written on its item
    Serving    such a repeat, done on an item Confirm: if so Say the answer given before, else as a new write
    Serving    such a repeat, early           Ignore: the answer sent meanwhile is the one that was asked for
    Serving    a write that is in progress    Join: the terminal sent it on another connection, and has reconnected
    Serving    AO of this library, or none    Ask
    Serving    AO or AC of another one        Decline; the third disconnects: Closed
    refused    99                             Ask, of no library
    refused    AO of this library, or none    Decline
    Closed     anything                       Ignore
    ========== ============================== ===========================================================

Refused is Serving after a 940, until the next 941: bound to its library, and not logged in.

A 93 in an ambiguous form names a library only if `expects` confirms it for the library, the account, the location and
the form; otherwise the first AO decides.

AC counts as `username:password` where the session has no account yet, and where it got its account from AC. Elsewhere
it is the terminal's password, which may have a colon in it.

Early means that a line came before the answer to the previous line was sent.

A session handles one line at a time. `SignIn`, `Ask`, `Confirm`, `Join` and `Decline` are questions to the gateway: it
calls `admitted` or `turned_away`, `reply`, `confirmed`, `joined`, or `refuse`, each of which returns the next step.

"Before" and "in progress" count for the terminal, on all its connections: for the library and the terminal that were
passed to `admitted`.

A message with two AO is refused even if they agree: programs differ on which of them counts, and one that reads another
one than the gateway would answer for another library.

"Given" is a Connected session to which the configuration gives a library and an account, by the terminal's address or
certificate. A 93 that names the library and an account is used as it is; any other means the given account, and so does
every other request, even one with an account in AC.

From `admitted` on the terminal's profile decides how responses are spelled, the 941 included; before, the default does.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from time import monotonic

from attrs import evolve

from sip2gw.library import LibraryError, Refused
from sip2gw.session.hand import InHand
from sip2gw.session.logins import (
    Expects,
    Login,
    account_in,
    from_request,
    institution_id,
    names_several,
    read,
    to_try,
    under,
)
from sip2gw.session.repeats import MEANT_AGAIN, Answers, First, Memory
from sip2gw.session.spelling import Spelling
from sip2gw.session.steps import (
    Ask,
    Closed,
    Confirm,
    Connected,
    Decline,
    Ignore,
    Join,
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
    Crowded,
    Dialect,
    Request,
    Response,
    Trailer,
    Unfit,
    UnknownMessage,
    messages,
    parse,
    refusal,
)
from sip2gw.tenants import OWN_REFUSALS, Tenant

PATIENCE = 3
"""How many bad checksums in a row, or in all requests of another library or account, end a session."""
DAMAGED = (
    f"closed: {PATIENCE} lines in a row whose checksum does not fit; look for noise on the terminal's line, "
    "or set its error detection and charset right"
)
NOT_AGAIN = 60.0
"""Seconds before held credentials that were refused are tried again without a 93, because tries lock accounts."""


class Session:
    """The state of one conversation.

    `most_fields` returns how many fields of a request are read; `expects` is asked whether a library's terminals name
    it in an ambiguous form; `answers` is shared by all sessions; `clock` returns seconds; `now` returns the current
    time, aware; `given` returns the login of a terminal that need not send one, or None.
    """

    def __init__(
        self,
        *,
        dialect: Dialect = DEFAULT,
        deferred_login: bool = True,
        most_fields: Callable[[], int] = lambda: 64,
        expects: Expects = lambda *_: False,
        answers: Answers | None = None,
        clock: Callable[[], float] = monotonic,
        now: Callable[[], datetime] = lambda: datetime.now().astimezone(),
        given: Callable[[], Login | None] = lambda: None,
    ) -> None:
        self.state: State = Connected()
        self._spelling = Spelling(dialect)
        self._deferred_login = deferred_login
        self._most_fields = most_fields
        self._expects = expects
        self._clock = clock
        self._now = now
        self._given = given
        self._hand: InHand | None = None
        self._memory = Memory(clock, answers)
        self._refused: SignIn | None = None
        self._refused_until = 0.0
        self._bad_checksums = 0
        self._strangers = 0
        self._denied = False
        self._asked_since_held = False
        self._own_name = ""

    @property
    def waits_for_its_first_reader(self) -> bool:
        """Return whether the login is held until a message names the library, and a status request came since."""
        return self._asked_since_held and isinstance(self.state, LoggedIn)

    def receive(self, line: bytes, early: bool = False) -> Step:
        """Return the step for a line, without its terminator. `early`: it came before the previous answer was sent."""
        if isinstance(self.state, Closed):
            return Ignore("closed")
        if not isinstance(self.state, Serving):
            self._spelling.see(line)
        try:
            request, trailer = parse(line, self._spelling.dialect, most=self._most_fields())
        except UnknownMessage as unknown:
            return Ignore(str(unknown))
        except BadChecksum:
            self._bad_checksums += 1
            enough = self._bad_checksums >= PATIENCE
            step = self._say(messages.RequestSCResend(), Trailer(checked=True), enough)
            return evolve(step, note=DAMAGED) if enough else step
        except Unfit as unfit:
            self._bad_checksums = 0
            self._hand = InHand(line, unfit.request, unfit.trailer)
            return Decline("unreadable", "fields" if isinstance(unfit, Crowded) else "", why=str(unfit))
        self._bad_checksums = 0
        if not isinstance(request, Request):
            return Ignore(f"a response, {request.code}")
        if isinstance(request, messages.RequestACSResend):
            if early:
                return Ignore("asked again before the answer was out")
            last = self._memory.last_sent
            return Say(last) if last else self._say(messages.RequestSCResend(), trailer)
        return self._begin(InHand(line, request, trailer, early=early))

    def admitted(self, tenant: Tenant, terminal: str = "") -> Step:
        """Continue after the directory opened the library of `SignIn`. `terminal` identifies the terminal."""
        if isinstance(self.state, Closed):
            return Ignore("closed")  # the peer has disconnected: do nothing
        hand = self._in_hand()
        location = hand.login.location if hand.login else ""
        if isinstance(self.state, Serving):
            location = location or self.state.location
        in_ac = account_in(hand.request)
        from_ac = in_ac is not None and hand.login is not None and in_ac == hand.login.credentials
        self.state = Serving(tenant, location, password=in_ac.password if in_ac and from_ac else None)
        self._memory.belongs_to(tenant.nickname, terminal)
        profile = tenant.profile(self.state.location)
        self._own_name = profile.institution_id.casefold()
        self._spelling.follow(profile)
        if isinstance(hand.request, messages.Login):
            return self.reply(messages.LoginResponse(ok=True))
        return self._begin(hand)

    def turned_away(self, error: LibraryError, why: str) -> Step:
        """Continue after the directory refused the login. `why` is the line for the screen, if there is one."""
        hand = self._in_hand()
        login = hand.login
        if login and isinstance(error, Refused) and error.code not in OWN_REFUSALS:
            self._refused = SignIn(login.library or "", login.credentials)
            self._refused_until = self._clock() + NOT_AGAIN
        if isinstance(hand.request, messages.SCStatus):
            return Ask(hand.request)
        if not isinstance(hand.request, messages.Login):
            return self.refuse(why)
        guessed_wrong = isinstance(error, Refused) and error.code == "library_not_found"
        if login and login.otherwise and guessed_wrong and not isinstance(self.state, Serving):
            return self._sign_in_or_hold(login.otherwise)
        return self.reply(messages.LoginResponse())

    def confirmed(self, so: bool) -> Step:
        """Continue after `Confirm`. `so` is whether the result still holds; if not, the request is a new one."""
        if isinstance(self.state, Closed):
            return Ignore("closed")
        hand = self._in_hand()
        before = self._memory.before(hand)
        if so and isinstance(before, bytes):
            return self._say_again(hand, before)
        self._memory.forget(hand)
        return self._begin(hand)

    def joined(self) -> Step:
        """Continue after `Join`. If the first request was not decided, this one is done."""
        if isinstance(self.state, Closed):
            return Ignore("closed")
        hand = self._in_hand()
        answer = self._memory.before(hand)
        return self._say_again(hand, answer) if isinstance(answer, bytes) else self._begin(hand)

    def reply(self, response: Response, *, remember: bool = True, known: bool = True) -> Say:
        """Answer the request in progress. `remember` keeps the answer to a write, for repeats.

        Without `known` the patron in the request does not become the patron at the terminal.
        """
        hand = self._in_hand()
        self._hand = None
        if isinstance(self.state, Serving):
            self.state = self.state.after(hand.request, response, self._clock(), known=known)
        if isinstance(response, messages.LoginResponse):
            self._denied = not response.ok
            if self._denied:
                self._log_out()
        step = self._say(response, hand.trailer, self._strangers >= PATIENCE)
        self._memory.answered(hand)
        if remember and hand.is_write:
            self._memory.keep(hand, step.line)
        self._memory.over()
        return step

    def let_go(self) -> None:
        """Release the line received last, even if it got no answer."""
        self._memory.over()

    def refuse(self, why: str) -> Say:
        """Refuse the request in progress, of any kind."""
        zone = self.state.tenant.rules.zone if isinstance(self.state, Serving) else None
        now = self._now().astimezone(zone).replace(tzinfo=None, microsecond=0)
        return self.reply(refusal(self._in_hand().request, now, [why]), remember=False, known=False)

    def close(self) -> None:
        """Close the session, because the connection has ended."""
        self.state = Closed()

    def _begin(self, hand: InHand) -> Step:
        """Return the first step towards an answer."""
        self._hand, request = hand, hand.request
        if isinstance(request, messages.Login):
            return self._log_in(request)
        self._spelling.note(request)
        if names_several(hand.line, self._spelling.dialect):
            return self._stranger("two_libraries")
        name = institution_id(request)
        match self.state:
            case Serving() as serving:
                return self._serve(serving, hand, name)
            case Connected() if given := self._given():
                return self._serve_given(given, request)
            case _ if isinstance(request, messages.SCStatus):
                self._asked_since_held = True
                return Ask(request, refused=self._denied)
            case LoggedIn(login) if name:
                said = None if login.credentials.username else from_request(request, name)
                return self._sign_in(said or login.at(name))
            case Connected() if name and (said := from_request(request, name)):
                return self._sign_in(said)
            case _:
                return Decline("not_logged_in")

    def _serve_given(self, given: Login, request: Request) -> Step:
        """Return the step for the first request of a terminal that need not log in. Its AO is checked later.

        The given account counts, so AC is a password, perhaps with a colon in it.
        """
        step = self._sign_in(given)
        told_anyway = isinstance(step, Decline) and isinstance(request, messages.SCStatus)
        return Ask(request) if told_anyway else step

    def _serve(self, serving: Serving, hand: InHand, name: str) -> Step:
        """Return the question to the library, unless the request is of another library."""
        tenant, request = serving.tenant, hand.request
        if not self._is_called(tenant, name):
            return self._stranger("other_library")
        if serving.is_another(request):
            return self._stranger("other_account")
        if serving.refused:
            is_status = isinstance(request, messages.SCStatus)
            return Ask(request, refused=True) if is_status else Decline("not_logged_in")
        ask = Ask(
            request,
            tenant,
            serving.location,
            serving.reader_at(self._clock()),
            self._spelling.print_width,
            hand.trailer.sequence or "",
        )
        return ask if request.read_only else self._once(ask, hand)

    def _is_called(self, tenant: Tenant, name: str) -> bool:
        """Return whether an AO means this session's library: by its names, or the name in the terminal's profile."""
        return tenant.is_called(name) or (bool(self._own_name) and name.casefold() == self._own_name)

    def _once(self, ask: Ask, hand: InHand) -> Step:
        """Return the step for a write, so that a write that was done, or is in progress, is not done twice."""
        self._memory.bind(hand)
        if hand.early and self._memory.was_answered_last(hand):
            self._hand = None
            return Ignore("said again before the answer was out")
        before = self._memory.before(hand)
        if before is None or before is MEANT_AGAIN:
            self._memory.begin(hand)
            return evolve(ask, meant_again=True) if before is MEANT_AGAIN else ask
        if isinstance(before, First):
            return Join(before)
        if hand.item and before[2:3] == b"1":  # 10, 12 and 30 have 1 here if the write was done
            return Confirm(ask)
        return self._say_again(hand, before)

    def _say_again(self, hand: InHand, answer: bytes) -> Say:
        """Answer a repeated request."""
        self._hand = None
        self._memory.said_again(hand, answer)
        if isinstance(self.state, Serving):
            self.state = self.state.after(hand.request, Response(), self._clock())
        return Say(answer)

    def _stranger(self, code: str) -> Decline:
        """Decline a request that is, or may be, of another library or account than the session's."""
        self._strangers += 1
        return Decline(code)

    def _log_in(self, request: messages.Login) -> Step:
        if (request.uid_algorithm, request.pwd_algorithm) != ("0", "0"):
            return self._turn_down("it is encrypted, which needs a private agreement")
        if names_several(self._in_hand().line, self._spelling.dialect):
            self._strangers += 1
            return self._turn_down("it names more than one library")
        login = read(request)
        if given := self._given():
            meant = under(given, login)
            if meant is None:
                return self._turn_down("it names another library than the terminal is given")
            login = meant
        if isinstance(self.state, Serving):
            return self._log_in_again(self.state.tenant, login)
        return self._sign_in_or_hold(login)

    def _sign_in_or_hold(self, login: Login) -> Step:
        reading = to_try(login, self._expects)
        return self._hold(login) if reading is None else self._sign_in(reading)

    def _log_in_again(self, tenant: Tenant, login: Login) -> Step:
        """Log in again: a session stays with its library and its account."""
        own = [one for one in login.readings() if self._is_called(tenant, one.library or "")]
        for reading in own:
            if reading.credentials.username == tenant.account:
                return self._sign_in(evolve(reading, library=tenant.nickname, otherwise=None))
        self._strangers = PATIENCE
        return self._turn_down(f"the session belongs to another {'account' if own else 'library'}")

    def _log_out(self) -> None:
        """Change the state after a refused login: the earlier login no longer counts."""
        if isinstance(self.state, Serving):
            self.state = evolve(self.state, refused=True, reader=None)
        elif isinstance(self.state, LoggedIn):
            self.state = Connected()

    def _turn_down(self, why: str) -> Step:
        return evolve(self.reply(messages.LoginResponse()), note=f"login refused: {why}")

    def _sign_in(self, login: Login) -> Step:
        hand = self._hand = evolve(self._in_hand(), login=login)
        step = SignIn(login.library or "", login.credentials, login.location)
        asked_for = isinstance(hand.request, messages.Login)
        if not asked_for and step == self._refused and self._clock() < self._refused_until:
            return Decline("not_logged_in")
        return step

    def _hold(self, login: Login) -> Step:
        """Accept a login provisionally: until a message names the library, no request is served."""
        if not self._deferred_login and login.form:
            *_, said = login.readings()
            return self._sign_in(
                evolve(said, library="")
            )  # without a library it takes the time of a login that reaches one
        if not self._deferred_login:
            return self._turn_down("it names no library, and deferred_login is off")
        self.state = LoggedIn(login)
        self._asked_since_held = False
        return self.reply(messages.LoginResponse(ok=True))

    def _say(self, response: Response, trailer: Trailer, hang_up: bool = False) -> Say:
        line = self._spelling.line(response, trailer)
        self._memory.last_sent = line
        if hang_up:
            self.state = Closed()
        return Say(line, hang_up)

    def _in_hand(self) -> InHand:
        if self._hand is None:
            raise RuntimeError("no request is in hand")
        return self._hand
