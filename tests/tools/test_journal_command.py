"""`sip2gw journal` and `sip2gw privacy` on a store in a file, whether a gateway runs or not."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from sip2gw.journal.codec import Call
from sip2gw.journal.content import patron_tags, sealed_call
from sip2gw.journal.crypto import Keys
from sip2gw.journal.methods import METHODS
from sip2gw.library import Occasion
from sip2gw.store.file_lock import FileLock
from sip2gw.store.opening import make_connection
from sip2gw.store.upkeep import run_once
from sip2gw.tools.cli import main

CARD, ITEM = "Dw9vMq4RxHb", "739184620517392846"
HOUR = 3600.0


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A configuration, and a store with tables and without rows."""
    key = tmp_path / "sip2gw.key"
    key.write_text("ab" * 32)
    key.chmod(0o600)
    path = tmp_path / "sip2gw.toml"
    path.write_text('[[listen]]\nendpoint = "tcp:6001:interface=127.0.0.1"\n[store]\npath = "kept.sqlite3"\n')
    database = make_connection(tmp_path / "kept.sqlite3")
    database.open()
    database.close()
    return path


@pytest.fixture
def write(config: Path) -> Callable[..., int]:
    """Put a loan to CARD into the journal; return its number."""

    def into(state: str, *, library: str = "riverside", terminal: str = "kiosk-1", age: float = 0.0) -> int:
        keys = Keys([bytes.fromhex("ab" * 32)])
        key = f"key-{datetime.now(UTC).timestamp()}"
        said = {"patron_id": CARD, "item_id": ITEM, "renewal": False}
        call = Call(METHODS["lend"], said, Occasion(terminal, happened_at=datetime.now(UTC), key=key))
        found = run_once(
            config.with_name("kept.sqlite3"),
            lambda tx: tx.rows(
                "INSERT INTO journal (library, terminal, method, key, state, created, changed, arguments,"
                " patron_tag, item_tag) VALUES (:library, :terminal, 'lend', :key, :state, :at, :at, :arguments,"
                " :patron, :item) RETURNING id",
                library=library, terminal=terminal, key=key, state=state, at=tx.now - age,
                arguments=sealed_call(keys, library, call), patron=patron_tags(keys, library, CARD)[0], item=b"i",
            ),
            write=True,
        )  # fmt: skip
        return int(found[0]["id"])

    return into


@pytest.fixture
def run(config: Path) -> Callable[..., Result]:
    """Run a command with this configuration."""

    def ran(*words: object, stdin: str = "") -> Result:
        room, command, *more = map(str, words)
        return CliRunner().invoke(main, [room, command, "--config", str(config), *more], input=stdin)

    return ran


def listed(run, *options: object) -> list[int]:
    return [row["number"] for row in json.loads(run("journal", "list", "--json", *options).stdout)["rows"]]


def test_list_shows_what_is_open_and_what_to_do(run, write):
    write("DONE")
    number = write("DEAD", age=2 * HOUR)
    shown = run("journal", "list")
    assert shown.exit_code == 0
    heading, row = (re.split(r"  +", line.strip()) for line in shown.stdout.splitlines())
    assert heading == ["number", "since", "library", "terminal", "operation", "state", "reason", "what to do"]
    assert row[0] == str(number)
    assert row[1].endswith("(2 h)")
    assert row[2:] == [
        "riverside",
        "kiosk-1",
        "lend",
        "DEAD",
        "look at the library, then retry, applied or discard",
    ]


def test_list_without_rows_says_so(run):
    assert run("journal", "list").stdout == "no such writes\n"


def test_list_filters_by_library_state_age_terminal_number(run, write):
    done, dead = write("DONE"), write("DEAD", age=2 * HOUR, terminal="sorter")
    other = write("MISMATCH", library="openall")
    assert listed(run) == [dead, other]
    assert listed(run, "--state", "done") == [done]
    assert listed(run, "--state", "DEAD", "--state", "done") == [done, dead]
    assert listed(run, "--library", "OpenAll") == [other]
    assert listed(run, "--older", "119m") == [dead]
    assert listed(run, "--older", "1d") == []
    assert listed(run, "--terminal", "sorter") == [dead]
    assert listed(run, "--after", dead) == [other]
    assert run("journal", "list", "--older", "soon").exit_code == 2


def test_list_shows_a_terminal_that_would_control_the_screen_as_text(run, write):
    write("DEAD", terminal="[red]\x1b[2Jkiosk")
    assert "[red]?[2Jkiosk" in run("journal", "list").stdout


def test_show_has_a_readers_data_with_reveal_alone(run, write):
    number = write("DEAD")
    for options in ((), ("--json",)):
        shown = run("journal", "show", number, *options)
        assert shown.exit_code == 0
        assert "riverside" in shown.stdout
        assert CARD not in shown.stdout
        assert ITEM not in shown.stdout
    assert run("journal", "audit").stdout == "no entries\n"
    why = "--reveal", "--why", "look at the shelf", "--who", "ann"
    content = json.loads(run("journal", "show", number, "--json", *why).stdout)["content"]
    assert (content["patron_id"], content["item_id"]) == (CARD, ITEM)
    assert CARD in run("journal", "show", number, *why).stdout
    entries = json.loads(run("journal", "audit", "--json").stdout)["entries"]
    assert [(one["who"], one["what"], one["subject"], one["why"]) for one in entries] == [
        ("ann", "journal reveal", f"riverside {number}", "look at the shelf")
    ] * 2


