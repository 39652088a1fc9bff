"""Spell responses as the terminal needs: by the default until the login, then by its profile.

Requests are always read tolerantly; a terminal's own delimiter shows in its login.
"""

from __future__ import annotations

import re

from anyascii import anyascii
from attrs import evolve

from sip2gw.circulation.profile import Profile
from sip2gw.sip2 import Dialect, Request, Response, Trailer, format, messages, spoken_version

_TERMINATORS = {"cr": b"\r", "lf": b"\n", "crlf": b"\r\n"}
_LOGIN = re.compile(rb"[^0-9A-Za-z]*93.{0,2}CN", re.DOTALL)
_TRAILER = re.compile(rb"AY[0-9]{1,9}AZ[0-9A-Fa-f]{4}\Z")
_PRINT_WIDTHS = range(16, 256)
"""Characters on a printer's line: from a narrow receipt to the longest value of a field."""
_VERSION = re.compile(r"[0-9]\..*")
_SIGNS = frozenset(b"!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")


class Spelling:
    """The spelling for one terminal, and what its requests showed."""

    def __init__(self, dialect: Dialect) -> None:
        self.dialect = dialect
        self.print_width: int | None = None
        """Characters on a line of its printer, as it states."""
        self._delimiter: str | None = None
        self._error_detection = "auto"
        self._version = "2.00"

    def see(self, line: bytes) -> None:
        """Read the delimiter from the login of a terminal that is not admitted yet."""
        if delimiter := delimiter_of_login(line, self.dialect.delimiter):
            self._delimiter = delimiter
            self.dialect = evolve(self.dialect, delimiter=delimiter)

    def note(self, request: Request) -> None:
        """Read version and printer width from a 99. A message that only 2.00 has overrides a stated 1.00."""
        if request.since == "2.00":
            self._version = "2.00"
        elif isinstance(request, messages.SCStatus):
            self._version = spoken_version(request.protocol_version)
            # A 99 without a valid version has another layout, so its width is not used.
            width = request.max_print_width if _VERSION.match(request.protocol_version) else None
            self.print_width = width if width in _PRINT_WIDTHS else None

    def follow(self, profile: Profile) -> None:
        """Use this profile, because the terminal was admitted."""
        self.dialect = dialect_of(profile, delimiter=self._delimiter)
        self._error_detection = profile.error_detection

    def line(self, response: Response, asked: Trailer) -> bytes:
        """Return the line of a response, to a request with this trailer."""
        if self._error_detection != "auto":
            asked = protection(asked, self._error_detection)
        return format(response, asked, self.dialect, version=self._version)


def dialect_of(profile: Profile, *, delimiter: str | None = None) -> Dialect:
    """Return the dialect of this profile. `delimiter` is the one in the terminal's login, if it showed."""
    return Dialect(
        name=profile.name,
        charset=profile.charset,
        terminator=_TERMINATORS[profile.terminator],
        delimiter=delimiter or profile.delimiter,
        max_length=profile.max_length,
        romanised=anyascii,
    )


def delimiter_of_login(line: bytes, usual: str) -> str | None:
    """Return the sign that ends the fields of a 93, if it is not the usual one; None for other lines."""
    if usual.encode() in line or not _LOGIN.match(line):
        return None
    line = _TRAILER.sub(b"", line.rstrip())
    sign = line[-1:]
    return sign.decode() if sign and sign[0] in _SIGNS and sign + b"CO" in line else None


def protection(asked: Trailer, policy: str) -> Trailer:
    """Return the trailer of an answer: as in its request, or always, or never."""
    match policy:
        case "always":
            return evolve(asked, sequence=asked.sequence or "0", checked=True)
        case "never":
            return Trailer()
        case _:
            return asked
