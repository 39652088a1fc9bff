"""The operator's commands against a real gateway of two workers, whose admin endpoint has a token."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from attrs import evolve
from click.testing import CliRunner

from sip2gw.sip2 import Secret
from sip2gw.sip2.messages import Checkout
from sip2gw.tools.cli import main

from .cloud import Cloud
from .terminal import Terminal, checkout
from .waiting import wait_until

TOKEN = "Bx5mTw8LgKdQz3rVn7HpYc2JtX6fRb9M"
CARD, PIN, ITEM, PASSWORD = "M-1001", "1234", "10001", "kiosk-secret"
CONFIG = """
[[listen]]
endpoint = "tcp:{plain}:interface=127.0.0.1"
[librarika]
url = "http://127.0.0.1:{sandbox}/{{library}}/api/v1"
[admin]
endpoint = "tcp:{admin}:interface=127.0.0.1"
token_file = "token"
[process]
workers = 2
[store]
path = "kept.sqlite3"
"""


def lend() -> Checkout:
    """Return a checkout with a card and its PIN."""
    return evolve(checkout(CARD, ITEM), patron_password=Secret(PIN))


class Place(Cloud):
    """A gateway of two workers, and what its commands print."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, CONFIG, token=TOKEN, ready="worker 2 is ready")
        assert self.gateway.waited(1, "worker 1 is ready")
        self.printed: list[str] = []

    def run(self, *words: object, typed: str = "") -> tuple[int, str]:
        """Exit status and output of a command of `sip2gw`, without a process of its own, which takes a second."""
        line = [*map(str, words), "--config", str(self.config)]
        done = CliRunner().invoke(main, line, input=typed, catch_exceptions=False)
        self.printed.append(done.output)
        return done.exit_code, done.output

    def program(self, *words: object, typed: str = "", password: str = "") -> tuple[int, str]:
        """The same of the installed program: `check` runs a reactor, which a process can do once."""
        command = [
            str(Path(os.environ["SIP2GW_BIN"]) / "sip2gw"),
            *map(str, words),
            "--config",
            str(self.config),
        ]
        environment = {**os.environ, **({"SIP2GW_PASSWORD": password} if password else {})}
        done = subprocess.run(
            [sys.executable, "-P", *command],
            input=typed,
            capture_output=True,
            text=True,
            env=environment,
            timeout=60,
        )
        self.printed.append(done.stdout + done.stderr)
        return done.returncode, done.stdout + done.stderr

    def json(self, *words: object) -> object:
        """What it prints as JSON."""
        code, printed = self.run(*words, "--json")
        assert code == 0, printed
        return json.loads(printed)

    def log_in(self, location: str) -> Terminal:
        terminal = self.terminal()
        line = f"9300CN|CO|CP{location}|AOriverside|ACkiosk@riverside.example:{PASSWORD}|"
        assert terminal.exchange(line).startswith("941")
        return terminal


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    place = Place(tmp_path_factory.mktemp("operator"))
    yield place
    place.stop()
    for canary in (CARD, PIN + "\n", PASSWORD, TOKEN, "Amina"):
        assert all(canary not in printed for printed in place.printed), canary


def test_the_terminals_of_both_workers_are_shown_together(place):
    terminals = [place.log_in(f"Desk{number}") for number in range(4)]
    rows = place.json("show", "riverside")["terminal_rows"]
    assert [row["terminal"] for row in rows] == ["Desk0", "Desk1", "Desk2", "Desk3"]
    assert {row["conn"][:2] for row in rows} == {"1-", "2-"}
    code, printed = place.program("top", "--once")
    assert code == 0
    assert "terminals 4" in printed
    assert "riverside" in printed
    for terminal in terminals:
        terminal.close()
    wait_until(lambda: not place.json("show", "riverside")["terminal_rows"])


def test_an_exchange_is_found_by_its_ref_with_its_call(place):
    with place.log_in("Desk") as terminal:
        terminal.ask(lend())
        code, printed = place.run("tail", "--once", "--library", "riverside")
        assert code == 0, printed
        [line] = [line for line in printed.splitlines() if " checkout " in line]
        ref = line.split()[-1]
        code, found = place.run("tail", "--ref", ref)
        assert code == 0, found
        assert " issue 200 " in found
        shown = place.run("show", "riverside/Desk")[1]
        assert "generic-kiosk" in shown
        assert ref in shown


