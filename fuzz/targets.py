"""The targets of fuzzing: functions that take any bytes, and raise only if the program has a bug.

`make fuzz` runs them with a fuzzer, `make test` with the corpus. They are quick, keep no state, and use no network.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from stage import Conversation

from sip2gw.gateway.proxy_header import LONGEST, NoHeader, begins_header, read_header
from sip2gw.librarika import records
from sip2gw.librarika.http.call import Answer, Call, Failed
from sip2gw.librarika.http.outcome import outcome
from sip2gw.secret import Secret
from sip2gw.session import logins
from sip2gw.sip2 import (
    BadChecksum,
    Dialect,
    Framer,
    Layout,
    Message,
    Request,
    TooLong,
    Trailer,
    Unfit,
    UnknownMessage,
    build,
    format,
    lay_out,
    messages,
    parse,
    refusal,
)
from sip2gw.tools.decode import split_lines
from sip2gw.tools.decoded import Decoded
from sip2gw.tools.escapes import as_bytes
from sip2gw.tools.pasted import NoMessage, find

DIALECTS = (
    Dialect(),
    Dialect(charset="latin-1", terminator=b"\r\n"),
    Dialect(charset="cp850", delimiter="^"),
    Dialect(charset="ascii", max_length=60),
)
RECORDS = (
    *(getattr(records, name) for name in dir(records) if hasattr(getattr(records, name), "__attrs_attrs__")),
)  # fmt: skip
MOST_FIELDS = 64
CANARY = "qX7zK9wQ"


def framer(stream: bytes) -> None:
    """Cut a stream as its first byte says: the lines are the same with any cut."""
    cut, stream = stream[:1] or b"\0", stream[1:]
    assert _lines(stream, 0) == _lines(stream, cut[0])
    Conversation().hear(*_pieces(stream, cut[0]))


def codec(line: bytes) -> None:
    """Parse a line or raise `Garbled`; a parsed message can be formatted, and be refused."""
    for dialect in DIALECTS:
        try:
            layout = lay_out(line, dialect)
        except UnknownMessage:
            layout = None
        if layout is not None:
            _can_be_said(layout, dialect)
        try:
            message, trailer = parse(line, dialect, most=MOST_FIELDS)
        except Unfit as unfit:
            message, trailer = unfit.request, unfit.trailer
            assert len(message.extensions) <= MOST_FIELDS
        except (BadChecksum, UnknownMessage):
            continue
        assert layout is not None
        _can_be_refused(message, trailer, dialect)


def proxy(header: bytes) -> None:
    """Read a PROXY header that is whole, unfinished or missing; in two pieces it is the same as in one."""
    try:
        whole = read_header(header)
    except NoHeader:
        whole = None
    else:
        assert whole is not None or len(header) < LONGEST
    if whole is not None:
        assert 0 < whole.size <= min(len(header), LONGEST)
        assert read_header(header[: whole.size]) == whole
        for end in range(whole.size):
            assert read_header(header[:end]) is None
    begins_header(header)


def adapter(body: bytes) -> None:
    """Turn an answer of the library's system into a record, or into one of the errors that may cross the port."""
    status = (200, 401, 404, 409, 422, 429, 500, 503)[body[0] % 8] if body else 204
    for writes in (False, True):
        for kind in RECORDS:
            call = Call("operation", "POST", "", {b"Authorization": b"x"}, shape=kind, writes=writes)
            match outcome(call, status, _headers(body), body[1:]):
                case Answer(record=record):
                    _is_whole(record)
                case Failed() as failed:
                    said = f"{failed} {call.error(failed, doubt=call.in_doubt(failed))}"
                    assert _says_nothing_of(body[1:], said)
                case error:
                    # The code of a refusal is passed on: it is a short name.
                    assert _says_nothing_of(body[1:], str(error).replace(getattr(error, "code", ""), ""))


def login(line: bytes) -> None:
    """Read a login: each reading names at most one library, and its password is a part of the line."""
    for dialect in DIALECTS:
        try:
            request, _ = parse(b"93" + line, dialect)
        except (BadChecksum, Unfit, UnknownMessage):
            continue
        said: logins.Login | None = logins.read(request) if isinstance(request, messages.Login) else None
        for _ in range(4):
            if said is None:
                break
            assert _squeezed(said.credentials.password.reveal(), dialect) in _squeezed(
                _text(line, dialect), dialect
            )
            said = said.otherwise
        assert said is None
    text = line.decode("utf-8", "replace")
    if account := logins.split_account(text):
        assert f"{account.username}:{account.password.reveal()}" == text
        assert account.username
        assert ":" not in account.username


