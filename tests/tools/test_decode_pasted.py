"""`sip2gw decode` on pasted text: it finds the message or reports that there is none, and shows no secret."""

from __future__ import annotations

import json
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from sip2gw.sip2 import DEFAULT
from sip2gw.sip2.error_detection import checksum
from sip2gw.tools.cli import main
from sip2gw.tools.decoded import Decoded
from sip2gw.tools.pasted import NoMessage, find

DATE = "20260301    101500"
CHECKOUT = f"11YN{DATE}{DATE}AOriverside|AAM-1|AB10001|AC|"
SUMMED = CHECKOUT + "AY1AZ" + checksum(f"{CHECKOUT}AY1AZ".encode()).decode()


def run(*arguments: str, stdin: bytes = b"") -> Result:
    result = CliRunner().invoke(main, ["decode", *arguments], input=stdin)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def objects(*arguments: str, stdin: bytes = b"") -> list[dict[str, Any]]:
    return [json.loads(line) for line in run("--json", *arguments, stdin=stdin).stdout.splitlines()]


@pytest.mark.parametrize(
    "end",
    [
        r"\r", r"\n", r"\r\n", r"\x0d", r"\x0D\x0A", r"\u000d", r"\015", "<CR>", "<cr><lf>", "<CR><LF>", "[CR]", "^M",
        "^M$", "&#13;", "<0x0D>", "\u240d", '\\r"', "\\r'", '\\r"}', "\r\n",
    ],
)  # fmt: skip
@pytest.mark.parametrize("message", ["9900302.00AY2AZFCA4", SUMMED, CHECKOUT])
def test_K18_K19_an_escaped_end_of_line_ends_the_message(message, end):
    (found,) = objects(message + end)
    assert found["code"] == message[:2]
    assert found["checksum_ok"] is not False
    assert len(found["fields"]) == (0 if message[:2] == "99" else 4)


@pytest.mark.parametrize(
    "text", ["9900302.00AY2AZ\\q12", "9900302.00AY2AZFC\xe94", "9900302.00AY2AZzzzz", "9900302.00AY2AZ "]
)
@pytest.mark.parametrize("form", [[], ["--json"]])
def test_K18_a_damaged_checksum_has_a_verdict_and_the_next_line_is_decoded(text, form):
    result = run(*form, text, "97AZFEF5")
    assert "checksum" in result.stdout
    assert "FEF5" in result.stdout


@pytest.mark.parametrize("message", ["9900302.00AY2AZFCA4", SUMMED, CHECKOUT, "97AZFEF5"])
@pytest.mark.parametrize(
    ("before", "behind"),
    [
        ("2026-02-24 11:54:46  send:", ""),
        ("2026-02-24 11:54:46,123 INFO [Thread-17] SIP2 -> ", ""),
        ("Feb 24 11:54:46 kiosk sip[1201]: recv: '", "'"),
        ("[12:01:02.123] RX <- \"", '"'),
        ("20260224 115446 >>> ", " <<<"),
        ("11:54:46 > ", ""),
        ("DEBUG root b'", "\\r'"),
        ('{"time": "2026-02-24T11:54:46Z", "line": "', '\\r", "peer": "192.0.2.7"}'),
        ("1772345678.12 23 \u2192 ", ""),
        ("12\t", ""),
        ("\ufeff", ""),
        ("msg=", " (41 bytes)"),
        ("<", ">"),
        ("```", "```"),
    ],
)  # fmt: skip
def test_K19_the_message_in_a_line_of_a_log_is_found(message, before, behind):
    (found,) = objects(before + message + behind)
    assert found["code"] == message[:2]
    assert found["checksum_ok"] is (True if "AZ" in message else None)
    if message == CHECKOUT:
        assert found["fields"][-1][0] == "AC"


@pytest.mark.parametrize(
    "line",
    [
        "2026-02-24 11:54:46 connection from 192.0.2.7",
        "2026-02-24 11:54:46 login failed | AO riverside",
        "11:54:46 started",
        "10/02/2026 11:54 ACS offline",
        "18 Nov 2026 10:15:00 timeout after 30 s",
        "17 items on loan",
        "[1772345678] status 97",
        "09.02.2026 15:29:35 error 96",
        "20260224115446 recv nothing",
    ],
)
def test_K19_numbers_in_a_line_of_a_log_are_not_taken_for_a_message(line):
    result = run(line)
    assert result.exit_code == 1
    assert result.stdout == ""
    assert "no SIP2 message" in result.stderr


