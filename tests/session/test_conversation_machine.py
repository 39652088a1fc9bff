"""A conversation in any order whatever: lines, logins, answers, hang-ups, and time that passes."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from sip2gw.library import InDoubt, Refused, Unavailable
from sip2gw.session import (
    Ask,
    Closed,
    Confirm,
    Connected,
    Decline,
    Ignore,
    KeptAnswers,
    LoggedIn,
    Newest,
    Say,
    Serving,
    Session,
    SignIn,
)
from sip2gw.sip2 import RESPONSES, Request
from sip2gw.sip2.error_detection import checksum

from .tenants import tenant

DATE = "20260301    101500"
ORDER = {Connected: 0, LoggedIn: 0, Serving: 1, Closed: 2}
"""A session never goes back, but from a login that is held to none."""

NAMES = st.sampled_from(["riverside", "elsewhere", "", " RiverSide "])
ITEMS = st.sampled_from(["1", "2"])
ERRORS = [Refused("library_not_found"), Refused("invalid_credentials"), Unavailable("x"), InDoubt("x")]


def protected(text: str) -> bytes:
    body = f"{text}AY1AZ".encode()
    return body + checksum(body)


LOGINS = st.one_of(
    st.builds("9300CNkiosk|COsecret|AO{}|".format, NAMES),
    st.builds("9300CN{}|COkiosk:secret|CPriverside:North|".format, NAMES),
    st.builds("9300CNkiosk|COsecret|CP{}|".format, NAMES),
    st.sampled_from(["9300CNkiosk|COsecret|", "9300CN^COa:b^AOriverside^", "9311CNx|COy|", "93"]),
)
REQUESTS = st.one_of(
    st.builds("9900{}2.00".format, st.sampled_from(["000", "802", "xyz"])),
    st.builds(f"23000{DATE}AO{{}}|AAM-1|ACkiosk:secret|AD1|".format, NAMES),
    st.builds(f"11YN{DATE}{DATE}AO{{}}|AAM-1|AB{{}}|AC|".format, NAMES, ITEMS),
    st.builds(f"09N{DATE}{DATE}APx|AO{{}}|AB{{}}|AC|".format, NAMES, ITEMS),
    st.builds(f"37{DATE}0100USDBV{{}}|AO|AAM-1|".format, ITEMS),
    st.builds(f"65{DATE}AO{{}}|AAM-1|AO{{}}|".format, NAMES, NAMES),
    st.sampled_from([f"35{DATE}AO|AAM-1|", "11AO|AA|AB|AC|", "63" + "ZZ1|" * 70]),
)
WELL_FORMED = st.one_of(LOGINS, REQUESTS)
NOISE = st.one_of(
    st.binary(max_size=40).map(lambda line: line.replace(b"\r", b"").replace(b"\n", b"")),
    st.sampled_from([b"96", b"941", b"9900802.00AY0AZ0000", b"4200"]),
)
LINES = st.one_of(WELL_FORMED.map(str.encode), WELL_FORMED.map(protected), NOISE)


class Conversation(RuleBasedStateMachine):
    """`step` is the question that the session waits for an answer to, if it does."""

    @initialize(deferred=st.booleans(), expects=st.booleans())
    def connect(self, deferred: bool, expects: bool) -> None:
        self.seconds = 0.0
        self.session = Session(
            deferred_login=deferred,
            expects=lambda *_: expects,
            answers=KeptAnswers(lambda: self.seconds, most=3, newest=Newest(lambda: self.seconds, most=4)),
            clock=lambda: self.seconds,
            now=lambda: datetime(2026, 3, 1, 10, 15, tzinfo=UTC),
        )
        self.step: SignIn | Ask | Confirm | Decline | None = None
        self.asked: Request | None = None
        self.line = b""
        self.reached = 0
        self.library = ""
        self.last_said = b""

    @precondition(lambda self: self.step is None)
    @rule(line=LINES, early=st.booleans())
    def hear(self, line: bytes, early: bool) -> None:
        self.line = line
        self.asked = None
        self.take(self.session.receive(line, early))

    @precondition(lambda self: self.step is None and not isinstance(self.session.state, Closed))
    @rule(line=st.sampled_from([b"97", b"97AZFEF5", b"97AZ0000"]))
    def say_it_again(self, line: bytes) -> None:
        step = self.session.receive(line)
        assert isinstance(step, Say)
        if self.last_said:
            assert step.line == self.last_said
        else:
            assert step.line[:2] == b"96"
            self.last_said = step.line

    @precondition(lambda self: isinstance(self.step, SignIn))
    @rule(error=st.none() | st.sampled_from(ERRORS))
    def decide(self, error: Refused | Unavailable | InDoubt | None) -> None:
        assert isinstance(self.step, SignIn)
        library = self.step.library.strip().lower()
        if error is None:
            self.take(self.session.admitted(tenant(library, self.step.credentials.username)))
        else:
            self.take(self.session.turned_away(error, "no"))

    @precondition(lambda self: isinstance(self.step, Ask))
    @rule(decided=st.booleans(), ok=st.booleans())
    def answer(self, decided: bool, ok: bool) -> None:
        assert isinstance(self.step, Ask)
        self.asked = self.step.request
        if self.step.tenant is None:
            assert self.asked.code == "99"
        elif isinstance(self.session.state, Serving):
            assert self.step.tenant.nickname == self.session.state.tenant.nickname
        response = self.asked.response()
        if ok and "ok" in response.members:
            response = response.but(ok=True)
        self.take(self.session.reply(response, remember=decided))

    @precondition(lambda self: isinstance(self.step, Confirm))
    @rule(so=st.booleans())
    def confirm(self, so: bool) -> None:
        self.take(self.session.confirmed(so))

    @precondition(lambda self: isinstance(self.step, Decline | Ask))
    @rule()
    def refuse(self) -> None:
        self.take(self.session.refuse("no"))

    @rule()
    def hang_up(self) -> None:
        self.session.close()

    @rule(seconds=st.sampled_from([1.0, 61.0, 301.0]))
    def wait(self, seconds: float) -> None:
        self.seconds += seconds

    def take(self, step: object) -> None:
        """What the session wants done next; an answer is one line, of the right type, and there is only one."""
        self.step = None
        if isinstance(step, Say):
            assert step.line.endswith(b"\r")
            assert step.line.count(b"\r") == 1
            assert step.line[:2].decode() in RESPONSES
            if self.asked is not None:
                assert step.line[:2].decode() == self.asked.response.code
            if step.hang_up:
                assert isinstance(self.session.state, Closed)
            self.last_said = step.line
            with pytest.raises(RuntimeError):
                self.session.reply(RESPONSES["98"]())
        elif not isinstance(step, Ignore):
            assert isinstance(step, SignIn | Ask | Confirm | Decline)
            self.step = step

    @invariant()
    def it_never_goes_back(self) -> None:
        state = self.session.state
        place = ORDER[type(state)]
        assert place >= self.reached
        self.reached = place
        if isinstance(state, Serving):
            assert state.tenant.nickname == (self.library or state.tenant.nickname)
            self.library = state.tenant.nickname


TestConversation = Conversation.TestCase
TestConversation.settings = settings(max_examples=settings.default.max_examples, stateful_step_count=25)
