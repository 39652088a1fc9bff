"""The characters of a field in words for people; "" if they need none."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from sip2gw.sip2 import REQUESTS, PatronFlag, SummaryList
from sip2gw.sip2.codes import ENUMS, EXTENSIONS
from sip2gw.sip2.fields import VOCABULARY, Fixed, Variable
from sip2gw.sip2.kinds import SUPPORTED_MESSAGES

_UNKNOWN = "999"


def in_words(field: Fixed[Any] | Variable[Any], text: str) -> str:
    """Return the meaning of `text` in `field`, in words."""
    special = _BY_NAME.get(field.name)
    if special is not None:
        return special(text)
    kind = field.kind.name
    if kind.startswith("enum:"):
        return _enum(kind.removeprefix("enum:"), text)
    say = _BY_KIND.get(kind)
    return say(text) if say else ""


def field_name(code: str) -> str:
    """Return the name of a variable field, also of one outside SIP 2.00."""
    if code in VOCABULARY:
        return VOCABULARY[code].name
    return f"({EXTENSIONS[code]})" if code in EXTENSIONS else "(not in SIP 2.00)"


def _plain(name: str) -> str:
    return name.lower().replace("_", " ")


def _enum(table: str, text: str) -> str:
    if not text.strip():
        return "blank"
    return ENUMS[table].get(text.strip(" "), "unknown code") if table in ENUMS else ""


def _choice(meanings: Mapping[str, str], otherwise: str) -> Callable[[str], str]:
    return lambda text: meanings.get(text.upper(), "blank" if not text.strip() else otherwise)


def _timestamp(text: str) -> str:
    if not text.strip(" 0"):
        return "no date"
    match = re.fullmatch(r"([0-9]{8})(.{4})([0-9]{6})", text)
    try:
        moment = datetime.strptime("".join(match.group(1, 3)), "%Y%m%d%H%M%S") if match else None
    except ValueError:
        moment = None
    if moment is None or match is None:
        return "not a date"
    zone = match[2].strip(" ")
    return f"{moment:%Y-%m-%d %H:%M:%S}, " + ("local time" if zone in ("", "0000") else f"zone {zone}")


def _due_date(text: str) -> str:
    """Return a due date that is in the form of the other dates in words: it may have any form (3M)."""
    return _timestamp(text) if re.fullmatch(r"[0-9]{8}.{4}[0-9]{6}", text) else ""


def _patron_status(text: str) -> str:
    flags = [_plain(flag.name) for flag in PatronFlag if text[flag : flag + 1] in ("Y", "y")]
    return ", ".join(flags) or "no restriction"


def _summary(text: str) -> str:
    lists = [_plain(place.name) for place in SummaryList if text[place : place + 1] in ("Y", "y")]
    return ", ".join(lists) or "no list"


def _supported(text: str) -> str:
    names = [
        f"{code} {_plain(REQUESTS[code].name)}"
        for code, mark in zip(SUPPORTED_MESSAGES, text, strict=False)
        if mark in "Yy"
    ]
    missing = len(SUPPORTED_MESSAGES) - len(text)
    short = f" ({missing} positions missing)" if missing > 0 else ""
    return (", ".join(names) or "none") + short


def _tenths(text: str) -> str:
    if text == _UNKNOWN:
        return "unknown"
    if text == "000":
        return "offline"
    return f"{int(text) / 10:g} s" if text.isdecimal() else "not a number"


def _retries(text: str) -> str:
    return "unknown" if text == _UNKNOWN else ""


_BY_NAME: dict[str, Callable[[str], str]] = {
    "timeout_period": _tenths,
    "retries_allowed": _retries,
    "due_date": _due_date,
}

_BY_KIND: dict[str, Callable[[str], str]] = {
    "yn": _choice({"Y": "yes", "N": "no"}, "neither Y nor N"),
    "ynu": _choice({"Y": "yes", "N": "no", "U": "unknown"}, "none of Y, N, U"),
    "01": _choice({"1": "yes", "0": "no"}, "neither 0 nor 1"),
    "timestamp": _timestamp,
    "patron_status": _patron_status,
    "summary": _summary,
    "supported_messages": _supported,
}
