"""The layout of a line: its parts, found by their form alone. What a value means is not known here.

Reading is tolerant, as docs/wire.md lists it: any line that begins with a known code has a layout.
"""

from __future__ import annotations

import re
from functools import cache
from operator import itemgetter

from attrs import frozen

from sip2gw.sip2.dialects import DEFAULT, Dialect
from sip2gw.sip2.error_detection import checksum, verify
from sip2gw.sip2.errors import UnknownMessage
from sip2gw.sip2.fields import VOCABULARY
from sip2gw.sip2.fixed_part import read_fixed
from sip2gw.sip2.message import REQUESTS, RESPONSES, Message
from sip2gw.sip2.text import decode

_BLANKS = bytes(range(0x21))
_STRAY = bytes(byte for byte in range(0x100) if not (byte < 0x80 and chr(byte).isalnum()))
"""Bytes without meaning before a message: blanks, controls, remains of a telnet negotiation."""

_SUM = re.compile(rb" *[0-9A-Fa-f]{1,4}")
_AY = re.compile(rb"AY([0-9]{1,9})(?:(?![0-9]|AY).(?:(?!AY).){0,2})?\Z", re.DOTALL)
"""The sequence number; some terminals never wrap it after 9, and rubbish after its digits has been seen."""
_LONGEST_AY = 14
_USUAL = re.compile(rb"AY([0-9])AZ([0-9A-F]{4})")
_USUAL_LENGTH = 9

_FLAGS = frozenset({"Y", "y", "N", "n", "U", "u", " ", ""})
_CODES = frozenset(VOCABULARY)
_CODE_OF = itemgetter(0)
_EXTENSION = re.compile(r"[A-Z][A-Z0-9]")


@frozen(repr=False)
class Layout:
    """The parts of one line. Values are as the terminal sent them, decoded."""

    message: type[Message]
    fixed: tuple[tuple[str, str], ...]
    """Name and characters of each fixed field, in order; shorter than declared if the line was."""
    fields: tuple[tuple[str, str], ...]
    """Code and value of each variable field in wire order, without the trailer."""
    sequence: str | None = None
    checksum: str | None = None
    checksum_ok: bool | None = None
    """None when there is no checksum."""
    crowded: bool = False
    """Whether the line had more fields than are read."""
    swallowed: bool = False
    """Whether a variable field begins in the fixed part, so that the fixed fields can't be told apart."""

    @property
    def code(self) -> str:
        """The two digits of the message."""
        return self.message.code

    @property
    def displaced(self) -> str:
        """Why the fixed fields can't be told apart, without any bytes of the line; empty if they can."""
        if self.swallowed:
            return "a field begins inside its fixed part"
        flags = self.message.flags
        for name, characters in self.fixed:
            if name in flags and characters not in _FLAGS:
                return f"{name} is neither Y nor N"
        return ""


@frozen(repr=False)
class _Trailer:
    start: int
    sequence: str | None = None
    checksum: str | None = None
    ok: bool | None = None


def lay_out(line: bytes, dialect: Dialect = DEFAULT, *, most: int | None = None) -> Layout:
    """Take apart one line, without its terminator. At most `most` of its variable fields are read.

    Raises `UnknownMessage`, and nothing else.
    """
    bare = line.lstrip(_STRAY).replace(b"\0", b"")
    code = bare[:2].decode("ascii", "replace")
    message = REQUESTS.get(code) or RESPONSES.get(code)
    if message is None:
        raise UnknownMessage(code if len(code) == 2 and code.isascii() and code.isdigit() else "")
    trailer = _find_trailer(bare, message, dialect)
    ok = trailer.ok
    if ok is False and bare != line:
        # The stray bytes may have been counted.
        ok = _find_trailer(line, message, dialect).ok is True
    text = decode(bare[2 : trailer.start], dialect)
    part = read_fixed(text, message, dialect.delimiter)
    fields, crowded = _cut_fields(text[part.end :], dialect.delimiter, most)
    return Layout(
        message, part.fields, fields, trailer.sequence, trailer.checksum, ok, crowded, part.swallowed
    )


