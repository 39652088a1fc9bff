"""Of a line only what is harmless is shown, in whatever shape it comes."""

from __future__ import annotations

import re

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st
from sip2.strategies import requests, responses

from sip2gw.record.redaction import Tagging, redacted
from sip2gw.sip2 import DEFAULT, Trailer, format
from sip2gw.sip2.error_detection import checksum

TAGGING = Tagging(lambda _: "p:aaaaaa", lambda _: "i:bbbbbb", frozenset({"riverside", "Reading Room"}))
DATE = "20260301    101500"
CANARIES = "Dw9vMq4RxHb", "21234567890123", "hG3nXr7WbLq", "Amina Rahman", "zJw5HpYv9Cn3"
CARD, NUMBER, PIN, NAME, PASSWORD = CANARIES


def shown(line: str, delimiter: str = "|", charset: str = "utf-8") -> str:
    return redacted(line.encode(charset), evolve(DEFAULT, delimiter=delimiter, charset=charset), TAGGING)


def test_what_is_harmless_is_shown_and_numbers_are_tags():
    line = f"11YN{DATE}{DATE}AOriverside|AA{CARD}|AB{NUMBER}|AC{PASSWORD}|AD{PIN}|BON|BIN|"
    assert shown(line) == f"11YN{DATE}{DATE}AOriverside|AAp:aaaaaa|ABi:bbbbbb|AC***|AD***|BON|BIN|"


def test_an_answer_keeps_its_flags_and_loses_its_texts():
    line = f"24{' ' * 14}001{DATE}AE{NAME}|AA{CARD}|BLY|CQN|BHUSD|BV9.50|AOriverside|AFDear {NAME}|AG{CARD}|"
    assert shown(line) == (
        f"24{' ' * 14}001{DATE}AE***|AAp:aaaaaa|BLY|CQN|BHUSD|BV***|AOriverside|AF***|AG***|"
    )


def test_an_empty_password_is_seen_to_be_empty():
    assert shown(f"23001{DATE}AOriverside|AA{CARD}|AC|AD|").endswith("AC|AD|")


def test_a_right_checksum_becomes_that_of_the_redacted_line():
    line = f"23001{DATE}AOriverside|AA{CARD}|AC|AD{PIN}|AY1AZ".encode()
    text = redacted(line + checksum(line), DEFAULT, TAGGING).encode()
    assert text[-4:] == checksum(text[:-4])
    wrong = redacted(line + b"0000", DEFAULT, TAGGING)
    assert wrong.endswith("AZ0000")


@pytest.mark.parametrize(
    "line",
    [
        f"9300CN{NAME}|CO{PASSWORD}|CPDesk|",
        f"9300CPDesk CN{NAME} CO{PASSWORD}",
        f"9300{PASSWORD}CN{NAME}|",
        f"93{PASSWORD}|{PIN}|",
        f"11YN{DATE}{DATE}AOriverside^AA{CARD}^AB{NUMBER}^AC^AD{PIN}^",
        f"11YN{DATE}{DATE}AOriversideAA{CARD}AB{NUMBER}ACAD{PIN}",
        f"11YN{DATE}{DATE}aoriversideaa{CARD}ad{PIN}",
        f"11AOriverside|AA{CARD}|AD{PIN}",
        f"11{CARD}{PIN}|",
        f"2300{PIN}{DATE}AOriverside|AA{CARD}|",
        f"23001{DATE}AOriverside|ZZ{PIN}|XX{CARD}|",
        f"23001{DATE}AO{NUMBER}|AP{NUMBER}|CP{NUMBER}|",
        f"23001{DATE}AOriverside|AA{CARD}|AY1AZ{PIN}",
        f"37{DATE}0101USDBV5|AOriverside|AA{CARD}|AC|AD{PIN}|BK{NUMBER}|CG{NAME}|",
        f"\x0213 {CARD}{PIN}",
    ],
)
def test_no_person_is_shown_in_a_line_that_is_built_wrongly(line):
    text = shown(line)
    for canary in CANARIES:
        assert canary not in text, text
        assert canary.lower() not in text.lower()


def test_a_place_that_is_known_is_shown_in_full():
    assert "CPReading Room|" in shown("9300CNx|COy|CPReading Room|")
    assert "CPRe***|" in shown("9300CNx|COy|CPReading Roo|")  # with AD in it: another field may begin there
    assert "CP***|" in shown("9300CNx|COy|CPGarbage|")
    assert "AOriversid|" in shown("9300CNx|COy|AOriversid|")
    assert "AMNorth Branch|" in shown(f"98YYYYYN030003{DATE}2.00AOriverside|AMNorth Branch|")


@given(
    st.binary(max_size=300), st.sampled_from(["|", "^", "~"]), st.sampled_from(["utf-8", "cp850", "latin-1"])
)
def test_any_bytes_give_one_printable_line(line, delimiter, charset):
    text = redacted(line, evolve(DEFAULT, delimiter=delimiter, charset=charset), TAGGING)
    assert "\r" not in text
    assert "\n" not in text
    assert text.isprintable() or re.search(r"[^\x20-\x7e]", text) is None


@given(st.one_of(requests(), responses()), st.sampled_from(["|", "^"]))
def test_a_right_message_stays_a_message(message, delimiter):
    dialect = evolve(DEFAULT, delimiter=delimiter)
    line = format(message, Trailer("1", checked=True), dialect).rstrip(b"\r")
    text = redacted(line, dialect, TAGGING)
    assert text[:2] == message.code
