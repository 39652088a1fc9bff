"""Read the notations of logs: escaped ends of lines, bytes and characters, UTF-16, hex dumps."""

from __future__ import annotations

import codecs
import html
import re
from collections.abc import Iterable, Iterator
from urllib.parse import unquote_to_bytes

_ESCAPED_END = (
    rb"\\r|\\n|\\x0[da]|\\u000[da]|[\\#]01[25]|\^[MJ]|&#1[03];|&#x[da];|%0[da]"
    rb"|<(?:cr|lf|crlf|cr><lf|(?:0x)?0[da])>|\[(?:cr|lf|crlf)\]|\{(?:cr|lf|crlf)\}|\xe2\x90\x8d|\xe2\x90\x8a"
)
_END = re.compile(
    rb"(?:" + _ESCAPED_END + rb")+(?=\Z|[\s\"'`)\]},;$<>|]|[0-9]{2})|[\r\n]+",
    re.IGNORECASE,
)
_COLOUR = re.compile(rb"(?:\x1b|\\x1b|\\u001b|\\033|\\e|#033|\^\[)\[[0-9;]{0,12}m")
_ESCAPE = re.compile(rb"\\(?:u([0-9A-Fa-f]{4})|x([0-9A-Fa-f]{2})|([\"'\\/|^]))")
_HEX_DUMP = re.compile(rb"\s*(?:0x)?[0-9A-Fa-f]{2}(?:[\s:,-]*(?:0x)?[0-9A-Fa-f]{2}){3,}\s*")


def pieces(line: bytes) -> list[bytes]:
    """Split a line, without its colours, at escaped ends of lines, such as `\\r`, `<CR>` or `^M`."""
    return [piece for piece in _END.split(_COLOUR.sub(b" ", line)) if piece.strip()]


def unescaped(line: bytes, charset: str) -> bytes:
    """Replace the escapes of a line with the bytes that they stand for."""

    def one(match: re.Match[bytes]) -> bytes:
        if match[1]:
            return chr(int(match[1], 16)).encode(charset, "replace")
        return bytes([int(match[2], 16)]) if match[2] else match[3]

    return _ESCAPE.sub(one, line)


_MARKED_UP = re.compile(rb"&(?:#[0-9]{1,4}|#[xX][0-9A-Fa-f]{1,4}|[A-Za-z]{2,6});|%[0-9A-Fa-f]{2}")
_BAR = re.compile(rb"&#124;|&#x7c;|&vert;|&verbar;|%7c", re.IGNORECASE)
_BYTE_ARRAY = re.compile(rb"\[\s*([0-9]{1,3}(?:\s*,\s*[0-9]{1,3}){3,})\s*\]")


def without_markup(line: bytes, charset: str) -> bytes:
    """Replace the entities of HTML and the escapes of URLs by the characters that they stand for."""

    def one(match: re.Match[bytes]) -> bytes:
        if match[0].startswith(b"%"):
            return unquote_to_bytes(match[0])
        return html.unescape(match[0].decode()).replace("\xa0", " ").encode(charset, "replace")

    return _MARKED_UP.sub(one, line)


def is_marked_up(line: bytes) -> bool:
    """Return whether the usual delimiter stands in a line as an entity or escape, and never as itself."""
    return b"|" not in line and _BAR.search(line) is not None


def from_numbers(line: bytes) -> bytes | None:
    """Return the bytes that a line has as a list of numbers, as journald writes control characters in JSON."""
    found = _BYTE_ARRAY.search(line)
    numbers = [int(number) for number in found[1].split(b",")] if found else []
    return bytes(numbers) if numbers and max(numbers) < 256 else None


def from_hex(line: bytes) -> bytes | None:
    """Return the bytes of a hex dump; None if the line is not one."""
    if not _HEX_DUMP.fullmatch(line):
        return None
    return bytes.fromhex(re.sub(rb"0x|[^0-9A-Fa-f]", b"", line).decode())


def as_bytes(chunks: Iterable[bytes], charset: str) -> Iterator[bytes]:
    """Convert a stream to `charset` if it is UTF-16, and drop its byte order mark."""
    decoder: codecs.IncrementalDecoder | None = None
    begun = False
    for chunk in chunks:
        if not begun:
            begun = True
            if name := _utf_16(chunk):
                decoder = codecs.getincrementaldecoder(name)("replace")
        if decoder is None:
            yield chunk
        else:
            yield decoder.decode(chunk).lstrip("\ufeff").encode(charset, "replace")


def _utf_16(chunk: bytes) -> str:
    start = chunk[:32]
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    even, odd = start[::2], start[1::2]
    if len(start) < 8:
        return ""
    if not any(odd) and all(even):
        return "utf-16-le"
    return "utf-16-be" if not any(even) and all(odd) else ""
