"""Text from a library is made safe for the wire: it can't forge a field, end a line or turn a screen around."""

from __future__ import annotations

import codecs
import re
import unicodedata
from functools import cache

from sip2gw.sip2.dialects import Dialect

_ESCAPE_SEQUENCE = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"  # CSI: colours, cursor
    r"|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)"  # OSC: window titles
    r"|\x1b[@-_]"
)
_JOINERS = "\u200c\u200d"
_VIRAMA = 9
"""The combining class of the sign that binds two Indic consonants: only next to it are joiners kept."""

_SPELLED = {
    **dict.fromkeys("\u2018\u2019\u201a\u201b\u2039\u203a", "'"),  # single quotation marks
    **dict.fromkeys("\u201c\u201d\u201e\u201f\u00ab\u00bb", '"'),  # double ones
    **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212", "-"),  # hyphens, dashes, minus
    "\u00d7": "x", "\u00b7": "*", "\u2022": "*", "\u2044": "/", "\u20ac": "EUR",
    "Æ": "AE", "æ": "ae", "Œ": "OE", "œ": "oe", "Ø": "O", "ø": "o", "ß": "ss", "Þ": "Th", "þ": "th",
    "Ð": "D", "ð": "d", "Đ": "D", "đ": "d", "Ł": "L", "ł": "l", "\u0131": "i",
}  # fmt: skip
"""Characters that have no decomposition and yet a usual spelling."""


_ASCII = "".join(map(chr, range(0x20, 0x7F)))


def may_stand(text: str, charset: str) -> bool:
    """Tell whether `text`, apart from delimiters, is safe in this charset and encoded there as in UTF-8."""
    return text.isprintable() and (_holds_ascii(charset) if text.isascii() else _is_utf_8(charset))


@cache
def _holds_ascii(charset: str) -> bool:
    return _ASCII.encode(charset, "replace") == _ASCII.encode()


@cache
def _is_utf_8(charset: str) -> bool:
    return codecs.lookup(charset).name == "utf-8"


def to_wire(text: str, dialect: Dialect) -> bytes:
    """Encode `text` as the value of a field: safe, in the dialect's charset, no longer than a field may be."""
    text = safe(text, dialect)
    value = _encoded(text, dialect)
    if value is None:
        # What stands in for a character may itself be a delimiter.
        text = safe(_transliterate(text, dialect), dialect)
        value = text.encode(dialect.charset)
    return value if len(value) <= dialect.max_length else _cut(text, value, dialect)


def _encoded(text: str, dialect: Dialect) -> bytes | None:
    """Encode `text` in the dialect's charset; return None if that fails, or would end a field or a line.

    In multi-byte charsets such as GBK, Big5 or Shift JIS the second byte of a character may be the delimiter, and
    terminals split bytes.
    """
    try:
        value = text.encode(dialect.charset)
    except UnicodeEncodeError:
        return None
    if text.isascii() and len(value) == len(text):
        return value  # each character is its own byte, and `safe` has seen to those
    ends = dialect.delimiter.encode() in value or b"\r" in value or b"\n" in value
    return None if ends else value


def safe(text: str, dialect: Dialect) -> str:
    """Return `text` without delimiters, controls, escape sequences, bidirectional and invisible characters."""
    if text.isprintable() and dialect.delimiter not in text:
        return text
    text = _ESCAPE_SEQUENCE.sub("", text)
    return "".join(_safe_character(text, place, dialect.delimiter) for place in range(len(text)))


def _safe_character(text: str, place: int, delimiter: str) -> str:
    character = text[place]
    if character == delimiter:
        return " "
    if character in _JOINERS:
        beside = text[max(place - 1, 0) : place + 2]
        return character if any(unicodedata.combining(other) == _VIRAMA for other in beside) else ""
    match unicodedata.category(character):
        case "Cc" | "Zl" | "Zp":
            return " "
        case "Cf" | "Cs":
            return ""
        case _:
            return character


def _transliterate(text: str, dialect: Dialect) -> str:
    """Return `text` as far as the charset can hold it: the rest loses its marks or is spelled out, else becomes `?`."""
    return "".join(_nearest(character, dialect) for character in unicodedata.normalize("NFC", text))


def _nearest(character: str, dialect: Dialect) -> str:
    if _encoded(character, dialect) is not None:
        return character
    parts = _SPELLED.get(character) or unicodedata.normalize("NFKD", character)
    bare = "".join(_SPELLED.get(part, part) for part in parts if not unicodedata.combining(part))
    bare = safe(bare, dialect)
    if _encoded(bare, dialect) is not None:
        return bare
    latin = safe(dialect.romanised(character), dialect) if dialect.romanised else ""
    return latin if latin and _encoded(latin, dialect) is not None else "?"


def _cut(text: str, value: bytes, dialect: Dialect) -> bytes:
    """Return as much of `value`, which is `text`, as fits: it ends between two characters as people see them."""
    # All characters may fit, and only the bytes with which a charset switches back not.
    fits = end = min(len(value[: dialect.max_length].decode(dialect.charset, "ignore")), len(text))
    while 0 < end < len(text) and _belong_together(text[end - 1], text[end]):
        end -= 1
    end = end or fits
    # A charset that switches between character sets needs some bytes more to switch back.
    while len(value := text[:end].encode(dialect.charset)) > dialect.max_length:
        end -= 1
    return value


def _belong_together(before: str, after: str) -> bool:
    if after in _JOINERS or unicodedata.category(after).startswith("M"):
        return True
    return (before in _JOINERS or unicodedata.combining(before) == _VIRAMA) and after.isalpha()


def decode(data: bytes, dialect: Dialect) -> str:
    """Decode bytes from a terminal: in the dialect's charset, else as Latin-1, which never fails."""
    try:
        return data.decode(dialect.charset)
    except UnicodeDecodeError:
        return data.decode("latin-1")
