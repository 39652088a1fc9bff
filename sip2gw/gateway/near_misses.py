"""What is nearly right about a terminal's bytes or settings, in words: what was seen, and the fix.

Each function returns `Seen` or None. No text quotes a password, a card number, or a name that may be one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from difflib import get_close_matches
from typing import NamedTuple

from sip2gw.library import Credentials
from sip2gw.sip2 import Request, messages
from sip2gw.sip2.error_detection import checksum
from sip2gw.tenants import nickname, read_name

_MAIL = re.compile(r"[^\s@]+@[^\s@.]+(?:\.[^\s@.]+)+")
_TRAILER = re.compile(rb"(.*AZ)([0-9A-Fa-f]{4})\s*\Z", re.DOTALL)
_CHARSETS = ("latin-1", "cp850", "utf-8", "utf-16-le")
_HOUR, _DAY, _YEAR = 3600.0, 86400.0, 365.25 * 86400
_ALIKE = 0.7
"""How much two names must have in common for one to be the other, misspelt."""
CLOCK = _DAY
"""A clock that is off by more seconds than this is wrong; by less, it may be in another zone."""


class Seen(NamedTuple):
    """A near miss: `kind` is a word of the program."""

    kind: str
    text: str
    fix: str = ""


IMPATIENT = Seen(
    "asked_again",
    "it asked again before the answer was sent, and got one answer",
    "set its time-out to the one in 98 or longer",
)
"""A terminal that gives up on an answer that is in time."""


def unfinished(waiting: bytes) -> Seen | None:
    """Say what waits for the end of its line."""
    if not waiting:
        return None
    many = "1 byte was" if len(waiting) == 1 else f"{len(waiting)} bytes were"
    text, fix = f"{many} waiting without CR or LF", "set the terminal's terminator to CR"
    if b"\0" in waiting:
        return Seen("no_end", f"{text}, with NUL bytes: UTF-16?", "set its charset to UTF-8")
    if waiting.endswith(b"\x03"):
        return Seen("no_end", f"{text}; they end with ETX (03)", fix)
    return Seen("no_end", text, fix)


def first_bytes(data: bytes) -> str:
    """Return the first four bytes, as a dump shows them."""
    return data[:4].hex(" ")


def odd_bytes(line: bytes, charset: str) -> Seen | None:
    """Say in which charset the bytes of a line would be text, if they are none in `charset`."""
    if b"\0" in line:
        return Seen(
            "utf_16", "it sends NUL bytes: UTF-16?", "set its charset to UTF-8, or to one of single bytes"
        )
    if line.isascii():
        return None
    try:
        line.decode(charset)
    except UnicodeDecodeError:
        others = "latin-1 (or cp850)" if charset not in ("latin-1", "cp850") else "utf-8"
        name = others.partition(" ")[0]
        return Seen(
            "charset",
            f"it sends bytes that are not {charset.upper()}; they would be {others}",
            f'set charset = "{name}" in its profile, or {charset.upper()} at the terminal',
        )
    return None


def odd_checksum(line: bytes, charset: str) -> Seen | None:
    """Say over which charset the checksum of a damaged line fits."""
    found = _TRAILER.match(line)
    if found is None or line.isascii():
        return None
    body, digits = found[1], found[2].upper()
    try:
        text = body.decode(charset)
    except UnicodeDecodeError:
        text = body.decode("latin-1")
    for other in _CHARSETS:
        if checksum(text.encode(other, "replace")) == digits:
            return Seen(
                "checksum_charset",
                f"its checksums do not fit the bytes sent; they fit over {other}",
                f"set the terminal's charset to {charset.upper()}, also for its checksum",
            )
    return None


def wrong_account(credentials: Credentials, request: Request | None) -> Seen | None:
    """Say what can be seen of an account that the library refused, without keeping any of it."""
    user, password = credentials.username, credentials.password.reveal()
    if (
        not user
        and isinstance(request, messages.Login)
        and any(code == "AC" for code, _ in request.extensions)
    ):
        return Seen("account", "AC has no colon", "write username:password in AC")
    if not user:
        return Seen("account", "the user name is empty", "enter the account's e-mail address")
    if not password:
        return Seen("account", "the password is empty", "enter the account's password")
    if "@" not in user and _MAIL.fullmatch(password.strip()):
        return Seen("account", "user name and password look swapped", "swap them")
    if not _MAIL.fullmatch(user.strip()):
        return Seen(
            "account", "the user name is no e-mail address", "enter the whole address, with its domain"
        )
    for what, value in (("password", password), ("user name", user)):
        if value != value.strip():
            end = "ends" if value != value.rstrip() else "begins"
            return Seen("account", f"the {what} {end} with a blank", "remove the blank")
    return None


def other_name(said: str, library: str, own_name: str) -> Seen:
    """Say that messages name another library than `library`, whose own name is `own_name`."""
    fix = f"set AO to {library} in the terminal's messages"
    if said.strip().casefold() == own_name.strip().casefold():
        return Seen("library", f"AO is the library's own name; this account's library is {library}", fix)
    name = read_name(said)
    if name is not None and name.library == library:
        return Seen("library", "AO names the library and another account", fix)
    if name is not None and get_close_matches(name.library, [library], cutoff=_ALIKE):
        return Seen("library", f"AO says {name.library}; this account's library is {library}", fix)
    # Any other text may be a password in the wrong box, and is not shown.
    return Seen("library", f"AO names another library; this account's library is {library}", fix)


def unknown_library(said: str, known: Iterable[str], form: str) -> Seen | None:
    """Say which library was meant by a name that none has, and where the name was read."""
    label = nickname(said)
    close = get_close_matches(label, list(known), n=1, cutoff=_ALIKE) if label else []
    where = {"CP": "the location (CP)", "CN": "the user name (CN)"}.get(form, "")
    if close:
        return Seen("library", f"{label} is not a library; did you mean {close[0]}?", f"set it to {close[0]}")
    if where:
        return Seen("library", f"the library was read from {where}", "name the library in AO")
    return None


def odd_location(location: str, branches: Iterable[str], configured: Iterable[str]) -> Seen | None:
    """Say that a location is none of the library's branches, and none that the configuration names."""
    names = list(branches)
    known = {name.strip().casefold() for name in (*names, *configured)}
    if not location or not names or location.strip().casefold() in known:
        return None
    close = get_close_matches(location, names, n=1)
    shown = ", ".join(names[:8])
    return Seen(
        "location",
        f"location {location[:60]} is none of {shown}",
        f"did you mean {close[0]}?" if close else "set the location (CP), or branch in its profile",
    )


