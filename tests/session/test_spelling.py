"""From its admission on, a terminal is spelled to as its profile says; before that, as the default does."""

from datetime import UTC, datetime
from typing import Any, cast

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from sip2gw.circulation import Profile
from sip2gw.circulation.profiles import BUILT_IN, Named
from sip2gw.circulation.settings import LibrarySettings, Settings, TerminalSettings
from sip2gw.session import Ask, Session, SignIn
from sip2gw.session.spelling import delimiter_of_login, dialect_of, protection
from sip2gw.sip2 import Trailer, messages
from sip2gw.sip2.error_detection import checksum

from .tenants import tenant

DATE = "20260301    101500"
LOGIN = b"9300CNkiosk|COsecret|CPHall|AOriverside|"
PATRON = f"23000{DATE}AOriverside|AAM-1|AC|AD|".encode()


def with_profile(**knobs: Any) -> Any:
    """A tenant of whose terminals this is said."""
    settings = Settings(
        {**BUILT_IN, "odd": Named("odd", knobs)},
        {"riverside": LibrarySettings("riverside", "odd", origin="x")},
    )
    return evolve(tenant(), settings=settings)


def serving(login: bytes = LOGIN, **knobs: Any) -> tuple[Session, bytes]:
    """A session that has logged in, and what it was told."""
    session = Session(now=lambda: datetime(2026, 3, 1, 10, 15, tzinfo=UTC))
    assert isinstance(session.receive(login), SignIn)
    return session, cast(Any, session.admitted(with_profile(**knobs))).line


def said(session: Session, line: bytes, response: Any) -> bytes:
    assert isinstance(session.receive(line), Ask)
    return cast(Any, session.reply(response)).line


@pytest.mark.parametrize(("terminator", "ends"), [("cr", b"\r"), ("lf", b"\n"), ("crlf", b"\r\n")])
def test_every_answer_ends_as_the_terminal_waits_for(terminator, ends):
    """Lesson 1: error answers included, and the answer to the login already."""
    session, login = serving(terminator=terminator)
    assert login == b"941" + ends
    assert said(session, PATRON, messages.PatronStatusResponse()).endswith(b"|" + ends)
    assert cast(Any, session.receive(b"9900802.00AY1AZ0000")).line == b"96AZFEF6" + ends
    session.receive(PATRON.replace(b"riverside", b"elsewhere"))
    assert cast(Any, session.refuse("why")).line.endswith(b"AFwhy|" + ends)


@pytest.mark.parametrize("charset", ["cp850", "latin-1", "utf-8"])
def test_the_charset_holds_both_ways(charset):
    session, _ = serving(charset=charset)
    step = session.receive(PATRON.replace(b"M-1", "Zoë".encode(charset)))
    assert isinstance(step, Ask)
    assert cast(Any, step.request).patron_identifier == "Zoë"
    answer = cast(Any, session.reply(messages.PatronStatusResponse(personal_name="José Ångström"))).line
    assert b"|AE" + "José Ångström".encode(charset) + b"|" in answer


def test_ascii_strips_the_marks():
    """Lesson 72."""
    session, _ = serving(charset="ascii")
    answer = said(session, PATRON, messages.PatronStatusResponse(personal_name="José Ångström পথ"))
    assert b"|AEJose Angstrom pth|" in answer


def test_the_delimiter_applies_to_every_answer():
    """Lesson 19: 98 included."""
    session, _ = serving(delimiter="^")
    line = said(
        session, b"9900802.00", messages.ACSStatus(institution_id="riverside", library_name="A | B ^ C")
    )
    assert b"AOriverside^AMA | B   C^" in line
    assert isinstance(session.receive(PATRON.replace(b"|", b"^")), Ask)


@pytest.mark.parametrize("protected", [False, True])
def test_a_login_shows_its_own_delimiter(protected):
    login = b"9300CNkiosk^COsecret^CPHall^AOriverside^"
    if protected:
        login += b"AY0AZ" + checksum(login + b"AY0AZ")
    session = Session()
    step = session.receive(login)
    assert isinstance(step, SignIn)
    assert step.credentials.password.reveal() == "secret"
    session.admitted(tenant())
    assert b"AOriverside^" in said(session, b"9900802.00", messages.ACSStatus(institution_id="riverside"))


@pytest.mark.parametrize(
    "line",
    [
        b"9900802.00",
        b"9300CNkiosk|COsecret|",
        b"9300CNa@CObar",
        b"9300COx^",
        b"9300CNa^COse|cret^",
        b"93",
        b"",
        b"2300^CO^",
    ],
)
def test_other_lines_show_no_delimiter(line):
    assert delimiter_of_login(line, "|") is None


@given(st.binary(max_size=60))
def test_no_bytes_trouble_the_search_for_a_delimiter(line):
    found = delimiter_of_login(b"9300CN" + line, "|")
    assert found is None or (len(found) == 1 and found.isascii() and not found.isalnum())


