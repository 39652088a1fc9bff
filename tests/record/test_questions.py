"""What the record answers, about bytes that went through the door."""

from __future__ import annotations

import json

import pytest
from attrs import evolve

from sip2gw.record import API, Facts, NotUnderstood

from .room import ALL, CARD, CHECKIN, LOGIN, PASSWORD, STATUS, a_day

_NOW = "20260301    120000"


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


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (f"23001{_NOW}AOriverside|AAM-1001|AC|AD9999|", "password_wrong"),
        (f"63001{_NOW}          AOriverside|AAM-1001|AC|AD9999|", "password_wrong"),
        (f"01N{_NOW}AOriverside|AL|AAM-1001|AC|", "not_offered"),
        (f"25{_NOW}AOriverside|AAM-1001|AC|AD1234|", "not_offered"),
    ],
)
def test_a_no_in_an_answer_without_a_field_for_it_is_a_refusal(room, line, code):
    room.say(LOGIN)
    answer = room.say(line)
    [one] = room.ask("exchanges", outcome="refused")["rows"]
    assert one["code"] == code
    assert f"({one['ref']})" in str(answer)


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
    room.again()
    room.denied(LOGIN.replace(PASSWORD, "wrong"))
    [row] = room.ask("door")["rows"]
    assert (row["text"], row["count"]) == ("invalid credentials", 2)


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
