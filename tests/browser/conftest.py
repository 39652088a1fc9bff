"""One browser and one demo for all tests here. A test takes `tab`, or `phone`, and opens paths in it.

def test_the_board_shows_a_library(tab, picture):
    tab.go("/board/")
    expect(tab.page.get_by_role("link", name="riverside")).to_be_visible()
    picture(tab, "now")
"""

import pytest
from e2e.processes import Demo

from .chromium import PHONE, Tab, keep_picture, started


@pytest.fixture(scope="session")
def chromium():
    with started() as browser:
        yield browser


@pytest.fixture(scope="session")
def demo(tmp_path_factory):
    demo = Demo.start(tmp_path_factory.mktemp("demo"))
    yield demo
    demo.process.stop()
    shouted = [line for line in demo.process.printed if "Traceback" in line or "Unhandled" in line]
    assert not shouted, "".join(demo.process.printed[-60:])


@pytest.fixture
def tab(chromium, demo):
    """A tab of a desk's size; the test fails if a page breaks its policy, asks elsewhere or meets a script's error."""
    tab = Tab.opened(chromium, f"http://127.0.0.1:{demo.admin_port}")
    yield tab
    tab.close()


@pytest.fixture
def phone(chromium, demo):
    """A tab that is 320 pixels wide, without a mouse."""
    tab = Tab.opened(chromium, f"http://127.0.0.1:{demo.admin_port}", viewport=PHONE, has_touch=True)
    yield tab
    tab.close()


@pytest.fixture
def picture():
    """Call it with a tab and a name: `make pictures` keeps the picture for the manual."""
    return lambda tab, name, within="": keep_picture(tab.page, name, within)
