"""A return that the library refuses after it was accepted: two workers, the admin endpoint and the commands show it."""

import json
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

from .cloud import Cloud, command
from .terminal import checkin
from .waiting import wait_until

TOKEN = "Bx5mTw8LgKdQz3rVn7HpYc2JtX6fRb9M"
CONFIG = """
[[listen]]
endpoint = "tcp:{plain}:interface=127.0.0.1"
[librarika]
url = "http://127.0.0.1:{sandbox}/{{library}}/api/v1"
call_deadline = 3
[admin]
endpoint = "tcp:{admin}:interface=127.0.0.1"
token_file = "token"
[process]
workers = 2
[store]
path = "kept.sqlite3"
[profiles.drop]
like = "generic-kiosk"
checkin_when_down = "journal"
[[libraries]]
nickname = "riverside"
profile = "drop"
"""


class Place(Cloud):
    """A gateway of two workers, and what people read there."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, CONFIG, token=TOKEN, ready="worker 2 is ready")

    def page(self, path: str, why: str = "") -> dict:
        """What the admin endpoint says; a change if there is a reason."""
        return json.loads(self.text(path, why))

    def text(self, path: str, why: str = "") -> str:
        request = Request(
            f"http://127.0.0.1:{self.admin}{path}", headers={"Authorization": f"Bearer {TOKEN}"}
        )
        if why:
            request.data = json.dumps({"why": why}).encode()
        with urlopen(request, timeout=60) as answer:  # noqa: S310  # http, loopback
            return answer.read().decode()

    def rows(self) -> list[tuple[int, str]]:
        return [(row["number"], row["state"]) for row in self.page("/journal")["rows"]]

    def command(self, *words: object) -> str:
        """What `sip2gw` prints."""
        room, name, *more = words
        return command(room, name, "--config", self.config, *more)


@pytest.fixture
def place(tmp_path):
    made = Place(tmp_path)
    yield made
    made.stop()


def test_a_refused_return_is_retried_and_closed_by_people(place):
    with place.terminal() as kiosk:
        assert kiosk.log_in().ok
        place.library.kill()
        assert kiosk.ask(checkin("no-such-item")).ok, "accepted for later"
        ((number, state),) = place.rows()
        assert state in ("QUEUED", "UNKNOWN")
        place.command("journal", "settle", number, "--why", "the library is about to be back")
        place.start_library()

        def is_refused() -> bool:
            """Whether the library has refused it: what waits is sent once it has answered a terminal."""
            kiosk.ask(checkin("10001"))
            return (number, "DEAD") in place.rows()

        wait_until(is_refused, place.rows)
        wait_until(lambda: place.rows() == [(number, "DEAD")], place.rows)
        dead = 'sip2gw_journal_rows{state="dead"} 1.0\n'
        wait_until(lambda: dead in place.text("/metrics"), lambda: place.text("/metrics"))
        assert f"{number} " in place.command("journal", "list", "--state", "dead")
        needs = [one for one in place.page("/api/now")["needs"] if one["kind"] == "journal"]
        assert [(one["subject"], one["count"], one["severity"]) for one in needs] == [("DEAD", 1, "bad")]

        place.command("journal", "retry", number, "--why", "once more")
        wait_until(lambda: place.rows() == [(number, "DEAD")], place.rows)
        assert place.page(f"/journal/{number}/discard", why="not ours")["state"] == "CLOSED"
        assert place.rows() == []
        entered = [one["what"] for one in place.page("/audit")["entries"]]
        assert entered == ["journal discard", "journal retry", "journal settle"]
    assert not [line for line in place.gateway.printed if "Traceback" in line]
