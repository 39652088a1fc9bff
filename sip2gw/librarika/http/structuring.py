"""Read the API's JSON strictly into frozen records: a text such as `"5"` is not a number.

Before it is parsed, the size of the result is limited by functions whose time grows only with the size of the body.
Members that a record does not declare are ignored.
"""

from __future__ import annotations

import json
import re
from decimal import Decimal
from functools import cache
from types import NoneType
from typing import Annotated, Any, Self, TypeVar, get_args, get_type_hints
from zoneinfo import ZoneInfo

import msgspec
from attrs import NOTHING, fields, has

from sip2gw.secret import Secret

T = TypeVar("T")

MOST_VALUES = 2**15
"""Values in one answer. A page of 200 bookings has some 6,000."""
MOST_RECORDS = 1000
"""Records in one list: five times the longest page that is ever requested."""
LONGEST_TEXT = 4096
"""Characters: more than a SIP2 message has room for. Longer texts are cut first of all."""

Several = Annotated[tuple[T, ...], msgspec.Meta(max_length=MOST_RECORDS)]
"""A list in a record."""

_AMOUNT = re.compile(r"-?\d{1,15}(\.\d{1,9})?", re.ASCII)
_CODE = re.compile("[A-Z]{3}")
_HALF = re.compile(rb"\\u[dD]")
"""How JSON may spell half of a surrogate pair."""

_read, _write = msgspec.json.Decoder().decode, msgspec.json.Encoder().encode


class Misshapen(ValueError):
    """The answer does not have the form of the contract. The text names the record, and nothing of its content."""


class Amount(Decimal):
    """An amount of money, which the contract writes as a text. msgspec would read a `Decimal` from a number too."""

    __slots__ = ()


class Currency(str):
    """The ISO code of a currency, in capitals; empty if the API has something else, such as a sign."""

    __slots__ = ()

    @classmethod
    def read(cls, text: str) -> Self:
        """Return the code that a text of the API is."""
        code = text.strip().upper()
        return cls(code if _CODE.fullmatch(code) else "")


def parsed(body: bytes) -> dict[str, Any]:
    """Return the JSON object in `body`, with texts cut to `LONGEST_TEXT`. Raises `Misshapen`."""
    # A shorter body can't have that many values.
    if len(body) > MOST_VALUES and body.count(b",") + body.count(b"[") + body.count(b"{") > MOST_VALUES:
        raise Misshapen("the body has too many values")
    try:
        halves = b"\\u" in body and _HALF.search(body)
        document = _read(_whole_characters(body) if halves else body)
        _refuse_doubles(body, document)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise Misshapen(f"the body is not JSON ({type(error).__name__})") from None
    if not isinstance(document, dict):
        raise Misshapen("the body is not a JSON object")
    if len(body) > LONGEST_TEXT:
        _cut(document)
    return document


def _whole_characters(body: bytes) -> bytes:
    """Return the JSON with a question mark for each half of a surrogate pair, which no charset can encode."""
    text = json.dumps(json.loads(body.decode("utf-8"), object_pairs_hook=_once_each), ensure_ascii=False)
    return text.encode("utf-8", "replace")


def _refuse_doubles(body: bytes, document: Any) -> None:
    """Refuse an object that has the same member twice, because it is unclear which one counts. Raises `ValueError`.

    The parser keeps the last one. So the document, written again, has fewer colons than the body, unless the body
    spells colons as `\\u003a`.
    """
    if b"\\u003" in body:
        json.loads(body, object_pairs_hook=_once_each)
    elif _write(document).count(b":") != body.count(b":"):
        raise ValueError


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError
    return result


def _cut(document: dict[str, Any]) -> None:
    """Cut all texts except tokens."""
    waiting: list[Any] = [document]
    while waiting:
        one = waiting.pop()
        for name, value in one.items() if type(one) is dict else enumerate(one):
            if type(value) is str:
                if len(value) > LONGEST_TEXT and not str(name).endswith("_token"):
                    one[name] = value[:LONGEST_TEXT]
            elif type(value) in (dict, list):
                waiting.append(value)


def structured(document: dict[str, Any], kind: type[T]) -> T:
    """Return the record in a JSON object. Raises `Misshapen`.

    A null counts as absent if the member may be absent: many programs write a list without entries as null.
    """
    try:
        try:
            return msgspec.convert(document, kind, dec_hook=_own)
        except msgspec.ValidationError:
            return msgspec.convert(_without_nulls(document, kind), kind, dec_hook=_own)
    except Exception as error:  # msgspec's own, and any that a type's constructor raises
        # The error quotes what it found, so neither it nor its text may be passed on.
        raise Misshapen(f"the body is not a {kind.__name__} ({type(error).__name__})") from None


def _without_nulls(document: dict[str, Any], kind: Any) -> dict[str, Any]:
    """Return the JSON object of a record without nulls that its members can't be, and that have a default."""
    kept = dict(document)
    for name, (may_go, inner) in _members(kind).items():
        value = document.get(name)
        if value is None:
            if may_go:
                kept.pop(name, None)
        elif inner is not None and isinstance(value, dict):
            kept[name] = _without_nulls(value, inner)
        elif inner is not None and isinstance(value, list):
            kept[name] = [_without_nulls(one, inner) if isinstance(one, dict) else one for one in value]
    return kept


@cache
def _members(kind: type[Any]) -> dict[str, tuple[bool, type[Any] | None]]:
    """Return of each member of a record whether a null counts as absent, and the record in it, if there is one."""
    hints = get_type_hints(kind)
    found = {}
    for member in fields(kind):
        kinds = (hints[member.name], *get_args(hints[member.name]))
        inner = next((one for one in kinds if isinstance(one, type) and has(one)), None)
        found[member.name] = (member.default is not NOTHING and NoneType not in kinds, inner)
    return found


def _own(kind: type[Any], value: Any) -> Any:
    """Return a value of a type that msgspec does not know."""
    if not isinstance(value, str) or kind not in (Amount, Currency, Secret, ZoneInfo):
        raise TypeError
    if kind is Currency:
        return Currency.read(value)
    if kind is Amount and not _AMOUNT.fullmatch(value):
        raise ValueError
    return kind(value)
