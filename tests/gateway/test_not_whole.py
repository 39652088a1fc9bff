"""Lines that lack something, or have more than the book says: what a scanner or a frame adds to a value."""

from __future__ import annotations

import pytest
from twisted.logger import capturedLogs

from .desk import DATE, LOGIN, PATRON, Bench, told

NO_CARD = "AFNo card number has arrived. Please scan the card again, or ask a member of staff."
NO_ITEM = "AFNo item or title was named. Please scan the item."
BLANK = " " * 18


@pytest.fixture
def bench():
    bench = Bench()
    bench.settle("riverside", patron_updates=True, item_updates=True)
    assert bench.say(LOGIN) == "941"
    bench.calls.made.clear()
    yield bench
    bench.sandbox.close()


CARDLESS = {
    "11": (
        "11YN2026",
        "11",
        f"11YN{DATE}",
        f"11YN{DATE}{BLANK}AOriverside",
        f"11YN{DATE}{BLANK}AO|AA|AB10001|AC|",
    ),
    "23": ("23", "230012026", f"23001{DATE}AO|AA|AC|AD1234|", f"23001{DATE}AO|AA   |AC|AD1234|"),
    "63": ("63", f"63001{DATE}  Y", f"63001{DATE}{' ' * 10}AO|AA|"),
    "65": ("65", "652026", f"65{DATE}AO"),
    "37": ("37", f"37{DATE}0100USDBV1.00|AO|AA|"),
    "29": (f"29NN{DATE}{BLANK}AO|AA|AB10001|",),
    "15": (f"15+{DATE}AO|AA|AB10001|",),
    "01": ("01", "01N2026", f"01N{DATE}AO|ALlost|AA|AC|"),
    "25": ("25", f"25{DATE}AO|AA|AC|"),
}
ITEMLESS = {
    "11": (f"11YN{DATE}{BLANK}AO|AAM-1001|", f"11YN{DATE}{BLANK}AO|AAM-1001|AB|AC|"),
    "09": ("09", "09N2026", f"09N{DATE}{DATE}AP|AO|AB  |AC|"),
    "17": ("17", "172026", f"17{DATE}AO|AB"),
    "29": ("29", "29NN2026", f"29NN{DATE}{BLANK}AO|AAM-1001|"),
    "15": ("15+", f"15+{DATE}AO|AAM-1001|"),
}


@pytest.mark.parametrize("line", [line for lines in CARDLESS.values() for line in lines])
def test_a_request_without_a_card_says_so_and_asks_no_library(bench, line):
    answer = bench.say(line)
    assert NO_CARD in answer
    assert answer[:2] == ("24" if line[:2] == "01" else f"{int(line[:2]) + 1}")
    assert not bench.calls.made


@pytest.mark.parametrize("line", [line for lines in ITEMLESS.values() for line in lines])
def test_a_request_without_an_item_says_so_and_asks_no_library(bench, line):
    answer = bench.say(line)
    assert NO_ITEM in answer
    assert answer[:2] == f"{int(line[:2]) + 1}"
    assert not bench.calls.made


def test_a_return_without_an_item_still_raises_the_alert(bench):
    assert bench.say("09N2026").startswith("100NUY")


@pytest.mark.parametrize("line", ["23", "63"])
def test_a_missing_card_is_a_card_that_is_not_valid(bench, line):
    assert "|BLN|" in bench.say(line)


def test_the_log_names_what_a_cut_line_lacks_once(bench):
    with capturedLogs() as logs:
        for line in ("11YN2026", "11YN2026", "172026"):
            bench.hear(line.encode() + b"\r")
        bench.clock.advance(2)
    text = "\n".join(told(logs, "warn"))
    assert text.count("its checkout (11) has no patron identifier (AA); the line may be cut") == 1
    assert "look for a CR or LF inside a value" in text


def test_missing_cards_are_no_guesses_of_card_numbers(bench):
    for _ in range(200):
        bench.say("23")
    assert "|BLY|" in bench.say(PATRON)


@pytest.mark.parametrize(
    "line",
    [
        f"23001{DATE}AOriverside|AAM-1001\x03|AC|AD1234|",
        f"23001{DATE}AOriverside|AA\tM-1001\t|AC|AD1234\x04|",
        f"\x0223001{DATE}AOriverside\x1f|AC|AAM-1001|AD1234\x03",
    ],
)
def test_control_characters_around_a_value_are_not_part_of_it(bench, line):
    answer = bench.say(line)
    assert "|AAM-1001|" in answer
    assert "|BLY|CQY|" in answer


def test_control_characters_inside_a_value_stay(bench):
    assert "|BLN|" in bench.say(f"23001{DATE}AOriverside|AAM-\x031001|AC|AD1234|")


def test_a_login_may_end_with_etx(bench):
    assert bench.say(LOGIN[:-1] + "\x03") == "941"


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        ("xyz", "000"),
        ("00 ", "000"),
        ("  1", "001"),
        ("1  ", "001"),
        ("N 1", "000"),
        ("---", "000"),
        ("999", "999"),
    ],
)
def test_the_language_of_an_answer_is_three_digits(bench, sent, code):
    for message in ("23", "63"):
        summary = " " * 10 if message == "63" else ""
        answer = bench.say(f"{message}{sent}{DATE}{summary}AOriverside|AAM-1001|AC|AD1234|")
        assert answer[16:19] == code
        assert "|BLY|" in answer


def test_a_language_that_is_cut_is_unspecified(bench):
    assert bench.say("2300")[16:19] == "000"
