"""What a request says, read strictly: a parameter that is malformed or doubled is refused, never guessed at."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import Factory, frozen

from sip2gw.sandbox.passwords import Attempts
from sip2gw.sandbox.problem import Problem


@frozen
class Asked:
    """What a request says: the number in its path, its query, its structured body, and two headers."""

    identity: int = 0
    query: Mapping[str, list[str]] = Factory(dict)
    body: Any = None
    authorization: str = ""
    if_none_match: str = ""
    attempts: Attempts = Factory(Attempts)
    token_life: float = 3600.0

    def one(self, name: str) -> str | None:
        """The only value of a query parameter, or None."""
        values = self.query.get(name, [])
        if len(values) > 1:
            raise Problem("validation_failed", f"{name}: is given more than once")
        return values[0] if values else None

    def needed(self, name: str) -> str:
        """The same for one that must be there."""
        if value := self.one(name):
            return value
        raise Problem("validation_failed", f"{name}: is missing")

    def many(self, name: str, known: tuple[str, ...]) -> tuple[str, ...]:
        """The values of a parameter that may be repeated or separated by commas; each once, as first named."""
        values = [part for value in self.query.get(name, []) if value for part in value.split(",")]
        if any(value not in known for value in values):
            raise Problem("validation_failed", f"{name}: must be among {', '.join(known)}")
        return tuple(dict.fromkeys(values))

    def number(self, name: str, default: int, least: int, most: int) -> int:
        """A whole number between two bounds."""
        text = self.one(name)
        if text is None:
            return default
        if not (text.isascii() and text.isdigit() and len(text) < 17 and least <= int(text) <= most):
            raise Problem("validation_failed", f"{name}: must be a number from {least} to {most}")
        return int(text)

    def choice(self, name: str, known: tuple[str, ...]) -> str:
        """One of some words, or the first of them if there is none."""
        text = self.one(name)
        if text is not None and text not in known:
            raise Problem("validation_failed", f"{name}: must be among {', '.join(known)}")
        return text or known[0]

    def flag(self, name: str) -> bool | None:
        """`true`, `false`, or nothing."""
        text = self.one(name)
        if text not in ("true", "false", None):
            raise Problem("validation_failed", f"{name}: must be true or false")
        return None if text is None else text == "true"
