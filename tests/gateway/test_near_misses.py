"""What is nearly right about a terminal: the words in the log, from the bytes that it sends."""

from __future__ import annotations

from datetime import datetime
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.defer import fail
from twisted.internet.error import ConnectError, DNSLookupError
from twisted.logger import capturedLogs

from sip2gw.circulation.settings import LibrarySettings, Settings
from sip2gw.gateway import near_misses
from sip2gw.gateway.logins import REST
from sip2gw.sip2.error_detection import checksum

from .desk import CHECKOUT, LOGIN, PATRON, STATUS, Bench, told

ACCOUNT = "ACkiosk@riverside.example:kiosk-secret"


@pytest.fixture
def bench():
    bench = Bench()
    yield bench
    bench.sandbox.close()


def said(bench: Bench, *lines: str | bytes, advance: float = 0.0) -> str:
    """Return what is logged while these lines, or bytes without an end, come and time passes."""
    with capturedLogs() as logs:
        for line in lines:
            bench.hear(line.encode() + b"\r" if isinstance(line, str) else line)
        bench.clock.advance(2)
        if advance:
            bench.clock.advance(advance)
    return "\n".join(told(logs, "warn"))


@pytest.mark.parametrize(
    ("waiting", "words"),
    [
        (STATUS.encode(), "19 bytes were waiting without CR or LF"),
        (STATUS.encode() + b"\x03", "they end with ETX (03)"),
        (STATUS.encode("utf-16-le"), "with NUL bytes: UTF-16?"),
    ],
)
def test_bytes_without_an_end_are_named_at_the_deadline(bench, waiting, words):
    assert words in said(bench, waiting, advance=60)


def test_bytes_without_an_end_are_named_when_the_terminal_gives_up(bench):
    with capturedLogs() as logs:
        bench.hear(STATUS.encode())
        bench.terminal.connectionLost()
    assert "19 bytes were waiting without CR or LF" in "\n".join(told(logs, "warn"))


def test_a_line_that_is_too_long_is_logged_with_its_length_and_the_limit(bench):
    assert "a line has 5000 bytes or more; the limit is 4096" in said(bench, b"x" * 5000)


@pytest.mark.parametrize(
    ("ao", "words"),
    [
        ("riversid", "AO says riversid; this account's library is riverside; set AO to riverside"),
        ("Riverside Public Library", "AO is the library's own name; this account's library is riverside"),
        ("no nickname!", "AO names another library; this account's library is riverside"),
        ("riverside/other", "AO names the library and another account; set AO to riverside"),
        ("secretword", "AO names another library; this account's library is riverside"),
    ],
)
def test_a_message_with_another_library_says_which_one_is_right(bench, ao, words):
    assert words in said(bench, LOGIN, PATRON.replace("AOriverside", f"AO{ao}"))


@pytest.mark.parametrize(
    "ao", ["riverside:North", "riverside.librarika.com", "https://riverside.librarika.com"]
)
def test_a_library_with_a_branch_or_as_an_address_is_accepted(bench, ao):
    assert bench.say(LOGIN.replace("AOriverside", f"AO{ao}")) == "941"


def test_a_misspelt_library_in_a_login_is_a_question(bench):
    bench.say(LOGIN)
    bench.connect()
    assert "riversid is not a library; did you mean riverside?" in said(
        bench, LOGIN.replace("AOriverside", "AOriversid")
    )


class Many(dict):
    """Libraries of which there are so many that it takes time to go through them."""

    def __init__(self, clock, seconds: float) -> None:
        super().__init__(riverside=LibrarySettings("riverside"))
        self.goes_by = partial(clock.advance, seconds)

    def __iter__(self):
        self.goes_by()
        return super().__iter__()


@pytest.mark.parametrize(("seconds", "searches"), [(0.0, 10), (0.035, 1)])
def test_searches_for_misspelt_libraries_leave_time_for_terminals(bench, seconds, searches):
    seen = []
    bench.directory.reconfigure(bench.directory.policy, Settings(libraries=Many(bench.clock, seconds)))
    bench.factory.events.subscribe(lambda event: seen.append(getattr(event, "text", "")))

    def meant(count: int) -> int:
        seen.clear()
        for number in range(count):
            bench.connect(f"192.0.2.{number}")
            bench.hear(LOGIN.replace("AOriverside", f"AOriversid{number}").encode() + b"\r")
        return len([text for text in seen if "did you mean riverside?" in text])

    assert meant(10) == searches
    bench.clock.advance(REST * seconds)
    assert meant(1) == 1


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (ACCOUNT, "ACkiosk:kiosk-secret", "the user name is no e-mail address"),
        (ACCOUNT, "ACkiosk@riverside.example:", "the password is empty"),
        (ACCOUNT, "ACkiosk@riverside.example:kiosk-secret ", "the password ends with a blank"),
        (ACCOUNT, "ACkiosk-secret:kiosk@riverside.example", "user name and password look swapped"),
        (ACCOUNT, "ACkiosk-secret", "AC has no colon"),
        ("CN|CO|", "CNkiosk@riverside.example|COkiosk-secret |", "the password ends with a blank"),
    ],
)
def test_an_account_that_is_nearly_right_is_named_and_not_shown(bench, old, new, words):
    text = said(bench, LOGIN.replace(old, new))
    assert words in text
    assert "kiosk-secret" not in text


