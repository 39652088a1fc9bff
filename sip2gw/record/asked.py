"""What a question asks for: filters of a list, and the place in it. Values come from a URL, as text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from math import isfinite

from attrs import fields, frozen

PAGE = 100
"""Rows of one page."""
_LONGEST = 200


class NotUnderstood(ValueError):
    """A question that can't be answered as it is. The text says what to write."""


TEXTS = "library", "terminal", "conn", "ref", "outcome", "message", "code", "patron", "item", "network"
"""The filters that an exchange has as texts, under the same names."""

Key = tuple[float, str, int]
"""The place of an exchange: its time, its connection, and its number there."""


@frozen
class Wanted:
    """Which exchanges are asked for; an empty value asks for all. `after` are older ones than this, `newer` newer."""

    library: str = ""
    terminal: str = ""
    conn: str = ""
    ref: str = ""
    outcome: str = ""
    message: str = ""
    code: str = ""
    patron: str = ""
    item: str = ""
    network: str = ""
    since: float = 0.0
    until: float = 0.0
    after: Key | None = None
    newer: Key | None = None
    limit: int = PAGE

    @classmethod
    def read(cls, about: Mapping[str, str]) -> Wanted:
        """Read the filters. Raises `NotUnderstood`."""
        only(about, *(one.name for one in fields(cls)))
        found = {name: text(about, name) for name in TEXTS}
        return cls(
            **{**found, "library": found["library"].lower(), "ref": found["ref"].upper()},
            since=moment(about.get("since", "")),
            until=moment(about.get("until", "")),
            after=key(about.get("after", "")),
            newer=key(about.get("newer", "")),
            limit=limit(about),
        )


def only(about: Mapping[str, str], *known: str) -> None:
    """Raise `NotUnderstood` for a filter that there is not."""
    if unknown := sorted(about.keys() - set(known)):
        raise NotUnderstood(f"unknown filter {unknown[0][:40]!r}; known are {', '.join(known)}")


def text(about: Mapping[str, str], name: str) -> str:
    """Return a filter's text without blanks around it. Raises `NotUnderstood` for one that is too long."""
    value = about.get(name, "").strip()
    if len(value) > _LONGEST:
        raise NotUnderstood(f"{name} is longer than {_LONGEST} characters")
    return value


def limit(about: Mapping[str, str]) -> int:
    """Return how many rows are asked for, from 1 to `PAGE`. Raises `NotUnderstood`."""
    value = about.get("limit", str(PAGE))
    if not re.fullmatch(r"[0-9]{1,3}", value, re.ASCII) or not 1 <= int(value) <= PAGE:
        raise NotUnderstood(f"limit is a number from 1 to {PAGE}")
    return int(value)


def moment(value: str) -> float:
    """Return a time in seconds since 1970, from that number or from ISO 8601 (UTC if it names no zone); 0 if empty."""
    if not value:
        return 0.0
    try:
        seconds = float(value)
    except ValueError:
        pass
    else:
        if isfinite(seconds):
            return seconds
    try:
        read = datetime.fromisoformat(value)
        return (read if read.tzinfo else read.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        raise NotUnderstood("write a time as 2026-11-28T09:30, in UTC") from None


def key(value: str) -> Key | None:
    """Return the place that a page before has named; None if it is empty. Raises `NotUnderstood`."""
    if not value:
        return None
    at, _, rest = value.partition("-")
    conn, _, seq = rest.rpartition("-")
    try:
        return float(at), conn[:_LONGEST], int(seq[:12])
    except ValueError:
        raise NotUnderstood("after and newer are taken from an earlier page") from None


def shown_key(place: Key) -> str:
    """Return a place as text, which `key` reads."""
    at, conn, seq = place
    return f"{at!r}-{conn}-{seq}"
