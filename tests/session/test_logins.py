"""Each way of saying in a 93 which library and which account is meant."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sip2gw.library import Credentials
from sip2gw.session.logins import Login, from_request, read, split_account
from sip2gw.sip2 import parse
from sip2gw.tenants import Name, nickname, read_name

KIOSK = Credentials("kiosk@riverside.example", "kiosk-secret")


def read_line(line: str) -> Login:
    return read(parse(line.encode())[0])


@pytest.mark.parametrize(
    ("line", "library", "credentials", "location"),
    [
        (
            "9300CN|CO|CPDesk 1|AOriverside|ACkiosk@riverside.example:kiosk-secret|",
            "riverside",
            KIOSK,
            "Desk 1",
        ),
        ("9300CNkiosk@riverside.example|COkiosk-secret|AOriverside|", "riverside", KIOSK, ""),
        ("9300CNkiosk@riverside.example|COkiosk-secret|AORiverSide |AC|", "riverside", KIOSK, ""),
        ("9300CNriverside|COkiosk@riverside.example:kiosk-secret|CPHall|", "riverside", KIOSK, "Hall"),
        ("9300CNRiverside|COkiosk@riverside.example:kiosk-secret|", "riverside", KIOSK, ""),
        ("9300CNriverside/kiosk@riverside.example|COkiosk-secret|CPHall|", "riverside", KIOSK, "Hall"),
        ("9300CNkiosk@riverside.example|COkiosk-secret|CPriverside|", "riverside", KIOSK, ""),
        ("9300CNkiosk@riverside.example|COkiosk-secret|CPriverside:North|", "riverside", KIOSK, "North"),
        ("9300CNkiosk@riverside.example|COkiosk-secret|CPFront Desk|", None, KIOSK, "Front Desk"),
        ("9300CNkiosk@riverside.example|COkiosk-secret|", None, KIOSK, ""),
        ("93  CNkiosk@riverside.example|COkiosk-secret|CP|", None, KIOSK, ""),
        ("9300CNriverside|COa:b:c|", "riverside", Credentials("a", "b:c"), ""),
        ("9300CN|CO|", None, Credentials("", ""), ""),
        ("9300CNeven/|COx|", None, Credentials("even/", "x"), ""),
        ("9300CN../etc|COx|", None, Credentials("../etc", "x"), ""),
        ("9300CNa.b|COx:y|", None, Credentials("a.b", "x:y"), ""),
    ],
)
def test_the_library_and_the_account(line, library, credentials, location):
    login = read_line(line)
    assert (login.library, login.credentials, login.location) == (library, credentials, location)


@pytest.mark.parametrize(
    ("line", "otherwise"),
    [
        ("9300CNself1|COse:cret|CPWest 2|", Login(Credentials("self1", "se:cret"), None, "West 2")),
        ("9300CNkiosk|COsecret|CPWEST|", Login(Credentials("kiosk", "secret"), None, "WEST")),
        ("9300CNkiosk|COsecret|CPriverside:North|", None),
        ("9300CNriverside/kiosk|COsecret|", None),
        ("9300CNkiosk|COsecret|AOriverside|", None),
    ],
)
def test_only_what_may_mean_something_else_is_a_guess(line, otherwise):
    assert read_line(line).otherwise == otherwise


@pytest.mark.parametrize(
    ("password", "credentials"),
    [("kiosk:secret", Credentials("kiosk", "secret")), ("secret", None), ("", None), (":secret", None)],
)
def test_a_first_message_with_account_and_password_in_ac(password, credentials):
    request, _ = parse(f"2300020260301    101500AOriverside|AAM-1|AC{password}|AD|".encode())
    login = from_request(request, "riverside")
    assert (login and login.credentials) == credentials


def test_a_login_shows_no_password():
    login = read_line("9300CNriverside|COkiosk:canary-1|CPx|")
    assert "canary" not in repr(login)
    assert "canary" not in repr(read_line("9300CNa/b|COcanary-2|"))


def test_after_a_wrong_guess_the_next_way_is_tried():
    first = read_line("9300CNself1|COse:cret|CPriverside|")
    assert (first.library, first.credentials.username) == ("self1", "se")
    second = first.otherwise
    assert (second.library, second.credentials) == ("riverside", Credentials("self1", "se:cret"))
    assert second.otherwise == Login(Credentials("self1", "se:cret"), None, "riverside")


@given(
    st.text(max_size=5000)
    | st.lists(st.sampled_from(["", ":", "::", "kiosk", "\0", "se:cret", "x" * 4096]), max_size=4).map(
        "".join
    )
)
def test_F49_an_account_is_cut_at_the_first_colon_or_is_none(text):
    account = split_account(text)
    if ":" not in text or text.startswith(":"):
        assert account is None
    else:
        assert f"{account.username}:{account.password.reveal()}" == text
        assert ":" not in account.username


@pytest.mark.parametrize(
    ("line", "password"),
    [
        ("9300CNkiosk|COse^cret|AOriverside|", "se^cret"),
        ("9300CNkiosk|COse|cret|AOriverside|", "se|cret"),
        ("9300CNkiosk|COse|CPret|AOriverside|", "se"),
        ("9300CNkiosk|COse|X1ret|AOriverside|", "se"),
        ("9300CNkiosk|COsecret||AOriverside|", "secret"),
    ],
)
def test_F36_a_password_with_the_delimiter_in_it_may_be_another(line, password):
    """What follows the delimiter is a field if it looks like one. It is never more than what was typed."""
    assert read_line(line).credentials == Credentials("kiosk", password)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("fernhill", Name("fernhill")),
        (" FernHill ", Name("fernhill")),
        ("fernhill:North", Name("fernhill", branch="North")),
        ("fernhill:Room 1/2", Name("fernhill", branch="Room 1/2")),
        ("fernhill.librarika.com", Name("fernhill")),
        ("https://fernhill.librarika.com/", Name("fernhill")),
        ("fernhill/kiosk@fernhill.example", Name("fernhill", "kiosk@fernhill.example")),
        ("fernhill.example", None),
        ("fernhill.librarika.com.example", None),
        ("a.fernhill.librarika.com", None),
        (".librarika.com", None),
        ("fern hill", None),
        ("../fernhill", None),
        ("", None),
    ],
)
def test_K12_how_a_library_is_written(text, name):
    assert read_name(text) == name


@given(st.text(max_size=300) | st.from_regex(r"[a-z0-9.:/-]{0,80}", fullmatch=True))
def test_K12_whatever_is_read_as_a_name_is_a_nickname(text):
    name = read_name(text)
    assert name is None or nickname(name.library) == name.library


@given(*[st.text("ab.:/@- ", max_size=12)] * 3)
def test_R12_a_login_that_may_mean_two_things_can_mean_what_is_written(user, password, place):
    """Whatever guesses there are, the last reading names no library and has the account as it was written."""
    readings = list(read_line(f"9300CN{user}|CO{password}|CP{place}|").readings())
    *guesses, last = readings
    assert all(guess.form in ("CN", "CP") for guess in guesses)
    assert last.form == ""
    if last.library is None:
        assert last.credentials.username == user.rstrip(" ") or last.credentials.username == user
