"""The store's key is replaced while writes are open: all are forwarded. Without their key they wait for people."""

import json
from pathlib import Path

import pytest

from .cloud import Cloud, command
from .terminal import Terminal, checkin, checkout
from .test_journal import CONFIG, killed, kinds
from .waiting import wait_until

NEWER = "cd" * 32
ITEMS = "10001", "10002", "10004"


@pytest.fixture
def cloud(tmp_path):
    cloud = Cloud(tmp_path, CONFIG)
    yield cloud
    cloud.stop()


def returned_while_away(cloud: Cloud) -> None:
    """Items are lent, and returned while the library is away."""
    with cloud.terminal() as kiosk:
        assert kiosk.log_in().ok
        assert all(kiosk.ask(checkout("M-1002", item)).ok for item in ITEMS)
        cloud.library.kill()
        assert all(kiosk.ask(checkin(item)).ok for item in ITEMS)


def logged_in_again(cloud: Cloud) -> Terminal:
    """The gateway starts again, the library is back, and a terminal logs in."""
    cloud.start_library()
    kiosk = killed(cloud)
    assert kiosk.log_in().ok
    return kiosk


def rows(folder: Path) -> list[dict]:
    """What the operator is shown of rows that are open or wait for people."""
    return json.loads(command("journal", "list", "--json", "--config", folder / "sip2gw.toml"))["rows"]


def test_open_writes_are_forwarded_after_a_rotation(cloud, tmp_path):
    key = tmp_path / "sip2gw.key"
    returned_while_away(cloud)
    key.write_text(f"{NEWER}\n{key.read_text()}")
    with logged_in_again(cloud) as kiosk:
        assert kiosk.ask(checkout("M-1001", ITEMS[0])).ok, "its return was forwarded before"
        wait_until(lambda: kinds(cloud).count("return") == len(ITEMS), lambda: kinds(cloud))
        wait_until(lambda: not rows(tmp_path), lambda: rows(tmp_path))
    key.write_text(f"{NEWER}\n")
    with killed(cloud) as kiosk:
        assert kiosk.log_in().ok
        assert kiosk.ask(checkin(ITEMS[0])).ok


def test_open_writes_whose_key_is_gone_wait_for_people(cloud, tmp_path):
    returned_while_away(cloud)
    (tmp_path / "sip2gw.key").write_text(f"{NEWER}\n")
    with logged_in_again(cloud) as kiosk:
        wait_until(
            lambda: [row["state"] for row in rows(tmp_path)] == ["DEAD"] * len(ITEMS), lambda: rows(tmp_path)
        )
        assert all("is not in the key file" in row["reason"] for row in rows(tmp_path))
        assert kiosk.ask(checkin(ITEMS[0])).ok
    assert not [line for line in cloud.gateway.printed if "Traceback" in line]
