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
from sip2gw.session.answers import Answers
from sip2gw.session.logins import Expects, Login, account_in, institution_id, names_several
from sip2gw.session.repeats import Repeats
from sip2gw.session.signing_in import Held, Rejected, SigningIn
from sip2gw.session.spelling import Spelling
from sip2gw.session.steps import (
    PATIENCE,
    Ask,
    Closed,
    Connected,
    Decline,
    Ignore,
    InHand,
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
from sip2gw.tenants import Tenant

DAMAGED = (
    f"closed: {PATIENCE} lines in a row whose checksum does not fit; look for noise on the terminal's line, "
    "or set its error detection and charset right"
)


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
        self._most_fields = most_fields
        self._clock = clock
        self._now = now
        self._hand: InHand | None = None
        self._repeats = Repeats(clock, answers)
        self._signing_in = SigningIn(deferred_login=deferred_login, expects=expects, clock=clock, given=given)
        self._bad_checksums = 0
        self._strangers = 0
        self._denied = False
        self._asked_since_held = False

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
            last = self._repeats.last_sent
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
        profile = tenant.profile(location)
        password = in_ac.password if in_ac and from_ac else None
        self.state = Serving(tenant, location, password=password, own_name=profile.institution_id)
        self._repeats.belongs_to(tenant.nickname, terminal)
        self._spelling.follow(profile)
        if isinstance(hand.request, messages.Login):
            return self.reply(messages.LoginResponse(ok=True))
        return self._begin(hand)

    def turned_away(self, error: LibraryError, why: str) -> Step:
        """Continue after the directory refused the login. `why` is the line for the screen, if there is one."""
        hand = self._in_hand()
        login = hand.login
        if login:
            self._signing_in.turned_away(login, error)
        if isinstance(hand.request, messages.SCStatus):
            return Ask(hand.request)
        if not isinstance(hand.request, messages.Login):
            return self.refuse(why)
        guessed_wrong = isinstance(error, Refused) and error.code == "library_not_found"
        if login and login.otherwise and guessed_wrong and not isinstance(self.state, Serving):
            return self._follow(self._signing_in.first(login.otherwise))
        return self.reply(messages.LoginResponse())

    def confirmed(self, so: bool) -> Step:
        """Continue after `Confirm`. `so` is whether the result still holds; if not, the request is a new one."""
        if isinstance(self.state, Closed):
            return Ignore("closed")
        hand = self._in_hand()
        before = self._repeats.answer_before(hand)
        if so and before is not None:
            return self._say_again(hand, before)
        self._repeats.forget(hand)
        return self._begin(hand)

    def joined(self) -> Step:
        """Continue after `Join`. If the first request was not decided, this one is done."""
        if isinstance(self.state, Closed):
            return Ignore("closed")
        hand = self._in_hand()
        before = self._repeats.answer_before(hand)
        return self._begin(hand) if before is None else self._say_again(hand, before)

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
        self._repeats.answered(hand, step.line, keep=remember)
        return step

    def let_go(self) -> None:
        """Release the line received last, even if it got no answer."""
        self._repeats.over()

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
        self._hand, request, state = hand, hand.request, self.state
        if isinstance(request, messages.Login):
            several = names_several(hand.line, self._spelling.dialect)
            return self._follow(self._signing_in.by_message(request, state, several=several))
        self._spelling.note(request)
        if names_several(hand.line, self._spelling.dialect):
            return self._stranger("two_libraries")
        name = institution_id(request)
        if isinstance(state, Serving):
            return self._serve(state, hand, name)
        is_status = isinstance(request, messages.SCStatus)
        if given := self._signing_in.by_configuration(state):
            # The account counts, so AC is a password, perhaps with a colon in it; AO is checked after the login.
            step = self._sign_in(given)
            return Ask(request) if is_status and isinstance(step, Decline) else step
        if is_status:
            self._asked_since_held = True
            return Ask(request, refused=self._denied)
        login = self._signing_in.by_request(request, state, name)
        return Decline("not_logged_in") if login is None else self._sign_in(login)

    def _serve(self, serving: Serving, hand: InHand, name: str) -> Step:
        """Return the question to the library, unless the request is of another library."""
        request = hand.request
        if not serving.is_called(name):
            return self._stranger("other_library")
        if serving.is_another(request):
            return self._stranger("other_account")
        if serving.refused:
            is_status = isinstance(request, messages.SCStatus)
            return Ask(request, refused=True) if is_status else Decline("not_logged_in")
        ask = Ask(
            request,
            serving.tenant,
            serving.location,
            serving.reader_at(self._clock()),
            self._spelling.print_width,
            hand.trailer.sequence or "",
        )
        if request.read_only:
            return ask
        step = self._repeats.once(ask, hand)
        if isinstance(step, Ignore):
            self._hand = None
        return self._say_again(hand, step) if isinstance(step, bytes) else step

    def _say_again(self, hand: InHand, answer: bytes) -> Say:
        """Answer a repeated request."""
        self._hand = None
        self._repeats.said_again(hand, answer)
        if isinstance(self.state, Serving):
            self.state = self.state.after(hand.request, Response(), self._clock())
        return Say(answer)

    def _stranger(self, code: str) -> Decline:
        """Decline a request that is, or may be, of another library or account than the session's."""
        self._strangers += 1
        return Decline(code)

    def _follow(self, decision: Login | Held | Rejected) -> Step:
        """Return the step for a login on which there is a decision."""
        match decision:
            case Login():
                return self._sign_in(decision)
            case Held(login):
                self.state = LoggedIn(login)
                self._asked_since_held = False
                return self.reply(messages.LoginResponse(ok=True))
            case Rejected(why, strange):
                self._strangers += strange
                return evolve(self.reply(messages.LoginResponse()), note=f"login refused: {why}")

    def _sign_in(self, login: Login) -> Step:
        hand = self._hand = evolve(self._in_hand(), login=login)
        step = SignIn(login.library or "", login.credentials, login.location)
        if not isinstance(hand.request, messages.Login) and self._signing_in.is_in_vain(step):
            return Decline("not_logged_in")
        return step

    def _log_out(self) -> None:
        """Change the state after a refused login: the earlier login no longer counts."""
        if isinstance(self.state, Serving):
            self.state = evolve(self.state, refused=True, reader=None)
        elif isinstance(self.state, LoggedIn):
            self.state = Connected()

    def _say(self, response: Response, trailer: Trailer, hang_up: bool = False) -> Say:
        line = self._spelling.line(response, trailer)
        self._repeats.last_sent = line
        if hang_up:
            self.state = Closed()
        return Say(line, hang_up)

    def _in_hand(self) -> InHand:
        if self._hand is None:
            raise RuntimeError("no request is in hand")
        return self._hand
