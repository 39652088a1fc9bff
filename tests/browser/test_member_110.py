"""Member 110 says that the machine took her book, but it is still listed.

The operator finds the exchange, the call to the library's API and the row of the journal, and no reader's name is in
any log. The test prints how many seconds that took.
"""

import re
import time

import pytest
from mistakes.kiosk import checkin, patron

pytest.importorskip("sip2gw.board", reason="there is no board")

CARD, NAME, ITEM = "O-2", "Tom Hale", "503"


@pytest.fixture
def lost(demo):
    """A return a moment ago, to which the library's API has answered with an error."""
    demo.reset()
    with demo.terminal(tls=False) as kiosk:
        assert kiosk.log_in("kiosk@openall.example:open-secret", "openall").ok
        assert NAME in kiosk.exchange(patron(CARD, library="openall"))
        demo.misbehave(what="error", library="openall", endpoint="return")
        kiosk.exchange(checkin(ITEM, library="openall"))
        yield
    demo.behave()


def test_an_operator_finds_exchange_call_and_journal_row_of_a_return(tab, demo, lost, picture, capsys):
    begun, page = time.monotonic(), tab.page
    tab.go("/board/")
    page.get_by_role("navigation").get_by_role("link", name="Exchanges").click()
    page.get_by_text("Find by the number of a card or an item").click()
    page.get_by_label("Number of").select_option("item")
    page.get_by_label("Number", exact=True).fill(ITEM)
    page.locator("#of").fill("openall")
    page.get_by_role("button", name="Find").click()
    page.wait_for_url(re.compile("item="))
    row = page.get_by_role("row").filter(has_text="09").first
    row.get_by_role("link").last.click()
    page.get_by_role("heading", name=re.compile("^Exchange ")).wait_for()
    exchange = page.locator("main").inner_text()
    assert "in doubt" in exchange
    call = page.get_by_role("row").filter(has_text="return").first
    assert "500" in call.inner_text()
    page.get_by_role("link", name="Open rows of the journal").click()
    page.get_by_role("heading", name="Journal").first.wait_for()
    row = page.get_by_role("row").filter(has_text="take_back").first
    assert "openall" in row.inner_text()
    with capsys.disabled():
        print(f"\n  {time.monotonic() - begun:5.1f} s  {' '.join(row.inner_text().split())}", end="")
    picture(tab, "board-journal")
    log = "".join(demo.process.printed)
    assert [secret for secret in (NAME, CARD) if re.search(rf"\b{secret}\b", log)] == []
