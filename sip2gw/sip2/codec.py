"""Bytes to messages and back: reading forgives all that can be understood, writing is strict.

`parse` and `format` are the only way in and out. They keep no state: error detection, sequence number and dialect are
those of one message.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sip2gw.sip2.dialects import DEFAULT, Dialect, spoken_version
from sip2gw.sip2.error_detection import PLAIN, Trailer, checksum
from sip2gw.sip2.errors import BadChecksum, Crowded, Displaced
from sip2gw.sip2.layout import Layout, lay_out
from sip2gw.sip2.message import Message, Request
from sip2gw.sip2.plan import PLANS, Outline
from sip2gw.sip2.text import may_stand, safe, to_wire

_CONTROLS = "".join(map(chr, (*range(0x20), 0x7F)))
"""Characters that a scanner or a frame adds to a value, such as ETX or TAB. No number or password ends with one."""

_Said = tuple[str, str, bool]
"""Code and text of a variable field, and whether it is written without a value."""


def parse(line: bytes, dialect: Dialect = DEFAULT, *, most: int | None = None) -> tuple[Message, Trailer]:
    """Read the message that `line` (without terminator) carries, and how it was protected.

    Raises `UnknownMessage`, `BadChecksum`, for requests of more than `most` fields `Crowded`, for those that change
    something `Displaced`; nothing else. A 97 is read as 97 even if its checksum is wrong: a terminal that gets 96 in
    answer to it gives up.
    """
    layout = lay_out(line, dialect, most=most)
    if layout.checksum_ok is False and layout.code != "97":
        raise BadChecksum
    message, trailer = build(layout), Trailer(layout.sequence, layout.checksum is not None)
    if isinstance(message, Request):
        if layout.crowded and layout.code != "97":
            raise Crowded(message, trailer, f"the request has more than {most} fields")
        if not message.read_only and (reason := layout.displaced):
            raise Displaced(message, trailer, reason)
    return message, trailer


def build(layout: Layout) -> Message:
    """Make the message that a layout stands for. Its checksum is not checked.

    What is absent or unreadable has its `absent` value. Control characters around a value are dropped. A field that may
    stand once and comes again keeps its first value that is not empty; the others, and what SIP 2.00 does not list for
    this message, go to `extensions`.
    """
    plan = PLANS[layout.message]
    values = dict(plan.absent)
    for name, characters in layout.fixed:
        read = plan.fixed[name]
        values[name] = characters if read is None else read(characters)
    extensions = list[tuple[str, str]]()
    said = set[str]()
    for code, text in layout.fields:
        if not text.isprintable():
            text = text.strip(_CONTROLS)
        reader = plan.variable.get(code)
        if reader is None or code in said:
            extensions.append((code, text))
            continue
        name, read, repeats = reader
        value = text if read is None else read(text)
        if repeats:
            values[name] += (value,)
        else:
            values[name] = value
            if text:
                said.add(code)
    if extensions:
        values["extensions"] = tuple(extensions)
    message = object.__new__(layout.message)
    vars(message).update(
        values
    )  # all of them are there, and `__init__` would cost more than reading the line
    return message


def format(
    message: Message, trailer: Trailer = PLAIN, dialect: Dialect = DEFAULT, *, version: str = "2.00"
) -> bytes:
    """Write the line that says `message`, with its terminator.

    `version` is that of the terminal: 1.xx leaves out what SIP 2.00 brought.
    """
    plan = PLANS[type(message)]
    old = version != "2.00" and spoken_version(version) == "1.00"
    outline = plan.outline_1_00 if old else plan.outline
    line = _write(message, outline, dialect)
    if trailer.checked:
        if trailer.sequence is not None and message.code not in ("96", "97"):
            line += b"AY" + trailer.sequence.encode()
        line += b"AZ"
        line += checksum(line)
    return line + dialect.terminator


def _write(message: Message, outline: Outline, dialect: Dialect) -> bytes:
    """Write a message without its trailer: in one piece if no character needs care, else field by field."""
    values = vars(message)
    fixed = list[str]()
    for name, form, _ in outline.fixed:
        value = values[name]
        fixed.append(value if form is None else form(value))
    fields = _said(values, outline)
    if message.extensions:
        fields += [(code, text, True) for code, text in message.extensions]
    line = _write_at_once(message, fixed, fields, dialect)
    if line is None:
        widths = [width for _, _, width in outline.fixed]
        line = _write_carefully(message.code, zip(fixed, widths, strict=True), fields, dialect)
    return line


def _said(values: Mapping[str, Any], outline: Outline) -> list[_Said]:
    """Return the variable fields of a message, without those that are left out."""
    said = list[_Said]()
    for name, code, form, repeats, required, keeps_empty in outline.variable:
        value = values[name]
        if value is None:
            if required:
                said.append((code, "", True))
        elif not repeats:
            if (text := value if form is None else form(value)) or keeps_empty:
                said.append((code, text, keeps_empty))
        else:
            for one in value:
                if text := one if form is None else form(one):
                    said.append((code, text, False))
    return said


def _write_at_once(message: Message, fixed: list[str], fields: list[_Said], dialect: Dialect) -> bytes | None:
    """Write the line in one piece; None if a character needs care, or a value does not have its length.

    A fixed value has the width of its field or is empty, as its kind makes it.
    """
    head = message.code + "".join(fixed)
    if len(head) != 2 + message.width or not head.isascii():
        return None
    delimiter = dialect.delimiter
    line = head + "".join([code + text + delimiter for code, text, _ in fields])
    if line.count(delimiter) != len(fields) or not may_stand(line, dialect.charset):
        return None
    data, longest = line.encode(), dialect.max_length
    if len(data) > longest and any(len(text.encode()) > longest for _, text, _ in fields):
        return None
    return data


def _write_carefully(
    code: str, fixed: Iterable[tuple[str, int]], fields: list[_Said], dialect: Dialect
) -> bytes:
    """Write the line field by field, each made safe for the wire."""
    delimiter = dialect.delimiter.encode()
    parts = [code.encode()]
    for text, width in fixed:
        # As many bytes as the field has places, in any charset.
        parts.append(safe(text, dialect).encode("ascii", "replace").ljust(width)[:width])
    for code, text, keeps_empty in fields:
        value = to_wire(text, dialect)
        if value or keeps_empty:
            parts += (code.encode(), value, delimiter)
    return b"".join(parts)
