"""What the record answers, about bytes that went through the door."""

from __future__ import annotations

import json
import re

import pytest
from attrs import evolve
from click.testing import CliRunner

from sip2gw.record import API, Facts, NotUnderstood
from sip2gw.tools.cli import main

from .room import CHECKIN, CHECKOUT, LOGIN, PATRON, STATUS, Room

CARD, PIN, NAME, PASSWORD = "M-1001", "1234", "Amina", "kiosk-secret"
ALL = "now", "libraries", "terminals", "exchanges", "door", "traces"


@pytest.fixture
def room():
    room = Room()
    yield room
    room.sandbox.close()


def a_day(room: Room) -> None:
    for line in (LOGIN, STATUS, PATRON, CHECKOUT, CHECKIN, CHECKOUT.replace("10001", "31337")):
        room.say(line)


def test_an_exchange_is_found_by_each_filter(room):
    a_day(room)
    refused = room.ask("exchanges", outcome="refused")["rows"]
    assert [(one["name"], one["code"]) for one in refused] == [("checkout", "copy_not_found")]
    [one] = refused
    for name in ("ref", "conn", "patron", "item", "code", "library", "terminal", "network"):
        rows = room.ask("exchanges", **{name: str(one[name])})["rows"]
        assert one["ref"] in [row["ref"] for row in rows], name
        assert all(row[name] == one[name] for row in rows)
    assert room.ask("exchanges", library="elsewhere")["rows"] == []
    assert room.ask("exchanges", until=str(one["at"] - 1))["rows"] == []
    assert room.ask("exchanges", since=str(one["at"] + 1))["rows"] == []
    assert len(room.ask("exchanges", since="2026-03-01T17:00")["rows"]) == 5


def test_an_exchange_shows_its_calls_by_its_ref(room):
    a_day(room)
    ref = room.ask("exchanges", message="09")["rows"][0]["ref"]
    found = room.ask("exchange", ref=ref.lower())
    assert found["api"][0]["status"] == 200
    assert found["api"][0]["id"]
    assert found["lines"] == []
    assert room.ask("exchange", ref="????") is None


def test_a_card_number_finds_its_exchanges_and_is_not_in_the_answer(room):
    a_day(room)
    found = room.ask("search", kind="patron", library="riverside", number=CARD)
    assert [row["name"] for row in found["rows"]] == ["checkout", "checkout", "patron_status_request"]
    assert CARD not in json.dumps(found)
    item = room.ask("search", kind="item", library="riverside", number="10001")
    assert {row["name"] for row in item["rows"]} == {"checkout", "checkin"}
    with pytest.raises(NotUnderstood):
        room.ask("search", kind="patron", number=CARD)


def test_a_terminal_shows_its_identity_its_spelling_and_its_counters(room):
    a_day(room)
    room.say(STATUS[:-1] + "1")
    [row] = room.ask("terminals")["rows"]
    assert (row["library"], row["terminal"], row["state"]) == ("riverside", "Desk", "online")
    one = room.ask("terminal", conn=row["conn"])
    facts = dict(one["identity"]) | dict(one["spelling"])
    assert facts["Form of login"] == "AO"
    assert facts["Account"] == "k...@riverside.example"
    assert facts["Charset"] == "utf-8"
    assert facts["Delimiter"] == "|"
    assert facts["Checksum, seen"] == "in 1 of 6 requests"
    assert facts["Clock, seconds ahead"] == -6300  # 10:15, at noon in the library
    assert one["counters"]["bad checksums"] == 1
    assert one["counters"]["refused"] == 2


def test_a_terminal_shows_how_many_of_its_lines_are_not_text(room):
    room.say(LOGIN)
    for line in (CHECKIN.replace("AP|", "APGef\xe4\xdf|"), STATUS, "99\0", CHECKIN.replace("AP|", "AP\xdf|")):
        room.terminal.dataReceived(line.encode("latin-1") + b"\r")
    [row] = room.ask("terminals")["rows"]
    counted = room.ask("terminal", conn=row["conn"])
    assert counted["counters"]["lines that are not text"] == 3
    assert [one["kind"] for one in counted["notices"]] == ["location", "charset", "utf_16"]
    assert "Gef" not in json.dumps(counted)
    room.terminal.connectionLost()
    ended = room.ask("terminal", conn=row["conn"])
    assert ended["counters"] == counted["counters"]


