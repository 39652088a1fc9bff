"""`sip2gw decode` on captures of packets, and on logs in which another message seems to stand."""

from __future__ import annotations

import html
import json
from typing import Any
from urllib.parse import quote

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from sip2gw.tools.cli import main

DATE = "20260224    115446"
STATUS = f"23000{DATE}AOx|AA1|ADpin9|"


def objects(text: bytes) -> list[dict[str, Any]]:
    result = CliRunner().invoke(main, ["decode", "--json"], input=text)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert "pin9" not in result.stdout
    return [json.loads(line) for line in result.stdout.splitlines()]


def is_the_status(found: dict[str, Any]) -> bool:
    fields = [["AO", "x"], ["AA", "1"], ["AD", "***"]]
    return found["code"] == "23" and found["fixed"]["transaction_date"] == DATE and found["fields"] == fields


def rows(data: bytes) -> list[tuple[int, bytes, str]]:
    return [
        (at, row, "".join(chr(byte) if 32 <= byte < 127 else "." for byte in row))
        for at in range(0, len(data), 16)
        for row in [data[at : at + 16]]
    ]


def as_wireshark(data: bytes) -> str:
    return "".join(f"{at:04x}   {row.hex(' '):47}   {text}\n" for at, row, text in rows(data))


def as_hexdump(data: bytes) -> str:
    halves = [(at, f"{row[:8].hex(' ')}  {row[8:].hex(' ')}", text) for at, row, text in rows(data)]
    return "".join(f"{at:08x}  {row:48}  |{text}|\n" for at, row, text in halves) + f"{len(data):08x}\n"


def as_xxd(data: bytes) -> str:
    return "".join(f"{at:08x}: {row.hex(' ', -2):39}  {text}\n" for at, row, text in rows(data))


def as_tcpdump(data: bytes) -> str:
    return "".join(f"\t0x{at:04x}:  {row.hex(' ', -2):39}  {text}\n" for at, row, text in rows(data))


DUMPS = [as_wireshark, as_hexdump, as_xxd, as_tcpdump]


@pytest.mark.parametrize("dump", DUMPS)
@pytest.mark.parametrize("headers", [b"", bytes.fromhex("450000640000400040060000 7f000001 0000")])
def test_K19_the_lines_of_a_hex_dump_are_one_message(dump, headers):
    found = [one for one in objects(dump(headers + STATUS.encode() + b"\r").encode()) if "error" not in one]
    assert len(found) == 1
    assert is_the_status(found[0])


@pytest.mark.parametrize("dump", DUMPS)
def test_K19_two_hex_dumps_in_a_row_are_two_messages(dump):
    both = dump(b"9900302.00\r") + dump(STATUS.encode() + b"\r")
    assert [one["code"] for one in objects(both.encode()) if "error" not in one] == ["99", "23"]


@given(st.binary(max_size=100), st.sampled_from(DUMPS))
def test_K19_a_hex_dump_of_any_bytes_has_a_verdict(data, dump):
    objects(dump(data).encode())


@pytest.mark.parametrize(
    "line",
    [
        json.dumps({"MESSAGE": list(STATUS.encode() + b"\r"), "PRIORITY": "6"}),
        quote(STATUS),
        f"<in>{html.escape(STATUS).replace('|', '&#124;')}</in>",
        STATUS.replace(" ", "&nbsp;"),
        f"E..a..@.@.?....{STATUS}.",
        f"Feb 24 11:54:46 kiosk sip[1937]: {STATUS}#015#012",
    ],
)
def test_K19_a_line_of_a_capture_or_a_web_page_is_read(line):
    (found,) = objects(line.encode())
    assert is_the_status(found)


@pytest.mark.parametrize("title", ["Tom &amp; Jerry", "100%7C", "A &#124; B"])
def test_K19_a_value_with_markup_of_its_own_is_shown_as_it_is(title):
    (found,) = objects(f"18030101{DATE}AB1|AJ{title}|".encode())
    assert found["fields"] == [["AB", "1"], ["AJ", title]]


@pytest.mark.parametrize(
    "line",
    [
        "11/24/2026 AA1|AB2|",
        "09.02.26 AO|AB2|",
        "11-02-2026 09:15:01 AOriverside|AB1|",
        "Item 29 AB12345| renewed",
        f"11:54:46 AM -> 17 {DATE}AOx|AB2|",
        "kiosk 23 AAx| walked away",
        "10.0.0.17 connected, AO|",
    ],
)
def test_K19_a_date_a_time_or_a_number_begins_no_message(line):
    (found,) = objects(line.encode())
    assert "error" in found


@pytest.mark.parametrize("before", ["Thread-11 (99) ", "<29>", "RX(63): ", "11:17:29 [35] send: ", ">> "])
@pytest.mark.parametrize("blanks", [" ", ""])
@pytest.mark.parametrize(
    "message", [STATUS, f"35{DATE}AOx|AA1|ADpin9|", f"37{DATE}0100USDBV1.00|AOx|AA1|ADpin9|"]
)
def test_K19_a_message_that_lost_its_blanks_is_no_other_message(before, blanks, message):
    (found,) = objects((before + message.replace("    ", blanks)).encode())
    assert found.get("code", message[:2]) == message[:2]
    assert "error" in found or "blanks seem to be lost" in found["note"]


@pytest.mark.parametrize("blanks", [" ", ""])
def test_K19_a_line_whose_blanks_are_lost_says_so(blanks):
    (found,) = objects(f"2026-02-24 11:54:46 send: {STATUS.replace('    ', blanks)}".encode())
    assert found["code"] == "23"
    assert "blanks seem to be lost" in found["note"]


@pytest.mark.parametrize("colour", ["\x1b[32m", r"\x1b[1;32m", r"\u001b[0m", "#033[32m", "^[[32m"])
def test_K19_colours_around_a_message_mean_nothing(colour):
    (found,) = objects(f"sent{colour}{STATUS}{colour}".encode())
    assert is_the_status(found)


@pytest.mark.parametrize("message", ["9900302.00", STATUS, "9900302.00AY2AZFCA4"])
def test_K19_a_remark_behind_a_message_is_not_of_it(message):
    (found,) = objects(f"RX(63): {message} (11 ms)".encode())
    assert found["code"] == message[:2]
