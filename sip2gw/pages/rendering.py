"""Pages from templates. Everything that a terminal or a library has said is escaped: each template escapes by itself.

A package's own templates are found first, then the shared ones. Each page extends `frame.html`, which has its blocks
and the values that it needs in a comment.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any
from urllib.parse import urlencode

from jinja2 import ChoiceLoader, Environment, PackageLoader

from sip2gw import __version__
from sip2gw.pages.http import SHARED, Reply


@cache
def environment(package: str) -> Environment:
    """Return the templates of a package, with the shared ones."""
    made = Environment(
        loader=ChoiceLoader([PackageLoader(package), PackageLoader(SHARED)]),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.globals["version"] = __version__
    made.filters.update(
        moment=moment, ago=ago, plain=plain, query=query, rounded=rounded, many=many, machine=machine
    )
    return made


def render(package: str, template: str, values: Mapping[str, Any], code: int = 200) -> Reply:
    """Return a page made from one of a package's templates."""
    return Reply(environment(package).get_template(template).render(values).encode(), code)


def _time(value: object) -> datetime | None:
    """Return a time that is seconds of the epoch or ISO 8601; None for anything else."""
    try:
        if isinstance(value, datetime):
            return value
        if isinstance(value, int | float):
            return datetime.fromtimestamp(value, UTC)
        return datetime.fromisoformat(str(value)).astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        return None


def moment(value: object) -> str:
    """Return a time for a person, in UTC."""
    found = _time(value)
    return found.strftime("%Y-%m-%d %H:%M:%S UTC") if found else ""


def machine(value: object) -> str:
    """Return a time for the attribute of a time element."""
    found = _time(value)
    return found.strftime("%Y-%m-%dT%H:%M:%SZ") if found else ""


def ago(seconds: object) -> str:
    """Return a duration for a person, in its two largest units."""
    if not isinstance(seconds, int | float):
        return ""
    left, parts = max(round(seconds), 0), []
    for name, size in (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)):
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count} {name}")
    return " ".join(parts[:2]) or "0 s"


def plain(value: object) -> str:
    """Return a text without control characters, which would confuse a terminal window that it is copied to."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in str(value))


def rounded(value: object, digits: int = 1) -> str:
    """Return a number with so many digits after the point; a dash for nothing."""
    if not isinstance(value, int | float):
        return "-"
    whole = isinstance(value, int) or (digits and value.is_integer())
    return f"{value:,.0f}" if whole else f"{value:,.{digits}f}"


def many(count: int, one: str, several: str = "") -> str:
    """Return a count with its noun."""
    return f"{count:,} {one if count == 1 else several or one + 's'}"


def query(values: Mapping[str, object], **changed: object) -> str:
    """Return the query of a URL: these values with some changed; empty ones are left out."""
    kept = {k: v for k, v in {**values, **changed}.items() if v not in (None, "")}
    return "?" + urlencode(kept) if kept else "?"
