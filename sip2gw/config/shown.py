"""Values of a profile as a person writes them in the file, and as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from enum import Enum
from typing import Any


def shown(value: Any) -> str:
    """Write a value as in the file."""
    match plain(value):
        case None:
            return "all"
        case str() as text:
            return json.dumps(text, ensure_ascii=False)
        case bool() as flag:
            return "true" if flag else "false"
        case list() as values:
            return ", ".join(map(str, values)) or "none"
        case dict() as pairs:
            return ", ".join(f"{key} = {said}" for key, said in pairs.items()) or "none"
        case other:
            return str(other)


def plain(value: Any) -> Any:
    """Convert a value to JSON types; sets become sorted lists."""
    match value:
        case Enum():
            return value.value
        case frozenset():
            return sorted(map(plain, value))
        case tuple():
            return list(value)
        case Mapping():
            return dict(value)
        case _:
            return value
