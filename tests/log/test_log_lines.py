"""The lines of the door's events, in both forms, as a file has them."""

from __future__ import annotations

import json
from io import StringIO

import pytest
from attrs import evolve
from twisted.logger import LogPublisher, eventAsJSON, textFileLogObserver

from sip2gw.addresses import Peer
from sip2gw.events import Closed, Exchange, LoggedIn, LoginRefused, Noticed, Opened, Secured
from sip2gw.log import Log, LogSettings
from sip2gw.log.events import EventLog
from sip2gw.log.forms import as_json, finished
from sip2gw.log.log_line import LogLine

AT = 1795858406.123
CONN = "c7f3a"
EXCHANGE = Exchange(
    AT, CONN, 12, "riverside", "Desk1", "generic-kiosk", "11", "refused", "copy_not_found", 3.2,
    (("create_loan", 404, 2.5, "827d42fb-4f"),), "p:e8ee21", "i:77d0b2", "K7Q2", "203.0.113.0/24",
)  # fmt: skip


class Written:
    """A log file, and what writes to it."""

    def __init__(self, form: str, level: str = "debug") -> None:
        self.file = StringIO()
        publisher = LogPublisher(textFileLogObserver(self.file))
        self.log = Log(publisher, LogSettings(level, form))
        self.log.begin()
        self.events = EventLog(lambda: 0.0, lambda: None)
        self.events.log = type(EventLog.log)("sip2gw.log.events", observer=publisher)

    def lines(self, *events: object) -> list[str]:
        for event in events:
            self.events.take(event)
        self.log.flush()
        self.log.end()
        return self.file.getvalue().splitlines()


def test_a_request_is_one_line_of_text():
    [line] = Written("text").lines(EXCHANGE)
    assert line.endswith(
        "riverside/Desk1 c7f3a#12 checkout refused copy_not_found 3 ms p:e8ee21 i:77d0b2 K7Q2"
    )


def test_a_field_without_a_value_is_left_out_of_json():
    written = Written("json")
    written.events.log.info("{what} here{secured}", what="SIP2", secured="", names=[], seconds=0, since=None)
    note, request = map(json.loads, written.lines(evolve(EXCHANGE, api=(), code="")))
    assert {key: value for key, value in note.items() if key not in ("time", "source", "log")} == {
        "level": "info", "event": "note", "text": "SIP2 here", "what": "SIP2", "seconds": 0,
    }  # fmt: skip
    assert not {"api", "code"} & set(request)


def test_a_request_is_one_object_of_json():
    [line] = Written("json").lines(EXCHANGE)
    found = json.loads(line)
    assert found.pop("time").endswith("Z")
    assert found == {
        "level": "info", "event": "request", "conn": CONN, "library": "riverside", "terminal": "Desk1",
        "profile": "generic-kiosk", "seq": 12, "message": "11", "outcome": "refused", "code": "copy_not_found",
        "ms": 3, "patron": "p:e8ee21", "item": "i:77d0b2", "ref": "K7Q2", "api": ["827d42fb-4f"],
        "peer": "203.0.113.0/24",
    }  # fmt: skip


@pytest.mark.parametrize("form", ["text", "json"])
def test_each_event_of_a_connection_is_one_line(form):
    lines = Written(form).lines(
        Opened(AT, CONN, "TLS port 6009", "203.0.113.9", "203.0.113.0/24"),
        Secured(AT, CONN, "TLSv1.3", "sip2.example", ("sip2.example",)),
        LoginRefused(AT, CONN, "riverside", "invalid_credentials", "look at the password", "account"),
        LoggedIn(AT, CONN, "riverside", "Desk1", "Desk1", "AO", "generic-kiosk", "utf-8", "cr", "k...@x.example"),
        EXCHANGE,
        Noticed(AT, CONN, "language", "it speaks HTTP", "use a SIP2 client", "riverside"),
        Closed(AT, CONN, "gateway", "idle_deadline", 12.0, 3),
    )  # fmt: skip
    assert len(lines) == 7
    if form == "json":
        kinds = [json.loads(line)["event"] for line in lines]
        assert kinds == [
            "opened", "secured", "login_refused", "logged_in", "request", "noticed", "closed",
        ]  # fmt: skip
    else:
        assert "login to riverside refused, invalid_credentials: look at the password" in lines[2]
        assert "closed by the gateway, idle_deadline, after 12 s and 3 requests" in lines[6]


def test_a_whole_address_is_only_in_lines_about_refusals_and_faults():
    written = Written("json")
    lines = written.lines(
        Opened(AT, CONN, "TLS port 6009", "203.0.113.9", "203.0.113.0/24"),
        EXCHANGE,
        LoginRefused(AT, CONN, "riverside", "invalid_credentials"),
        Closed(AT, CONN),
    )
    assert [("203.0.113.9" in line) for line in lines] == [False, False, True, False]


def test_an_item_in_clear_is_its_number_in_json():
    event = Exchange(AT, CONN, 1, "riverside", "Desk1", message="11", item="'10001'")
    [line] = Written("json").lines(event)
    assert json.loads(line)["item"] == "10001"


def test_what_is_noticed_after_the_end_names_no_address():
    noticed = Noticed(AT, CONN, "label", "the label is found in capitals", "send capitals", "riverside")
    [line] = Written("text").lines(noticed)
    assert "the label is found in capitals; send capitals" in line
    assert "this machine" not in line


@pytest.mark.parametrize("code", ["17", "23", "35", "63", "93", "97", "99"])
def test_reads_are_logged_at_debug_alone(code):
    read = Exchange(AT, CONN, 1, "riverside", "Desk1", message=code)
    assert Written("text", "info").lines(read) == []
    assert len(Written("text", "debug").lines(read)) == 1


@pytest.mark.parametrize("form", ["text", "json"])
def test_other_lines_are_written_in_the_form_too(form):
    written = Written(form)
    written.events.log.warn("{where}: {why}", where="the door", why="a {brace}\nand a line end")
    [line] = written.lines()
    if form == "json":
        found = json.loads(line)
        assert (found["level"], found["event"], found["source"]) == ("warn", "note", "sip2gw.log.events")
        assert found["where"] == "the door"
        assert found["text"] == "the door: a {brace}\\nand a line end"
    else:
        assert "the door: a {brace}" in line


@pytest.mark.parametrize("name", ["Desk\n1", "\x1b[31m", "Desk 1", "{name}", "x" * 500, "ß", ""])
@pytest.mark.parametrize("form", ["text", "json"])
def test_a_terminals_name_can_not_break_a_line(form, name):
    [line] = Written(form).lines(Exchange(AT, CONN, 1, "riverside", name, message="11"))
    assert line.isprintable()
    if form == "json":
        assert json.loads(line)["library"] == "riverside"


def test_the_fields_of_a_line_pass_through_a_workers_socket():
    event = {
        "log_format": "{line}",
        "log_time": AT,
        "line": LogLine(EXCHANGE, Peer(), "riverside", "Desk1", 0),
    }
    made = json.loads(eventAsJSON(finished(event)))
    assert json.loads(as_json({**made, "worker": 2}))["api"] == ["827d42fb-4f"]


@pytest.mark.parametrize(
    ("code", "word"), [("11", "checkout"), ("63", "patron_information"), ("97", "resend"), ("99", "status")]
)
def test_a_line_names_its_request(code, word):
    [line] = Written("text").lines(Exchange(AT, CONN, 1, "riverside", "Desk1", message=code))
    assert f" {word} " in line
