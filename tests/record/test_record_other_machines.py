"""What other machines say, added to the answers of this one; and how a gateway says how it is, within bounds."""

from __future__ import annotations

from attrs import asdict, evolve

from record.test_joined_answers import Process, two
from sip2gw.events import LoginRefused, Opened
from sip2gw.record import API, Facts, Machine, Machines, Summary, join
from sip2gw.record.needs import Need
from sip2gw.record.other_machines import SILENT
from sip2gw.record.summary import LIBRARIES, NEEDS, REASONS, summed

AT = 1_800_000_000.0
OFFLINE = Need(
    "offline", "riverside", "It can't be reached.", "", AT - 60, 1, "bad", "/board/libraries/riverside"
)
LIMIT = Need("limit", "connections", "The limit was reached.", "", AT - 9, 2, "warn", "/board/configuration")


def machine(number: int, *needs: Need, seen: float = AT, **libraries: tuple[int, bool]) -> Machine:
    summary = Summary(
        terminals=sum(terminals for terminals, _ in libraries.values()), needs=needs, door={"no account": number},
        libraries=libraries, processes=(f"p{number}",),
    )  # fmt: skip
    return Machine(
        str(number),
        f"gw{number}",
        f"10.0.0.{number}:6009",
        "1.0",
        "serving",
        AT - 99,
        seen,
        f"gw{number}:8080",
        summary,
    )


def read(*machines: Machine, **how: float) -> Machines:
    return Machines.read("1", AT, machines, **how)


def ask(machines: Machines, what: str, **about: str):
    parts = [("1", two()[0].record.part(what, about))]
    answer = join(what, about, parts, machines)
    if answer is not None:
        machines.add_to(what, answer)
    return answer


def test_a_machine_alone_adds_nothing():
    alone = read(machine(1))
    for what in ("now", "libraries", "terminals", "exchanges", "door"):
        assert ask(alone, what) == ask(Machines(), what)


def test_now_lists_all_machines_and_sums_nothing_of_the_silent():
    rows = ask(read(machine(1), machine(2, riverside=(3, True)), machine(3, seen=AT - SILENT - 1)), "now")[
        "machines"
    ]
    assert [(row["machine"], row["here"], row["silent_since"]) for row in rows] == [
        ("gw1", True, 0.0),
        ("gw2", False, 0.0),
        ("gw3", False, AT - SILENT - 1),
    ]
    assert (rows[1]["terminals"], rows[1]["offline"], rows[1]["board"]) == (3, ["riverside"], "gw2:8080")


def test_what_needs_a_person_names_the_machines_that_know_of_it():
    needs = ask(read(machine(1), machine(2, OFFLINE, LIMIT), machine(3, OFFLINE)), "now")["needs"]
    named = {(need["kind"], need["subject"]): need for need in needs}
    assert named["offline", "riverside"]["machines"] == ["gw2", "gw3"]
    assert named["offline", "riverside"]["count"] == 1
    assert named["offline", "riverside"]["link"] == "/board/libraries/riverside"
    assert named["limit", "connections"]["machines"] == ["gw2"]
    assert named["limit", "connections"]["link"] == ""  # the configuration of the other one
    assert named["journal", "DEAD"]["machines"] == ["gw1"]


def test_a_silent_machine_needs_a_person_and_its_own_troubles_do_not():
    needs = ask(read(machine(1), machine(2, LIMIT, seen=AT - 60)), "now")["needs"]
    (silent,) = [need for need in needs if need["kind"] == "silent"]
    assert (silent["subject"], silent["since"], silent["severity"]) == ("gw2", AT - 60, "bad")
    assert "limit" not in {need["kind"] for need in needs}


def test_no_machine_is_silent_right_after_the_store_came_back():
    assert not read(machine(1), machine(2, seen=AT - 60), since=AT - 5).all[1].silent
    assert read(machine(1), machine(2, seen=AT - 60), since=AT - SILENT - 1).all[1].silent


def test_two_gateways_of_one_host_are_told_apart_by_their_address():
    read_ = read(machine(1), evolve(machine(2), name="gw1"))
    assert [one.name for one in read_.all] == ["gw1 (10.0.0.1:6009)", "gw1 (10.0.0.2:6009)"]


def test_the_list_of_libraries_has_the_terminals_of_all():
    there = read(
        machine(1), machine(2, riverside=(3, False), elsewhere=(2, False)), machine(3, riverside=(4, True))
    )
    rows = {row["library"]: row for row in ask(there, "libraries")["rows"]}
    assert (rows["riverside"]["terminals"], rows["riverside"]["elsewhere"], rows["riverside"]["used"]) == (
        8,
        7,
        8,
    )
    assert rows["riverside"]["state"] == "offline"
    assert (rows["elsewhere"]["terminals"], rows["elsewhere"]["state"]) == (2, "online")
    assert {row["library"] for row in ask(there, "libraries", q="else")["rows"]} == {"elsewhere"}


def test_a_library_names_the_machines_of_its_terminals():
    there = read(
        machine(1), machine(2, riverside=(3, False)), machine(3, riverside=(4, True), other=(1, False))
    )
    found = ask(there, "library", library="riverside")
    assert (found["machines"], found["offline_at"]) == ({"gw2": 3, "gw3": 4}, ["gw3"])
    assert found["terminal_count"] == 8
    assert ask(there, "library", library="other")["machines"] == {"gw3": 1}
    assert ask(there, "library", library="nowhere") is None


def test_who_did_not_get_in_is_counted_by_machine():
    found = ask(read(machine(1), machine(2), machine(3, seen=AT - 60)), "door")
    assert found["machines"] == [{"machine": "gw2", "board": "gw2:8080", "reasons": {"no account": 2}}]


def test_a_session_is_that_of_the_machine_whose_process_began_it():
    there = read(machine(1), machine(2))
    assert [there.of_session(name) for name in ("p2.77", "p1.77", "p3.77", "")] == ["gw2", "", "", ""]


def test_a_gateway_says_how_it_is_for_all_its_processes():
    one, other = two()
    said = summed([process.record.part("machine", {}) for process in (one, other)])
    assert (said.terminals, said.connections, said.libraries) == (3, 3, {"riverside": (3, True)})
    assert (said.requests, said.refused) == (1.6, 0.2)
    assert [(need.kind, need.subject) for need in said.needs] == [("offline", "riverside")]


def test_what_a_gateway_says_has_an_end():
    long = "x" * 1000
    facts = Facts(
        apis=tuple(API(f"l{n}", False, "open", AT, long) for n in range(LIBRARIES + 10)), warnings=(long,) * 5
    )
    process = Process(facts)
    for n in range(100):
        process.events.publish(Opened(AT, f"{n:05x}", "port", "10.0.0.1", "10.0.0.0/24"))
        process.events.publish(LoginRefused(AT, f"{n:05x}", "", f"reason_{n}", rung="account"))
    said = summed([process.record.part("machine", {})])
    assert (len(said.libraries), len(said.needs), len(said.door)) == (LIBRARIES, NEEDS, REASONS)
    assert max(len(text) for need in said.needs for text in (need.text, need.fix, need.subject)) <= 300


def test_a_reason_that_quotes_a_client_is_not_said():
    process = Process(Facts())
    process.events.publish(Opened(AT, "aaaaa", "port", "10.0.0.1", "10.0.0.0/24"))
    process.events.publish(LoginRefused(AT, "aaaaa", "", "it said 'M-1001'", rung="form"))
    said = summed([process.record.part("machine", {})])
    assert said.door == {"at the step form": 1}
    assert "M-1001" not in repr(asdict(said))
