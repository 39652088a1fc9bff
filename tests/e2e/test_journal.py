"""A gateway that is killed, and a library that is away: what terminals were told stays true, and is done once."""

from decimal import Decimal

import pytest
from attrs import evolve

from sip2gw.sip2 import messages

from .cloud import Cloud
from .processes import Process, free_ports
from .terminal import NOW, checkin, checkout, status
from .waiting import wait_until

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


def killed(cloud):
    """A connection to the gateway after it was killed and started again."""
    cloud.gateway.kill()
    cloud.start_gateway()
    return cloud.terminal()


def kinds(cloud):
    return [effect["kind"] for effect in cloud.sandbox.ledger("riverside")]


@pytest.fixture
def cloud(tmp_path):
    cloud = Cloud(tmp_path, CONFIG)
    yield cloud
    cloud.stop()


def test_what_terminals_were_told_survives_kills_and_outages(cloud):
    with cloud.terminal() as kiosk:
        assert kiosk.log_in().ok
        line = kiosk.spell(checkout("M-1001", "10001"))
        kiosk.send(line)
        first = kiosk.answer()
        assert first.ok
    with killed(cloud) as kiosk:
        assert kiosk.log_in().ok
        kiosk.send(line)
        assert kiosk.receive()[:3] == b"121", "the same bytes get the same answer after a kill"
        assert kinds(cloud) == ["loan"]

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
    with killed(cloud) as kiosk:
        assert not kiosk.log_in().ok
    cloud.start_library()
    wait_until(lambda: _logged_in(cloud) and len(kinds(cloud)) >= 4, lambda: kinds(cloud))
    assert sorted(kinds(cloud)) == ["loan", "loan", "payment", "return"]
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
    with cloud.terminal() as terminal:
        return terminal.log_in().ok
