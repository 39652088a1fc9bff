"""Bytes to messages and back: reading forgives whatever can be understood, writing is strict.

`parse` and `format` are the only way in and out. They keep no state: error detection, sequence number and dialect are
those of one message.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from attrs import frozen

from sip2gw.sip2.checksum import checksum
from sip2gw.sip2.dialects import DEFAULT, Dialect, spoken_version
from sip2gw.sip2.errors import BadChecksum, Crowded, Displaced
from sip2gw.sip2.fields import Fixed, Variable
from sip2gw.sip2.layout import Layout, lay_out
from sip2gw.sip2.message import Member, Message, Request
from sip2gw.sip2.text import safe, to_wire


@frozen
class Trailer:
    """How one message was protected, and so how its answer must be: sequence number echoed, checksum or none."""

    sequence: str | None = None
    checked: bool = False


PLAIN = Trailer()
"""Without error detection."""


def parse(line: bytes, dialect: Dialect = DEFAULT, *, most: int | None = None) -> tuple[Message, Trailer]:
    """The message that `line` (without terminator) carries, and how it was protected.

    Raises `UnknownMessage`, `BadChecksum`, for requests of more than `most` fields `Crowded`, for those that change
    something `Displaced`; nothing else. A 97 is a 97 whatever its checksum: a terminal that gets 96 in answer to it
    gives up.
    """
    layout = lay_out(line, dialect, most=most)
    if layout.checksum_ok is False and layout.code != "97":
        raise BadChecksum
    message, trailer = build(layout), Trailer(layout.sequence, layout.checksum is not None)
    if layout.crowded and isinstance(message, Request) and layout.code != "97":
        raise Crowded(message, trailer, f"it has more than {most} fields")
    if isinstance(message, Request) and not message.read_only and (reason := layout.displaced):
        raise Displaced(message, trailer, reason)
    return message, trailer


def build(layout: Layout) -> Message:
    """The message that a layout stands for, whatever its checksum. What is absent or unreadable has its `absent` value.

    A field that may stand once and comes again keeps its first value that is not empty; the others, and what SIP 2.00
    does not list for this message, go to `extensions`.
    """
    found: dict[str, list[str]] = {}
    extensions = []
    for code, value in layout.fields:
        listed = layout.message.variables.get(code)
        if listed is None:
            extensions.append((code, value))
        elif listed.repeats or code not in found:
            found.setdefault(code, []).append(value)
        elif not found[code][0]:
            found[code][0] = value
        else:
            extensions.append((code, value))
    fixed = dict(layout.fixed)
    values = {
        name: field.kind.parse(fixed.get(name, ""))
        if isinstance(field := member.field, Fixed)
        else _read(member, field, found.get(field.code))
        for name, member in layout.message.members.items()
    }
    return layout.message(extensions=tuple(extensions), **values)


def _read(member: Member, field: Variable[Any], texts: list[str] | None) -> Any:
    if field.repeats:
        return tuple([field.kind.parse(text) for text in texts or ()])
    if texts is None:
        return field.kind.absent if member.required else None
    return field.kind.parse(texts[0])


def format(
    message: Message, trailer: Trailer = PLAIN, dialect: Dialect = DEFAULT, *, version: str = "2.00"
) -> bytes:
    """The line that says `message`, with its terminator. `version` 1.xx leaves out what SIP 2.00 brought."""
    old = spoken_version(version) == "1.00" and message.since == "1.00"
    delimiter = dialect.delimiter.encode()
    parts = [message.code.encode()]
    for name, member in message.members.items():
        if old and member.since != "1.00":
            continue
        value, field = getattr(message, name), member.field
        if isinstance(field, Fixed):
            parts.append(_write_fixed(field, value, dialect))
        else:
            code = field.code.encode()
            keep_empty = member.required or isinstance(message, Request)
            for text in _texts(member, field, value):
                said = to_wire(text, dialect)
                if said or keep_empty:
                    parts += (code, said, delimiter)
    for code_, text in message.extensions:
        parts += (code_.encode(), to_wire(text, dialect), delimiter)
    line = b"".join(parts)
    if trailer.checked:
        if trailer.sequence is not None and message.code not in ("96", "97"):
            line += b"AY" + trailer.sequence.encode()
        line += b"AZ"
        line += checksum(line)
    return line + dialect.terminator


def _write_fixed(field: Fixed[Any], value: Any, dialect: Dialect) -> bytes:
    """Exactly as many bytes as the field has places, in any charset."""
    text = safe(field.kind.format(value), dialect)
    return text.encode("ascii", "replace").ljust(field.width)[: field.width]


def _texts(member: Member, field: Variable[Any], value: Any) -> Iterator[str]:
    if field.repeats:
        yield from map(field.kind.format, value)
    elif value is not None:
        yield field.kind.format(value)
    elif member.required:
        yield ""
