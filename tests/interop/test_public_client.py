"""A SIP2 client that is not ours does a visit to the library: login, status, patron status, checkout, checkin."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from e2e.processes import Demo

KIOSK = ["--library", "riverside", "--patron", "M-1001", "--patron-password", "1234", "--item", "10001"]
ACCOUNT = ["--username", "kiosk@riverside.example", "--password", "kiosk-secret"]


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    demo = Demo.start(tmp_path_factory.mktemp("interop"))
    yield demo
    demo.process.stop()


@pytest.fixture
def fresh(demo):
    demo.reset()
    return demo


def visit(*arguments):
    driver = subprocess.run(
        [sys.executable, Path(__file__).with_name("kiosk.py"), *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert driver.returncode == 0, driver.stderr
    return json.loads(driver.stdout)


@pytest.mark.parametrize(
    "setting",
    [
        pytest.param([*ACCOUNT, "--location", "riverside"], id="CP=nickname"),
        pytest.param([*ACCOUNT, "--location", "riverside:North"], id="CP=nickname:branch"),
        pytest.param([*ACCOUNT], id="AO-later"),
        pytest.param([*ACCOUNT, "--location", "riverside", "--without-error-detection"], id="no-AY-AZ"),
        pytest.param(
            ["--username", "riverside", "--password", "kiosk@riverside.example:kiosk-secret"],
            id="CN=nickname",
        ),
    ],
)
@pytest.mark.parametrize("transport", ["tls", "plain"])
def test_a_visit_to_the_library(fresh, transport, setting):
    port = {"tls": ["--host", "localhost", "--tls", "--port", str(fresh.tls_port)]}.get(
        transport, ["--port", str(fresh.plain_port)]
    )
    heard = visit(*port, *KIOSK, *setting)

    assert heard["login"]["fixed"]["Ok"] == "1"
    status = heard["status"]
    assert status["fixed"]["OnlineStatus"] == "Y"
    assert status["fixed"]["ProtocolVersion"] == "2.00"
    assert len(status["variable"]["BX"][0]) == 16
    patron = heard["patron"]
    assert (patron["variable"]["AE"], patron["variable"]["BL"], patron["variable"]["CQ"]) == (
        ["Amina Rahman"],
        ["Y"],
        ["Y"],
    )
    assert patron["fixed"]["PatronStatus"].strip() == ""
    lent = heard["checkout"]
    assert (lent["fixed"]["Ok"], lent["variable"]["AJ"], lent["variable"]["AB"]) == ("1", ["Emma"], ["10001"])
    assert lent["variable"]["AH"][0]
    taken_back = heard["checkin"]
    assert (taken_back["fixed"]["Ok"], taken_back["variable"]["AB"]) == ("1", ["10001"])

    done = [effect["kind"] for effect in fresh.ledger("riverside")]
    assert done == ["loan", "return"], "each happened once in the library, and nothing else"
