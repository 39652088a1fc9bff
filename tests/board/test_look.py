"""What a person sees: contrast of all colours, labels of all fields, headings in order, and a page at 320 pixels."""

import re
from html.parser import HTMLParser
from importlib.resources import files
from itertools import product

import pytest

from board.support import BoardCase
from board.test_screens import SCREENS

CSS = files("sip2gw.pages").joinpath("static/frame.css").read_text()
TEXTS = "text", "soft", "link", "good", "warn", "bad"


def colours(css: str) -> dict[str, str]:
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]+)", css))


def luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    parts = [int(digits[n : n + 2], 16) / 255 for n in (0, 2, 4)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


LIGHT, DARK = (colours(part) for part in CSS.split("prefers-color-scheme: dark")[:2])


@pytest.mark.parametrize(("theme", "text", "back"), list(product((LIGHT, DARK), TEXTS, ("back", "card"))))
def test_a_text_has_the_contrast_of_AA(theme, text, back):
    assert contrast(theme[text], theme[back]) >= 4.5


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_buttons_and_focus_can_be_told_from_the_page(theme):
    assert contrast(theme["on-button"], theme["button"]) >= 4.5
    assert contrast(theme["focus"], theme["back"]) >= 3
    assert contrast(theme["soft"], theme["back"]) >= 3  # the frames of fields


def test_the_style_has_focus_small_screens_and_less_motion():
    for needed in (":focus-visible", "max-width: 48rem", "prefers-reduced-motion"):
        assert needed in CSS
    assert "http" not in CSS


class Page(HTMLParser):
    """Fields, labels, headings and ids of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.fields: list[str] = []
        self.labelled: set[str] = set()
        self.headings: list[int] = []
        self.ids: list[str] = []
        self.tags: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        self.tags.append(tag)
        self.ids += [given["id"]] if "id" in given else []
        if tag in ("input", "select") and given.get("type") not in ("hidden", "radio"):
            self.fields.append(given.get("id", ""))
        if tag == "label" and "for" in given:
            self.labelled.add(given["for"])
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))


class Pages(BoardCase):
    async def test_every_screen_has_labels_headings_and_landmarks(self) -> None:
        stranger = (await self.browser.get("/board/login")).text
        await self.browser.log_in()
        for screen in (*SCREENS, "login", "link", "nothing"):
            text = stranger if screen == "login" else (await self.browser.get(f"/board/{screen}")).text
            page = Page(text)
            assert set(page.fields) <= page.labelled, screen
            assert page.headings[:1] == [1], screen
            assert page.headings.count(1) == 1, screen
            assert all(
                after - before <= 1 for before, after in zip(page.headings, page.headings[1:], strict=False)
            )
            assert len(page.ids) == len(set(page.ids)), screen
            assert "main" in page.tags
            assert page.tags.index("a") < page.tags.index("header")  # the way past the navigation comes first
