"""The browser itself: it reads the gateway's pages, and notices what they must not do."""

import pytest

from .chromium import Tab, cut_off


def test_the_browser_reads_the_gateways_health(tab):
    assert tab.go("/health").status == 200
    assert "ok" in tab.page.content().lower()


@pytest.mark.parametrize(
    ("markup", "said"),
    [
        ("<img src='http://127.0.0.2/away.png'>", "asked http://127.0.0.2/away.png"),
        ("<script>throw new Error('broken')</script>", "script: broken"),
        ("<script>console.error('refused')</script>", "console: refused"),
    ],
)
def test_a_tab_reports_what_a_page_must_not_do(chromium, demo, markup, said):
    tab = Tab.opened(chromium, f"http://127.0.0.1:{demo.admin_port}")
    tab.page.set_content(markup)
    with pytest.raises(AssertionError, match=said):
        tab.close()


def test_an_element_wider_than_the_page_is_found(tab):
    tab.page.set_content("<div><p style='width: 1500px'>too wide</p></div>")
    assert cut_off(tab.page) == ["P.: too wide"]
    tab.page.set_content("<div style='overflow-x: auto'><p style='width: 1500px'>scrolls</p></div>")
    assert cut_off(tab.page) == []
