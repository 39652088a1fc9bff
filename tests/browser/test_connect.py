"""An installer's way: from the link to the mistake, its fix, and the first reader, without a reload."""

import json
import socket
from datetime import datetime
from urllib.request import urlopen

import pytest

from .chromium import Tab, cut_off

expect = pytest.importorskip("playwright.sync_api", reason="playwright is not installed").expect

RIGHT = "9300CNkiosk@riverside.example|COkiosk-secret|CPHall|AOriverside|"
PATRON = f"23000{datetime.now():%Y%m%d    %H%M%S}AOriverside|AAM-1001|AC|AD1234|"


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
    picture(tab, "connect-wrong", "#ladder")
    terminal(demo, RIGHT, PATRON)
    expect(newest).to_contain_text("A reader was shown.")
    assert newest.locator("li.bad").count() == 0


def test_the_address_without_a_code_leads_to_the_page_and_a_new_link_to_its_own(tab, demo, link):
    tab.go(link)
    expect(tab.page.get_by_role("heading", name="Connect a terminal to riverside")).to_be_visible()
    tab.go("/connect/")
    expect(tab.page.get_by_role("heading", name="Connect a terminal to riverside")).to_be_visible()
    with urlopen(f"http://127.0.0.1:{demo.admin_port}/invite/hillcrest", b"", timeout=20) as answer:
        tab.go(f"/connect/#{json.load(answer)['code']}")
    expect(tab.page.get_by_role("heading", name="Connect a terminal to hillcrest")).to_be_visible()


def test_the_page_fits_a_phone(phone, demo, link):
    phone.go(link)
    terminal(demo, RIGHT)
    expect(phone.page.locator("details[open]")).to_contain_text("Hall")
    assert cut_off(phone.page) == []


def test_boxes_that_are_ticked_give_the_form_of_login(tab, link):
    tab.go(link)
    for box in ("login user", "login password"):
        tab.page.get_by_label(box).uncheck()
    tab.page.get_by_label("terminal password").check()
    tab.page.get_by_role("button", name="Show").press("Enter")
    expect(tab.page.get_by_role("row", name="terminal password (AC)")).to_contain_text("e-mail address:")
    assert tab.page.get_by_role("row", name="login user (CN)").count() == 0


def test_the_keyboard_keeps_its_place_when_the_page_changes(tab, demo, link):
    tab.go(link)
    terminal(demo, RIGHT)
    newest = tab.page.locator("details").first
    expect(newest).to_contain_text("Hall")
    fold = tab.page.locator(f"#{newest.get_attribute('id')}")
    fold.locator("summary").press("Enter")
    terminal(demo, RIGHT.replace("CPHall", "CPMain"), "9900802.00")
    expect(tab.page.locator("details").first).to_contain_text("Main")
    expect(fold.locator("summary")).to_be_focused()
    expect(fold).not_to_have_attribute("open", "")
    expect(tab.page.get_by_role("status").first).to_contain_text("All is right so far.")


def test_values_and_stunnel_conf_are_copied_by_a_button(tab, demo, link):
    tab.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    tab.go(link)
    for button, copied in (
        ("port (TLS)", str(demo.tls_port)),
        ("stunnel.conf", f"127.0.0.1:{demo.tls_port}"),
    ):
        tab.page.get_by_role("button", name=f"Copy {button}").press("Enter")
        expect(tab.page.get_by_role("button", name="Copied")).not_to_have_count(0)
        assert copied in tab.page.evaluate("navigator.clipboard.readText()")


def test_a_phone_gets_the_link_as_a_qr_code(tab, link, picture):
    tab.go(link)
    tab.page.get_by_text("Open this page on a phone").press("Enter")
    code = tab.page.get_by_role("img", name="QR code of the link to this page")
    expect(code).to_be_visible()
    expect(code).not_to_have_js_property("naturalWidth", 0)
    picture(tab, "connect-qr", ".phone")


def test_the_page_is_dark_where_the_reader_wants_it_so(chromium, demo, link):
    tab = Tab.opened(chromium, f"http://127.0.0.1:{demo.admin_port}", color_scheme="dark")
    tab.go(link)
    expect(tab.page.locator("#verdict")).to_have_css("background-color", "rgb(31, 36, 41)")
    tab.close()
