"""Traces: the lines of one terminal, patron, address or library, without anything of a person."""

from __future__ import annotations

import json
import re

from click.testing import CliRunner

from sip2gw.tools.cli import main

from .room import ALL, CARD, CHECKOUT, LOGIN, NAME, PASSWORD, PATRON, PIN, STATUS, a_day


def test_a_trace_has_the_lines_of_its_terminal_and_goes_on_after_a_reconnect(room, tmp_path):
    room.say(LOGIN)
    begun = room.ask("trace", library="riverside", terminal="Desk")
    room.say(PATRON)
    room.again()
    room.say(LOGIN)
    room.say(CHECKOUT)
    text = room.ask("trace_lines", trace=begun["trace"])["text"]
    sent = [line.split(" ")[2:4] for line in text.splitlines()]
    assert [(arrow, line[:2]) for arrow, line in sent] == [
        (">", "23"), ("<", "24"), (">", "93"), ("<", "94"), (">", "11"), ("<", "12"),
    ]  # fmt: skip
    file = tmp_path / "trace.txt"
    file.write_text(text)
    decoded = CliRunner().invoke(main, ["decode", "--json", "--file", str(file)])
    assert decoded.exit_code == 0, decoded.output
    read = [json.loads(line) for line in decoded.stdout.splitlines()]
    assert [one["code"] for one in read] == ["23", "24", "93", "94", "11", "12"]
    ref = room.ask("exchanges", message="11")["rows"][0]["ref"]
    assert [line[:4] for line in room.ask("exchange", ref=ref)["lines"]] == ["> 11", "< 12"]


def test_nobody_s_data_is_in_a_trace_or_in_any_answer(room):
    begun = room.ask("trace", library="riverside", address="")
    a_day(room)
    room.denied(LOGIN.replace(PASSWORD, "canary-password"))
    room.say(f"6300020260301    101500          AOriverside|AA{CARD}|AC|AD{PIN}|")
    said = room.ask("trace_lines", trace=begun["trace"])["text"]
    [row] = room.ask("terminals")["rows"]
    pages = [room.ask(what) for what in ALL] + [room.ask("library", library="riverside")]
    pages += [room.ask("terminal", conn=row["conn"])]
    pages += [room.ask("exchange", ref=one["ref"]) for one in room.ask("exchanges")["rows"]]
    assert len(said.splitlines()) >= 12
    for canary in (CARD, PIN + "|", NAME, "Rahman", PASSWORD, "canary", "kiosk@", "10001", "Emma"):
        alone = re.compile(
            rf"(?<![\d.]){re.escape(canary)}(?!\d)"
        )  # a moment may have such digits among its own
        assert not alone.search(said), canary
        assert not alone.search(json.dumps(pages)), canary


def test_a_trace_of_a_connection_follows_its_terminal(room):
    room.say(LOGIN)
    [row] = room.ask("terminals")["rows"]
    begun = room.ask("trace", conn=row["conn"])
    assert begun["target"] == "riverside/Desk"
    room.again()
    begun = room.ask("trace", conn=next(iter(room.record.connections.live)))
    assert begun["target"] == "one address"
    assert room.ask("trace", conn="zzzzz") is None


def test_a_trace_ends_and_is_forgotten(room):
    room.say(LOGIN)
    begun = room.ask("trace", library="riverside", minutes="1")
    room.say(STATUS)
    room.clock.advance(61)
    room.say(STATUS)
    assert room.factory.events.lines is None
    assert len(room.ask("trace_lines", trace=begun["trace"])["text"].splitlines()) == 2
    [row] = room.ask("traces")["rows"]
    assert (row["runs"], row["target"]) == (False, "riverside")
    room.clock.advance(3601)
    assert room.ask("traces")["rows"] == []


def test_a_trace_is_stopped_and_no_line_is_kept_any_more(room):
    room.say(LOGIN)
    begun = room.ask("trace", library="riverside")
    assert room.ask("stop", trace=begun["trace"]) == {"done": True}
    room.say(STATUS)
    assert room.ask("trace_lines", trace=begun["trace"]) == {"text": ""}
    assert room.ask("stop", trace="none") is None


def test_a_trace_of_a_patron_has_that_patron_s_lines_alone(room):
    room.say(LOGIN)
    begun = room.ask("trace", library="riverside", patron=CARD)
    assert begun["target"].startswith("riverside p:")
    room.say(STATUS)
    room.say(PATRON)
    room.say(PATRON.replace(CARD, "M-1002"))
    lines = room.ask("trace_lines", trace=begun["trace"])["text"].splitlines()
    assert [line.split(" ")[3][:2] for line in lines] == ["23", "24"]


def test_a_trace_of_an_address_has_logins_that_fail(room):
    begun = room.ask("trace", address="192.168.1.1")
    room.denied(LOGIN.replace(PASSWORD, "wrong"))
    assert [line.split(" ")[3][:3] for line in room.ask("trace_lines", trace=begun["trace"])["text"].splitlines()] == [
        "930", "940",
    ]  # fmt: skip
    assert "192.168.1.1" not in begun["target"]
