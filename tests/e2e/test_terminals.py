"""Seats over real sockets: who gets one, and `sip2gw terminals`, which tells an operator who has them."""

import json
from urllib.request import urlopen

from click.testing import CliRunner

from sip2gw.tools.cli import main

from .terminal import login, patron

HILL, SECRET = "kiosk@hillcrest.example", "hill-secret"


def hill(terminal, location):
    return terminal.ask(login(HILL, SECRET, location, extensions=(("AO", "hillcrest"),)))


def finds_a_seat(terminal, location):
    """The gateway may not have seen yet that those who were there before have gone."""
    while not hill(terminal, location).ok:
        pass


def shown(demo, *options):
    return CliRunner().invoke(main, ["terminals", "--admin", f"http://127.0.0.1:{demo.admin_port}", *options])


def test_F54_F56_one_licence_two_machines_and_who_is_in(demo):
    demo.reset()
    with demo.terminal() as kiosk, demo.terminal() as other:
        finds_a_seat(kiosk, "Front Hall")
        assert not hill(other, "Book Drop").ok
        result = shown(demo, "--library", "hillcrest")
        assert result.exit_code == 0
        heading, row, full = result.output.splitlines()
        assert heading.split() == ["library", "terminal", "address", "since", "idle", "state", "seats"]
        assert row.split()[:4] == ["hillcrest", "Front", "Hall", "127.0.0.1"]
        assert row.endswith("idle   1 of 1")
        assert full == "hillcrest is full: all 1 seats are taken"
        said = json.loads(shown(demo, "--json").output)
        assert {"library": "hillcrest", "used": 1, "licensed": 1, "full": True} in said["libraries"]
        assert HILL not in result.output + str(said)

        with demo.terminal() as again:
            assert hill(again, "Front Hall").ok, "the same terminal takes its own seat"
            assert kiosk.receive() == b"", "and its ghost has to go"
            assert again.ask(patron("7", library="hillcrest")).personal_name == "Rafi Islam"
    with demo.terminal() as late:
        finds_a_seat(late, "Book Drop")
    assert "Rafi" not in result.output


def test_the_page_is_json_without_accounts(demo, plain_kiosk):
    with urlopen(f"http://127.0.0.1:{demo.admin_port}/terminals", timeout=10) as answer:
        said = json.loads(answer.read())
    mine = [one for one in said["terminals"] if one["library"] == "riverside"]
    assert mine
    assert set(mine[0]) == {"library", "address", "certificate", "location", "since", "idle", "state"}
    assert "kiosk@" not in json.dumps(said)
