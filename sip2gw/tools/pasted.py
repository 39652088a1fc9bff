"""Find the message in a pasted line: a line of a log, with a prefix, quotes, arrows and escapes.

Text is taken for a message only if its checksum fits, or its fixed part has valid values. A wrong message would
mislead; no message is only a nuisance.
"""

from __future__ import annotations

import re
from enum import IntEnum
from itertools import islice

from attrs import evolve, frozen

from sip2gw.sip2 import REQUESTS, RESPONSES, Dialect, Layout, UnknownMessage, lay_out
from sip2gw.sip2.fixed_part import fixed_fields, is_by_the_book, read_fixed
from sip2gw.sip2.text import decode
from sip2gw.tools.delimiters import delimiter_of
from sip2gw.tools.escapes import (
    from_hex,
    from_numbers,
    is_marked_up,
    pieces,
    unescaped,
    without_markup,
)

_CODE = re.compile(rb"(?<![0-9A-Za-z])(?=([0-9]{2}))")
_CLOSED_BY = {b'"': b'"', b"'": b"'", b"`": b"`", b"<": b">", b"[": b"]", b"(": b")", b"{": b"}"}
_REMARK = re.compile(rb"\s+\([^()]*\)\s*\Z")
_BEHIND_TRAILER = re.compile(rb"(?s)(AZ[0-9A-Fa-f]{4})[^0-9A-Za-z|].*")
_CAPTURED_END = re.compile(rb"(?<=[^\s.])\.{1,2}\Z")
"""A dot is how a capture of packets writes an end of line."""
_ANNOUNCES_A_MESSAGE = re.compile(
    rb"(?:[\"'`<>\](]|<[-=]+|\b(?:send|sent|recv|received|rx|tx)|\xe2\x86[\x90\x92]|\b(?:send|sent|recv|received|rx|tx|in|out|request|response|msg|message|sip2?|"
    rb"sc|acs|line|raw|data)\s*[:=])\s*\Z",
    re.IGNORECASE,
)
_LOST_BLANKS = re.compile(r"(?:19|20)[0-9]{6}(?:[ \t]{1,3}[0-9]{6}|[0-9]{6}(?![0-9]))")
_LOST_IN_DATE = re.compile(rb"((?:19|20)[0-9]{6})(?:[ \t]{1,3}([0-9]{6})|([0-9]{6})(?![0-9]))")
_DATE_OR_TIME = re.compile(
    rb"(?<![0-9A-Za-z])(?:[0-9]{1,4}([/.-])[0-9]{1,2}\1[0-9]{1,4}|[0-9]{1,2}:[0-9]{2}(?::[0-9]{2})?)"
    rb"(?:[.,][0-9]{1,9})?(?![0-9])"
)
"""As a log writes them. No message has such a thing at its beginning."""
_DATE_BEFORE = re.compile(rb"[0-9]{8}(?: {1,4}|0000)\Z")
_TIME = re.compile(rb"[0-9]{6}(?![0-9])")
_MOST_PLACES = 50
"""Numbers in a line that are tried: a log has few before its message."""
_SHORT = 6
"""A message shorter than this may be a number in a sentence."""


class _Certainty(IntEnum):
    NO = 0
    BROKEN = 1
    WITHOUT_BLANKS = 2
    VALID = 3
    CHECKSUM_FITS = 4


class NoMessage(Exception):
    """The line has no message. The text says why, without bytes of the line: it may hold a password."""


@frozen(repr=False)
class Found:
    """A message as it was on the wire, and its dialect."""

    line: bytes
    dialect: Dialect
    in_doubt: bool = False
    """Whether the delimiter is unknown, so that fields may be in other places."""
    note: str = ""