def _usual_trailer(line: bytes, message: type[Message], delimiter: bytes) -> _Trailer | None:
    """Read a trailer spelled by the book, with a checksum that fits."""
    start = len(line) - _USUAL_LENGTH
    usual = _USUAL.match(line, start) if start > 0 else None
    if usual is None or not (line.endswith(delimiter, 0, start) or start == 2 + message.width):
        return None
    digits = usual[2]
    if checksum(line[:-4]) != digits:
        return None
    return _Trailer(start, usual[1].decode(), digits.decode(), True)


def _find_trailer(line: bytes, message: type[Message], dialect: Dialect) -> _Trailer:
    """Find where the trailer begins, and what it says. The search goes from the end: a value may look like a trailer.

    No checksum contains a Z, so that only the last AZ can be one.
    """
    delimiter = dialect.delimiter.encode()
    if (usual := _usual_trailer(line, message, delimiter)) is not None:
        return usual
    az = line.rfind(b"AZ")
    rest = line[az + 2 :].rstrip(_BLANKS + delimiter)
    if az < 0 or not rest or delimiter in rest:
        return _Trailer(len(line))
    ay = _AY.search(line, max(az - _LONGEST_AY, 0), az)
    if ay and delimiter in ay[0]:
        ay = None
    start = ay.start() if ay else az
    closed = delimiter in line[az:]
    begins_a_piece = start <= 2 + message.width or line[:start].endswith(delimiter)
    if _SUM.fullmatch(rest):
        ok = verify(line[: az + 2], rest, dialect.charset)
        # The last delimiter may be missing; but then MAZDA is a value as well.
        found = ok or begins_a_piece or (not closed and (ay is not None or len(rest) == 4))
    else:
        # The digits themselves were damaged.
        ok, found = False, begins_a_piece and ay is not None
    if not found:
        return _Trailer(len(line))
    return _Trailer(start, ay[1].decode() if ay else None, rest.decode("ascii", "replace"), ok)


def _usual_fields(text: str, delimiter: str, most: int | None) -> tuple[tuple[str, str], ...] | None:
    """Read fields that have codes of SIP 2.00 and are closed by one delimiter each."""
    if text and not text.endswith(delimiter):
        return None  # the search would begin again at each character behind the last delimiter
    fields: list[tuple[str, str]] = _fields_between(delimiter).findall(text)
    count = len(fields)
    if text.count(delimiter) != count:
        return None
    if not _CODES.issuperset(map(_CODE_OF, fields)) or (most is not None and count > most):
        return None
    return tuple(fields)


@cache
def _fields_between(delimiter: str) -> re.Pattern[str]:
    """Return the pattern of a field that is closed by this delimiter: its code, and its value."""
    sign = re.escape(delimiter)
    return re.compile(f"([^{sign}]{{2}})([^{sign}]*){sign}")


def _cut_fields(text: str, delimiter: str, most: int | None) -> tuple[tuple[tuple[str, str], ...], bool]:
    """Read the variable fields, and tell whether there were more than `most`. Empty pieces are left out.

    A piece that can't be a field is the rest of the value before it, which held a delimiter.
    """
    if (usual := _usual_fields(text, delimiter, most)) is not None:
        return usual, False
    fields: list[tuple[str, list[str]]] = []
    crowded = False
    for piece in text.split(delimiter):
        code = piece[:2]
        if code not in VOCABULARY and code.islower() and code.upper() in VOCABULARY:
            code = code.upper()
        if code in VOCABULARY or _EXTENSION.fullmatch(code):
            if len(fields) == most:
                crowded = True
                break
            fields.append((code, [piece[2:]]))
        elif fields and piece.strip():
            fields[-1][1].append(piece)
    return tuple([(code, delimiter.join(pieces)) for code, pieces in fields]), crowded
