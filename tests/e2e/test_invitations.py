"""One invitation at two machines with one store: the browsers of both together are no more than it lets in."""

import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from http.client import HTTPConnection
from threading import Barrier
from urllib.parse import urlencode

import pytest

from sip2gw.connect.invitations import BROWSERS

from .processes import Gateway
from .waiting import wait_until

TOGETHER = 12
"""Browsers that come at the same time, one half of them to each machine."""
ROUNDS = 4
STORE = '[store]\nurl = "{url}"\nkey_file = "{key}"\n'


@pytest.fixture
def machines(tmp_path, postgresql):
    """Two gateways, each a process of its own."""
    key = tmp_path / "sip2gw.key"
    key.write_text("5a" * 32)
    key.chmod(0o600)
    with ExitStack() as running:
        started = []
        for name in ("one", "other"):
            (tmp_path / name).mkdir()
            gateway = Gateway.start(tmp_path / name, 9, STORE.format(url=postgresql.url, key=key))
            running.callback(gateway.process.kill)
            started.append(gateway)
        yield started


def ask(gateway, method, path, form=None, cookie="", address="127.0.0.1"):
    """Ask a gateway's admin endpoint from this address: status, cookie and text."""
    connection = HTTPConnection("127.0.0.1", gateway.ports[2], timeout=20, source_address=(address, 0))
    body = None if form is None else urlencode(form)
    connection.request(method, path, body, {"Cookie": cookie} if cookie else {})
    answer = connection.getresponse()
    found = answer.status, (answer.getheader("set-cookie") or "").partition(";")[0], answer.read().decode()
    connection.close()
    return found


def test_browsers_at_two_machines_at_once_are_no_more_than_an_invitation_lets_in(machines):
    start = Barrier(TOGETHER)

    def browser(code, round_, number):
        start.wait(20)
        # From an address of its own: one that brings a wrong code has to wait.
        address = f"127.0.{round_ + 1}.{number + 1}"
        return ask(machines[number % 2], "POST", "/connect/enter", {"code": code}, address=address)

    with ThreadPoolExecutor(TOGETHER) as pool:
        for round_ in range(ROUNDS):
            code = json.loads(ask(machines[round_ % 2], "POST", "/invite/riverside", {})[2])["code"]
            browsers = [pool.submit(browser, code, round_, number) for number in range(TOGETHER)]
            came = [one.result(60) for one in browsers]
            cookies = [cookie for status, cookie, _ in came if status == 303]
            assert len(cookies) == BROWSERS
            assert {status for status, _, _ in came} == {303, 401}
            for gateway in machines:
                pages = [ask(gateway, "GET", "/connect/page", cookie=cookie) for cookie in cookies]
                assert [status for status, _, _ in pages] == [200] * BROWSERS


def test_the_page_says_that_there_are_other_machines_while_there_are(machines):
    one, other = machines
    code = json.loads(ask(one, "POST", "/invite/riverside", {})[2])["code"]
    cookie = ask(one, "POST", "/connect/enter", {"code": code})[1]

    def said_by(gateway):
        return "Several machines" in ask(gateway, "GET", "/connect/page", cookie=cookie)[2]

    for gateway in machines:
        wait_until(lambda gateway=gateway: said_by(gateway))
    other.process.kill()
    wait_until(lambda: not said_by(one))
