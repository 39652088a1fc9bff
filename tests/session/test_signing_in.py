"""Logins that a session holds, passes on or refuses, and requests that log in by themselves."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sip2gw.library import Credentials, Unavailable
from sip2gw.session import (
    NOT_AGAIN,
    Ask,
    Closed,
    Connected,
    Decline,
    Ignore,
    LoggedIn,
    Serving,
    SignIn,
)

from .conversing import (
    ANYWHERE,
    CHECKOUT,
    LOGIN,
    NOT_FOUND,
    NOWHERE_YET,
    PATRON,
    PATRON_ALONE,
    PROVISIONAL,
    WRONG,
    Clock,
    check_refusal,
    connected,
    expecting,
    logged_in,
    said,
)
from .tenants import tenant


@pytest.mark.parametrize("start", NOWHERE_YET)
def test_a_login_that_names_its_library(start):
    session = start()
    assert session.receive(LOGIN) == SignIn("riverside", Credentials("kiosk", "secret"))
    assert said(session.admitted(tenant())) == "941"
    assert isinstance(session.state, Serving)


@pytest.mark.parametrize("start", NOWHERE_YET)
@pytest.mark.parametrize("error", [NOT_FOUND, WRONG, Unavailable("down")])
def test_a_login_that_is_turned_away_may_try_again(start, error):
    session = start()
    for _ in range(5):
        session.receive(LOGIN)
        step = session.turned_away(error, "why")
        assert said(step) == "940"
        assert not step.hang_up
    session.receive(LOGIN)
    assert said(session.admitted(tenant())) == "941"


@pytest.mark.parametrize("start", NOWHERE_YET)
def test_a_login_without_a_library_is_held(start):
    session = start()
    assert said(session.receive(b"9300CNother|COsecret|CPFront Desk|")) == "941"
    assert isinstance(session.state, LoggedIn)
    assert session.state.login.credentials.username == "other"


def test_a_login_without_a_library_is_refused_if_so_configured():
    session = connected(deferred_login=False)
    assert said(session.receive(PROVISIONAL)) == "940"
    assert session.state == Connected()


def test_a_location_that_looked_like_a_library_is_a_location():
    session = connected(expects=expecting("CP"))
    assert session.receive(b"9300CNkiosk|COsecret|CPWEST|").library == "west"
    assert said(session.turned_away(NOT_FOUND, "why")) == "941"
    assert session.state.login.location == "WEST"
    session.receive(PATRON)
    session.admitted(tenant())
    assert session.state.location == "WEST"


NAMES = st.sampled_from(
    ["main", "Main", "self1", "kiosk", "", "a b", "main.librarika.com", "main/kiosk", "main:Hall"]
)
SECRETS = st.sampled_from(["secret", "pa:ss", "main:x", "kiosk@main.example:x", ":", "a@b:c"])


@given(NAMES, SECRETS, NAMES)
def test_R12_only_what_can_mean_nothing_else_names_a_library(user, password, place):
    step = connected().receive(f"9300CN{user}|CO{password}|CP{place}|".encode())
    sure = any(sign in user for sign in "./") or any(sign in place for sign in ".:")
    if isinstance(step, SignIn):
        assert step.library == "main" or "@main.example:" in password
        assert sure or "@main.example:" in password
    else:
        assert said(step) == "941"


def test_a_location_that_is_a_library_is_no_guess_when_the_password_is_wrong():
    session = connected(expects=expecting("CP"))
    session.receive(b"9300CNkiosk|COsecret|CPriverside|")
    assert said(session.turned_away(WRONG, "why")) == "940"


@pytest.mark.parametrize("start", ANYWHERE)
def test_encrypted_logins_need_an_agreement(start):
    assert said(start().receive(b"9310CNkiosk|COsecret|AOriverside|")) == "940"


def test_a_first_message_may_log_in_by_itself():
    session = connected()
    step = session.receive(PATRON_ALONE)
    assert (step.library, step.credentials.username) == ("riverside", "kiosk")
    assert isinstance(session.admitted(tenant()), Ask)
    assert isinstance(session.state, Serving)


def test_held_credentials_are_checked_when_a_message_names_the_library():
    session = logged_in()
    step = session.receive(PATRON)
    assert (step.library, step.credentials.password.reveal()) == ("riverside", "secret")
    step = session.admitted(tenant())
    assert step.request.patron_identifier == "M-1"
    assert isinstance(session.state, Serving)


@pytest.mark.parametrize(("start", "line"), [(connected, PATRON_ALONE), (logged_in, PATRON)])
@pytest.mark.parametrize("error", [NOT_FOUND, WRONG, Unavailable("down")])
def test_a_message_whose_login_is_turned_away_gets_its_refusal(start, line, error):
    session = start()
    before = session.state
    session.receive(line)
    assert check_refusal(session.turned_away(error, "why"), line).screen_message == ("why",)
    assert session.state == before


@pytest.mark.parametrize(("start", "line"), [(connected, PATRON_ALONE), (logged_in, PATRON)])
def test_refused_credentials_are_not_tried_again_by_themselves(start, line):
    clock = Clock()
    session = connected(clock=clock)
    if start is logged_in:
        session.receive(PROVISIONAL)
    session.receive(line)
    session.turned_away(WRONG, "why")
    for _ in range(3):
        assert session.receive(line) == Decline("not_logged_in")
        session.refuse("why")
    assert isinstance(session.receive(LOGIN), SignIn), "a 93 may always try"
    session.turned_away(WRONG, "why")
    if start is logged_in:
        session.receive(PROVISIONAL)
    clock.seconds = NOT_AGAIN + 1
    assert isinstance(session.receive(line), SignIn)


def test_an_empty_login_leaves_room_for_the_account_in_a_message():
    session = connected()
    assert said(session.receive(b"9300CN|CO|CP|")) == "941"
    assert session.receive(PATRON_ALONE).credentials == Credentials("kiosk", "secret")


def test_nothing_is_done_for_a_terminal_that_left_while_it_was_signed_in():
    session = logged_in()
    assert isinstance(session.receive(CHECKOUT), SignIn)
    session.close()
    assert isinstance(session.admitted(tenant()), Ignore)
    assert session.state == Closed()
