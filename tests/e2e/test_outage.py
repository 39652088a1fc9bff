"""The library's API is killed in the middle: every request is answered in protocol, and all is well when it returns."""

import json
from urllib.request import urlopen

import pytest

from sip2gw.sip2 import DENIED

from .processes import Process, Sandbox, free_ports
from .terminal import Terminal, checkin, checkout, patron, status

CONFIG = """
[[listen]]
endpoint = "tcp:{plain}:interface=127.0.0.1"
[librarika]
url = "http://127.0.0.1:{sandbox}/{{library}}/api/v1"
call_deadline = 3
[admin]
endpoint = "tcp:{admin}:interface=127.0.0.1"
"""


@pytest.fixture
def cloud(tmp_path):
    """A sandbox and a gateway, each a process of its own."""
    plain, sandbox, admin = free_ports(3)
    config = tmp_path / "sip2gw.toml"
    config.write_text(CONFIG.format(plain=plain, sandbox=sandbox, admin=admin))
    library = Process(
        [
            "librarika-sandbox",
            "--port",
            f"tcp:{sandbox}:interface=127.0.0.1",
            "--database",
            str(tmp_path / "db"),
        ],
        tmp_path,
        ready=f"starting on {sandbox}",
    ).start()
    gateway = Process(["sip2gw", "--config", str(config)], tmp_path, ready=": health").start()
    with Terminal.connect(plain) as kiosk, Terminal.connect(plain) as newcomer:
        yield library, gateway, (kiosk, newcomer), Sandbox(sandbox)
    gateway.stop()
    library.kill()


def test_F42_F60_the_api_goes_and_comes_back(cloud):
    library, gateway, (kiosk, newcomer), _ = cloud
    assert kiosk.log_in().ok
    assert kiosk.ask(checkout("M-1001", "10001")).ok
    library.kill()

    down = kiosk.ask(status())
    assert (down.online_status, down.checkin_ok, down.checkout_ok) == (False, False, False)
    assert down.library_name == "Riverside Public Library"
    refused = kiosk.ask(checkout("M-1001", "10002"))
    assert (refused.ok, refused.desensitize) == (False, False)
    assert "try again" in refused.screen_message[0]
    returned = kiosk.ask(checkin("10001"))
    assert (returned.ok, returned.resensitize) == (False, False)
    reader = kiosk.ask(patron("M-1001", "1234"))
    assert (reader.valid_patron, reader.valid_patron_password) == (None, False)
    assert reader.patron_status == DENIED
    assert not newcomer.log_in().ok, "never 941 on doubt"
    assert newcomer.ask(status()).online_status, "the gateway itself is there"

    library.start()
    assert kiosk.ask(status()).online_status
    assert newcomer.log_in().ok
    assert kiosk.ask(checkin("10001")).ok
    assert not [line for line in gateway.printed if "Traceback" in line]


@pytest.mark.parametrize(
    ("what", "ok"),
    [
        ({"what": "hang"}, False),
        ({"what": "error", "status": 500}, False),
        ({"what": "error_after_commit"}, False),
        ({"what": "reset_before"}, False),
        ({"what": "reset_after_commit"}, False),
        ({"what": "cut_body"}, False),
        ({"what": "garbage"}, False),
        ({"what": "huge_body"}, False),
        ({"what": "wrong_type"}, False),
        ({"what": "rate_limited", "retry_after": 1}, False),
        ({"what": "slow", "seconds": 0.1}, True),
    ],
    ids=lambda value: value["what"] if isinstance(value, dict) else "",
)
def test_whatever_the_api_does_the_terminal_gets_its_answer(cloud, what, ok):
    _, gateway, (kiosk, _), sandbox = cloud
    assert kiosk.log_in().ok
    sandbox.misbehave(library="riverside", endpoint="*", **what)
    for request in (patron("M-1001"), checkout("M-1001", "10001"), checkin("10003")):
        answer = kiosk.ask(request)
        assert type(answer) is type(request).response
        assert getattr(answer, "ok", answer.patron_status != DENIED if request.code == "23" else None) is ok
    sandbox.behave()
    assert kiosk.ask(patron("M-1001")).valid_patron
    assert not [line for line in gateway.printed if "Traceback" in line]


def test_health_says_what_lives(demo):
    with urlopen(f"http://127.0.0.1:{demo.admin_port}/health", timeout=10) as answer:  # http, loopback
        assert json.load(answer)["status"] == "ok"
