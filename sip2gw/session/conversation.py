"""The session of one terminal, from connect to close. The table in the docstring of this room is what it does."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from time import monotonic

from attrs import evolve

from sip2gw.library import LibraryError, Refused, Unavailable
from sip2gw.session.habits import Habits
from sip2gw.session.kept_answers import KeptAnswers
from sip2gw.session.logins import Expects, Login, account_in, institution_id, names_several
from sip2gw.session.repeats import Repeats
from sip2gw.session.request_reader import DAMAGED, Damaged, RequestReader, Unreadable
from sip2gw.session.signing_in import Held, Rejected, SigningIn
from sip2gw.session.spelling import Spelling
from sip2gw.session.steps import (
    BAD_CHECKSUM,
    HELD,
    PATIENCE,
    REJECTED,
    REPEATED,
    RESENT,
    Ask,
    Closed,
    Connected,
    Decline,
    Ignore,
    LoggedIn,
    Pending,
    Say,
    Serving,
    SignIn,
    State,
    Step,
)
from sip2gw.sip2 import (
    DEFAULT,
    Dialect,
    Request,
    Response,
    Trailer,
    messages,
    refusal,
)
from sip2gw.tenants import Tenant


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
        answers: KeptAnswers | None = None,
        clock: Callable[[], float] = monotonic,
        now: Callable[[], datetime] = lambda: datetime.now().astimezone(),
        given: Callable[[], Login | None] = lambda: None,
    ) -> None:
        self.state: State = Connected()
        self._spelling = Spelling(dialect)
        self._request_reader = RequestReader(self._spelling, most_fields)
        self._clock = clock
        self._now = now
        self._pending: Pending | None = None
        self.habits = Habits()
        self._repeats = Repeats(clock, answers)
        self._signing_in = SigningIn(deferred_login=deferred_login, expects=expects, clock=clock, given=given)
        self._of_others = 0
        """Requests so far that were of another library or account, or may have been."""
        self._denied = False
        self._asked_since_held = False

    @property
    def dialect(self) -> Dialect:
        """Return how the terminal's lines are written."""
        return self._spelling.dialect

    @property
    def waits_for_its_first_reader(self) -> bool:
        """Return whether the login is held until a message names the library, and a status request came since."""
        return self._asked_since_held and isinstance(self.state, LoggedIn)

    @property
    def charset(self) -> str:
        """Return the charset in which lines are read."""
        return self._spelling.dialect.charset

    @property
    def request(self) -> Request | None:
        """Return the request in progress, if it could be read."""
        return self._pending.request if self._pending else None

    @property
    def is_heard_elsewhere(self) -> bool | None:
        """Return whether the terminal gets the answer to the write in progress on another connection.

        None if it has not sent its line again on another one.
        """
        return self._repeats.is_heard_elsewhere

    def receive(self, line: bytes, early: bool = False) -> Step:
        """Return the step for a line, without its terminator. `early`: it came before the previous answer was sent."""
        if isinstance(self.state, Closed):
            return Ignore("closed")
        if not isinstance(self.state, Serving):
            self._spelling.see(line)
        read = self._request_reader.read(line, early)
        match read:
            case Pending():
                self.habits.note(read.request, read.trailer, self._now())
                is_resend = isinstance(read.request, messages.RequestACSResend)
                return self._say_last(read) if is_resend else self._begin(read)
            case Unreadable(pending, refused):
                self._pending = pending
                return refused
            case Damaged(enough):
                step = self._say(messages.RequestSCResend(), Trailer(checked=True), enough)
                return evolve(step, note=DAMAGED if enough else "", kind=BAD_CHECKSUM)
            case Ignore():
                return read

    def admitted(self, tenant: Tenant, terminal: str = "") -> Step:
        """Continue after the directory opened the library of `SignIn`. `terminal` identifies the terminal."""
        if isinstance(self.state, Closed):
            return Ignore("closed")  # the peer has disconnected: do nothing
        pending = self._in_progress()
        location = pending.login.location if pending.login else ""
        if isinstance(self.state, Serving):
            location = location or self.state.location
        in_ac = account_in(pending.request)
        from_ac = in_ac is not None and pending.login is not None and in_ac == pending.login.credentials
        profile = tenant.profile(location)
        password = in_ac.password if in_ac and from_ac else None
        self.state = Serving(tenant, location, password=password, own_name=profile.institution_id)
        self._repeats.belongs_to(tenant.nickname, terminal)
        self._spelling.follow(profile)
        if isinstance(pending.request, messages.Login):
            return self.reply(messages.LoginResponse(ok=True))
        return self._begin(pending)

    def turned_away(self, error: LibraryError, why: str) -> Step:
        """Continue after the directory refused the login. `why` is the line for the screen, if there is one."""
        pending = self._in_progress()
        login = pending.login
        if login:
            self._signing_in.turned_away(login, error)
        if isinstance(pending.request, messages.SCStatus):
            return Ask(pending.request, refused=isinstance(error, Unavailable))
        if not isinstance(pending.request, messages.Login):
            return self.refuse(why)
        guessed_wrong = isinstance(error, Refused) and error.code == "library_not_found"
        if login and login.otherwise and guessed_wrong and not isinstance(self.state, Serving):
            return self._follow(self._signing_in.first(login.otherwise))
        return self.reply(messages.LoginResponse())

    def confirmed(self, so: bool) -> Step:
        """Continue after `Confirm`. `so` is whether the result still holds; if not, the request is a new one."""
        if isinstance(self.state, Closed):
            return Ignore("closed")
        pending = self._in_progress()
        before = self._repeats.answer_before(pending)
        if so and before is not None:
            return self._say_again(pending, before)
        self._repeats.forget(pending)
        return self._begin(pending)

    def waited(self) -> Step:
        """Continue after `Wait`. If the first request was not decided, this one is done."""
        if isinstance(self.state, Closed):
            return Ignore("closed")
        pending = self._in_progress()
        before = self._repeats.answer_before(pending)
        return self._begin(pending) if before is None else self._say_again(pending, before)

    def reply(self, response: Response, *, remember: bool = True, known: bool = True) -> Say:
        """Answer the request in progress. `remember` keeps the answer to a write, for repeats.

        Without `known` the patron in the request does not become the patron at the terminal.
        """
        pending = self._in_progress()
        self._pending = None
        if isinstance(self.state, Serving):
            self.state = self.state.after(pending.request, response, self._clock(), known=known)
        if isinstance(response, messages.LoginResponse):
            self._denied = not response.ok
            if self._denied:
                self._log_out()
        step = self._say(response, pending.trailer, self._of_others >= PATIENCE)
        self._repeats.answered(pending, step.line, keep=remember)
        return step

    def let_go(self) -> None:
        """Release the line received last, even if it got no answer."""
        self._repeats.over()

    def refuse(self, why: str) -> Say:
        """Refuse the request in progress, of any kind."""
        zone = self.state.tenant.rules.zone if isinstance(self.state, Serving) else None
        now = self._now().astimezone(zone).replace(tzinfo=None, microsecond=0)
        return self.reply(refusal(self._in_progress().request, now, [why]), remember=False, known=False)

    def close(self) -> None:
        """Close the session, because the connection has ended."""
        self.state = Closed()

    def _begin(self, pending: Pending) -> Step:
        """Return the first step towards an answer."""
        self._pending, request, state = pending, pending.request, self.state
        if isinstance(request, messages.Login):
            several = names_several(pending.line, self._spelling.dialect)
            return self._follow(self._signing_in.by_message(request, state, several=several))
        self._spelling.note(request)
        if names_several(pending.line, self._spelling.dialect):
            return self._decline_other("two_libraries")
        name = institution_id(request)
        if isinstance(state, Serving):
            return self._serve(state, pending, name)
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

    def _serve(self, serving: Serving, pending: Pending, name: str) -> Step:
        """Return the question to the library, unless the request is of another library."""
        request = pending.request
        if not serving.is_called(name):
            return self._decline_other("other_library")
        if serving.password is not None and serving.is_another(request):
            return self._decline_other("other_account")
        if serving.refused:
            is_status = isinstance(request, messages.SCStatus)
            return Ask(request, refused=True) if is_status else Decline("not_logged_in")
        ask = Ask(
            request,
            serving.tenant,
            serving.location,
            serving.reader_at(self._clock()),
            self._spelling.print_width,
            pending.trailer.sequence or "",
        )
        if request.read_only:
            return ask
        step = self._repeats.once(ask, pending)
        if isinstance(step, Ignore):
            self._pending = None
        return self._say_again(pending, step) if isinstance(step, bytes) else step

    def _say_last(self, pending: Pending) -> Step:
        """Say the last response again, for a 97."""
        if pending.early:
            return Ignore("asked again before the answer was out", asked_again=True)
        last = self._repeats.last_sent
        step = Say(last) if last else self._say(messages.RequestSCResend(), pending.trailer)
        return evolve(step, kind=RESENT)

    def _say_again(self, pending: Pending, answer: bytes) -> Say:
        """Answer a repeated request."""
        self._pending = None
        self._repeats.said_again(pending, answer)
        if isinstance(self.state, Serving):
            self.state = self.state.after(pending.request, Response(), self._clock())
        return Say(answer, kind=REPEATED)

    def _decline_other(self, code: str) -> Decline:
        """Decline a request that is, or may be, of another library or account than the session's."""
        self._of_others += 1
        return Decline(code)

    def _follow(self, decision: Login | Held | Rejected) -> Step:
        """Return the step for a login on which there is a decision."""
        match decision:
            case Login():
                return self._sign_in(decision)
            case Held(login):
                self.state = LoggedIn(login)
                self._asked_since_held = False
                return evolve(self.reply(messages.LoginResponse(ok=True)), kind=HELD)
            case Rejected(why, of_others):
                self._of_others += of_others
                return evolve(self.reply(messages.LoginResponse()), note=why, kind=REJECTED)

    def _sign_in(self, login: Login) -> Step:
        pending = self._pending = evolve(self._in_progress(), login=login)
        step = SignIn(login.library or "", login.credentials, login.location, login.said_in)
        if not isinstance(pending.request, messages.Login) and self._signing_in.is_in_vain(step):
            return Decline("not_logged_in", why="the same login was refused a short time ago")
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

    def _in_progress(self) -> Pending:
        if self._pending is None:
            raise RuntimeError("no request is in progress")
        return self._pending