def test_a_terminal_that_left_is_among_those_that_have_ended(room):
    a_day(room)
    room.terminal.connectionLost()
    assert room.ask("terminals")["rows"] == []
    [row] = [one for one in room.ask("terminals", state="ended")["rows"] if one["library"]]
    assert dict(room.ask("terminal", conn=row["conn"])["identity"])["Ended by"] == "terminal"


def test_a_terminal_is_disconnected_by_its_connection(room):
    room.say(LOGIN)
    [row] = room.ask("terminals")["rows"]
    assert room.ask("disconnect", conn=row["conn"]) == {"done": True}
    assert room.transport.disconnecting
    assert room.ask("disconnect", conn="zzzzz") is None


def test_attempts_are_grouped_by_network_step_and_reason(room):
    wrong = LOGIN.replace(PASSWORD, "wrong")
    room.denied(wrong)
    room.denied(wrong)
    room.denied(LOGIN.replace("AOriverside", "AOrivrside"))
    rows = {(one["rung"], one["reason"]): one for one in room.ask("door")["rows"]}
    assert rows["account", "invalid_credentials"]["count"] == 2
    assert rows["account", "invalid_credentials"]["network"] == "192.168.1.0/24"
    assert rows["library", "library_not_found"]["fix"]
    assert len(room.ask("door", network="192.168.1.1")["rows"]) == len(rows)
    assert room.ask("door", network="10.0.0.1")["rows"] == []
    assert len(room.ask("door", reason="credentials")["rows"]) == 1


def test_an_attempt_says_what_was_nearly_right(room):
    room.denied(LOGIN.replace("kiosk@riverside.example:kiosk-secret", "kiosk:kiosk-secret"))
    [row] = [one for one in room.ask("door")["rows"] if one["rung"] == "account"]
    assert (row["reason"], row["text"]) == ("invalid_credentials", "the user name is no e-mail address")
    assert row["fix"] == "enter the whole address, with its domain"


def test_a_client_that_leaves_before_its_login_is_an_attempt(room):
    room.again()
    assert [one["text"] for one in room.ask("door")["rows"]] == ["left without a line"]


def test_a_library_shows_its_outcomes_and_its_codes(room):
    a_day(room)
    [row] = room.ask("libraries")["rows"]
    assert (row["library"], row["state"], row["terminals"], row["requests"]) == ("riverside", "online", 1, 5)
    assert (row["refused"], row["top_code"]) == (20.0, "copy_not_found")
    one = room.ask("library", library="riverside")
    assert {code["code"] for code in one["codes"]} >= {"copy_not_found"}
    assert [seat["terminal"] for seat in one["seats"]] == ["Desk"]
    assert room.ask("library", library="nowhere") is None


def test_libraries_with_trouble_come_first(room):
    a_day(room)
    down = API("hillcrest", False, "open", 1.0, "refused")
    room.facts = Facts(apis=(down,), seats={"full": (2, 2)}, libraries=frozenset({"quiet"}))
    rows = room.ask("libraries")["rows"]
    assert [(one["library"], one["state"]) for one in rows] == [
        ("hillcrest", "offline"), ("full", "full"), ("riverside", "online"), ("quiet", "idle"),
    ]  # fmt: skip
    assert [one["library"] for one in room.ask("libraries", state="full")["rows"]] == ["full"]
    assert [one["library"] for one in room.ask("libraries", q="ver")["rows"]] == ["riverside"]


def kinds(room: Room) -> dict[str, dict]:
    return {need["kind"]: need for need in room.ask("now")["needs"]}


def test_nothing_needs_a_person_where_all_is_well(room):
    a_day(room)
    now = room.ask("now")
    assert now["needs"] == []
    assert {"name": "terminals", "value": 1} in now["tiles"]
    assert now["graph"][-1] == pytest.approx(5 / 60, abs=0.001)


