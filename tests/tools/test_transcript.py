"""Transcripts: reading, matching and playing them."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from sip2gw.sip2 import UnknownMessage, lay_out
from sip2gw.sip2.error_detection import checksum
from sip2gw.tools.address import Unreachable
from sip2gw.tools.transcript import Expect, Reconnect, Send, play, read

TRANSCRIPTS = sorted((Path(__file__).parent.parent / "transcripts").glob("*.txt"))
NOW = datetime(2026, 3, 1, 10, 15)


class Tape:
    """A connection that answers by a function of the line, and remembers the sent lines."""

    def __init__(self, answer: Callable[[bytes], bytes | None]) -> None:
        self.sent: list[bytes] = []
        self.connections = 0
        self._answer = answer
        self._next: bytes | None = None

    def send(self, line: bytes) -> None:
        self.sent.append(line)
        self._next = self._answer(line)

    def receive(self) -> bytes:
        if self._next is None:
            raise Unreachable("no answer")
        return self._next

    def reconnect(self) -> None:
        self.connections += 1


def protected(body: bytes) -> bytes:
    return body + b"AZ" + checksum(body + b"AZ")


def test_a_transcript_is_read_with_its_line_numbers() -> None:
    transcript = read("# Error detection: ON\n\n> 99 \n< 98{*}\n---\n# more\n")
    assert transcript.error_detection
    assert transcript.steps == (Send(3, "99 "), Expect(4, "98{*}"), Reconnect(5))
    assert not read("> 97\n").error_detection


@pytest.mark.parametrize("line", ["99", ">99", "<98", "-- -"])
def test_a_line_of_an_unknown_kind_is_rejected_with_its_number(line: str) -> None:
    with pytest.raises(ValueError, match="line 2 must begin with"):
        read(f"# x\n{line}\n")


@pytest.mark.parametrize(
    ("pattern", "answer", "matches"),
    [
        ("941", "941", True),
        ("941", "940", False),
        ("941", "941 ", False),
        ("98Y{*}", "98YYYYNN|anything|AF|", True),
        ("24{date}AOx|", "2420260301    101500AOx|", True),
        ("24{date}AOx|", "2420260301   Z101500AOx|", True),
        ("24{date}AOx|", "242026031    101500AOx|", False),
        ("12{*}AB1|{*}|AF{*}|", "121NNYAOx|AB1|AJ|AFno|", False),
        ("12{*}|AB1|{*}|AF{*}|", "121NNYAOx|AB1|AJ|AFno|", True),
        ("12{*}|AB1|{*}|AF{*}|", "121NNYAOx|AB1|AJ|AH|AFno|", False),
        ("12{*}|AB1|{**}AF{*}|", "121NNYAOx|AB1|AJ|AH|AFno|", True),
        ("12{*}|AB1|{**}AF{*}|", "121NNYAOx|AB1|AJ|AH|AG|", False),
        ("10(.)", "10x", False),
        ("AJ{*}|", "AJPather Panchali (পথের পাঁচালী)|", True),
    ],
)
def test_a_pattern_matches_dates_and_any_text(pattern: str, answer: str, matches: bool) -> None:
    assert Expect(1, pattern).matches(answer) is matches


def test_a_sent_date_is_the_start_of_playing_and_again_repeats_it() -> None:
    tape = Tape(lambda _line: b"941")
    assert play(read("> a{date}\n> {again}\n> b{date+61}\n"), tape, now=NOW) == []
    assert tape.sent == [b"a20260301    101500", b"a20260301    101500", b"b20260301    101601"]


def test_several_lines_can_be_sent_before_the_first_answer() -> None:
    answers = [protected(b"24AY0"), protected(b"98YAY1")]
    tape = Tape(lambda _line: None)
    tape.receive = lambda: answers.pop(0)  # type: ignore[method-assign]
    assert play(read("# error detection: on\n> 23\n> 99\n< 24\n< 98Y\n"), tape) == []


def test_a_sent_date_can_be_days_before_or_after() -> None:
    tape = Tape(lambda _line: b"941")
    assert play(read("> a{date-1d}\n> b{date+14d}\n> c{date-60}\n"), tape, now=NOW) == []
    assert tape.sent == [b"a20260228    101500", b"b20260315    101500", b"c20260301    101400"]


def test_a_transcript_is_sent_and_compared_in_its_charset() -> None:
    tape = Tape(lambda _line: protected("24AEJos\xe9|".encode("cp850") + b"AY0"))
    text = "# charset: CP850\n# error detection: on\n> 23AA\xc5|\n< 24AEJos\xe9|\n"
    assert play(read(text), tape) == []
    assert tape.sent == [protected("23AA\xc5|".encode("cp850") + b"AY0")]
    with pytest.raises(ValueError, match="line 1: 'klingon' is not a charset"):
        read("# charset: klingon\n")


def test_error_detection_is_added_to_requests_and_checked_in_answers() -> None:
    answers = iter([protected(b"941AY0"), protected(b"98YAY1"), protected(b"98YAY1"), b"96AZFEF6"])
    tape = Tape(lambda _line: next(answers))
    text = "# error detection: on\n> 9300\n< 941\n> 99\n< 98{*}\n> 97\n< 98Y\n> 99AY5AZ0000\n< 96AZFEF6\n"
    assert play(read(text), tape) == []
    assert tape.sent == [protected(b"9300AY0"), protected(b"99AY1"), b"97AZFEF5", b"99AY5AZ0000"]


@pytest.mark.parametrize(
    ("answer", "complaint"),
    [
        (b"98YAY0AZ0000", "without a right checksum"),
        (b"98Y", "without a right checksum"),
        (protected(b"98YAY7"), "with a sequence number other than 0"),
        (None, "no line: no answer"),
        (b"hello", "a line of 5 bytes that is not a SIP2 message"),
    ],
)
def test_an_answer_with_wrong_error_detection_is_a_mismatch(answer: bytes | None, complaint: str) -> None:
    mismatches = play(read("# error detection: on\n> 99\n< 98{*}\n"), Tape(lambda _line: answer))
    assert len(mismatches) == 1
    assert complaint in str(mismatches[0])


def test_error_detection_in_an_answer_to_a_plain_request_is_a_mismatch() -> None:
    (mismatch,) = play(read("> 99\n< 98{*}\n"), Tape(lambda _line: protected(b"98YAY0")))
    assert mismatch.received.endswith("with error detection, unlike its request")


def test_each_mismatch_has_its_line_number_and_no_secret() -> None:
    text = "> 99\n< 98N{*}\n---\n> 99\n< 98Y{*}\n> 97\n< 97{*}\n"
    tape = Tape(lambda _line: b"98YAOx|ADCANARY|")
    mismatches = play(read(text), tape)
    assert [mismatch.place for mismatch in mismatches] == [2, 7]
    assert "CANARY" not in str(mismatches)
    assert tape.connections == 2


def test_the_transcripts_of_the_project_are_found() -> None:
    assert {path.stem for path in TRANSCRIPTS} >= {"kiosk-session", "login-forms", "refusals"}


@pytest.mark.parametrize("path", TRANSCRIPTS, ids=lambda path: path.stem)
def test_each_line_of_the_transcripts_is_a_message(path: Path) -> None:
    """Each sent line has a whole fixed part; each expected line begins with the code of an answer."""
    for step in read(path.read_text("utf-8")).steps:
        match step:
            case Send(text=text):
                layout = (
                    lay_out(re.sub(r"\{date[^}]*\}", " " * 18, text).encode()) if text != "{again}" else None
                )
                short = layout and [n for n, v in layout.fixed if len(v) < _width(layout.message, n)]
                assert not short, f"line {step.place}"
            case Expect(pattern=pattern):
                try:
                    lay_out(pattern.encode())
                except UnknownMessage:
                    pytest.fail(f"line {step.place}")


def _width(message: object, name: str) -> int:
    return next(m.field.width for m in message.members.values() if m.field.name == name)  # type: ignore[attr-defined]
