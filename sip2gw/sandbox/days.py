"""Days and instants. Instants are aware and UTC; days are the library's own, by its zone; texts are RFC 3339."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_INSTANT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})",
    re.ASCII,
)
_RELATIVE = re.compile(r"([+-])([0-9]{1,5})d", re.ASCII)


def day(text: str) -> date:
    """Return the date in a text `YYYY-MM-DD`. Raises ValueError."""
    if not _DAY.fullmatch(text):
        raise ValueError("is not a date; write YYYY-MM-DD")
    return date.fromisoformat(text)


def instant(text: str) -> datetime:
    """Return the moment in an RFC 3339 text, in UTC. Raises ValueError."""
    if not _INSTANT.fullmatch(text):
        raise ValueError(
            "is not an instant; write it as RFC 3339 with its offset, such as 2026-03-01T12:00:00Z"
        )
    try:
        return datetime.fromisoformat(text.upper()).astimezone(UTC)
    except OverflowError:
        raise ValueError("is not an instant: out of range") from None


def relative(text: str, today: date) -> date:
    """Return a date of the data file: `YYYY-MM-DD`, or days from today such as `+14d`. Raises ValueError."""
    if match := _RELATIVE.fullmatch(text):
        days = int(match[2])
        return today + timedelta(days if match[1] == "+" else -days)
    try:
        return day(text)
    except ValueError:
        raise ValueError('is not a date; write YYYY-MM-DD, or days from today such as "+14d"') from None


def later(start: date, days: int) -> date:
    """Return the day so many days after `start`, and no later than the calendar's last."""
    try:
        return start + timedelta(days)
    except OverflowError:
        return date.max


def stamp(moment: datetime) -> str:
    """Return the moment as the API writes it, to the second."""
    # Not strftime: it writes the year 12 without its zeros.
    return f"{moment.astimezone(UTC).replace(microsecond=0, tzinfo=None).isoformat()}Z"


def at(seconds: float) -> datetime:
    """Return the aware moment of a clock's seconds since 1970."""
    return datetime.fromtimestamp(seconds, UTC)