def test_a_terminal_is_traced_and_disconnected_with_a_reason(place):
    with place.log_in("Bay") as terminal:
        code, begun = place.run("trace", "start", "riverside/Bay", "--why", "a lost book")
        assert code == 0, begun
        name = begun.split()[1]
        terminal.ask(lend())
        code, lines = place.run("trace", "get", name)
        assert [line.split()[2:3] for line in lines.splitlines()] == [[">"], ["<"]]
        assert "AD***|" in lines
        assert [row["runs"] for row in place.json("trace", "list")] == [True]
        assert place.run("trace", "stop", name)[0] == 0
        assert place.run("disconnect", "riverside/Bay", "--why", "a spare")[0] == 0
        assert terminal.receive() == b""
        code, printed = place.run("disconnect", "riverside/Bay", "--why", "again")
        assert code == 1
        assert "no terminal riverside/Bay is connected" in printed


def test_a_trace_of_a_card_asks_for_its_number(place):
    code, printed = place.run("trace", "start", "riverside", "--patron", "--why", "x", typed=f"{CARD}\n")
    assert code == 0, printed


def test_who_did_not_get_in_is_shown_with_the_fix(place):
    with Terminal.connect(place.plain) as terminal:
        line = f"9300CN|CO|CPDesk|AOrivrside|ACkiosk@riverside.example:{PASSWORD}|"
        assert terminal.exchange(line).startswith("940")
    assert "rivrside" in place.run("door")[1]
    [row] = place.json("door", "--library", "rivrside")
    assert (row["rung"], row["reason"], row["count"]) == ("library", "library_not_found", 1)
    assert row["fix"]


def test_a_wrong_token_and_a_wrong_place_are_said_in_words(place, tmp_path):
    wrong = tmp_path / "wrong"
    wrong.write_text("x" * 32)
    code, printed = place.run("top", "--token-file", str(wrong))
    assert (code, "--token-file" in printed) == (2, True)
    code, printed = place.run("top", "--admin", "http://127.0.0.1:9")
    assert (code, "connection refused" in printed) == (2, True)
    code, printed = place.run("show", "nowhere")
    assert code == 1


def test_check_finds_a_library_that_is_well(place):
    words = (
        "check",
        "riverside",
        "--account",
        "kiosk@riverside.example",
        "--terminal",
        "Main",
        "--copy",
        ITEM,
        "--member",
    )
    printed = place.program(*words, typed=f"{CARD}\n", password=PASSWORD)[1]
    names = [line.split()[1] for line in printed.splitlines() if line[:2] in ("ok", "- ", "FA")]
    assert names[:2] == ["DNS", "TCP"], printed
    assert {"library", "token", "permission", "activation", "seats", "terminal", "member", "copy"} <= set(
        names
    )
    assert "FAIL member" not in printed


@pytest.mark.parametrize(
    ("library", "account", "password", "fails"),
    [
        ("riverside", "kiosk@riverside.example", "wrong-password", "token"),
        ("nowhere", "kiosk@riverside.example", PASSWORD, "library"),
    ],
)
def test_check_names_the_step_that_fails_and_the_fix(place, library, account, password, fails):
    code, printed = place.program("check", library, "--account", account, "--json", password=password)
    steps = json.loads(printed)
    assert code == 1
    assert [step["name"] for step in steps if step["ok"] is False] == [fails]
    assert steps[-1]["fix"]


def test_check_names_a_library_whose_licences_are_all_in_use(place):
    with Terminal.connect(place.plain) as terminal:
        line = "9300CN|CO|CPHall|AOhillcrest|ACkiosk@hillcrest.example:hill-secret|"
        assert terminal.exchange(line).startswith("941")
        words = ("check", "hillcrest", "--account", "kiosk@hillcrest.example")
        code, printed = place.program(*words, password="hill-secret")
    assert code == 1
    *_, seats, fix, _ = printed.splitlines()
    assert seats.split() == ["FAIL", "seats", "1", "licence,", "1", "in", "use"], printed
    assert "buy another licence" in fix
