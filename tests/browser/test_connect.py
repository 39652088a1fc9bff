"""An installer's way: from the link to the mistake, its fix, and the first reader, without a reload."""

import json
import socket
from urllib.request import urlopen

import pytest

from .chromium import cut_off

expect = pytest.importorskip("playwright.sync_api", reason="playwright is not installed").expect

RIGHT = "9300CNkiosk@riverside.example|COkiosk-secret|CPHall|AOriverside|"
PATRON = "2300020261128    093300AOriverside|AAM-1001|AC|AD1234|"


@pytest.fixture
def link(demo):
    with urlopen(f"http://127.0.0.1:{demo.admin_port}/invite/riverside", b"", timeout=20) as answer:
        return f"/connect/#{json.load(answer)['code']}"


def terminal(demo, *lines):
    with socket.create_connection(("127.0.0.1", demo.plain_port), timeout=20) as connection:
        for line in lines:
            connection.sendall(line.encode() + b"\r")
            assert connection.recv(4096)


def test_a_mistake_and_its_fix_appear_while_the_page_is_open(tab, demo, link, picture):
    tab.go(link)
    expect(tab.page.get_by_role("heading", name="Connect a terminal to riverside")).to_be_visible()
    assert "#" not in tab.page.url
    terminal(demo, RIGHT.replace("kiosk-secret", "kiosk-secret "))
    newest = tab.page.locator("details[open]")
    expect(newest.locator("li.bad")).to_contain_text("the password ends with a blank")
    expect(newest.locator("li.bad")).to_contain_text("To do: remove the blank")
    picture(tab, "connect")
    terminal(demo, RIGHT, PATRON)
    expect(newest).to_contain_text("A reader was shown.")
    assert newest.locator("li.bad").count() == 0


def test_the_page_fits_a_phone(phone, demo, link, picture):
    phone.go(link)
    terminal(demo, RIGHT)
    expect(phone.page.locator("details[open]")).to_contain_text("Hall")
    assert cut_off(phone.page) == []
    picture(phone, "connect-phone")


def test_boxes_that_are_ticked_give_the_form_of_login(tab, link):
    tab.go(link)
    for box in ("login user", "login password"):
        tab.page.get_by_label(box).uncheck()
    tab.page.get_by_label("terminal password").check()
    tab.page.get_by_role("button", name="Show").press("Enter")
    expect(tab.page.get_by_role("row", name="terminal password (AC)")).to_contain_text("e-mail address:")
    assert tab.page.get_by_role("row", name="login user (CN)").count() == 0