def find(line: bytes, dialect: Dialect, delimiter: str | None = None) -> list[Found]:
    """Find the messages in a line. `delimiter` is given if it is known. Raises `NoMessage`."""
    whole = with_delimiter(line, dialect, delimiter)
    if _sure(whole)[0] is _Certainty.CHECKSUM_FITS:
        return [whole]
    found = [one for piece in pieces(line) if (one := _in_piece(piece, dialect, delimiter))]
    if not found and (dump := from_hex(line) or from_numbers(line)):
        found = [one for piece in pieces(dump) if (one := _in_piece(piece, dialect, delimiter))]
    if not found:
        raise NoMessage(_why(line))
    return found


def with_delimiter(line: bytes, dialect: Dialect, delimiter: str | None = None) -> Found:
    """Take a whole line as a message, and find its delimiter."""
    text = decode(line, dialect)
    sign = delimiter_of(text)
    if delimiter is not None:
        sign = delimiter if delimiter in text else None
    sign, known = sign or delimiter or dialect.delimiter, sign is not None
    return Found(line, evolve(dialect, delimiter=sign), in_doubt=not known)


def _in_piece(piece: bytes, dialect: Dialect, delimiter: str | None) -> Found | None:
    """Find the surest message of a piece; of two equally sure ones, the first."""
    best, best_sure = None, _Certainty.NO
    for place in _places(piece):
        if best is not None and (best_sure is not _Certainty.BROKEN or _has_fields(piece[:place])):
            # A number in the fields of a broken message is not another message.
            break
        for body in _bodies(piece, place, dialect.charset):
            found = with_delimiter(body, dialect, delimiter)
            sure, layout = _sure(found)
            if layout is None or (
                sure < _Certainty.CHECKSUM_FITS and not _may_begin(sure, layout, body, piece[:place])
            ):
                continue
            if sure > best_sure:
                best, best_sure = evolve(found, note=_note(found, layout)), sure
    return best


def _may_begin(sure: _Certainty, layout: Layout, body: bytes, before: bytes) -> bool:
    """Return whether a message may follow `before`.

    A broken message must begin the line. One without a fixed part or blanks must follow an arrow or the like.
    """
    if not before.strip(b" \t|\0\xef\xbb\xbf"):
        return True
    if sure is _Certainty.BROKEN:
        return False
    unsure = sure is _Certainty.WITHOUT_BLANKS
    only_a_number = len(body) < _SHORT or not "".join(text for _, text in layout.fixed).strip()
    return not (unsure or only_a_number) or _ANNOUNCES_A_MESSAGE.search(before) is not None


def _places(piece: bytes) -> list[int]:
    elsewhere = [match.span() for match in _DATE_OR_TIME.finditer(piece)]
    return [
        match.start()
        for match in islice(_CODE.finditer(piece), _MOST_PLACES)
        if ((code := match[1].decode()) in REQUESTS or code in RESPONSES)
        and not (_DATE_BEFORE.search(piece, 0, match.start()) and _TIME.match(piece, match.start()))
        and not any(start <= match.start() < end for start, end in elsewhere)
    ]


def _bodies(piece: bytes, place: int, charset: str) -> list[bytes]:
    """List the bytes that may be the message that begins at `place`."""
    body = piece[place:]
    if closing := _CLOSED_BY.get(piece[max(place - 1, 0) : place]):
        end = re.search(rb"(?<!\\)" + re.escape(closing) + rb"(?=\s*(?:[,;)}\]]|\Z|\s))", body)
        body = body[: end.start()] if end else body
    body = _CAPTURED_END.sub(b"", body)
    if is_marked_up(body):
        body = without_markup(body, charset)
    cut = _BEHIND_TRAILER.sub(rb"\1", body)
    plain = [unescaped(body, charset), unescaped(cut, charset)]
    written = [*plain, body, cut] if closing else [body, cut, *plain]
    others = [without_markup(body, charset), without_markup(cut, charset), _REMARK.sub(b"", body)]
    return list(dict.fromkeys([*written, *others]))


