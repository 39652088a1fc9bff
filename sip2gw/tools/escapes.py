"""Read the notations of logs: escaped ends of lines, bytes and characters, UTF-16, hex dumps."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator

_ESCAPED_END = (
    rb"\\r|\\n|\\x0[da]|\\u000[da]|\\01[25]|\^[MJ]|&#1[03];|&#x[da];|%0[da]"
    rb"|<(?:cr|lf|crlf|cr><lf|(?:0x)?0[da])>|\[(?:cr|lf|crlf)\]|\{(?:cr|lf|crlf)\}|\xe2\x90\x8d|\xe2\x90\x8a"
)
_END = re.compile(
    rb"(?:" + _ESCAPED_END + rb")+(?=\Z|[\s\"'`)\]},;$<>|]|[0-9]{2})|[\r\n]+",
    re.IGNORECASE,
)
_ESCAPE = re.compile(rb"\\(?:u([0-9A-Fa-f]{4})|x([0-9A-Fa-f]{2})|([\"'\\/|^]))")
_HEX_DUMP = re.compile(rb"\s*(?:0x)?[0-9A-Fa-f]{2}(?:[\s:,-]*(?:0x)?[0-9A-Fa-f]{2}){3,}\s*")


def pieces(line: bytes) -> list[bytes]:
    """Split a line at escaped ends of lines, such as `\\r`, `<CR>` or `^M`."""
    return [piece for piece in _END.split(line) if piece.strip()]


def unescaped(line: bytes, charset: str) -> bytes:
    """Replace the escapes of a line with the bytes that they stand for."""

    def one(match: re.Match[bytes]) -> bytes:
        if match[1]:
            return chr(int(match[1], 16)).encode(charset, "replace")
        return bytes([int(match[2], 16)]) if match[2] else match[3]

    return _ESCAPE.sub(one, line)


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
