"""Friday 16:00, a new kiosk says "ACS offline".

Its installer opens the link on a phone, and mends one mistake after the other by what the page says. The test prints
after how many seconds each of these words was there.
"""

import json
import time
from urllib.request import urlopen

import pytest
from mistakes.kiosk import Kiosk, checkin, checkout, login, patron

from .chromium import cut_off

expect = pytest.importorskip("playwright.sync_api", reason="playwright is not installed").expect

CARD, ITEM = "M-1001", "10002"
STEPS = 15
"""From the connection to the first return, with TLS."""


@pytest.fixture
def link(demo):
    demo.reset()
    with urlopen(f"http://127.0.0.1:{demo.admin_port}/invite/riverside", b"", timeout=20) as answer:
        return f"/connect/#{json.load(answer)['code']}"


@pytest.fixture
def told(capsys):
    """Call it with the page's verdict and the words to wait for: it prints the seconds that these took."""
    begun = time.monotonic()

    def wait(verdict, *words):
        for one in words:
            expect(verdict).to_contain_text(one)
        with capsys.disabled():
            print(f"\n  {time.monotonic() - begun:5.1f} s  {' '.join(verdict.inner_text().split())}", end="")

    return wait


def test_a_new_kiosk_says_acs_offline_and_the_page_says_why(phone, demo, link, told, picture):
    phone.go(link)
    page, verdict = phone.page, phone.page.locator("#verdict")
    expect(page.get_by_role("heading", name="Connect a terminal to riverside")).to_be_visible()

    with Kiosk.plain(demo.tls_port) as kiosk:
        kiosk.ask(login())
    told(verdict, "Stopped at TLS", "It speaks plain SIP2 to the TLS port", "To do: switch TLS on")

    with demo.terminal() as kiosk:
        kiosk.exchange(login(location="Nrth"))
        kiosk.exchange("9900802.00")
        told(verdict, "Look at Location", "Nrth is none of Main, North", "To do: did you mean North?")
        verdict.get_by_role("link").click()
        expect(page.get_by_role("heading", name="Location")).to_be_in_viewport()
        page.go_back()

    with demo.terminal() as kiosk:
        kiosk.exchange(login(location="North"))
        for line in ("9900802.00", patron(CARD, "1234"), checkout(CARD, ITEM), checkin(ITEM)):
            kiosk.exchange(line)
        told(verdict, "✓ All steps are right.", "Print the acceptance sheet.")
    newest = page.locator("details[open]")
    expect(newest.locator("li")).to_have_count(STEPS)
    expect(newest.locator("li.good")).to_have_count(STEPS)
    expect(newest).to_contain_text("98 says online and offers returns, loans")
    assert cut_off(page) == []
    picture(phone, "connect-ready", "#ladder")

    page.get_by_role("link", name="Acceptance sheet to print").click()
    expect(page.get_by_role("row", name="Terminal", exact=False).first).to_contain_text("North")
    expect(page.get_by_text("✓ done")).to_have_count(STEPS)