def _sure(found: Found) -> tuple[_Certainty, Layout | None]:
    """Judge how sure it is that this is a message."""
    try:
        layout = lay_out(found.line, found.dialect)
    except UnknownMessage:
        return _Certainty.NO, None
    if layout.checksum_ok:
        return _Certainty.CHECKSUM_FITS, layout
    fields = fixed_fields(layout.message)
    right = [is_by_the_book(fields[name], text) or not text for name, text in layout.fixed]
    begins_right = right[:1] != [False]
    listed = any(code in layout.message.variables for code, _ in layout.fields)
    nothing_else = _follows_at_once(found, layout)
    if all(right) and nothing_else and (listed or _is_whole(layout)):
        return _Certainty.VALID, layout
    if listed and _lost_blanks(layout) and (begins_right or _LOST_BLANKS.match(layout.fixed[0][1])):
        return max(_sure_with_blanks(found), _Certainty.WITHOUT_BLANKS), layout
    begins_well = begins_right or (layout.fixed[0][1] + " ").isspace()
    at_once = nothing_else and bool(layout.fields) and layout.fields[0][0] in layout.message.variables
    if listed and (begins_well or at_once):
        return _Certainty.BROKEN, layout
    if begins_well and nothing_else and _may_be_cut(layout):
        return _Certainty.BROKEN, layout
    return _Certainty.NO, layout


def _is_whole(layout: Layout) -> bool:
    """Return whether all of the fixed part is there; a message that has none must have no fields either."""
    return all(text for _, text in layout.fixed) and (bool(layout.fixed) or not layout.fields)


def _sure_with_blanks(found: Found) -> _Certainty:
    """Judge the message with the blanks of its dates put back."""
    restored = _LOST_IN_DATE.sub(rb"\1    \2\3", found.line)
    return _Certainty.NO if restored == found.line else _sure(evolve(found, line=restored))[0]


def _may_be_cut(layout: Layout) -> bool:
    return all(re.fullmatch(r"[0-9 YyNnUu.+*?-]*", text) for _, text in layout.fixed)


def _follows_at_once(found: Found, layout: Layout) -> bool:
    """Return whether a field, the trailer or the end comes after the fixed part."""
    text = decode(found.line, found.dialect).replace("\0", "")
    text = text[text.index(layout.code) + 2 :]
    part = read_fixed(text, layout.message, found.dialect.delimiter)
    rest = text[part.end :].lstrip(found.dialect.delimiter + " ")
    return not rest or re.match(r"AY[0-9]|AZ", rest) is not None or rest[:2].upper() in _codes(layout)


def _codes(layout: Layout) -> set[str]:
    return {code for code, _ in layout.fields}


def _lost_blanks(layout: Layout) -> bool:
    return _LOST_BLANKS.search("".join(text for _, text in layout.fixed)) is not None


def _has_fields(piece: bytes) -> bool:
    return re.search(rb"[^0-9A-Za-z\s][ABC][A-Z]", piece) is not None


def _note(found: Found, layout: Layout) -> str:
    """Warn the reader that the fields may be wrong."""
    if layout.swallowed or (_lost_blanks(layout) and not layout.checksum_ok):
        return "blanks seem to be lost: a date has four in its middle, and a fixed part its whole width"
    if found.in_doubt and layout.fields and not layout.checksum_ok:
        return "the delimiter is unknown: fields may be in other places"
    return ""


def _why(line: bytes) -> str:
    code = line.lstrip()[:2].decode("ascii", "replace")
    if _DATE_OR_TIME.match(line.lstrip(b" \t[(\"'")):
        return "no number in it begins a message"
    if not (code.isascii() and code.isdigit() and len(code) == 2):
        return (
            "it does not begin with a message code"
            if not _places(line)
            else "no number in it begins a message"
        )
    if code in REQUESTS or code in RESPONSES:
        return f"it begins with {code}, but the rest does not fit that message"
    return f"unknown message code {code}"
