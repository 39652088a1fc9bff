"""Calls and their results as JSON: the port's own records, without any password.

A row written by an older or newer version is read as far as it fits: members that are not known are ignored, members
that are missing have their defaults.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
from attrs import asdict, evolve, field, frozen

from sip2gw.journal.methods import METHODS, Method
from sip2gw.library import Occasion


class Misfit(Exception):
    """A row that this version can't read. The text names what does not fit, and no data."""


@frozen(repr=False)
class Call:
    """One call of the port. `arguments` are those beside occasion and password."""

    method: Method
    arguments: dict[str, Any]
    occasion: Occasion
    identifiers: tuple[str, ...] = ()
    """What the terminal's labels may be; empty if all."""
    account: bytes = b""
    """The keyed digest of the account that made the call."""


class _Stored(msgspec.Struct, omit_defaults=True):
    arguments: msgspec.Raw
    occasion: Occasion
    identifiers: tuple[str, ...] = ()
    account: bytes = b""


def _plain(value: object) -> Any:
    """Return a value of a library's own kind of number or text as the number or text that it is. Raises `TypeError`."""
    if isinstance(value, Decimal):
        return Decimal(value)
    if isinstance(value, str):
        return str(value)
    raise TypeError(f"{type(value).__name__} is not part of the port")


@frozen
class _Coders:
    encoder: msgspec.json.Encoder = field(factory=lambda: msgspec.json.Encoder(enc_hook=_plain))
    stored: msgspec.json.Decoder[_Stored] = field(factory=lambda: msgspec.json.Decoder(_Stored))


_CODERS = _Coders()
_RESULTS = {name: msgspec.json.Decoder(method.result) for name, method in METHODS.items()}


def packed(call: Call) -> bytes:
    """Return a call as bytes. The digest of the terminal's line is not among them."""
    encode = _CODERS.encoder.encode
    occasion = evolve(call.occasion, line=b"") if call.occasion.line else call.occasion
    stored = _Stored(msgspec.Raw(encode(call.arguments)), occasion, call.identifiers, call.account)
    return encode(stored)


def unpacked(name: str, content: bytes) -> Call:
    """Return the call again. Raises `Misfit`."""
    method = METHODS.get(name)
    if method is None:
        raise Misfit(f"this version does not know {name}")
    try:
        stored = _CODERS.stored.decode(content)
        arguments = msgspec.json.decode(stored.arguments, type=method.arguments)
    except msgspec.MsgspecError:
        raise Misfit(f"this version can't read its {name}") from None
    return Call(
        method, msgspec.structs.asdict(arguments), stored.occasion, stored.identifiers, stored.account
    )


def packed_result(result: Any) -> bytes:
    """Return a result of the port as bytes."""
    return _CODERS.encoder.encode(result)


def unpacked_result(name: str, content: bytes) -> Any:
    """Return the result of this method again. Raises `Misfit`."""
    try:
        return _RESULTS[name].decode(content)
    except (KeyError, msgspec.MsgspecError):
        raise Misfit(f"this version can't read the result of {name}") from None


def shown(call: Call) -> dict[str, Any]:
    """Return what a call says, for a person who may see it."""
    said = {name: value for name, value in asdict(call.occasion).items() if value and name != "line"}
    return {**call.arguments, **said}
