"""Texts that come from elsewhere, and durations, as people see them on a screen."""

from __future__ import annotations


def printable(text: str) -> str:
    """Replace characters that could control a screen."""
    return "".join(sign if sign.isprintable() else "?" for sign in text)


def shortened(text: str, most: int = 60) -> str:
    """Replace characters that could control a screen, and cut the text off after `most`."""
    return printable(text)[:most]


def duration(seconds: float) -> str:
    """Return a duration in its largest unit of which there are two or more."""
    seconds = round(seconds)
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"
