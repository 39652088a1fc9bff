"""Debian's Chromium, driven by Playwright, which is told where it is and so downloads none."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from attrs import define, field

PATIENCE = 20_000
"""Milliseconds that a page may take to show what a test waits for; a busy machine is slow."""
DESK = {"width": 1280, "height": 800}
PHONE = {"width": 320, "height": 640}


@contextmanager
def started() -> Iterator[object]:
    """A headless browser. The test is skipped where there is none."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    playwright.expect.set_options(timeout=PATIENCE)
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("chromium is not installed")
    # Chromium's sandbox works for no process of root; /dev/shm of a container is too small.
    options = ["--disable-dev-shm-usage", *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, args=options)
        try:
            yield browser
        finally:
            browser.close()


@define
class Tab:
    """One tab with cookies of its own. It keeps what no page of ours may do."""

    page: object
    origin: str
    """What a path is appended to, and the only place that a page may ask."""
    faults: list[str] = field(factory=list)

    @classmethod
    def opened(cls, browser: object, origin: str, **how: object) -> "Tab":
        context = browser.new_context(
            **{"viewport": DESK, "locale": "en-GB", "reduced_motion": "reduce", **how}
        )
        context.set_default_timeout(PATIENCE)
        tab = cls(context.new_page(), origin)
        # Not bound methods: Playwright would keep what it wraps them in as an attribute of the tab, which has slots.
        tab.page.on("console", lambda message: tab._wrote(message))
        tab.page.on("pageerror", lambda error: tab.faults.append(f"script: {error}"))
        tab.page.on("request", lambda request: tab._asked(request))
        return tab

    def _wrote(self, message: object) -> None:
        """A breach of the content security policy is an error on the console; an answer of 4xx is no fault."""
        if message.type == "error" and "Failed to load resource" not in message.text:
            self.faults.append(f"console: {message.text}")

    def _asked(self, request: object) -> None:
        url = urlsplit(request.url)
        if url.scheme not in ("data", "blob", "about") and f"{url.scheme}://{url.netloc}" != self.origin:
            self.faults.append(f"asked {request.url}")

    def go(self, path: str) -> object:
        """Open a path of the gateway's web pages; its answer."""
        return self.page.goto(f"{self.origin}{path}")

    def close(self) -> None:
        """Close it; fail if a page did what it must not."""
        self.page.context.close()
        assert not self.faults, "\n".join(self.faults)


def cut_off(page: object, within: str = "body") -> list[str]:
    """The elements in `within` that reach over the right edge of the page, and not inside something that scrolls."""
    return page.evaluate(
        """within => {
            const wide = document.documentElement.clientWidth, found = [];
            for (const one of document.querySelectorAll(within + ' *')) {
                const box = one.getBoundingClientRect();
                if (!box.width || box.right <= wide + 1) continue;
                let above = one.parentElement, scrolls = false;
                for (; above && above !== document.body; above = above.parentElement)
                    scrolls ||= /auto|scroll/.test(getComputedStyle(above).overflowX);
                if (!scrolls && getComputedStyle(one).position !== 'absolute')
                    found.push(`${one.tagName}.${one.className}: ${one.textContent.trim().slice(0, 60)}`);
            }
            return found;
        }""",
        within,
    )


def keep_picture(page: object, name: str, within: str = "") -> Path | None:
    """Keep a picture of the page where SIP2GW_PICTURES says (`make pictures`); nothing is kept in other runs.

    With `within` it is a picture of that part alone.
    """
    folder = os.environ.get("SIP2GW_PICTURES")
    if not folder:
        return None
    path = Path(folder) / f"{name}.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    if within:
        page.locator(within).screenshot(path=path, animations="disabled")
    else:
        page.screenshot(path=path, animations="disabled", full_page=True)
    return path
