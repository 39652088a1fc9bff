"""The manual in a browser: nothing is cut off, and the search finds what its readers type."""

import functools
import subprocess
import sys
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from .chromium import PHONE, Tab, cut_off

DOCS = Path(__file__).parents[2] / "docs"
PAGES = [
    "index",
    "installer",
    "operator",
    "engineer",
    "install",
    "operate",
    "runbook",
    "errors",
    "devices/index",
]


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def manual(tmp_path_factory):
    """The address of the manual, which `make docs` has made before; else it is made here."""
    folder = DOCS / "_build" / "html"
    if not (folder / "installer.html").exists():
        folder = tmp_path_factory.mktemp("manual")
        subprocess.run([sys.executable, "-m", "sphinx", "--quiet", "-b", "html", DOCS, folder], check=True)
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Quiet, directory=folder))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def reader(chromium, manual):
    tab = Tab.opened(chromium, manual)
    yield tab
    tab.close()


@pytest.mark.parametrize("page", PAGES)
def test_nothing_of_the_manual_is_cut_off_at_1280_pixels(reader, page):
    assert reader.go(f"/{page}.html").ok
    assert cut_off(reader.page, "article") == []


@pytest.mark.parametrize("page", ["installer", "runbook"])
def test_an_installers_page_can_be_read_on_a_phone(chromium, manual, page):
    tab = Tab.opened(chromium, manual, viewport=PHONE)
    tab.go(f"/{page}.html")
    assert tab.page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    tab.close()


@pytest.mark.parametrize(
    ("words", "page"), [("ACS offline", "installer"), ("940", "errors.html#term-940"), ("docker", "operator")]
)
def test_the_search_finds_what_readers_type(reader, words, page):
    reader.go(f"/search.html?q={words.replace(' ', '+')}")
    found = reader.page.locator("#search-results ul.search li a")
    found.first.wait_for()
    assert any(page in str(link.get_attribute("href")) for link in found.all())


def test_a_tab_shows_the_configuration_of_stunnel(reader, picture):
    reader.go("/installer.html")
    picture(reader, "manual-installer")
    reader.page.get_by_text("stunnel", exact=True).first.click()
    assert reader.page.get_by_text("verifyChain = yes").is_visible()
    assert not reader.page.get_by_text("send-proxy-v2").is_visible()


def test_code_has_a_button_that_copies_it(reader):
    reader.go("/installer.html")
    assert reader.page.locator("button.copybtn").count() >= 3