def test_a_location_that_is_no_branch_is_named_at_each_login(bench):
    line = LOGIN.replace("CPDesk", "CPNrth")
    text = said(bench, line, line)
    assert text.count("location Nrth is none of Main, North; did you mean North?") == 2


def test_a_location_that_is_a_branch_or_is_configured_is_not_named(bench):
    assert "location" not in said(bench, LOGIN.replace("CPDesk", "CPNorth"))


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (
            PATRON.replace("M-1001", "Zoë").encode("latin-1"),
            "bytes that are not UTF-8; they would be latin-1",
        ),
        (PATRON.encode("utf-16-le"), "it sends NUL bytes: UTF-16?"),
    ],
)
def test_bytes_of_another_charset_are_named(bench, data, words):
    assert words in said(bench, LOGIN, data + b"\r")


def test_a_checksum_over_another_charset_is_named(bench):
    text = PATRON.replace("M-1001", "Zoë€") + "AY1AZ"
    digits = checksum(text.encode("cp850", "replace"))
    assert "they fit over cp850" in said(bench, LOGIN, text.encode() + digits + b"\r")


@pytest.mark.parametrize(
    ("day", "words"),
    [
        ("19990301", "its clock is 27 years behind"),
        ("20300301", "its clock is 4 years ahead"),
        ("20260301", ""),
        ("20260303", "its clock is 2 days ahead"),
        ("20260228", "hours behind"),
    ],
)
def test_a_wrong_clock_is_named_once_a_day(bench, day, words):
    line = PATRON.replace("20260301", day)
    text = said(bench, LOGIN, line, line)
    assert text.count("its clock is") == bool(words)
    assert words in text
    if words:
        assert words not in said(bench, line)
        bench.clock.advance(20)


def test_a_clock_of_another_zone_is_not_named():
    assert near_misses.odd_clock(datetime(2026, 3, 1), datetime(2026, 3, 1, 12)) is None


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ([CHECKOUT], "it sends no login (93), and no account in AC"),
        (
            ["9300CNkiosk@riverside.example|COkiosk-secret|", CHECKOUT.replace("AOriverside", "AO")],
            "its login (93) names no library, and its messages have no AO",
        ),
        (["hello"], "its first bytes are 68 65 6c 6c"),
    ],
)
def test_a_terminal_without_a_login_or_without_SIP2_is_named(bench, lines, words):
    assert words in said(bench, *lines)


@pytest.mark.parametrize(
    "lines",
    [
        ["9300CNkiosk@riverside.example|COwrong|", CHECKOUT, CHECKOUT],
        [CHECKOUT.replace("AC|", "ACkiosk@riverside.example:wrong|")] * 2,
    ],
)
def test_a_login_that_was_refused_with_its_first_request_is_not_called_missing(bench, lines):
    text = said(bench, *lines)
    assert "wrong user name or password" in text
    assert "no library" not in text
    assert "no login" not in text


@given(st.binary(max_size=200), st.sampled_from(["utf-8", "latin-1", "cp850", "ascii"]))
def test_any_bytes_can_be_looked_at(data, charset):
    for seen in (
        near_misses.unfinished(data),
        near_misses.odd_bytes(data, charset),
        near_misses.odd_checksum(data, charset),
    ):
        assert seen is None or (seen.text.isprintable() and seen.fix)


@pytest.mark.parametrize(
    ("asked", "names", "named"),
    [
        ("sip2.example", ("sip2.example",), False),
        ("a.example", ("*.example",), False),
        ("", ("sip2.example",), False),
        ("kiosk.example", ("sip2.example",), True),
        ("a.b.example", ("*.example",), True),
    ],
)
def test_a_server_name_is_held_against_those_of_the_certificate(asked, names, named):
    assert bool(near_misses.other_server(asked, names)) is named


def test_a_name_that_does_not_resolve_is_logged_and_98_does_not_say_online(bench, monkeypatch):
    monkeypatch.setattr(bench.calls, "request", lambda *_, **__: fail(DNSLookupError()))
    with capturedLogs() as logs:
        assert bench.denied(LOGIN) == "940"
    assert bench.say(STATUS).startswith("98N")
    assert "the name localhost does not resolve" in "\n".join(told(logs, "warn"))


def test_a_call_that_fails_is_logged_with_its_library(bench, monkeypatch):
    bench.say(LOGIN)
    monkeypatch.setattr(bench.calls, "request", lambda *_, **__: fail(ConnectError()))
    assert "librarika_call_failed: riverside issue" in said(bench, CHECKOUT)
