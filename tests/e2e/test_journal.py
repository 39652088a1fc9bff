"""A gateway that is killed, and a library that is away: what terminals were told stays true, and is done once."""

from decimal import Decimal
from time import monotonic, sleep

import pytest
from attrs import evolve

from sip2gw.sip2 import messages

from .processes import Process, Sandbox, free_ports
from .terminal import NOW, Terminal, checkin, checkout, status

CONFIG = """
[[listen]]
endpoint = "tcp:{plain}:interface=127.0.0.1"
[librarika]
url = "http://127.0.0.1:{sandbox}/{{library}}/api/v1"
call_deadline = 3
[admin]
endpoint = "tcp:{admin}:interface=127.0.0.1"
[store]
path = "kept.sqlite3"
[profiles.drop]
like = "generic-kiosk"
checkin_when_down = "journal"
[[libraries]]
nickname = "riverside"
profile = "drop"
"""


class Cloud:
    """A sandbox with a file, and a gateway with a file, each a process of its own."""

    def __init__(self, folder):
        self.plain, port, admin = free_ports(3)
        config = folder / "sip2gw.toml"
        config.write_text(CONFIG.format(plain=self.plain, sandbox=port, admin=admin))
        where = ["--port", f"tcp:{port}:interface=127.0.0.1", "--database", str(folder / "db")]
        self.sandbox = Sandbox(port)
        self._library = lambda: Process(["librarika-sandbox", *where], folder, ready=f"starting on {port}")
        self.library = self._library().start()
        self._gateway = lambda: Process(["sip2gw", "--config", str(config)], folder, ready=": health").start()
        self.gateway = self._gateway()

    def again(self):
        """The gateway is killed, and started again; a connection to it."""
        self.gateway.kill()
        self.gateway = self._gateway()
        return Terminal.connect(self.plain)

    def again_library(self):
        """The library, with all that it had stored."""
        return self._library().start()

    def kinds(self):
        return [effect["kind"] for effect in self.sandbox.ledger("riverside")]

    def stop(self):
        self.gateway.stop()
        self.library.kill()


@pytest.fixture
def cloud(tmp_path):
    cloud = Cloud(tmp_path)
    yield cloud
    cloud.stop()


def test_what_terminals_were_told_survives_kills_and_outages(cloud):
    with Terminal.connect(cloud.plain) as kiosk:
        assert kiosk.log_in().ok
        line = kiosk.spell(checkout("M-1001", "10001"))
        kiosk.send(line)
        first = kiosk.answer()
        assert first.ok
    with cloud.again() as kiosk:
        assert kiosk.log_in().ok
        kiosk.send(line)
        assert kiosk.receive()[:3] == b"121", "the same bytes get the same answer after a kill"
        assert cloud.kinds() == ["loan"]

        cloud.library.kill()
        assert not kiosk.ask(checkout("M-1001", "10002")).ok
        down = kiosk.ask(status())
        assert (down.online_status, down.checkin_ok, down.checkout_ok) == (True, True, False)
        returned = kiosk.ask(checkin("10001"))
        assert (returned.ok, returned.resensitize, returned.alert) == (True, True, False)
        offline = kiosk.ask(evolve(checkout("M-1002", "10004"), no_block=True))
        assert (offline.ok, offline.desensitize, offline.due_date) == (True, True, "")
        paid = kiosk.ask(_payment())
        assert (paid.payment_accepted, paid.screen_message) == (True, ())
    with cloud.again() as kiosk:
        assert not kiosk.log_in().ok
    cloud.library = cloud.again_library()
    until = monotonic() + 20
    while not _logged_in(cloud) or len(cloud.kinds()) < 4:
        assert monotonic() < until, cloud.kinds()
        sleep(0.1)
    assert sorted(cloud.kinds()) == ["loan", "loan", "payment", "return"]
    assert not [line for line in cloud.gateway.printed if "Traceback" in line]


def test_a_second_gateway_on_the_same_store_does_not_start(cloud, tmp_path):
    plain, admin = free_ports(2)
    second = tmp_path / "second.toml"
    second.write_text(CONFIG.format(plain=plain, sandbox=cloud.sandbox.port, admin=admin))
    process = Process(["sip2gw", "--config", str(second)], tmp_path, ready="another gateway uses").start()
    assert process.ended() == 1
    assert len([line for line in process.printed if "another gateway uses" in line]) == 1
    assert "Traceback" not in "".join(process.printed)


def _payment():
    return messages.FeePaid(
        transaction_date=NOW,
        fee_type="01",
        payment_type="00",
        currency_type="USD",
        fee_amount=Decimal("0.10"),
        institution_id="riverside",
        patron_identifier="M-1002",
        transaction_id="till-7",
    )


def _logged_in(cloud):
    with Terminal.connect(cloud.plain) as terminal:
        return terminal.log_in().ok
