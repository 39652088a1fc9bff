"""Transcripts: scenarios of lines to send and lines to expect, played over any connection that takes lines.

    # error detection: on      the player adds AY and AZ to what it sends, and checks those of the answers
    # charset: cp850           the charset of the terminal, instead of UTF-8
    # any other comment
    > 9900302.00               sent
    < 98YYYYNN{*}AOriverside|{*}    expected
    ---                        disconnect and connect again

Several lines may be sent before the first answer is expected. In a sent line `{date}` is the time at which playing
began, as 18 characters, `{date+5}` five seconds later, `{date-2d}` two days before, and `{again}` the same bytes as the
line before. In an expected line `{date}` stands for any timestamp, `{*}` for any text within a field, or, at the end,
for any text, and `{**}` for any text across fields. Everything else is literal, blanks too.
"""

from __future__ import annotations

import re
from codecs import lookup
from collections import deque
from datetime import datetime, timedelta
from typing import Protocol

from attrs import field, frozen

from sip2gw.sip2 import UnknownMessage, lay_out
from sip2gw.sip2.error_detection import checksum
from sip2gw.tools.address import Unreachable
from sip2gw.tools.decoded import Decoded, visible

_MOMENT = re.compile(r"\{date(?:([+-][0-9]{1,6})(d?))?\}")
_PLACEHOLDER = re.compile(r"(\{date\}|\{\*\*?\})")
_TRAILER = re.compile(r"(AY[0-9]{1,9})?AZ[0-9A-Fa-f]{4}\Z")
_WITHOUT_SEQUENCE = ("96", "97")


class Wire(Protocol):
    """The connection over which a transcript is played. Lines are bytes without terminator."""

    def send(self, line: bytes) -> None:
        """Send a line. Raises `Unreachable` if the connection is lost."""
        ...

    def receive(self) -> bytes:
        """Return the next line. Raises `Unreachable` if none arrives."""
        ...

    def reconnect(self) -> None:
        """Disconnect, and connect again as a new terminal."""
        ...


@frozen
class Send:
    """A line to send."""

    place: int
    """Line number in the transcript."""
    text: str = field(repr=False)


@frozen
class Expect:
    """An answer to wait for."""

    place: int
    pattern: str = field(repr=False)

    def matches(self, answer: str) -> bool:
        """Return whether a line, without terminator, is the expected one."""
        return re.fullmatch(_regex(self.pattern), answer, re.DOTALL) is not None


@frozen
class Reconnect:
    """A new connection."""

    place: int


Step = Send | Expect | Reconnect


@frozen
class Transcript:
    """The steps of one scenario."""

    steps: tuple[Step, ...]
    error_detection: bool = False
    charset: str = "utf-8"


@frozen
class Mismatch:
    """An answer that is not the expected one. Secrets in `received` are masked."""

    place: int
    expected: str
    received: str

    def __str__(self) -> str:
        return f"line {self.place}: expected {self.expected}\n{'':>{len(str(self.place)) + 7}}received {self.received}"


def read(text: str) -> Transcript:
    """Read a transcript. Raises ValueError for a line of no known kind, or for an unknown charset."""
    steps: list[Step] = []
    error_detection, charset = False, "utf-8"
    for place, line in enumerate(text.splitlines(), 1):
        if header := re.fullmatch(r"#\s*error detection:\s*(on|off)\s*", line, re.IGNORECASE):
            error_detection = header[1].lower() == "on"
        elif header := re.fullmatch(r"#\s*charset:\s*(\S+)\s*", line, re.IGNORECASE):
            charset = _charset(header[1], place)
        elif line.startswith("> "):
            steps.append(Send(place, line[2:]))
        elif line.startswith("< "):
            steps.append(Expect(place, line[2:]))
        elif line.strip() == "---":
            steps.append(Reconnect(place))
        elif line.strip() and not line.startswith("#"):
            raise ValueError(f"line {place} must begin with '> ', '< ', '---' or '#'")
    return Transcript(tuple(steps), error_detection, charset)


def _charset(name: str, place: int) -> str:
    try:
        return lookup(name).name
    except LookupError:
        raise ValueError(f"line {place}: {name!r} is not a charset") from None