def test_K19_escapes_in_a_quoted_line_are_replaced():
    title = json.dumps("18030101" + DATE + 'AB1|AJPi\xe8ge "x"|')
    (found,) = objects(f'{{"sent": {title}}}')
    assert found["fields"][-1] == ["AJ", 'Pi\xe8ge "x"']


def test_K19_two_messages_in_a_line_are_both_shown():
    assert [found["code"] for found in objects(r"9900302.00AY2AZFCA4\r97AZFEF5\r")] == ["99", "97"]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-8-sig"])
def test_K19_a_file_in_utf_16_is_decoded(encoding):
    text = f"{SUMMED}\r\n2026-02-24 11:54:46  send:9900302.00AY2AZFCA4\r\n"
    assert [found["code"] for found in objects(stdin=text.encode(encoding))] == ["11", "99"]


def test_K19_a_hex_dump_is_decoded():
    (found,) = objects(SUMMED.encode().hex(" "))
    assert (found["code"], found["checksum_ok"]) == ("11", True)


@pytest.mark.parametrize(
    "line", [CHECKOUT.replace("    ", " "), CHECKOUT.replace("    ", ""), f"23001{DATE[:-1]}AOx|AAy|"]
)
def test_K19_lost_blanks_are_reported(line):
    result = run(line)
    assert "blanks seem to be lost" in result.stderr
    assert line[:2] in result.stdout
    assert "blanks" not in run(CHECKOUT).stderr


@pytest.mark.parametrize("sign", ["|", "^", "~", "\\", "\u00a6", ";", "#", "\x1d", "\t"])
@pytest.mark.parametrize("last", [True, False])
def test_K20_a_secret_is_masked_with_any_delimiter(sign, last):
    line = f"23001{DATE}AOx{sign}AAM-1{sign}ACkiosk:CANARY{sign}ADCANARY{sign}"
    line = line if last else line[:-1]
    login = f"9300CNCANARY{sign}COCANARY{sign}CPHall{sign}"
    for arguments in ([], ["--json"], ["--json", "--delimiter", sign], ["--delimiter", "!"]):
        if sign != "\t" or "--delimiter" not in arguments:
            assert "CANARY" not in run(*arguments, line, login).output
    assert [field[0] for field in objects(line)[0]["fields"]] == ["AO", "AA", "AC", "AD"]


@pytest.mark.parametrize(
    "line",
    [
        f"23001{DATE}AOx AAM-1 ACkiosk:CANARY ADCANARY ",
        f"23001{DATE}AOxAAM-1ACADCANARY",
        f"23001{DATE}AOx|AAM-1^AD1CANARY^",
        f"23001{DATE}aox^aam-1^adCANARY^",
        "9300CNaCANARYCObCANARY",
        "37" + DATE + "010AD1CANARY|AOx|",
        "2026-02-24 11:54:46 send: 9300CNCANARY^COCANARY^",
    ],
)
@pytest.mark.parametrize("form", [[], ["--json"], ["--delimiter", "~"]])
def test_K20_a_value_that_may_be_secret_is_masked(line, form):
    assert "CANARY" not in run(*form, line).output


def test_K20_the_delimiter_option_overrides_the_one_that_is_found():
    (found,) = objects("--delimiter", "^", "--secrets", "9300CNa|b^COx|y^")
    assert found["fields"] == [["CN", "a|b"], ["CO", "x|y"]]
    assert found["delimiter"] == "^"
    assert run("--delimiter", "AB", "97").exit_code == 2


@given(st.text(max_size=80) | st.text(alphabet="0123456789 |AYZDCON\\r<^M>\"'", max_size=80))
def test_K18_any_text_is_decoded_or_reported(text):
    try:
        found = find(text.encode("utf-8", "replace"), DEFAULT)
    except NoMessage:
        return
    assert found
    for one in found:
        decoded = Decoded.found(one)
        decoded.verdict()
        decoded.table()
        assert decoded.as_text().isprintable()
        json.dumps(decoded.as_object())
