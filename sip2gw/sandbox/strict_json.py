"""Read JSON into frozen attrs classes, or return all its faults: no value is converted, and no key is ignored.

The data file and the request bodies are read here. A number is not text, `1` is not true, money is never a float, and
every fault has its place and the fix.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal, NewType, NoReturn, TypeVar, get_args, get_origin

import cattrs
from attrs import fields
from cattrs.errors import ForbiddenExtraKeysError, IterableValidationError, IterableValidationNote
from cattrs.v import transform_error

from sip2gw.sandbox import days, money

Name = NewType("Name", str)
"""A text that is not empty: 1 to 255 characters."""

Title = NewType("Title", str)
"""A text that is not empty: 1 to 4000 characters."""

Identity = NewType("Identity", int)
"""The number of a record: 1 to 2**53 - 1, which every JSON reader keeps exact."""

Price = NewType("Price", Decimal)
"""An amount, not negative."""

LARGEST = 2**53 - 1

T = TypeVar("T")


class Faults(ValueError):
    """All faults, one `(place, fault)` each."""

    def __init__(self, found: list[tuple[str, str]]) -> None:
        super().__init__("; ".join(f"{place}: {fault}" for place, fault in found))
        self.found = found


def parse(text: bytes | str) -> Any:
    """Return the JSON value of a text. Raises ValueError, also for NaN, Infinity, and too deep nesting."""
    try:
        return json.loads(text, parse_constant=_no_constant)
    except RecursionError:
        raise ValueError("is nested too deeply") from None


def structure(value: Any, kind: type[T], place: str = "") -> T:
    """Return the JSON value as an instance of an attrs class. Raises `Faults` with every fault at once."""
    try:
        return _CONVERTER.structure(value, kind)
    except Exception as failure:  # cattrs raises one error for a class; a hook raises its own
        lines = transform_error(failure, "", _say)
        raise Faults([_placed(line, place) for line in lines]) from None


def learn(kind: Any, hook: Callable[[Any, Any], Any]) -> None:
    """Make values of `kind` (a NewType) by `hook(value, kind)`, which raises ValueError."""
    _CONVERTER.register_structure_hook(kind, hook)


def refine(kind: Any, base: type, check: Callable[[Any], Any]) -> None:
    """Make values of `kind` (a NewType) from those of `base` by `check`, which raises ValueError."""
    hook = _CONVERTER.get_structure_hook(base)
    _CONVERTER.register_structure_hook(kind, lambda value, _: check(hook(value, base)))


def bound(kind: Any, lowest: int, highest: int) -> None:
    """Make values of `kind` (a NewType of int) from whole numbers from `lowest` to `highest`."""

    def checked(number: int) -> int:
        if not lowest <= number <= highest:
            raise ValueError(f"must be a number from {lowest} to {highest}")
        return number

    refine(kind, int, checked)


def plain(instance: Any) -> dict[str, Any]:
    """Return an attrs instance as JSON values: decimals and dates as text."""
    result: dict[str, Any] = _CONVERTER.unstructure(instance)
    return result


def _placed(line: str, place: str) -> tuple[str, str]:
    fault, _, path = line.rpartition(" @ ")
    if fault.startswith("unknown key "):
        return f"{place}{path}".lstrip("."), fault
    return f"{place}{path}".lstrip(".") or "the whole", fault


def _say(failure: BaseException, _: type | None) -> str:
    if isinstance(failure, ForbiddenExtraKeysError):
        known = ", ".join(field.name for field in fields(failure.cl))
        return f"unknown key {', '.join(sorted(map(str, failure.extra_fields)))}; known are {known}"
    if isinstance(failure, KeyError):
        return "is missing"
    if isinstance(failure, AttributeError):
        return "is not an object; write it in braces"
    return str(failure)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _text(value: Any, _: Any = None) -> str:
    if not isinstance(value, str):
        raise ValueError('is not text; write it in quotes, such as "10001"')
    if len(value) > 4000:
        raise ValueError("is too long; at most 4000 characters")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ValueError("is not text: half of a surrogate pair stands alone") from None
    return value


def _name(value: Any, _: Any = None) -> str:
    text = _text(value)
    if not 0 < len(text) <= 255:
        raise ValueError("must have 1 to 255 characters")
    return text


def _title(value: Any, _: Any = None) -> str:
    text = _text(value)
    if not text:
        raise ValueError("must not be empty")
    return text


def _integer(value: Any, _: Any = None) -> int:
    # To JSON Schema, 3.0 is an integer.
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError("is not a whole number; write it without quotes, such as 14")
    if abs(value) > LARGEST:
        raise ValueError("is too large")
    return value


def _identity(value: Any, _: Any = None) -> int:
    number = _integer(value)
    if number < 1:
        raise ValueError("is not the number of a record; they start at 1")
    return number


def _flag(value: Any, _: Any = None) -> bool:
    if not isinstance(value, bool):
        raise ValueError("is neither true nor false")
    return value


def _decimal(value: Any, _: Any = None) -> Decimal:
    if not isinstance(value, str):
        raise ValueError('is not an amount; write it in quotes, such as "2.50"')
    return money.amount(value)


def _price(value: Any, _: Any = None) -> Decimal:
    price = _decimal(value)
    if price < 0:
        raise ValueError("must not be negative")
    return price


def _is_literal(kind: Any) -> bool:
    origin: Any = get_origin(kind)
    return origin is Literal


def _is_tuple(kind: Any) -> bool:
    origin: Any = get_origin(kind)
    return origin is tuple


def _literal(wanted: Any) -> Callable[[Any, Any], Any]:
    known = get_args(wanted)

    def one_of(value: Any, _: Any) -> Any:
        if not isinstance(value, str) or value not in known:
            raise ValueError(f"must be one of {', '.join(known)}")
        return value

    return one_of


def _sequence(wanted: Any, converter: cattrs.BaseConverter) -> Callable[[Any, Any], Any]:
    kind = get_args(wanted)[0]
    element = converter.get_structure_hook(kind)

    def elements(value: Any, _: Any) -> tuple[Any, ...]:
        if not isinstance(value, list):
            raise ValueError("is not a list; write it in square brackets")
        result, failures = [], []
        for index, item in enumerate(value):
            try:
                result.append(element(item, kind))
            except Exception as failure:  # as cattrs does: each element's error, of any kind, is collected
                failure.add_note(IterableValidationNote(f"element {index}", index, kind))
                failures.append(failure)
        if failures:
            raise IterableValidationError("elements", failures, wanted)
        return tuple(result)

    return elements


def _converter() -> cattrs.Converter:
    converter = cattrs.Converter(forbid_extra_keys=True, detailed_validation=True)
    # The hooks that read a text only need the text; cattrs hands them the wanted type too.
    converter.register_structure_hook(str, _text)
    converter.register_structure_hook(int, _integer)
    converter.register_structure_hook(bool, _flag)
    converter.register_structure_hook(Decimal, _decimal)
    converter.register_structure_hook(Price, _price)
    converter.register_structure_hook(Name, _name)
    converter.register_structure_hook(Title, _title)
    converter.register_structure_hook(Identity, _identity)
    converter.register_structure_hook(date, lambda value, _: days.day(_text(value)))
    converter.register_structure_hook(datetime, lambda value, _: days.instant(_text(value)))
    converter.register_structure_hook_factory(_is_literal, _literal)
    converter.register_structure_hook_factory(_is_tuple, _sequence)
    converter.register_unstructure_hook(Decimal, str)
    converter.register_unstructure_hook(date, date.isoformat)
    return converter


_CONVERTER = _converter()
