"""Two gateways on one database, one of them with two workers: the board of each shows the other."""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner

from sip2gw.tools.cli import main

from .processes import Gateway
from .terminal import Terminal, login, patron
from .waiting import wait_until

ACCOUNT, PASSWORD, CARD, PIN = "kiosk@riverside.example", "kiosk-secret", "M-1001", "1234"
BOARD = '[admin]\nendpoint = "tcp:0:interface=127.0.0.1"\nboard = true\n'
SETTINGS = "[limits]\ndrain_deadline = 5\ndrain_spread = 0\n"
WORKERS = "[process]\nworkers = 2\n"

Start = Callable[..., Gateway]


@pytest.fixture
def start(demo, tmp_path, postgresql) -> Iterator[Start]:
    """Starts a gateway on the database."""
    demo.reset()
    key = tmp_path / "sip2gw.key"
    key.write_text("5a" * 32 + "\n")
    key.chmod(0o600)
    with ExitStack() as running:

        def started(name: str, more: str = "") -> Gateway:
            folder: Path = tmp_path / name
            folder.mkdir(exist_ok=True)
            store = f'[store]\nurl = "{postgresql.url}"\nkey_file = "{key}"\n'
            gateway = Gateway.start(folder, demo.port, BOARD + SETTINGS + store + more, admin=False)
            running.callback(gateway.process.kill)
            return gateway

        yield started


def page(gateway: Gateway, name: str) -> dict:
    return json.loads(gateway.look(f"/board/{name}{'&' if '?' in name else '?'}json")[1])


def machines(gateway: Gateway) -> list[dict]:
    return page(gateway, "").get("machines", [])


def at(gateway: Gateway, location: str) -> Terminal:
    kiosk = gateway.terminal()
    assert kiosk.ask(login(ACCOUNT, PASSWORD, location, extensions=(("AO", "riverside"),))).ok
    assert kiosk.ask(patron(CARD, PIN)).valid_patron
    return kiosk


def refused(gateway: Gateway) -> None:
    with gateway.terminal() as stranger:
        wrong = login("nobody@riverside.example", "wrong-password", extensions=(("AO", "riverside"),))
        assert not stranger.ask(wrong).ok


def test_the_board_of_one_machine_shows_the_other_and_no_reader(start, postgresql):
    one, other = start("one"), start("other", WORKERS)
    with at(one, "Desk"), at(other, "Hall"):
        refused(other)
        for mine, theirs in ((one, other), (other, one)):
            wait_until(
                lambda mine=mine: [row["terminals"] for row in machines(mine)] == [1, 1],
                lambda mine=mine: machines(mine),
            )
            (here,) = [row for row in machines(mine) if row["here"]]
            (there,) = [row for row in machines(mine) if not row["here"]]
            assert {here["state"], there["state"]} == {"serving"}
            assert (here["board"], there["board"]) == tuple(
                f"127.0.0.1:{each.ports[2]}" for each in (mine, theirs)
            )
            shown = mine.look("/board/")[1]
            assert "2 machines, 2 terminals" in shown
            assert f"127.0.0.1:{theirs.ports[0]})" in there["machine"]
            assert there["machine"] in shown
            assert f"{here['machine']} (this one)" in shown

            place = "Hall" if mine is one else "Desk"
            rows = page(mine, "libraries?q=riverside")["rows"]
            assert [(row["terminals"], row["elsewhere"], row["used"]) for row in rows] == [(2, 1, 2)]
            library = page(mine, "libraries/riverside")
            assert library["machines"] == {there["machine"]: 1}
            assert [row["machine"] for row in library["seats"] if row["location"] == place] == [
                there["machine"]
            ]
            (elsewhere,) = page(mine, "terminals?library=riverside")["elsewhere"]
            assert (elsewhere["terminal"], elsewhere["machine"]) == (place, there["machine"])
            assert f"{there['machine']} has 1 terminal." in mine.look("/board/terminals")[1]
            exchanges = mine.look("/board/exchanges")[1]
            assert f"{there['machine']} ({there['board']})" in exchanges
            assert page(mine, "exchanges")["boards"][0]["machine"] == there["machine"]
            assert json.loads(mine.look("/api/now")[1])["machines"][0]["state"] == "serving"
            top = (
                CliRunner()
                .invoke(main, ["top", "--once", f"--admin=http://127.0.0.1:{mine.ports[2]}"])
                .output
            )
            assert re.search(rf"^{re.escape(here['machine'])} \(this one\) +serving ", top, re.MULTILINE), top

        def failed() -> dict:
            (row,) = page(one, "door")["machines"]
            return row["reasons"]

        wait_until(failed)
        assert sum(failed().values()) == 1
        assert "Attempts that failed at other machines" in one.look("/board/door")[1]
    with psycopg.connect(postgresql.url) as connection:
        rows = connection.execute("SELECT * FROM machines").fetchall()
    assert len(rows) == 2
    for word in (CARD, PIN, ACCOUNT, PASSWORD, "nobody@", "wrong-password", "Amina"):
        assert word not in repr(rows)


@pytest.mark.parametrize("more", ["", WORKERS], ids=["alone", "workers"])
def test_a_machine_that_stops_drains_and_is_gone(start, more):
    one, other = start("one"), start("other", more)
    wait_until(lambda: len(machines(one)) == 2)
    other.process.stop()
    wait_until(lambda: not machines(one), lambda: machines(one))
    assert "silent" not in one.look("/board/")[1]


def test_a_machine_that_is_killed_is_silent_and_needs_a_person(start):
    one, other = start("one"), start("other")
    kiosk = at(other, "Hall")
    wait_until(lambda: len(machines(one)) == 2)
    other.process.kill()
    kiosk.close()
    wait_until(lambda: any(row["silent_since"] for row in machines(one)), lambda: machines(one))
    (silent,) = [row for row in machines(one) if row["silent_since"]]
    assert not silent["here"]
    needs = [need for need in page(one, "")["needs"] if need["kind"] == "silent"]
    assert [(need["subject"], need["severity"], need["machines"]) for need in needs] == [
        (silent["machine"], "bad", [silent["machine"]])
    ]
    shown = one.look("/board/")[1]
    assert f"The machine {silent['machine']} is silent" in shown
    assert "silent</span> since <time" in shown
    assert page(one, "terminals?library=riverside")["boards"] == []
    assert "Forget" not in shown  # without an account nothing can be done
