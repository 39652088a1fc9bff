"""An operator invites an installer from the board, in a browser: the page has a QR code that a phone can read."""

import subprocess
import sys

import pytest
from e2e.processes import Demo

from sip2gw.connect import qr

from .chromium import Tab

expect = pytest.importorskip("playwright.sync_api", reason="playwright is not installed").expect

PASSWORD = "correct horse battery"


@pytest.fixture
def board(chromium, tmp_path):
    """A tab at a demo of its own, in which ann has an account."""
    demo = Demo.start(tmp_path)
    try:
        store = tmp_path / "state" / "sip2gw.sqlite3"
        command = [sys.executable, "-m", "sip2gw.tools.cli", "operator", "add", "ann"]
        add = [*command, "--store", store, "--password-file", "-"]
        subprocess.run(add, input=f"{PASSWORD}\n", text=True, check=True, stdout=subprocess.DEVNULL)
        tab = Tab.opened(chromium, f"http://127.0.0.1:{demo.admin_port}")
        yield tab
        tab.close()
    finally:
        demo.process.stop()


def test_a_new_invitation_has_a_qr_code_of_the_address_in_the_browser(board):
    page = board.page
    board.go("/board/login")
    page.get_by_label("Name").fill("ann")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url("**/board/")
    board.go("/board/libraries/riverside")
    page.get_by_role("button", name="Invite an installer").click()
    link = page.locator("#link").inner_text()
    assert link.startswith(f"{board.origin}/connect/#")
    code = page.get_by_role("img", name="QR code of the link")
    expect(code).not_to_have_js_property("naturalWidth", 0)
    expect(code).to_have_attribute("src", qr.inline(link))
