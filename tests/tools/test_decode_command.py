"""`sip2gw decode`: the vectors, the verdicts, and no secret by default."""

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
"""Lines with pieces that have no field id: those belong to the field before them, or are dropped."""
OTHER_DELIMITER = {"v244"}
"""Decoded there as if its delimiter were the usual one."""
PLAIN = [vector for vector in VECTORS if vector["id"] not in WITHOUT_FIELD_ID | OTHER_DELIMITER]
SECRET = {"AC", "AD", "CN", "CO"}


def run(*arguments: str, stdin: bytes = b"") -> Result:
    return CliRunner().invoke(main, ["decode", *arguments], input=stdin)


def objects(result: Result) -> list[dict[str, object]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


@pytest.mark.parametrize("terminator", [b"\r", b"\n", b"\r\n"])
def test_every_vector_with_its_secrets(terminator: bytes) -> None:
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


def test_every_vector_without_its_secrets() -> None:
    result = run("--json", stdin=b"\r".join(vector["raw"].encode() for vector in PLAIN))
    for vector, found in zip(PLAIN, objects(result), strict=True):
        fields = [[code, "***" if code in SECRET else value] for code, value in vector["decoded"]["fields"]]
        assert found["fields"] == fields, vector["id"]
        assert found["fixed"] == vector["decoded"]["fixed"], vector["id"]


def test_pieces_without_field_id() -> None:
    raws = {vector["id"]: vector["raw"] for vector in VECTORS}
    joined, dropped = objects(run("--json", raws["v096"], raws["v402"]))
    assert joined["fields"][-1] == ["BE", "leona|rdr@|bar.com"]
    assert dropped["fields"] == [["AC", "***"], ["AD", "***"]]


@pytest.mark.untraced
def test_every_code_in_words() -> None:
    """Tables take their time, and the test above has seen what is in each line: five of each code will do."""
    by_code = sorted(VECTORS, key=lambda vector: vector["code"])
    some = [one for _, all_ in groupby(by_code, key=lambda v: v["code"]) for one in islice(all_, 5)]
    result = run(stdin=b"\n".join(vector["raw"].encode() for vector in some))
    assert result.exit_code == 0
    assert result.stdout.count("patron_information_response") == 5


def test_words() -> None:
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
        ("9900302.00AY2AZ1234", "WRONG, FCA4 would be right"),
        ("  9900302.00AY2AZ1234", "WRONG, FCA4 would be right"),
    ],
)
def test_verdict(line: str, verdict: str) -> None:
    assert Decoded(line.encode()).verdict() == verdict
    assert verdict in run(line).stdout


def test_sum_over_characters() -> None:
    line = "9300CNż|COx|AY1AZ"
    digits = f"{-sum(map(ord, line)) & 0xFFFF:04X}"
    assert "fits the characters, not the bytes" in Decoded((line + digits).encode()).verdict()


def test_no_checksum() -> None:
    assert objects(run("--json", "9900302.00"))[0]["checksum_ok"] is None
    assert Decoded(b"9900302.00").verdict() == "no checksum"


def test_what_is_no_message() -> None:
    result = run("--json", "hello", "9900302.00", "55x")
    assert result.exit_code == 1
    first, second, third = objects(result)
    assert first == {"error": "line 1: no SIP2 message: does not begin with a message code"}
    assert second["code"] == "99"
    assert third == {"error": "line 3: no SIP2 message: unknown message code 55"}
    plain = run(stdin=b"password123\r\n9900302.00\r\n")
    assert plain.exit_code == 1
    assert plain.stderr == "line 1: no SIP2 message: does not begin with a message code\n"
    assert "sc_status" in plain.stdout


def test_charset_and_file(tmp_path: Path) -> None:
    file = tmp_path / "log"
    file.write_bytes("18030101    AB1|AJPiège|".encode("cp850"))
    assert objects(run("--json", "--charset", "cp850", "--file", str(file)))[0]["fields"][-1] == [
        "AJ",
        "Piège",
    ]
    refused = run("--charset", "utf-16", "--file", str(file))
    assert refused.exit_code == 2
    assert "is no charset for SIP2" in refused.stderr


def test_nothing_steers_the_screen() -> None:
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
def test_secrets_stay_behind(line: str, form: list[str]) -> None:
    assert "NARY" not in run(*form, line).output


@given(st.binary(max_size=80) | st.binary(max_size=60).map(lambda rest: b"93" + rest))
def test_any_bytes(line: bytes) -> None:
    try:
        decoded = Decoded(line)
    except UnknownMessage:
        return
    decoded.verdict()
    decoded.table()
    assert decoded.as_text().isprintable()
    json.dumps(decoded.as_object())


@given(st.lists(st.binary(max_size=20)))
def test_lines_do_not_depend_on_how_they_come(chunks: list[bytes]) -> None:
    whole = b"".join(chunks)
    assert list(split_lines(chunks)) == list(filter(None, whole.replace(b"\r", b"\n").split(b"\n")))
