"""`sip2gw decode`: the test vectors, the verdicts on checksums, and masked secrets."""

from __future__ import annotations

import json
from itertools import groupby, islice
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from sip2gw.sip2 import UnknownMessage
from sip2gw.tools.cli import main
from sip2gw.tools.decode import split_lines
from sip2gw.tools.decoded import Decoded

VECTORS = [
    json.loads(line)
    for line in (Path(__file__).parent.parent / "sip2" / "sip2-vectors.jsonl").read_text("utf-8").splitlines()
]
WITHOUT_FIELD_ID = {"v096", "v402", "v403", "v404"}
"""Lines with pieces without a field id: a piece belongs to the field before it, or is dropped."""
OTHER_DELIMITER = {"v244"}
"""The vector is decoded as if its delimiter were the usual one."""
PLAIN = [vector for vector in VECTORS if vector["id"] not in WITHOUT_FIELD_ID | OTHER_DELIMITER]
SECRET = {"AC", "AD", "CN", "CO"}


def run(*arguments: str, stdin: bytes = b"") -> Result:
    return CliRunner().invoke(main, ["decode", *arguments], input=stdin)


def objects(result: Result) -> list[dict[str, object]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


@pytest.mark.parametrize("terminator", [b"\r", b"\n", b"\r\n"])
def test_each_vector_is_decoded_whole_with_secrets_shown(terminator: bytes) -> None:
    lines = terminator.join(vector["raw"].encode() for vector in PLAIN)
    result = run("--json", "--secrets", stdin=lines)
    assert result.exit_code == 0
    for vector, found in zip(PLAIN, objects(result), strict=True):
        assert found == {
            "code": vector["code"],
            "message": vector["message"],
            **vector["decoded"],
            "sequence": vector["sequence"],
            "checksum": vector["checksum"],
            "checksum_ok": vector["checksum_ok"],
        }, vector["id"]


def test_each_vector_is_decoded_with_secrets_masked() -> None:
    result = run("--json", stdin=b"\r".join(vector["raw"].encode() for vector in PLAIN))
    for vector, found in zip(PLAIN, objects(result), strict=True):
        fields = [[code, "***" if code in SECRET else value] for code, value in vector["decoded"]["fields"]]
        assert found["fields"] == fields, vector["id"]
        assert found["fixed"] == vector["decoded"]["fixed"], vector["id"]


def test_a_piece_without_a_field_id_joins_the_field_before_or_is_dropped() -> None:
    raws = {vector["id"]: vector["raw"] for vector in VECTORS}
    joined, dropped = objects(run("--json", raws["v096"], raws["v402"]))
    assert joined["fields"][-1] == ["BE", "leona|rdr@|bar.com"]
    assert dropped["fields"] == [["AC", "***"], ["AD", "***"]]


@pytest.mark.untraced
def test_each_code_is_shown_as_a_table() -> None:
    """Tables are slow, and the test above covers each line: five lines of each code are enough."""
    by_code = sorted(VECTORS, key=lambda vector: vector["code"])
    some = [one for _, all_ in groupby(by_code, key=lambda v: v["code"]) for one in islice(all_, 5)]
    result = run(stdin=b"\n".join(vector["raw"].encode() for vector in some))
    assert result.exit_code == 0
    assert result.stdout.count("patron_information_response") == 5


def test_codes_and_flags_are_shown_in_words() -> None:
    result = run(
        "24Y    Y        00120260301    101500AOx|AAM-1|AEAda|BLY|CQN|",
        "63000                    Y       AOx|AAM-1|",
        "98YYNNNN03000320260301   Z1015002.00AOx|BXYYNNNNNNNNNNNNNN|",
        "18040202" + " " * 18 + "AB1|AJEmma|CK001|",
    )
    for words in (
        "charge privileges denied, too many items charged",
        "English",
        "2026-03-01 10:15:00, local time",
        "charged items",
        "30 s",
        "zone Z",
        "23 patron status request, 11 checkout",
        "3M Tattle-Tape strip",
        "no date",
        "book",
    ):
        assert words.replace("30 s", "3 s") in result.stdout


@pytest.mark.parametrize(
    ("line", "verdict"),
    [
        ("9900302.00AY2AZFCA4", "right"),
        ("9900302.00AY2AZfca4", "right"),
        ("9900302.00AY2AZ1234", "WRONG, should be FCA4"),
        ("  9900302.00AY2AZ1234", "WRONG, should be FCA4"),
    ],
)
def test_a_checksum_has_a_verdict_with_the_right_value(line: str, verdict: str) -> None:
    assert Decoded(line.encode()).verdict() == verdict
    assert verdict in run(line).stdout


def test_a_checksum_over_characters_instead_of_bytes_is_recognized() -> None:
    line = "9300CNż|COx|AY1AZ"
    digits = f"{-sum(map(ord, line)) & 0xFFFF:04X}"
    assert "fits the characters, not the bytes" in Decoded((line + digits).encode()).verdict()


def test_a_line_without_a_checksum_has_no_verdict_of_wrong() -> None:
    assert objects(run("--json", "9900302.00"))[0]["checksum_ok"] is None
    assert Decoded(b"9900302.00").verdict() == "no checksum"


def test_a_line_without_a_message_is_reported_and_the_next_is_decoded() -> None:
    result = run("--json", "hello", "9900302.00", "55x")
    assert result.exit_code == 1
    first, second, third = objects(result)
    assert first == {"error": "line 1: no SIP2 message found: it does not begin with a message code"}
    assert second["code"] == "99"
    assert third == {"error": "line 3: no SIP2 message found: unknown message code 55"}
    plain = run(stdin=b"password123\r\n9900302.00\r\n")
    assert plain.exit_code == 1
    assert plain.stderr == "line 1: no SIP2 message found: it does not begin with a message code\n"
    assert "sc_status" in plain.stdout


def test_a_file_is_decoded_in_its_charset(tmp_path: Path) -> None:
    file = tmp_path / "log"
    file.write_bytes("18030101    AB1|AJPiège|".encode("cp850"))
    assert objects(run("--json", "--charset", "cp850", "--file", str(file)))[0]["fields"][-1] == [
        "AJ",
        "Piège",
    ]
    refused = run("--charset", "utf-16", "--file", str(file))
    assert refused.exit_code == 2
    assert "is not a charset for SIP2" in refused.stderr


def test_control_characters_are_shown_as_escapes() -> None:
    result = run(stdin="18030101    AB1|AJ\x1b[2Jtitle\u202e|\n".encode())
    assert "\x1b[2J" not in result.stdout
    assert "\u202e" not in result.stdout
    assert "\\x1b[2Jtitle\\u202e" in result.stdout


@pytest.mark.parametrize(
    "line",
    [
        "2300120260301    101500AOx|AAM-1|ACkiosk:CANARY|ADCANARY|",
        "9300CNCANARY|COCANARY|CPx|AY1AZ0000",
        "93  CN|CO|AOriverside|ACkiosk:CANARY|",
        "9300cnCANARY|coCANARY|",
        "9300CNkiosk|COmy|CANARY|CPx|",
        "2300120260301    101500AOx|AAM-1|AC|ADmy|CANARY|",
        "93CNCANARY|COCANARY|",
        "93COCANARY|CNCANARY|",
        "23001ADCANARY|AOx|AAM-1|",
        "2300120260301ADCANARY101500AOx|AAM-1|",
        "11YNADCANARY|",
        "1803010120260301    101500AB1|AJx|ADCANARY|",
        "CANARY",
        "88CANARY",
    ],
)
@pytest.mark.parametrize("form", [[], ["--json"]])
def test_a_secret_in_a_wrong_place_is_masked(line: str, form: list[str]) -> None:
    assert "NARY" not in run(*form, line).output


@given(st.binary(max_size=80) | st.binary(max_size=60).map(lambda rest: b"93" + rest))
def test_any_bytes_that_are_a_message_can_be_shown(line: bytes) -> None:
    try:
        decoded = Decoded(line)
    except UnknownMessage:
        return
    decoded.verdict()
    decoded.table()
    assert decoded.as_text().isprintable()
    json.dumps(decoded.as_object())


@given(st.lists(st.binary(max_size=20)))
def test_lines_are_the_same_however_the_stream_is_cut(chunks: list[bytes]) -> None:
    whole = b"".join(chunks)
    assert list(split_lines(chunks)) == list(filter(None, whole.replace(b"\r", b"\n").split(b"\n")))


@pytest.mark.parametrize(
    ("due", "words"),
    [
        ("20261213    235900", "2026-12-13 23:59:00, local time"),
        ("13/12/2026", ""),
        ("20261399    235900", "not a date"),
    ],
)
def test_a_due_date_is_in_words_if_it_has_the_form_of_the_other_dates(due: str, words: str) -> None:
    line = f"121NNY20261129    014827AOriverside|AAM-1001|AB10002|AJEmma|AH{due}|"
    (row,) = [row for row in Decoded(line.encode()).rows() if row[0] == "AH"]
    assert row[3] == words