def play(transcript: Transcript, wire: Wire, *, now: datetime | None = None) -> list[Mismatch]:
    """Play a transcript over a new connection, to its end, and return the answers that are not the expected ones.

    Raises `Unreachable` if the connection can't be opened, or is lost when there is a line to send.
    """
    player = _Player(wire, transcript, now or datetime.now())
    wire.reconnect()
    mismatches = []
    for step in transcript.steps:
        match step:
            case Send():
                player.send(step.text)
            case Reconnect():
                player.reconnect()
            case Expect():
                if (received := player.compare(step)) is not None:
                    mismatches.append(Mismatch(step.place, visible(step.pattern), received))
    return mismatches


@frozen
class _Protection:
    """The error detection of a sent line."""

    checked: bool = False
    sequence: str | None = None


class _Player:
    """The state between one step and the next."""

    def __init__(self, wire: Wire, transcript: Transcript, now: datetime) -> None:
        self._wire = wire
        self._error_detection = transcript.error_detection
        self._charset = transcript.charset
        self._now = now
        self._sent = b""
        self._sequence = -1
        self._awaited: deque[_Protection] = deque()
        self._last = _Protection()

    def send(self, text: str) -> None:
        if text != "{again}":
            self._sent = self._protect(_MOMENT.sub(self._moment, text).encode(self._charset))
            trailer = _TRAILER.search(self._sent.decode(self._charset))
            sequence = trailer[1][2:] if trailer and trailer[1] else None
            # 97 has no sequence number: its answer has the one of the last request.
            sequence = self._last.sequence if self._sent[:2] == b"97" else sequence
            self._last = _Protection(trailer is not None, sequence)
        self._awaited.append(self._last)
        self._wire.send(self._sent)

    def reconnect(self) -> None:
        self._awaited.clear()
        self._wire.reconnect()

    def _moment(self, placeholder: re.Match[str]) -> str:
        number = int(placeholder[1] or 0)
        moment = self._now + (timedelta(days=number) if placeholder[2] else timedelta(seconds=number))
        return f"{moment:%Y%m%d    %H%M%S}"

    def _protect(self, line: bytes) -> bytes:
        if not self._error_detection or _TRAILER.search(line.decode(self._charset)):
            return line
        if line[:2].decode() not in _WITHOUT_SEQUENCE:
            self._sequence = (self._sequence + 1) % 10
            line += b"AY%d" % self._sequence
        return line + b"AZ" + checksum(line + b"AZ")

    def compare(self, step: Expect) -> str | None:
        """Return the received line in words if it is not the expected one, else None."""
        asked = self._awaited.popleft() if self._awaited else self._last
        try:
            answer = self._wire.receive()
        except Unreachable as nothing:
            return f"no line: {nothing}"
        text = answer.decode(self._charset, "replace")
        if _TRAILER.search(step.pattern):
            return None if step.matches(text) else _shown(answer)
        if not step.matches(_TRAILER.sub("", text)):
            return _shown(answer)
        wrong = _wrong_trailer(answer, asked)
        return f"{_shown(answer)} {wrong}" if wrong else None


def _wrong_trailer(answer: bytes, asked: _Protection) -> str | None:
    """Check that an answer has a right checksum and the sequence number of its request, if that had error detection."""
    try:
        layout = lay_out(answer)
    except UnknownMessage:
        return "which is not a SIP2 message"
    if not asked.checked:
        return None if layout.checksum is None else "with error detection, unlike its request"
    if not layout.checksum_ok:
        return "without a right checksum"
    if layout.code not in _WITHOUT_SEQUENCE and layout.sequence != asked.sequence:
        return f"with a sequence number other than {asked.sequence}"
    return None


def _regex(pattern: str) -> str:
    pieces = _PLACEHOLDER.split(pattern)
    while pieces and not pieces[-1]:
        pieces.pop()
    meanings = {"{date}": "[0-9]{8}.{4}[0-9]{6}", "{*}": "[^|]*", "{**}": ".*"}
    regex = "".join(meanings.get(piece, re.escape(piece)) for piece in pieces[:-1])
    if pieces:
        regex += ".*" if pieces[-1] == "{*}" else meanings.get(pieces[-1], re.escape(pieces[-1]))
    return regex


def _shown(line: bytes) -> str:
    try:
        return Decoded(line).as_text()
    except UnknownMessage:
        return f"a line of {len(line)} bytes that is not a SIP2 message"
