"""What needs a person, and what does not."""

from __future__ import annotations

import pytest

from sip2gw.events import LoginRefused
from sip2gw.record import API, Facts

from .room import LOGIN, PASSWORD, Room, a_day


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


@pytest.mark.parametrize(
    ("limit", "fix", "link"),
    [
        ("headers_deadline", "API was slow", "/board/libraries"),
        ("logins_per_account", "wrong password", "/board/door"),
        ("pins_per_terminal", "readers' passwords", "/board/exchanges?outcome=refused"),
        ("connections", "raise it", "/board/configuration"),
    ],
)
def test_a_limit_that_was_reached_says_what_to_do_about_it(room, limit, fix, link):
    room.factory.metrics.struck(limit)
    need = kinds(room)["limit"]
    assert fix in need["fix"]
    assert need["link"] == link


def test_terminals_without_a_location_that_connect_again_and_again_are_not_named_as_one(room):
    for _ in range(6):
        room.again()
        room.say(LOGIN.replace("CPDesk", "CP"))
    assert (
        kinds(room)["flaps"]["text"] == "Terminals of riverside without a location connect again and again."
    )
