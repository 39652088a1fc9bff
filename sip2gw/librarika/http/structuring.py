"""Read the API's JSON strictly, into frozen records: no value is bent to fit, `"5"` is not a number.

What JSON may come to is bounded before it is parsed, by functions whose time grows with the size and no faster. Members
that a record does not declare are passed over.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NoReturn, TypeVar, get_args, get_origin
from zoneinfo import ZoneInfo

import cattrs

from sip2gw.secret import Secret

T = TypeVar("T")

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_AMOUNT = re.compile(r"-?\d{1,15}(\.\d{1,9})?", re.ASCII)


MOST_VALUES = 2**15
"""In one answer: a page of 200 bookings has some 6,000."""
MOST_RECORDS = 1000
"""In one list: five times what is ever asked for."""
LONGEST_TEXT = 4096
"""Characters: more than a SIP2 message carries. Longer texts are cut before anything else is done with them."""

_HALF = re.compile(r"\\u[dD]")
"""How a JSON text may spell half a character."""


class Misshapen(ValueError):
    """The answer is not of the contract's shape. Its text names the record, and nothing that is in it."""


def parsed(body: bytes) -> dict[str, Any]:
    """The JSON object in `body`, its texts cut to `LONGEST_TEXT`. Raises `Misshapen`."""
    if body.count(b",") + body.count(b"[") + body.count(b"{") > MOST_VALUES:
        raise Misshapen("the body has too many values")
    try:
        text = body.decode("utf-8")
        document = json.loads(text, parse_constant=_no_constant, object_pairs_hook=_once_each)
        if _HALF.search(text):
            document = json.loads(json.dumps(document, ensure_ascii=False).encode("utf-8", "replace"))
    except (ValueError, RecursionError) as error:
        raise Misshapen(f"the body is not JSON ({type(error).__name__})") from None
    if not isinstance(document, dict):
        raise Misshapen("the body is not a JSON object")
    return document


def _no_constant(_: str) -> NoReturn:
    raise ValueError


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The object of these members. None may be there twice: who knows which one counts?"""
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError
    for name, value in pairs:
        kind = type(value)
        if kind is str and len(value) > LONGEST_TEXT and not name.endswith("_token"):
            result[name] = value[:LONGEST_TEXT]
        elif kind is list:
            result[name] = [one[:LONGEST_TEXT] if type(one) is str else one for one in value]
    return result


def structured(document: dict[str, Any], kind: type[T]) -> T:
    """The record in a JSON object. Raises `Misshapen`."""
    try:
        return _CONVERTER.structure(document, kind)
    except Exception as error:
        # The error quotes what it found: neither it nor its text may go on.
        raise Misshapen(f"the body is not a {kind.__name__} ({type(error).__name__})") from None


def _text(value: Any, _: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


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
        if not isinstance(value, list) or len(value) > MOST_RECORDS:
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