def test_values_end_where_the_terminal_can_hold_no_more():
    """Lesson 15."""
    session, _ = serving(max_length=20)
    answer = said(session, PATRON, messages.PatronStatusResponse(personal_name="é" * 30))
    assert "|AE" + "é" * 10 + "|" in answer.decode()


@pytest.mark.parametrize(
    ("policy", "asked", "given_"),
    [
        ("auto", Trailer(), Trailer()),
        ("auto", Trailer("4", True), Trailer("4", True)),
        ("always", Trailer(), Trailer("0", True)),
        ("always", Trailer("4", True), Trailer("4", True)),
        ("never", Trailer("4", True), Trailer()),
    ],
)
def test_error_detection(policy, asked, given_):
    assert protection(asked, policy) == given_


def test_error_detection_is_the_profiles_from_the_login_on():
    assert serving(error_detection="always")[1] == b"941AY0AZFDFD\r"
    session, login = serving(LOGIN + b"AY0AZ" + checksum(LOGIN + b"AY0AZ"), error_detection="never")
    assert login == b"941\r"
    assert said(session, b"9900802.00AY7AZFC9A", messages.ACSStatus()).endswith(b"|\r")


def test_before_the_login_the_default_is_spoken():
    session = Session()
    assert said(session, b"9900802.00", messages.ACSStatus()).endswith(b"|\r")
    assert cast(Any, session.receive(b"9310CNx|COy|")).line == b"940\r"


def test_the_place_of_the_login_decides():
    settings = Settings(
        libraries={
            "riverside": LibrarySettings(
                "riverside",
                terminals=(TerminalSettings(location="Hall", knobs={"terminator": "crlf"}),),
                origin="x",
            )
        }
    )
    for login, ends in ((LOGIN, b"\r\n"), (LOGIN.replace(b"Hall", b"Door"), b"\r")):
        session = Session()
        session.receive(login)
        assert cast(Any, session.admitted(evolve(tenant(), settings=settings))).line == b"941" + ends


def test_the_width_of_the_printer_is_remembered():
    session = Session()
    session.receive(b"9900402.00")
    session.reply(messages.ACSStatus())
    session.receive(LOGIN)
    session.admitted(tenant())
    assert cast(Any, session.receive(PATRON)).print_width == 40, "also when 99 came before the login"
    session.reply(messages.PatronStatusResponse())
    for status, width in ((b"990 802.00", 80), (b"9900002.00", None), (b"990xxx2.00", None)):
        assert cast(Any, session.receive(status)).print_width == width
        session.reply(messages.ACSStatus())


def test_each_knob_of_spelling_reaches_the_dialect():
    dialect = dialect_of(Profile(charset="cp850", terminator="crlf", delimiter="^", max_length=60))
    assert (dialect.charset, dialect.terminator, dialect.delimiter, dialect.max_length) == (
        "cp850",
        b"\r\n",
        "^",
        60,
    )


@pytest.mark.parametrize(
    ("line", "version", "width"),
    [
        (b"9920261028    101500AOriverside|", "2.00", None),
        (b"9900801015AOriverside|", "2.00", None),
        (b"9900801.0E", "2.00", 80),
        (b"9900801.00", "1.00", 80),
        (b"9900801.13", "1.00", 80),
        (b"9900802.00", "2.00", 80),
        (b"990080", "2.00", 80),
        (b"9900012.00", "2.00", None),
        (b"9909992.00", "2.00", None),
    ],
)
def test_K6_only_a_version_1_makes_a_session_of_sip_1_00(line, version, width):
    session, _ = serving()
    told = said(session, line, messages.ACSStatus(supported_messages=frozenset({"11"})))
    assert (b"|BX" in told) == (version == "2.00")
    step = session.receive(PATRON)
    assert cast(Any, step).print_width == width
    answer = cast(
        Any, session.reply(messages.PatronStatusResponse(valid_patron=True, valid_patron_password=False))
    )
    assert (b"|BLY|CQN|" in answer.line) == (version == "2.00")


@pytest.mark.parametrize("algorithms", ["", "0", "00"])
@pytest.mark.parametrize("trailer", ["", "AY0AZ", "AY10AZ"])
def test_K5_K11_a_login_shows_its_delimiter_however_it_is_spelled(algorithms, trailer):
    line = f"93{algorithms}CNkiosk^COsecret^AOriverside^{trailer}".encode()
    assert delimiter_of_login(line + (checksum(line) if trailer else b""), "|") == "^"


@pytest.mark.parametrize("number", ["9", "10", "11", "100"])
def test_K11_an_answer_has_the_whole_sequence_number_of_its_request(number):
    session, _ = serving()
    body = PATRON + f"AY{number}AZ".encode()
    answer = said(session, body + checksum(body), messages.PatronStatusResponse())
    start = answer[: answer.rindex(b"AZ") + 2]
    assert answer == start + checksum(start) + b"\r"
    assert start.endswith(f"|AY{number}AZ".encode())
    damaged = cast(Any, session.receive(body + b"0000")).line
    assert damaged == b"96AZFEF6\r"
