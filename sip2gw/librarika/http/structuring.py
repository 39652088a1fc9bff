"""The API's JSON becomes frozen records or it is not understood: no value is bent to fit, `"5"` is no number.

The records themselves are in `records` and `movements`; whatever they don't declare is passed over.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any, TypeVar, get_args, get_origin
from zoneinfo import ZoneInfo

import cattrs

from sip2gw.secret import Secret

T = TypeVar("T")

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_AMOUNT = re.compile(r"-?\d{1,15}(\.\d{1,9})?", re.ASCII)


class Misshapen(ValueError):
    """The JSON is not of the contract's shape. Its text names the record, and nothing that is in it."""


def structured(document: dict[str, Any] | None, kind: type[T]) -> T:
    """The record in a JSON object. Raises `Misshapen`."""
    try:
        return _CONVERTER.structure(document, kind)
    except Exception as error:
        # The error quotes what it found: neither it nor its text may go on.
        raise Misshapen(f"the body is no {kind.__name__} ({type(error).__name__})") from None


def _text(value: Any, _: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    # JSON can spell half a character, which no charset can.
    return value if value.isascii() else value.encode("utf-8", "replace").decode("utf-8")


def _secret(value: Any, _: Any) -> Secret:
    return Secret(_text(value, str))


def _whole(value: Any, _: Any) -> int:
    if type(value) is not int:
        raise TypeError
    return value


def _flag(value: Any, _: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError
    return value


def _amount(value: Any, _: Any) -> Decimal:
    if not isinstance(value, str) or not _AMOUNT.fullmatch(value):
        raise TypeError
    return Decimal(value)


def _day(value: Any, _: Any) -> date:
    if not isinstance(value, str) or not _DAY.fullmatch(value):
        raise TypeError
    return date.fromisoformat(value)


def _instant(value: Any, _: Any) -> datetime:
    moment = datetime.fromisoformat(_text(value, str))
    if moment.tzinfo is None:
        raise TypeError
    return moment


def _zone(value: Any, _: Any) -> ZoneInfo:
    return ZoneInfo(_text(value, str))


def _is_list(kind: Any) -> bool:
    return get_origin(kind) is tuple


def _list(kind: Any, converter: cattrs.BaseConverter) -> Callable[[Any, Any], Any]:
    wanted = get_args(kind)[0]
    element = converter.get_structure_hook(wanted)

    def elements(value: Any, _: Any) -> tuple[Any, ...]:
        if not isinstance(value, list):
            raise TypeError
        return tuple(element(one, wanted) for one in value)

    return elements


def _converter() -> cattrs.Converter:
    converter = cattrs.Converter(detailed_validation=False)
    converter.register_structure_hook(str, _text)
    converter.register_structure_hook(Secret, _secret)
    converter.register_structure_hook(int, _whole)
    converter.register_structure_hook(bool, _flag)
    converter.register_structure_hook(Decimal, _amount)
    converter.register_structure_hook(date, _day)
    converter.register_structure_hook(datetime, _instant)
    converter.register_structure_hook(ZoneInfo, _zone)
    converter.register_structure_hook_factory(_is_list, _list)
    return converter


_CONVERTER = _converter()
