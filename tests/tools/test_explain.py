"""`sip2gw explain` and `sip2gw explain-bin`: the profile of a terminal and its origins, and the bin of an item."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from sip2gw.circulation.settings import KNOBS
from sip2gw.circulation.sorting import BinRule
from sip2gw.library import Medium
from sip2gw.sip2 import format, messages, parse
from sip2gw.tools.cli import main
from sip2gw.tools.explain_bin import placed, situation_of

from .responder import PASSWORD, Responder

FILE = """
[[listen]]
endpoint = "tcp:6001:interface=127.0.0.1"
[profiles.hall]
like = "sorter-cv"
charset = "cp850"
[[libraries]]
nickname = "riverside"
language = "es"
texts = { renewed = "Again." }
[[libraries.terminals]]
location = "Hall"
profile = "hall"
[[libraries.terminals]]
account = "kiosk"
terminator = "crlf"
[[libraries.bins]]
unknown = true
bin = "99"
[[libraries.bins]]
hold = true
bin = "1"
[[libraries.bins]]
call_numbers = ["800", "899"]
bin = "8"
"""


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "sip2gw.toml"
    path.write_text(FILE)
    return str(path)


def explain(file: str, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["explain", "--config", file, *arguments])


def rows(text: str) -> dict[str, tuple[str, str]]:
    lines = [[cell.strip() for cell in line.split("│")] for line in text.splitlines() if line.startswith("│")]
    return {line[1]: (line[2], line[3]) for line in lines}


def test_each_value_is_shown_with_its_origin(file: str) -> None:
    result = explain(file, "--library", "Riverside", "--account", "kiosk", "--location", "hall")
    assert result.exit_code == 0, result.output
    found = rows(result.stdout)
    assert set(found) == {"name", *KNOBS}
    assert found["name"] == ("hall", "library riverside, terminal Hall")
    assert found["charset"] == ('"cp850"', "profiles.hall")
    assert found["destination_always"] == ("true", "built-in profile sorter-cv")
    assert found["terminator"] == ('"crlf"', "library riverside, terminal kiosk")
    assert found["messages"] == ("09, 17, 35", "built-in profile sorter-cv")
    assert found["hide"] == ("10.AA, BD, BE, BF, PB", "default")
    assert "library riverside: 3 bin rules, 1 texts of its own, language es" in result.stdout


def test_a_library_that_the_file_does_not_name_has_the_defaults(file: str) -> None:
    result = explain(file, "--library", "elsewhere")
    assert rows(result.stdout)["messages"] == ("all", "default")
    assert "does not name this library" in result.stdout


def test_explain_as_json_has_each_value_with_its_origin(file: str) -> None:
    said = json.loads(explain(file, "--library", "riverside", "--location", "Hall", "--json").stdout)
    assert said["profile"] == {"value": "hall", "origin": "library riverside, terminal Hall"}
    assert said["knobs"]["charset"] == {"value": "cp850", "origin": "profiles.hall"}
    assert said["knobs"]["alerts"]["value"] == ["hold", "refused", "transit", "unknown"]
    assert set(said["knobs"]) == set(KNOBS)
    assert (said["bins"], said["texts"], said["language"]) == (3, ["renewed"], "es")


def test_a_wrong_nickname_or_a_faulty_file_is_reported(file: str, tmp_path: Path) -> None:
    assert "is not a nickname" in explain(file, "--library", "not one").output
    (tmp_path / "bad.toml").write_text("[profiles.x]\ncharsett = 1")
    result = explain(str(tmp_path / "bad.toml"), "--library", "riverside")
    assert result.exit_code == 1
    assert "profiles.x.charsett: is an unknown key; did you mean charset?" in result.stderr
    assert result.stdout == ""


ITEMS = {
    "10001": messages.ItemInformationResponse(
        circulation_status="03", title_identifier="Emma", media_type="001", permanent_location="Main",
        extensions=(("CS", "823.7 AUS"),),
    ),
    "10007": messages.ItemInformationResponse(
        circulation_status="04", title_identifier="Middlemarch", hold_queue_length=1, permanent_location="North"
    ),
    "10100": messages.ItemInformationResponse(circulation_status="03", title_identifier="Birds"),
}  # fmt: skip


def answered(_number: int, line: bytes, answer: bytes) -> bytes:
    request, trailer = parse(line)
    if not isinstance(request, messages.ItemInformation):
        return answer
    item = request.item_identifier
    return format(ITEMS.get(item, messages.ItemInformationResponse()).but(item_identifier=item), trailer)


def explain_bin(responder: Responder, file: str, *arguments: str, password: str = PASSWORD) -> Result:
    options = [
        "--plain",
        "--port",
        str(responder.port),
        "--library",
        "riverside",
        "--account",
        "kiosk",
        "--timeout",
        "5",
    ]
    return CliRunner().invoke(
        main, ["explain-bin", *options, "--config", file, *arguments], env={"SIP2GW_PASSWORD": password}
    )


def test_each_item_is_shown_with_the_rule_that_decides(file: str) -> None:
    with Responder(answered) as responder:
        result = explain_bin(responder, file, "--here", "Main", "10001", "10007", "404", "10100")
        assert [line[:2] for line in responder.received] == [b"93", b"17", b"17", b"17", b"17"]
    lines = [[cell.strip() for cell in line.split("│")] for line in result.stdout.splitlines() if "│" in line]
    assert [line[1:4] for line in lines] == [
        ["10001", "8", "bins[2]"],
        ["10007", "1", "bins[1]"],
        ["404", "99", "bins[0]"],
        ["10100", "", "no rule"],
    ]
    assert lines[1][8] == "waited for, in transit, an alert"
    assert result.exit_code == 1, "one item has no bin"


def test_the_branch_of_the_sorter_comes_from_its_profile(file: str) -> None:
    with open(file, "a", encoding="utf-8") as more:
        more.write('[[libraries.terminals]]\nlocation = "Sorter"\nbranch = "North"\n')
        more.write('[[libraries.bins]]\ntransit = true\nbin = "2"\n[[libraries.bins]]\nbin = "0"\n')
    with Responder(answered) as responder:
        there = explain_bin(responder, file, "--location", "Sorter", "10007").stdout
        elsewhere = explain_bin(responder, file, "--location", "Cellar", "10007").stdout
    assert ("in transit" in there, "in transit" in elsewhere) == (False, True)


def test_explain_bin_exits_with_0_if_each_item_has_a_bin(file: str) -> None:
    with Responder(answered) as responder:
        assert explain_bin(responder, file, "10001", "404").exit_code == 0


def test_explain_bin_exits_with_2_without_rules_login_or_gateway(file: str, tmp_path: Path) -> None:
    with Responder(answered) as responder:
        refused = explain_bin(responder, file, "10001", password="wrong")
        assert (refused.exit_code, "refused the login" in refused.stderr) == (2, True)
        bare = tmp_path / "bare.toml"
        bare.write_text('[[listen]]\nendpoint = "tcp:6001:interface=127.0.0.1"\n')
        none = explain_bin(responder, str(bare), "10001")
        assert (none.exit_code, "no bin rules for riverside" in none.stderr) == (2, True)
    gone = explain_bin(responder, file, "10001")
    assert gone.exit_code == 2
    assert PASSWORD not in gone.output


def test_an_18_gives_the_facts_that_bin_rules_ask_for() -> None:
    situation = situation_of(ITEMS["10001"].but(item_identifier="10001"), "North")
    assert situation.item is not None
    assert (situation.item.medium, situation.item.call_number, situation.transit) == (
        Medium.BOOK,
        "823.7 AUS",
        True,
    )
    assert situation.alert, "it must go to another branch"
    known = messages.ItemInformationResponse(
        circulation_status="01", title_identifier="Emma", item_identifier="1"
    )
    assert not situation_of(known, "").unknown, "an inactive item is still known"
    assert placed(known, (BinRule("7"),), "").bin == "7"
