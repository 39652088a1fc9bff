"""Read the API's JSON strictly, into frozen records: no value is bent to fit, `"5"` is not a number.

What JSON may come to is bounded before it is parsed, by functions whose time grows with the size and no faster. Members
that a record does not declare are passed over.
"""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Annotated, Any, TypeVar
from zoneinfo import ZoneInfo

import msgspec

from sip2gw.secret import Secret

T = TypeVar("T")

MOST_VALUES = 2**15
"""In one answer: a page of 200 bookings has some 6,000."""
MOST_RECORDS = 1000
"""In one list: five times what is ever asked for."""
LONGEST_TEXT = 4096
"""Characters: more than a SIP2 message carries. Longer texts are cut before anything else is done with them."""

Several = Annotated[tuple[T, ...], msgspec.Meta(max_length=MOST_RECORDS)]
"""A list in a record."""

_AMOUNT = re.compile(r"-?\d{1,15}(\.\d{1,9})?", re.ASCII)
_HALF = re.compile(rb"\\u[dD]")
"""How a JSON text may spell half a character."""

_read, _write = msgspec.json.Decoder().decode, msgspec.json.Encoder().encode


class Misshapen(ValueError):
    """The answer is not of the contract's shape. Its text names the record, and nothing that is in it."""


class Amount(Decimal):
    """An amount of money, which the contract writes as a text. A `Decimal` of a record would be read from `1.5` too."""

    __slots__ = ()


def parsed(body: bytes) -> dict[str, Any]:
    """The JSON object in `body`, its texts cut to `LONGEST_TEXT`. Raises `Misshapen`."""
    # A shorter body can't have so many.
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
    """The same JSON with a question mark in place of each half of a character, which no charset can hold."""
    text = json.dumps(json.loads(body.decode("utf-8"), object_pairs_hook=_once_each), ensure_ascii=False)
    return text.encode("utf-8", "replace")


def _refuse_doubles(body: bytes, document: Any) -> None:
    """No member of an object may be there twice: nobody knows which one counts. Raises `ValueError`.

    The parser keeps the last one. So the document, written again, has a colon less than the body for each that it
    dropped, unless the body spells colons otherwise (`\\u003a`).
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
    """Cut all texts but tokens."""
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
    """The record in a JSON object. Raises `Misshapen`."""
    try:
        return msgspec.convert(document, kind, dec_hook=_own)
    except Exception as error:
        # The error quotes what it found: neither it nor its text may go on.
        raise Misshapen(f"the body is not a {kind.__name__} ({type(error).__name__})") from None


def _own(kind: type[Any], value: Any) -> Any:
    """A value of a type that the parser does not know."""
    if not isinstance(value, str) or kind not in (Amount, Secret, ZoneInfo):
        raise TypeError
    if kind is Amount and not _AMOUNT.fullmatch(value):
        raise ValueError
    return kind(value)
