"""The check of a value in the configuration, from its declaration.

`bool`, `str`, `Literal`, an enumeration, or a set or tuple of one, have the check of their type. `Annotated` adds one:
`Between` for a number, `File` for a path, `Checked` for anything else. A number without bounds has no check: it is a
constant, which the file can't set.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin

from attrs import Attribute, fields, frozen, resolve_types

from sip2gw.config.scalars import flag, integer, number, text
from sip2gw.config.words import Check, choice, listed, one_of, plain_text
from sip2gw.limits import Between


@frozen
class Checked:
    """The check of an annotated type: a function that returns the value, or raises `Wrong`."""

    check: Check
    kind: str = "text"
    """What is written in TOML, for the manual."""


@frozen
class File:
    """A path, relative to the folder of the configuration. `check` raises `Wrong` if the file can't be used."""

    check: Callable[[Path], object]
    example: str = '"/etc/sip2gw/tls.pem"'

    def at(self, folder: Path) -> Check:
        """Return the check for a configuration in this folder."""

        def check(value: Any) -> Path:
            path = folder / text(value, self.example)
            self.check(path)
            return path

        return check


def check_of(kind: Any, folder: Path) -> Check | None:
    """Return the check of a declared type, for a configuration in this folder; None if it has none."""
    if get_origin(kind) is Annotated:
        return _annotated(get_args(kind)[0], kind.__metadata__[-1], folder)
    if get_origin(kind) in (frozenset, tuple):
        return _of_several(get_origin(kind), get_args(kind)[0])
    if get_origin(kind) is Literal:
        return choice(*get_args(kind))
    if isinstance(kind, type) and issubclass(kind, Enum):
        return one_of(kind)
    return _PLAIN.get(kind) if isinstance(kind, type) else None


def settings(table: type[Any]) -> list[Attribute[Any]]:
    """Return the fields of a table that the file may set."""
    resolve_types(table)
    return [one for one in fields(table) if one.type not in _NUMBERS]


def constants(table: type[Any]) -> list[str]:
    """Return the names of the fields of a table that the file can't set."""
    resolve_types(table)
    return [one.name for one in fields(table) if one.type in _NUMBERS]


_NUMBERS = (int, float)

_PLAIN: dict[type[Any], Check] = {bool: flag, str: plain_text}


def _annotated(base: Any, mark: Any, folder: Path) -> Check | None:
    match mark:
        case Between(least, most, unit) if base is float:
            return lambda value: number(value, least, most, unit)
        case Between(least, most):
            return lambda value: integer(value, int(least), int(most))
        case Checked(check):
            return check
        case File():
            return mark.at(folder)
    return None


def _of_several(made: Any, member: Any) -> Check | None:
    """Return the check for a list of words, which becomes a frozenset or a tuple."""
    if get_origin(member) is Literal:
        check = listed(get_args(member))
        return lambda value: made(check(value))
    if isinstance(member, type) and issubclass(member, Enum):
        check = listed([one.value for one in member])
        return lambda value: made(map(member, check(value)))
    return None
