"""Check texts, numbers and truth values of TOML without converting them; the fix is what was probably meant."""

from __future__ import annotations

import json
import math
from typing import Any

from sip2gw.faults import Wrong


def say(value: Any) -> str:
    """Return a TOML value in few words."""
    if isinstance(value, bool):
        return str(value).lower()
    text = json.dumps(value, ensure_ascii=False) if isinstance(value, str) else str(value)
    return text if len(text) <= 60 else text[:57] + "..."


def text(value: Any, example: str) -> str:
    """Return a non-empty text of one line. Raises `Wrong`."""
    if not isinstance(value, str) or not value.strip() or not is_one_line(value):
        raise Wrong(f"must be text, not {say(value)}", f"write for example {example}, in quotes")
    return value


def label(value: Any, example: str) -> str:
    """Return a name, which may look like a number. Raises `Wrong`."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        raise Wrong(f"must be text, not {value}", f'write "{value}", in quotes')
    return text(value, example).strip()


def is_one_line(value: str) -> bool:
    """Return whether a text has no line end or other control character. Joiners are allowed, for some scripts."""
    return value.isprintable() or all(
        character.isprintable() or character in "\u200c\u200d" for character in value
    )


_MEANT = {"true": "true", "yes": "true", "on": "true", "1": "true"} | dict.fromkeys(
    ("false", "no", "off", "0"), "false"
)


def flag(value: Any) -> bool:
    """Return true or false. Raises `Wrong`."""
    if not isinstance(value, bool):
        meant = _MEANT.get(str(value).strip().lower(), "true or false")
        raise Wrong(f"must be true or false, not {say(value)}", f"write {meant}, without quotes")
    return value


def integer(value: Any, least: int, most: int) -> int:
    """Return a whole number within these bounds. Raises `Wrong`."""
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        meant = _meant(value, least, most)
        wanted = f"{meant:g}" if meant == round(meant or 0) else f"a whole number from {least} to {most}"
        raise Wrong(f"is {say(value)}", f"write {wanted}, without quotes")
    return value


def number(value: Any, least: float, most: float, unit: str) -> float:
    """Return a number within these bounds. Raises `Wrong`."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    if not is_number or not least <= value <= most:
        meant = _meant(value, least, most)
        wanted = f"{meant:g}" if meant is not None else f"a number from {least:g} to {most:g} in {unit}"
        raise Wrong(f"is {say(value)}", f"write {wanted}, without quotes")
    return float(value)


def _meant(value: Any, least: float, most: float) -> float | None:
    """Return the number in a text, if it is within the bounds."""
    try:
        meant = float(value) if isinstance(value, str | float) else math.nan
    except ValueError:
        return None
    return meant if least <= meant <= most else None
