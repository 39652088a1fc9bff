"""How the messages of one class are read and written, worked out once from the declarations of the class."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from attrs import frozen

from sip2gw.sip2.fields import Fixed, Variable
from sip2gw.sip2.kinds import as_is
from sip2gw.sip2.message import Member, Message, Request

Parse = Callable[[str], Any] | None
"""How characters become a value. None: they are the value."""
Format = Callable[[Any], str] | None
"""How a value becomes characters. None: it is written as it is."""


class Reader(NamedTuple):
    """Where the value of a variable field goes, and how it is read."""

    name: str
    parse: Parse
    repeats: bool


class Writer(NamedTuple):
    """How a variable field is written."""

    name: str
    code: str
    format: Format
    repeats: bool
    required: bool
    keeps_empty: bool
    """Whether the field is written without a value."""


class Outline(NamedTuple):
    """The fields that a message has on the wire, in their order."""

    fixed: tuple[tuple[str, Format, int], ...]
    """Name, formatter and width."""
    variable: tuple[Writer, ...]


@frozen
class Plan:
    """How the messages of one class are read and written."""

    fixed: Mapping[str, Parse]
    """Attribute name to parser, for each fixed field."""
    variable: Mapping[str, Reader]
    """Code to reader, for each variable field."""
    absent: Mapping[str, Any]
    """All values of a message of which the line holds no field at all."""
    outline: Outline
    outline_1_00: Outline
    """The outline for terminals that speak version 1.00: without the fields that SIP 2.00 brought."""


class _Plans(dict[type[Message], Plan]):
    def __missing__(self, message: type[Message]) -> Plan:
        plan = self[message] = _plan(message)
        return plan


PLANS = _Plans()
"""The plan of each class of messages, which is made when it is first needed."""


def _plan(message: type[Message]) -> Plan:
    members = dict(message.members)
    old = {name: member for name, member in members.items() if member.since == "1.00"}
    fields = {name: member.field for name, member in members.items()}
    return Plan(
        fixed={
            name: _or_none(field.kind.parse) for name, field in fields.items() if isinstance(field, Fixed)
        },
        variable={
            field.code: Reader(name, _or_none(field.kind.parse), field.repeats)
            for name, field in fields.items()
            if isinstance(field, Variable)
        },
        absent={"extensions": (), **{name: _absent(member) for name, member in members.items()}},
        outline=_outline(message, members),
        outline_1_00=_outline(message, old if message.since == "1.00" else members),
    )


def _or_none(convert: Callable[[Any], Any]) -> Callable[[Any], Any] | None:
    return None if convert is as_is else convert


def _absent(member: Member) -> Any:
    field = member.field
    if isinstance(field, Fixed):
        return field.kind.parse("")
    if field.repeats:
        return ()
    return field.kind.absent if member.required else None


def _outline(message: type[Message], members: Mapping[str, Member]) -> Outline:
    fixed, variable = list[tuple[str, Format, int]](), list[Writer]()
    for name, member in members.items():
        field = member.field
        if isinstance(field, Fixed):
            fixed.append((name, _or_none(field.kind.format), field.width))
        else:
            keeps_empty = member.required or issubclass(message, Request)
            variable.append(
                Writer(
                    name, field.code, _or_none(field.kind.format), field.repeats, member.required, keeps_empty
                )
            )
    return Outline(tuple(fixed), tuple(variable))
