"""How a terminal is spelled to: before anybody has logged in as the default says, from then on as its profile says.

What a terminal sends is read tolerantly at all times; its own delimiter shows in its login.
"""

from __future__ import annotations

import re

from anyascii import anyascii
from attrs import evolve

from sip2gw.circulation.profile import Profile
from sip2gw.sip2 import Dialect, Trailer

_TERMINATORS = {"cr": b"\r", "lf": b"\n", "crlf": b"\r\n"}
_LOGIN = re.compile(rb"[^0-9A-Za-z]*93..CN", re.DOTALL)
_TRAILER = re.compile(rb"AY[0-9]AZ[0-9A-Fa-f]{4}")
_SIGNS = frozenset(b"!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")


def dialect_of(profile: Profile, *, delimiter: str | None = None) -> Dialect:
    """How a terminal of this profile is answered. `delimiter` is the one that its own login had, where it showed."""
    return Dialect(
        name=profile.name,
        charset=profile.charset,
        terminator=_TERMINATORS[profile.terminator],
        delimiter=delimiter or profile.delimiter,
        max_length=profile.max_length,
        romanised=anyascii,
    )


def delimiter_of_login(line: bytes, usual: str) -> str | None:
    """The sign that closes the fields of a 93, if it is not the usual one; None for every other line."""
    if usual.encode() in line or not _LOGIN.match(line):
        return None
    line = line.rstrip()
    if _TRAILER.fullmatch(line[-9:]):
        line = line[:-9]
    sign = line[-1:]
    return sign.decode() if sign and sign[0] in _SIGNS and sign + b"CO" in line else None


def protection(asked: Trailer, policy: str) -> Trailer:
    """How an answer is protected: as its request was, or always, or never."""
    match policy:
        case "always":
            return evolve(asked, sequence=asked.sequence or "0", checked=True)
        case "never":
            return Trailer()
        case _:
            return asked