def decoder(text: bytes) -> None:
    """Decode pasted text: each line has a verdict, which never shows the value of a password field."""
    for line in split_lines(as_bytes([text], "utf-8")):
        assert _verdict(line)
        for sign in (b"|", b"^"):
            assert CANARY not in _verdict(line + sign + b"AD" + CANARY.encode() + sign)


TARGETS: dict[str, Callable[[bytes], None]] = {
    target.__name__: target for target in (framer, codec, proxy, adapter, login, decoder)
}


def _verdict(line: bytes) -> str:
    """Return all text that is shown of a line."""
    shown = []
    for delimiter in (None, "|", "^"):
        try:
            found = find(line, Dialect(), delimiter)
        except NoMessage as no_message:
            shown.append(str(no_message))
            continue
        for one in found:
            decoded = Decoded.found(one)
            columns = [cell for column in decoded.table().columns for cell in column.cells]
            text = json.dumps(decoded.as_object()) + decoded.as_text() + decoded.verdict()
            assert decoded.as_text().isprintable()
            shown.append(text + "".join(map(str, columns)))
    return "\n".join(shown)


def _text(line: bytes, dialect: Dialect) -> str:
    """Decode a line without its NULs, which mean nothing."""
    line = line.replace(b"\0", b"")
    try:
        return line.decode(dialect.charset)
    except UnicodeDecodeError:
        return line.decode("latin-1")


def _headers(body: bytes) -> dict[bytes, bytes]:
    """Make headers with a Retry-After from the body."""
    later = body[1:33].partition(b"\n")[0]
    return {b"content-type": b"application/problem+json", b"retry-after": later}


def _squeezed(text: str, dialect: Dialect) -> str:
    """Leave out delimiters and blanks, also inside a value."""
    return "".join(text.replace(dialect.delimiter, " ").split())


def _can_be_said(layout: Layout, dialect: Dialect) -> None:
    message = build(layout)
    assert message.code == layout.code
    line = format(message, Trailer("1", True), dialect)
    body = line.removesuffix(dialect.terminator)
    assert not [byte for byte in body if byte < 0x20 or byte == 0x7F]
    again = lay_out(body, dialect)
    assert again.message is layout.message
    assert again.checksum_ok is True


def _can_be_refused(message: Message, trailer: Trailer, dialect: Dialect) -> None:
    if isinstance(message, Request):
        no = refusal(message, datetime(2026, 3, 1, 10, 15), ["no"])
        heard, how = parse(format(no, trailer, dialect).removesuffix(dialect.terminator), dialect)
        assert type(heard) is message.response
        assert how.checked is trailer.checked


def _pieces(stream: bytes, cut: int) -> list[bytes]:
    if not cut:
        return [stream]
    places = [*range(0, len(stream), cut), len(stream)]
    return [stream[a:b] for a, b in pairwise(places)]


def _lines(stream: bytes, cut: int) -> list[bytes | None]:
    """Return the lines of a stream, with None at the end if one is too long."""
    cutter, found = Framer(), list[bytes | None]()
    for piece in _pieces(stream, cut):
        cutter.feed(piece)
        try:
            while (line := cutter.next(4096)) is not None:
                assert line.strip(b"\0")
                assert len(line) <= 4096
                found.append(line)
        except TooLong:
            return [*found, None]
        assert len(cutter) <= 4096
    return found


def _says_nothing_of(body: bytes, text: str) -> bool:
    """Return whether a logged text has no part of a body that is longer than a word."""
    return not any(
        piece in text
        for piece in (body[place : place + 24].decode("latin-1") for place in range(0, 60, 7))
        if len(piece) == 24
    )


def _is_whole(record: Any) -> None:
    """Check that every value has a declared type, at every level."""
    if hasattr(record, "__attrs_attrs__"):
        for field in record.__attrs_attrs__:
            _is_whole(getattr(record, field.name))
    elif isinstance(record, tuple):
        for one in record:
            _is_whole(one)
    elif isinstance(record, str):
        record.encode()
    elif isinstance(record, Decimal):
        assert record.is_finite()
    else:
        assert record is None or isinstance(record, bool | int | date | ZoneInfo | Secret)