def test_reveal_without_a_reason_reveals_nothing(run, write):
    shown = run("journal", "show", write("DEAD"), "--reveal")
    assert shown.exit_code == 2
    assert "say who you are and why" in shown.output
    assert CARD not in shown.output


@pytest.mark.parametrize(
    ("action", "state", "then"),
    [
        ("retry", "DEAD", "UNKNOWN"),
        ("settle", "QUEUED", "QUEUED"),
        ("applied", "MISMATCH", "CLOSED"),
        ("discard", "DEAD", "CLOSED"),
    ],
)
def test_an_action_changes_the_row_and_enters_who_and_why(run, write, action, state, then):
    number = write(state)
    assert run("journal", action, number).exit_code == 2, "a reason is needed"
    done = run("journal", action, number, "--why", "seen there", "--who", "bob")
    assert (done.exit_code, done.stdout) == (0, f"{number} is {then}\n")
    shown = run("journal", "audit").stdout
    assert re.search(rf"bob +journal {action} +riverside {number} +seen there", shown)


def test_an_action_that_does_not_fit_exits_with_1(run, write):
    number = write("DONE")
    refused = run("journal", "discard", number, "--why", "x")
    assert (refused.exit_code, refused.output) == (1, f"Error: row {number} is DONE, not DEAD or MISMATCH\n")
    missing = run("journal", "retry", 999, "--why", "x")
    assert (missing.exit_code, missing.output) == (1, "Error: there is no row 999\n")


def test_who_is_the_login_by_default(run, write, monkeypatch):
    monkeypatch.setenv("LOGNAME", "carol")
    run("journal", "discard", write("DEAD"), "--why", "x")
    assert json.loads(run("journal", "audit", "--json").stdout)["entries"][0]["who"] == "carol"


def test_rows_are_changed_while_a_gateway_has_the_store(run, write, config):
    number = write("DEAD")
    lock = FileLock(config.with_name("kept.sqlite3"))
    lock.take()
    try:
        assert run("journal", "discard", number, "--why", "x").exit_code == 0
    finally:
        lock.release()


def test_a_store_that_is_not_there_is_reported_and_not_made(run, config):
    kept = config.with_name("kept.sqlite3")
    kept.unlink()
    for words in (("journal", "list"), ("journal", "discard", 1, "--why", "x"), ("privacy", "report")):
        failed = run(*words)
        assert failed.exit_code == 1
        assert "there is no such file; the gateway makes it when it starts" in failed.output
    assert not kept.exists()


def test_a_key_that_is_missing_is_reported_and_not_made(run, write, config):
    number = write("DEAD")
    config.with_name("sip2gw.key").unlink()
    failed = run("journal", "show", number, "--reveal", "--why", "x")
    assert failed.exit_code == 1
    assert "store.key_file is" in failed.output
    assert not config.with_name("sip2gw.key").exists()


def test_export_prints_the_rows_of_a_card_from_standard_input(run, write):
    number = write("DONE")
    write("DONE", library="openall")
    shown = run("privacy", "export", "--library", "riverside", "--why", "asked", stdin=f"{CARD.lower()}\n")
    assert shown.exit_code == 0
    (row,) = json.loads(shown.stdout)["rows"]
    assert (row["number"], row["arguments"]["arguments"]["item_id"]) == (number, ITEM)
    nobody = run("privacy", "export", "--library", "riverside", "--why", "asked", stdin="M-9\n")
    assert json.loads(nobody.stdout)["rows"] == []


def test_erase_deletes_finished_rows_and_names_the_open_ones(run, write):
    done, dead = write("DONE"), write("DEAD")
    erase = "privacy", "erase", "--library", "riverside", "--why", "asked"
    refused = run(*erase, stdin=CARD)
    assert refused.exit_code == 1
    assert f"rows {dead} are not finished" in refused.output
    assert run(*erase, "--even-open", stdin=CARD).stdout == f"deleted: {done}, {dead}\n"
    assert run(*erase, stdin=CARD).stdout == "nothing is stored of this patron\n"
    assert run(*erase, stdin="").exit_code == 1, "no card"
    shown = run("journal", "audit").stdout
    assert shown.count("privacy erase") == 2
    assert CARD.lower() not in shown.lower()


def test_report_describes_every_table(run, write):
    write("DONE", age=HOUR)
    shown = run("privacy", "report").stdout
    assert re.search(r"^journal: 1 rows, the oldest of \d{4}-", shown, re.M)
    assert "personal: the name of who did it" in shown
    said = json.loads(run("privacy", "report", "--json").stdout)
    assert said["journal"]["rows"] == 1
    assert said["audit"] == {
        "rows": 0, "oldest": None, "what": "what the operator's people did, and why",
        "personal": "the name of who did it", "until": "365 days",
    }  # fmt: skip
