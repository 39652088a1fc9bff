"""Over the wire: each terminal is spelled to as its profile says, from the answer to its login on."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from treq.testing import StubTreq
from twisted.internet.testing import StringTransport
from twisted.logger import capturedLogs

from sip2gw.circulation.profiles import BUILT_IN
from sip2gw.circulation.settings import LibrarySettings, Settings, TerminalSettings
from sip2gw.gateway import TerminalFactory, library_requests
from sip2gw.librarika import Librarika
from sip2gw.sandbox import Sandbox
from sip2gw.tenants import Directory

from .desk import MovingClock, told

START = datetime(2026, 3, 1, 17, 0, tzinfo=UTC)
DATE = "20260301    101500"
PATRON = f"23000{DATE}AOriverside|AAM-1002|AC|AD4321|"
CHECKOUT = f"11YN{DATE}{DATE}AOriverside|AAM-1002|AB10004|AC|"
CHECKIN = f"09N{DATE}{DATE}AP|AOriverside|AB10004|AC|"
ITEM = f"17{DATE}AOriverside|AB10001|"

KNOBS: dict[str, dict[str, Any]] = {
    "CP850": {"charset": "cp850"},
    "Latin": {"charset": "latin-1"},
    "ASCII": {"charset": "ascii"},
    "CRLF": {"terminator": "crlf"},
    "Caret": {"delimiter": "^"},
    "Short": {"max_length": 20},
    "Checked": {"error_detection": "always"},
}


def place(location: str, profile: str = "", **knobs: Any) -> TerminalSettings:
    return TerminalSettings(location=location, profile=profile, knobs=knobs, origin=location)


TERMINALS = tuple(place(name, **knobs) for name, knobs in KNOBS.items())
SETTINGS = Settings(
    libraries={
        "riverside": LibrarySettings(
            "riverside", terminals=(*TERMINALS, *(place(name, name) for name in BUILT_IN)), origin="test"
        )
    }
)


class Bench:
    """A gateway over the sandbox, in which everything answers at once and time stands still."""

    def __init__(self) -> None:
        self.clock = MovingClock()
        self.clock.advance(START.timestamp())
        self.sandbox = Sandbox(clock=self.clock)
        librarika = Librarika(
            self.clock, "http://localhost/{library}/api/v1", http=StubTreq(self.sandbox.resource)
        )
        directory = Directory(
            librarika, settings=SETTINGS, clock=lambda: datetime.fromtimestamp(self.clock.seconds(), UTC)
        )
        self.factory = TerminalFactory(directory, reactor=self.clock)

    def connect(self, location: str, delimiter: str = "|") -> bytes:
        """Log in from there; the answer to the login."""
        self.transport = StringTransport()
        self.terminal = self.factory.buildProtocol(None)
        self.terminal.makeConnection(self.transport)
        login = f"9300CN|CO|CP{location}|AOriverside|ACkiosk@riverside.example:kiosk-secret|"
        return self.hear(login.replace("|", delimiter))

    def hear(self, line: str, charset: str = "utf-8") -> bytes:
        self.transport.clear()
        self.terminal.dataReceived(line.encode(charset) + b"\r")
        return self.transport.value()


@pytest.fixture
def bench() -> Iterator[Bench]:
    bench = Bench()
    yield bench
    bench.sandbox.close()


@pytest.mark.parametrize(
    ("location", "name", "title"),
    [
        ("CP850", "José Ångström".encode("cp850"), b"Pather Panchali (pther pamcali)"),
        ("Latin", "José Ångström".encode("latin-1"), b"Pather Panchali (pther pamcali)"),
        ("ASCII", b"Jose Angstrom", b"Pather Panchali (pther pamcali)"),
        ("Desk 1", "José Ångström".encode(), "Pather Panchali (পথের পাঁচালী)".encode()),
    ],
)
def test_text_is_made_to_fit_the_charset(bench, location, name, title):
    """Lesson 72."""
    assert bench.connect(location) == b"941\r"
    assert b"|AE" + name + b"|" in bench.hear(PATRON)
    lent = bench.hear(CHECKOUT)
    assert lent.startswith(b"121")
    assert b"|AJ" + title in lent


def test_every_answer_ends_as_the_terminal_waits_for(bench):
    """Lesson 1."""
    assert bench.connect("CRLF") == b"941\r\n"
    for line in (
        PATRON,
        "9900802.00",
        CHECKIN,
        "97",
        PATRON.replace("riverside", "elsewhere"),
        "9900802.00AY1AZ0000",
    ):
        answer = bench.hear(line)
        assert answer.endswith(b"\r\n"), line
        assert answer.count(b"\r\n") == answer.count(b"\r") == answer.count(b"\n") == 1


def test_another_delimiter_from_the_login_on(bench):
    """Lesson 19."""
    assert bench.connect("Caret", "^") == b"941\r"
    for line in (PATRON, "9900802.00", CHECKOUT, CHECKIN):
        answer = bench.hear(line.replace("|", "^"))
        assert b"AOriverside^" in answer
        assert b"|" not in answer


def test_an_unconfigured_delimiter_is_read_from_the_login(bench):
    assert bench.connect("Desk 1", "~") == b"941\r"
    assert b"AOriverside~" in bench.hear(PATRON.replace("|", "~"))


def test_values_are_cut(bench):
    """Lesson 15."""
    bench.connect("Short")
    assert "|AE" + "José Ångström" + "|" in bench.hear(PATRON).decode()
    title = bench.hear(CHECKOUT).partition(b"|AJ")[2].partition(b"|")[0]
    assert len(title) <= 20
    assert "Pather Panchali (পথের পাঁচালী)".startswith(title.decode())
    assert title.startswith(b"Pather Panchali (")


def test_a_terminal_that_wants_a_checksum_in_any_case(bench):
    assert bench.connect("Checked") == b"941AY0AZFDFD\r"
    assert b"|AY0AZ" in bench.hear(PATRON)


def test_a_gate_may_send_only_item_requests(bench):
    bench.connect("gate")
    assert bench.hear(ITEM).startswith(b"1803")
    assert b"|BXNNNNYYYNNNYNNNNN|" in bench.hear("9900802.00")
    assert bench.hear(CHECKOUT).startswith(b"120NUN")
    assert bench.hear(CHECKIN).startswith(b"100NUN")
    assert [
        effect for effect in bench.sandbox.ledger("riverside") if effect["kind"] not in ("token", "login")
    ] == []


@pytest.mark.parametrize("name", sorted(BUILT_IN))
def test_every_built_in_profile_answers_what_98_says_it_may(bench, name):
    """BX and what is done agree."""
    bench.connect(name)
    status = bench.hear("9900802.00").decode("cp850")
    allowed = status.partition("|BX")[2][:16]
    for place_, line, refused in ((1, CHECKOUT, b"120"), (2, CHECKIN, b"100"), (10, ITEM, b"1801")):
        assert bench.hear(line).startswith(refused) is (allowed[place_] == "N"), line
    assert bench.hear(PATRON).startswith(b"24YYYY") is (allowed[0] == "N")


def test_profiles_do_not_leak_between_connections(bench):
    bench.connect("CRLF")
    assert bench.connect("Desk 1") == b"941\r"


def test_a_note_for_staff_is_logged(bench, monkeypatch):
    bench.connect("Desk 1")

    async def noted(request, desk):
        desk.place.note("conflict: quota_exceeded")
        return type(request).response()

    with monkeypatch.context() as patched, capturedLogs() as logs:
        patched.setattr(library_requests, "answer", noted)
        bench.hear(CHECKOUT)
    [line] = told(logs, "warn")
    assert line.startswith("riverside/'Desk 1' conflict: quota_exceeded (")


def test_the_width_of_the_printer_reaches_the_desk(bench, monkeypatch):
    bench.connect("Desk 1")
    widths = []

    async def noted(request, desk):
        widths.append(desk.print_width)
        return type(request).response()

    monkeypatch.setattr(library_requests, "answer", noted)
    bench.hear("9900322.00")
    bench.hear(PATRON)
    assert widths == [32, 32]


def test_K23_a_request_that_a_profile_does_not_offer_is_counted(bench):
    assert bench.connect("sorter-cv").startswith(b"941")
    assert bench.hear(CHECKOUT).startswith(b"120")
    counted = bench.factory.metrics.registry.get_sample_value
    labels = {"library": "riverside", "message": "11"}
    assert counted("sip2gw_messages_total", {**labels, "outcome": "not_offered"}) == 1
    assert counted("sip2gw_messages_total", {**labels, "outcome": "answered"}) is None
