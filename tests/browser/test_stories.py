"""The operator's story in a browser: from a card number to the exchange, and to the call to the library."""

import re
from datetime import datetime

import pytest

from .chromium import cut_off

pytest.importorskip("sip2gw.board", reason="there is no board")

CARD, ITEM = "O-2", "no-such-item"


@pytest.fixture
def refused(demo):
    """A checkout that was refused a moment ago, at the demo's open library."""
    demo.reset()
    with demo.terminal(tls=False) as kiosk:
        assert kiosk.log_in("kiosk@openall.example:open-secret", "openall").ok
        moment = f"{datetime.now():%Y%m%d    %H%M%S}"
        assert kiosk.exchange(f"11NN{moment}{moment}AOopenall|AA{CARD}|AB{ITEM}|AC|")[2] == "0"
        yield kiosk


def test_a_card_number_leads_to_the_exchange_and_its_call(tab, refused, picture):
    tab.go("/board/")
    picture(tab, "board-now")
    tab.page.get_by_role("navigation").get_by_role("link", name="Exchanges").click()
    tab.page.get_by_text("Find by the number of a card or an item").click()
    tab.page.get_by_label("Number", exact=True).fill(CARD)
    tab.page.locator("#of").fill("openall")
    tab.page.locator("form[method=post][action$=search]").get_by_role("button").click()
    tab.page.wait_for_url(re.compile("patron="))
    assert CARD not in tab.page.url
    picture(tab, "board-exchanges")
    tab.page.locator("a[href*='/board/exchanges/']").first.click()
    tab.page.get_by_role("heading", name=re.compile("^Exchange ")).wait_for()
    shown = tab.page.locator("main").inner_text()
    assert "copy_not_found" in shown
    assert "openall" in shown
    assert CARD not in shown
    assert re.search(r"[0-9a-f]{8}-[0-9a-f]+", tab.page.locator("td code").first.inner_text())
    picture(tab, "board-exchange")
    tab.page.get_by_role("link", name="Open rows of the journal").click()
    tab.page.get_by_role("heading", name="Journal").first.wait_for()


@pytest.mark.parametrize(
    "path", ["", "libraries", "libraries/openall", "terminals", "exchanges", "door", "journal"]
)
def test_nothing_of_the_board_is_cut_off_on_a_phone(phone, refused, path):
    assert phone.go(f"/board/{path}").ok
    assert phone.page.evaluate("document.documentElement.scrollWidth") <= 320
    assert cut_off(phone.page, "main") == []