_LACKING = {"no_card_named": "patron identifier (AA)", "nothing_named": "item identifier (AB)"}


def not_whole(code: str, request: Request) -> Seen | None:
    """Say what a request lacks that was refused with this code, because it names no patron or no item."""
    if code not in _LACKING:
        return None
    return Seen(
        "not_whole",
        f"its {request.name.replace('_', ' ')} ({request.code}) has no {_LACKING[code]}; the line may be cut",
        "look for a CR or LF inside a value, such as one that a scanner adds",
    )


def odd_clock(stamp: datetime, now: datetime) -> Seen | None:
    """Say how far a terminal's clock is off. Both times are of one zone, or both without."""
    off = (stamp - now).total_seconds()
    if abs(off) < CLOCK:
        return None
    return Seen(
        "clock", f"its clock is {_long(abs(off))} {'ahead' if off > 0 else 'behind'}", "set its clock"
    )


def other_server(asked: str, names: tuple[str, ...]) -> Seen | None:
    """Say that a terminal asked for a server (SNI) that the certificate does not name."""
    asked = asked.lower()
    if not asked or not names or any(asked == name or _under(asked, name) for name in names):
        return None
    return Seen(
        "server_name",
        f"it asked for the server {asked[:100]!r}; the certificate has {', '.join(names[:5])}",
        f"set the host name to {names[0]} at the terminal",
    )


def _under(asked: str, name: str) -> bool:
    return name.startswith("*.") and asked.partition(".")[2] == name[2:]


def _long(seconds: float) -> str:
    units = ((_YEAR, "years"), (_DAY, "days"), (_HOUR, "hours"))
    unit, name = next(one for one in units if seconds >= 1.5 * one[0])
    return f"{seconds / unit:.0f} {name}"
