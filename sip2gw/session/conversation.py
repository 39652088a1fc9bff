"""One terminal's conversation, from connect to hang-up: lines in, steps out, and no I/O.

What a line leads to, by the state of the session:

    ========== ============================== ===========================================================
    state      the line says                  step, and next state
    ========== ============================== ===========================================================
    any        no message, unknown code       Ignore
    any        bad checksum                   Say 96; the third in a row hangs up: Closed
    any        97                             Say the bytes last sent, or 96 if there are none
    any        97, early                      Ignore: the answer that went out meanwhile was the one asked for
    any        a write out of its places      Decline
    any        more fields than are read      Decline
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
    Serving    93 of another one              Say 940 and hang up: Closed
    Serving    a write, same bytes as before  Say the answer given before, while nothing newer was written on its item
    Serving    the same, done on an item      Confirm: so Say the answer given before, not so as if it were new
    Serving    the same, early                Ignore: the answer that went out meanwhile was the one asked for
    Serving    a write that is in hand        Join: the terminal sent it on another connection, and has reconnected
    Serving    AO of this library, or none    Ask
    Serving    AO or AC of another one        Decline; the third hangs up: Closed
    refused    99                             Ask, of no library
    refused    AO of this library, or none    Decline
    Closed     anything                       Ignore
    ========== ============================== ===========================================================

Refused is Serving after a 940, until the next 941: bound to its library, and not logged in.

A 93 that may name a library, or may mean something else, names it only if `expects` says so of the library, the
account, the location and the form; or else the first AO settles what was meant.

AC counts as `username:password` where the session has no account yet, and where it got its account from AC. Elsewhere
it is the terminal's password, which may have a colon in it.

Early is what was there before the answer to the line before it was out.

A session handles one line at a time. `SignIn`, `Ask`, `Confirm`, `Join` and `Decline` are questions to the gateway: it
comes back with `admitted` or `turned_away`, `reply`, `confirmed`, `joined`, or `refuse`, each of which gives the next
step.

Before and in hand are of the terminal, on whichever connection: of the same library, and the same terminal as
`admitted` was told.

A message with two AO is refused even if they agree: readers differ on which of them counts, and one that reads another
one than the gateway did would answer for another library.

Given is a Connected session to which the configuration gives a library and an account, by where the terminal is or what
certificate it has. A 93 that names the library and an account is taken as it is; any other means the given account, and
so does every request, whatever its AC says.

From `admitted` on the terminal's profile says how it is spelled to, the 941 included; before that the default does.
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
from sip2gw.session.repeats import Answers, First, Memory
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
"""How many bad checksums in a row, or requests of others (AO, AC) in all, a session bears."""
DAMAGED = (
    f"closed: {PATIENCE} lines in a row whose checksum does not fit; look for noise on the terminal's line, "
    "or set its error detection and charset right"
)
NOT_AGAIN = 60.0
"""Seconds for which held credentials that were refused are not tried again by themselves: that locks accounts."""


class Session:
    """The state of one conversation.

    `most_fields` is how many fields of a request are read; `expects` is asked whether a library's terminals name it in
    a form that may mean something else; `answers` is what all sessions share; `clock` counts seconds; `now` gives this
    moment, aware; `given` gives the login of a terminal that need not send one, if there is one.
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
        """Whether its login is held until a message names the library, and it has asked for the status since."""
        return self._asked_since_held and isinstance(self.state, LoggedIn)

    def receive(self, line: bytes, early: bool = False) -> Step:
        """A line came, without its terminator; early, or when the one before had been answered."""
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
        """The directory opened the library that `SignIn` named. `terminal` is the same text for the same one."""
        if isinstance(self.state, Closed):
            return Ignore("closed")  # nobody is there to hear what would be done
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
        """The directory did not let the terminal in. `why` is the line for the screen, where there is one."""
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
        """Whether what `Confirm` asked about is still so. If not, the request is a new one."""
        if isinstance(self.state, Closed):
            return Ignore("closed")
        hand = self._in_hand()
        before = self._memory.again(hand.line)
        if so and isinstance(before, bytes):
            return self._say_again(hand, before)
        self._memory.forget(hand.line)
        return self._begin(hand)

    def joined(self) -> Step:
        """What `Join` waited for is over. If the library has not decided it, it is to be asked."""
        if isinstance(self.state, Closed):
            return Ignore("closed")
        hand = self._in_hand()
        answer = self._memory.again(hand.line)
        return self._say_again(hand, answer) if isinstance(answer, bytes) else self._begin(hand)

    def reply(self, response: Response, *, remember: bool = True, known: bool = True) -> Say:
        """The answer to the request in hand. With `remember` a write is answered so again: the library has decided.

        Without `known` the patron whom it names is not taken to stand at the terminal.
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
        self._memory.answered(hand.line)
        if remember and hand.is_write:
            self._memory.keep(hand, step.line)
        self._memory.over()
        return step

    def let_go(self) -> None:
        """Nothing more is done about the line that came last, even if it got no answer."""
        self._memory.over()

    def refuse(self, why: str) -> Say:
        """The answer no to the request in hand, whatever it is."""
        zone = self.state.tenant.rules.zone if isinstance(self.state, Serving) else None
        now = self._now().astimezone(zone).replace(tzinfo=None, microsecond=0)
        return self.reply(refusal(self._in_hand().request, now, [why]), remember=False, known=False)

    def close(self) -> None:
        """The connection is gone."""
        self.state = Closed()

    def _begin(self, hand: InHand) -> Step:
        """The first step towards an answer."""
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
        """The first request of a terminal that need not log in. Once it is logged in, an AO is looked at.

        It has an account, so its AC is a password, perhaps with a colon in it.
        """
        step = self._sign_in(given)
        told_anyway = isinstance(step, Decline) and isinstance(request, messages.SCStatus)
        return Ask(request) if told_anyway else step

    def _serve(self, serving: Serving, hand: InHand, name: str) -> Step:
        """What the library is asked, unless it is of another one."""
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
        """Whether an AO means the library of this session: by one of its names, or by the terminal's own."""
        return tenant.is_called(name) or (bool(self._own_name) and name.casefold() == self._own_name)

    def _once(self, ask: Ask, hand: InHand) -> Step:
        """Whatever has been done, or is being done, is not asked for again."""
        if hand.early and self._memory.was_answered_last(hand.line):
            self._hand = None
            return Ignore("said again before the answer was out")
        before = self._memory.again(hand.line)
        if before is None:
            anew = self._memory.is_anew(hand.line)
            self._memory.begin(hand.line)
            return evolve(ask, anew=anew)
        if isinstance(before, First):
            return Join(before)
        if hand.item and before[2:3] == b"1":  # 10, 12 and 30 say so if it was done
            return Confirm(ask)
        return self._say_again(hand, before)

    def _say_again(self, hand: InHand, answer: bytes) -> Say:
        """The request is a repeat."""
        self._hand = None
        self._memory.said_again(hand.line, answer)
        if isinstance(self.state, Serving):
            self.state = self.state.after(hand.request, Response(), self._clock())
        return Say(answer)

    def _stranger(self, code: str) -> Decline:
        """It is of another library or account than the session's, or may be."""
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
        """A bound session stays with its library and its account."""
        own = [one for one in login.readings() if self._is_called(tenant, one.library or "")]
        for reading in own:
            if reading.credentials.username == tenant.account:
                return self._sign_in(evolve(reading, library=tenant.nickname, otherwise=None))
        self._strangers = PATIENCE
        return self._turn_down(f"the session belongs to another {'account' if own else 'library'}")

    def _log_out(self) -> None:
        """The answer to a login is no: what was so before it is so no longer."""
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
        """Yes, provisionally: until a message names the library, nothing is served."""
        if not self._deferred_login and login.form:
            *_, said = login.readings()
            return self._sign_in(
                evolve(said, library="")
            )  # no library: it takes the time of one that is asked
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
