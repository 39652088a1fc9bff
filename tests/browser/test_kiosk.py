"""The kiosk in the browser: by keyboard alone, on a phone, and with an item that could be a script."""

import re

import pytest

from .chromium import cut_off

expect = pytest.importorskip("playwright.sync_api", reason="playwright is not installed").expect


def scan(page, number):
    expect(page.locator("#scan")).to_be_focused()
    page.keyboard.type(number)
    page.keyboard.press("Enter")


def test_a_loan_and_a_return_need_only_the_keyboard(tab, picture):
    tab.go("/kiosk/")
    screen = tab.page.locator("#screen")
    expect(screen).to_contain_text("Scan a card to begin.")
    scan(tab.page, "M-1001")
    expect(screen).to_contain_text("Amina Rahman")
    scan(tab.page, "10002")
    expect(screen).to_contain_text("Borrow (11)")
    expect(tab.page.locator("#log > li").first).to_contain_text(
        re.compile("11 checkout.*12 checkout_response", re.S)
    )
    picture(tab, "kiosk")
    tab.page.get_by_role("button", name="Return (09)").press("Enter")
    expect(screen).to_contain_text("Return (09)")


def test_a_sorter_shows_its_bin_on_a_phone(phone):
    phone.go("/kiosk/")
    phone.page.get_by_label("Device").select_option("sorter")
    phone.page.locator("#items button").first.tap()
    expect(phone.page.locator(".bin")).to_have_text(re.compile(r"Bin \d"))
    assert cut_off(phone.page) == []


def test_an_item_that_is_markup_is_shown_as_text(tab):
    tab.go("/kiosk/")
    tab.page.get_by_label("Device").select_option("returns")
    scan(tab.page, "<img src=x onerror=alert(1)>")
    expect(tab.page.locator("#log > li").first).to_contain_text("<img src=x")
    assert tab.page.locator("main img").count() == 0


def test_the_example_of_each_device_plays_to_its_end(tab):
    tab.go("/kiosk/")
    for device, last in (("checkout", "Goodbye (35)"), ("returns", "Return (09)"), ("sorter", "Bin")):
        tab.page.get_by_label("Device").select_option(device)
        tab.page.get_by_role("button", name="Play an example").click()
        expect(tab.page.locator("#screen")).to_contain_text(last)
