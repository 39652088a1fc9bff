"""A session stays with its library and its account."""

import pytest

from sip2gw.library import Credentials
from sip2gw.session import (
    PATIENCE,
    Ask,
    Closed,
    Decline,
    Serving,
    Session,
    SignIn,
)

from .conversing import (
    ANYWHERE,
    DATE,
    FOREIGN,
    LOGIN,
    NOT_FOUND,
    PATRON,
    PROVISIONAL,
    WRONG,
    check_refusal,
    expecting,
    said,
    serving,
)
from .tenants import tenant

LOGINS_WITH_AC = [b"9300CN|CO|AOriverside|ACkiosk:secret|", b"9300CN|CO|AOriverside|ACkiosk:pa:ss|"]


def test_a_second_login_may_repeat_the_account():
    session = serving()
    assert session.receive(b"9300CNkiosk|COnew|CPsomewhere|").library == "riverside"
    assert said(session.turned_away(WRONG, "why")) == "940"
    session.receive(PROVISIONAL)
    assert said(session.admitted(tenant())) == "941"
    assert session.state.tenant.nickname == "riverside"


@pytest.mark.parametrize(
    "line",
    [
        b"9300CNother|COsecret|",
        b"9300CNkiosk|COsecret|AOelsewhere|",
        b"9300CNelsewhere/kiosk|COsecret|",
        b"9300CNother|COsecret|AOriverside|",
    ],
)
def test_F45_a_second_login_of_another_library_or_account_ends_the_session(line):
    session = serving()
    step = session.receive(line)
    assert said(step) == "940"
    assert step.hang_up
    assert "another" in step.note
    assert session.state == Closed()


def test_F45_a_session_stays_bound_though_its_library_is_not_found_any_more():
    """Not even a login that could mean something else makes it go back to where it could choose a library."""
    session = serving()
    step = session.receive(b"9300CNkiosk|COsecret|CPriverside|")
    assert step == SignIn("riverside", Credentials("kiosk", "secret"))
    assert said(session.turned_away(NOT_FOUND, "")) == "940"
    assert isinstance(session.state, Serving)
    assert isinstance(session.receive(FOREIGN), Decline)


def test_F45_a_second_login_may_say_its_library_as_the_first_did_though_three_things_could_be_meant():
    """CN and CP may each name a library, and name none: the first login was held, and a request's AO said which."""
    login = b"9300CNself1|COa:b|CPWEST|"
    session = Session(expects=expecting("CN", "CP"))
    assert session.receive(login) == SignIn("self1", Credentials("a", "b"), "WEST")
    assert session.turned_away(NOT_FOUND, "") == SignIn("west", Credentials("self1", "a:b"))
    assert said(session.turned_away(NOT_FOUND, "")) == "941"
    assert session.receive(PATRON) == SignIn("riverside", Credentials("self1", "a:b"))
    session.admitted(tenant(account="self1"))
    assert session.receive(login) == SignIn("riverside", Credentials("self1", "a:b"))


@pytest.mark.parametrize("name", ["riverside", "RIVERSIDE", " Riverside ", ""])
def test_a_bound_session_serves_its_library(name):
    line = f"23000{DATE}AO{name}|AAM-1|AC|AD|".encode()
    step = serving().receive(line)
    assert isinstance(step, Ask)
    assert step.tenant.nickname == "riverside"


def thrice_and_out(session, line, code):
    """Each time refused in its own form, and the third time that is the end."""
    for round_ in range(1, PATIENCE + 1):
        assert session.receive(line) == Decline(code)
        step = session.refuse("why")
        check_refusal(step, line)
        assert step.hang_up is (round_ == PATIENCE)
    assert session.state == Closed()


@pytest.mark.parametrize("fields", ["AOelsewhere|", "AO elsewhere|", "AOELSEWHERE|", "AOriverside2|"])
def test_another_library_is_refused_and_the_third_time_hangs_up(fields):
    thrice_and_out(serving(), f"23000{DATE}{fields}AAM-1|AC|AD|".encode(), "other_library")


@pytest.mark.parametrize("start", ANYWHERE)
@pytest.mark.parametrize(
    "fields",
    [
        "AOriverside|AOelsewhere|",
        "AOelsewhere|AOriverside|",
        "AO|AOelsewhere|",
        "AOriverside|AO|",
        "AO|AOriverside|",
        "AOriverside|AOriverside|",
        "A\0Oriverside|AOriverside|",
        "AOriverside|aoelsewhere|",
        "aoriverside|aoriverside|",
    ],
)
def test_F44_two_institution_ids_are_refused_even_if_they_agree(start, fields):
    thrice_and_out(start(), f"23000{DATE}{fields}AAM-1|ACkiosk:secret|AD|".encode(), "two_libraries")


@pytest.mark.parametrize("start", ANYWHERE)
def test_F44_a_login_with_two_institution_ids_is_refused(start):
    session = start()
    for round_ in range(1, PATIENCE + 1):
        step = session.receive(b"9300CNkiosk|COsecret|AOriverside|AOelsewhere|")
        assert said(step) == "940"
        assert step.hang_up is (round_ == PATIENCE)


def test_F44_what_only_looks_like_a_second_institution_id_is_none():
    line = f"23000{DATE}AOriverside|AAAOK-1|ACxAOx|AD|".encode()
    assert isinstance(serving().receive(line), Ask)


@pytest.mark.parametrize("account", ["other:secret", "KIOSK:secret", "kiosk2:", "other:se:cret"])
@pytest.mark.parametrize("login", LOGINS_WITH_AC)
def test_F46_another_account_in_AC_is_refused(account, login):
    line = f"23000{DATE}AOriverside|AAM-1|AC{account}|AD|".encode()
    thrice_and_out(serving(login), line, "other_account")


@pytest.mark.parametrize("password", ["", "kiosk:secret", "kiosk:old-secret", "secret", ":"])
@pytest.mark.parametrize("login", [LOGIN, *LOGINS_WITH_AC])
def test_F46_the_own_account_or_none_in_AC_is_served(password, login):
    line = f"23000{DATE}AOriverside|AAM-1|AC{password}|AD|".encode()
    assert isinstance(serving(login).receive(line), Ask)