def test_what_other_rooms_report_needs_a_person(room):
    room.facts = Facts(
        apis=(API("riverside", False, "open", 5.0, "unreachable"),),
        warnings=("the certificate a.pem expires in 3 days",),
        journal={"DEAD": 2, "UNKNOWN": 1},
        journal_oldest=700.0,
    )
    found = kinds(room)
    assert found["offline"]["since"] == 5.0
    assert found["offline"]["severity"] == "bad"
    assert "riverside" in found["offline"]["text"]
    assert found["warning"]["text"] == "The certificate a.pem expires in 3 days."
    journal = [need for need in room.ask("now")["needs"] if need["kind"] == "journal"]
    assert {(need["subject"], need["count"]) for need in journal} == {("DEAD", 2), ("open", 1)}
    assert all(need["link"].startswith("/board/") for need in room.ask("now")["needs"])


def test_refused_logins_alone_need_a_person_after_a_quarter_of_an_hour(room):
    a_day(room)
    room.again()
    room.denied(LOGIN.replace(PASSWORD, "wrong"))
    assert "refused" not in kinds(room)
    room.clock.advance(900)
    room.again()
    assert kinds(room)["refused"]["subject"] == "riverside"
    room.say(LOGIN)
    assert "refused" not in kinds(room)


def test_a_full_library_with_a_terminal_outside_needs_a_person(room):
    room.record.take(_refused(room, "terminal_limit_reached", "seats"))
    assert kinds(room)["full"]["subject"] == "riverside"
    room.clock.advance(901)
    assert "full" not in kinds(room)


def _refused(room: Room, code: str, rung: str):
    from sip2gw.events import LoginRefused

    [conn] = room.record.connections.live
    return LoginRefused(room.record.now(), conn, "riverside", code, "", rung)


def test_a_terminal_that_connects_again_and_again_needs_a_person(room):
    for _ in range(6):
        room.again()
        room.say(LOGIN)
    assert kinds(room)["flaps"]["subject"] == "riverside/Desk"
    room.clock.advance(901)
    assert "flaps" not in kinds(room)


def test_a_limit_that_was_reached_needs_a_person_unless_it_only_slows(room):
    room.factory.metrics.struck("connections")
    room.factory.metrics.struck("pace")
    assert [need["subject"] for need in room.ask("now")["needs"]] == ["connections"]


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


@pytest.mark.parametrize(
    ("what", "about"),
    [
        ("exchanges", {"card": "1"}),
        ("exchanges", {"since": "yesterday"}),
        ("exchanges", {"after": "x"}),
        ("exchanges", {"limit": "101"}),
        ("exchanges", {"limit": "²"}),
        ("exchanges", {"library": "x" * 201}),
        ("terminals", {"state": "odd"}),
        ("trace", {}),
        ("trace", {"library": "riverside", "minutes": "16"}),
        ("everything", {}),
    ],
)
def test_a_question_that_makes_no_sense_is_refused_with_words(room, what, about):
    with pytest.raises(NotUnderstood):
        room.ask(what, **about)


def test_pages_of_exchanges_have_each_once(room):
    room.say(LOGIN)
    for _ in range(250):
        room.say(STATUS)
    seen, after = [], ""
    while True:
        page = room.ask("exchanges", after=after)
        seen += [row["ref"] for row in page["rows"]]
        after = page["next"]
        if not after:
            break
    assert len(seen) == len(set(seen)) == 250
    newest = room.ask("exchanges", limit="1")["rows"][0]["key"]
    room.say(STATUS)
    assert len(room.ask("exchanges", newer=newest)["rows"]) == 1


def test_pages_of_terminals_have_each_once(room):
    for number in range(130):
        room.connect(f"192.168.{number}.1")
        room.say(LOGIN.replace("CPDesk", f"CPDesk/{number}"))
    first = room.ask("terminals")
    second = room.ask("terminals", after=first["next"])
    found = [row["conn"] for row in first["rows"] + second["rows"]]
    assert len(first["rows"]) == 100
    assert len(set(found)) == len(found) == 131
    assert second["next"] is None


def test_the_answers_can_be_written_as_json(room):
    a_day(room)
    for what in ALL:
        assert json.loads(json.dumps(room.ask(what)))


def test_facts_are_looked_up_at_each_question(room):
    room.facts = evolve(room.facts, lag=0.25)
    assert {"name": "delay of the event loop", "value": 250, "unit": "ms"} in room.ask("now")["tiles"]
